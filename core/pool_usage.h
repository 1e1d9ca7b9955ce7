// Core hours of pools by the half hour, as Pool_ListUsageMetrics tells them: rows of the store that outlive their
// pools. A row's id is "START poolid vmsize" (START in ISO 8601), so rows come in the order of time; its spec is
// {"poolId", "vmSize"}, its status the core time in ticks. Source:
// learn.microsoft.com/rest/api/batchservice/pool/list-usage-metrics; recorded answers were empty.
#pragma once
#include <map>
#include <string>

#include "core/scheduler/action.h"
#include "core/store.h"

namespace batchite {

inline constexpr Ticks kUsageWindow = std::chrono::minutes(30);

// The window's start.
Time usage_window(Time time);

struct WindowUse {
  Time start;
  std::string pool_id;
  std::string vm_size;
  Ticks core_time{};
};
using WindowUses = std::map<std::string, WindowUse>;  // by row id

// Adds cores × time to the windows that `use` reaches into.
void add_use(WindowUses& windows, const PoolUse& use, const std::string& pool_id, const std::string& vm_size);

// Windows that start in first..last, both included.
WindowUses read_uses(Store& store, Time first, Time last);
// Adds to what is there. Within a transaction.
void keep_uses(Store& store, const WindowUses& more);

}  // namespace batchite
