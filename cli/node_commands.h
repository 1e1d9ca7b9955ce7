// Flags that have to do with what goes wrong with nodes, shared by the commands that have them; where a running
// emulator is.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "core/scheduler/settings.h"

namespace batchite::cli {

struct PreemptionFlags {
  std::string every, notice, away;
  std::uint64_t seed = 1;
};
void declare_preemptions(CLI::App& command, PreemptionFlags& flags);
PreemptionPlan preemptions_of(const PreemptionFlags& flags);

struct Addresses {
  std::string batch_url, blob_url;
};
// "… batch=URL blob=URL pid=N", as `start --ready-file` wrote it. Throws UsageError.
Addresses read_ready_file(const std::string& path);

}  // namespace batchite::cli
