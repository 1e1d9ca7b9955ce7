// What the emulator counts of itself, as Prometheus reads it. Any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace batchite {

class Metrics {
 public:
  using Clock = std::chrono::steady_clock;

  void count(std::string_view operation, unsigned status, Clock::duration took);
  // Prometheus' text format, version 0.0.4.
  std::string text() const;

 private:
  struct Count {
    std::uint64_t requests = 0;
    Clock::duration took{};
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, unsigned>, Count, std::less<>> counts_;  // guarded by mutex_
};

}  // namespace batchite
