#include "emulator/own/metrics.h"

#include <fmt/format.h>

namespace batchite {

void Metrics::count(std::string_view operation, unsigned status, Clock::duration took) {
  const std::lock_guard lock(mutex_);
  Count& count = counts_[{std::string(operation), status}];
  ++count.requests;
  count.took += took;
}

std::string Metrics::text() const {
  std::string requests =
      "# HELP batchite_requests_total Requests answered, by operation and HTTP status.\n"
      "# TYPE batchite_requests_total counter\n";
  std::string seconds =
      "# HELP batchite_request_seconds_total Time spent on them, without the sending of bodies.\n"
      "# TYPE batchite_request_seconds_total counter\n";
  const std::lock_guard lock(mutex_);
  for (const auto& [key, count] : counts_) {
    const std::string labels = fmt::format("{{operation=\"{}\",status=\"{}\"}}", key.first, key.second);
    requests += fmt::format("batchite_requests_total{} {}\n", labels, count.requests);
    seconds += fmt::format("batchite_request_seconds_total{} {:.6f}\n", labels,
                           std::chrono::duration<double>(count.took).count());
  }
  return requests + seconds;
}

}  // namespace batchite
