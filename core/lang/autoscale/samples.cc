#include "core/lang/autoscale/samples.h"

#include <algorithm>
#include <array>

namespace batchite::autoscale {
namespace {

constexpr std::array<std::string_view, kMetrics> kNames = {"$ActiveTasks",
                                                           "$RunningTasks",
                                                           "$PendingTasks",
                                                           "$SucceededTasks",
                                                           "$FailedTasks",
                                                           "$TaskSlotsPerNode",
                                                           "$CurrentDedicatedNodes",
                                                           "$CurrentLowPriorityNodes",
                                                           "$UsableNodeCount",
                                                           "$PreemptedNodeCount",
                                                           "$SampleNodeCount",
                                                           "$CPUPercent",
                                                           "$WallClockSeconds",
                                                           "$MemoryBytes",
                                                           "$DiskBytes",
                                                           "$DiskReadBytes",
                                                           "$DiskWriteBytes",
                                                           "$DiskReadOps",
                                                           "$DiskWriteOps",
                                                           "$NetworkInBytes",
                                                           "$NetworkOutBytes"};

}  // namespace

std::string_view name_of(Metric metric) { return kNames[static_cast<std::size_t>(metric)]; }

std::optional<Metric> metric_named(std::string_view name) {
  if (name == "$CurrentDedicated") return Metric::CurrentDedicatedNodes;
  if (name == "$CurrentLowPriority") return Metric::CurrentLowPriorityNodes;
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Metric>(found - kNames.begin());
}

}  // namespace batchite::autoscale
