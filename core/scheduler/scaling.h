// What a pool that scales by a formula is sampled for. Plain data. The formula itself is evaluated outside the
// scheduler (core/operations/autoscale.h), which only knows when.
// Source: learn.microsoft.com/azure/batch/batch-automatic-scaling (service-defined variables).
#pragma once
#include <cstdint>
#include <optional>

#include "core/base/time.h"
#include "core/scheduler/keys.h"

namespace batchite {

// What the nodes' processes took since the sample before. Memory is what they have at the time, of a node on average.
struct PoolReading {
  double cpu = 0;                // 0..1 of all cores
  double memory = 0;             // bytes
  double read = 0, written = 0;  // bytes, from and to disks
};

inline constexpr Ticks kPoolSamplePeriod = std::chrono::seconds(30);

struct PoolSample {
  PoolKey pool{};
  Time time{};
  // Tasks of all jobs that run in the pool. Active ones are those that do not wait for others.
  std::int64_t active = 0, running = 0, succeeded = 0, failed = 0;
  // Nodes. Usable ones take tasks; preempted ones are among the spot nodes.
  int dedicated = 0, low_priority = 0, usable = 0, preempted = 0;
  int slots_per_node = 1;
  std::optional<PoolReading> reading = std::nullopt;  // none: no nodes, or not known yet
};

}  // namespace batchite
