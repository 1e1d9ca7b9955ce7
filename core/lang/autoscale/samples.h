// What an autoscale formula may ask about: one series of numbers per service variable.
// Source: learn.microsoft.com/azure/batch/batch-automatic-scaling. Pure; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/time.h"

namespace batchite::autoscale {

enum class Metric : std::uint8_t {
  ActiveTasks,  // active, dependencies satisfied; a multi-instance task counts its instances
  RunningTasks,
  PendingTasks,  // active and running
  SucceededTasks,
  FailedTasks,
  TaskSlotsPerNode,
  CurrentDedicatedNodes,
  CurrentLowPriorityNodes,  // preempted ones too
  UsableNodeCount,
  PreemptedNodeCount,
  SampleNodeCount,
  CpuPercent,  // 0 to 1, averaged over the nodes, like those below
  WallClockSeconds,
  MemoryBytes,
  DiskBytes,
  DiskReadBytes,
  DiskWriteBytes,
  DiskReadOps,
  DiskWriteOps,
  NetworkInBytes,
  NetworkOutBytes,
};
inline constexpr std::size_t kMetrics = 21;

// "$PendingTasks".
std::string_view name_of(Metric metric);
// By its name or by the one it had before low-priority nodes came ($CurrentDedicated); with the `$`, case matters.
std::optional<Metric> metric_named(std::string_view name);

// How far apart samples are taken.
inline constexpr Ticks kSamplePeriod = std::chrono::seconds(30);

struct Sample {
  Time time;
  double value = 0;
  bool operator==(const Sample&) const = default;
};

class Samples {
 public:
  virtual ~Samples() = default;
  // Oldest first; empty when there are none. What is later than the evaluation's `now` is not looked at. The span
  // stays valid until the evaluation has ended.
  virtual std::span<const Sample> of(Metric metric) const = 0;
};

}  // namespace batchite::autoscale
