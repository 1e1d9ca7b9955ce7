// What stands between a task and the tasks it depends on. Looks at a bounded number of them, so that it takes
// milliseconds for whatever ranges.
#pragma once
#include "core/scheduler/step.h"

namespace batchite::scheduler {

// REQUIRES: the task is blocked. Adds at least one obstacle.
void explain_dependencies(const State& state, TaskKey task, std::vector<Obstacle>& obstacles);

}  // namespace batchite::scheduler
