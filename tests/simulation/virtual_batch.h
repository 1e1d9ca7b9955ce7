// The whole service in virtual time: requests are answered at once, everything else happens when its time has come, and
// a day passes in seconds. The same requests at the same times give the same events.
#pragma once
#include <string>

#include "core/service.h"
#include "tests/simulation/simulated_host.h"
#include "tests/support/memory_store.h"

namespace batchite::simulation {

class VirtualBatch {
 public:
  explicit VirtualBatch(SimulatedHost::Plan plan, const Settings& settings = {});

  // Throws Error.
  Reply call(std::string_view operation, const Parameters& path = {}, const Document& body = nullptr);
  void pass(Ticks time);

  Time now() const { return now_; }
  const State& state() { return service_.state(); }
  // What Backend::watch tells, a line each, as /_batchite/events shows it.
  const std::string& log() const { return log_; }
  std::string log_hash() const;  // SHA-256, hexadecimal

 private:
  class NoFiles;

  Time now_ = *parse_iso8601("2026-03-14T00:00:00Z");
  std::string log_;
  MemoryStore store_;
  std::shared_ptr<NodeFiles> files_;
  SimulatedHost host_;
  Service service_;
};

}  // namespace batchite::simulation
