// Workflows that end well or badly in every way there is, to be run on more than one backend.
#pragma once
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "core/workflow/run.h"

namespace batchite::mirror {

struct Workflow {
  std::string name = {};
  std::function<workflow::Work(workflow::Storage&)> plan = nullptr;
  std::map<std::string, std::string> files = {};  // to upload, by path
  workflow::RunSettings settings = {.id = "r1", .timeout = std::chrono::seconds(20)};
  std::function<void(Backend&)> before = nullptr;  // what is there already
};

inline void PrintTo(const Workflow& workflow, std::ostream* out) { *out << workflow.name; }

std::vector<Workflow> workflows();

}  // namespace batchite::mirror
