// Orders that leave the scheduler, and what it touched on the way.
#pragma once
#include <utility>
#include <variant>
#include <vector>

#include "core/base/time.h"
#include "core/scheduler/job_node.h"
#include "core/scheduler/keys.h"
#include "core/scheduler/scaling.h"

namespace batchite {

struct BootNode {  // make (fresh: empty first) its directories; answered by NodeBooted
  NodeKey node;
  int boot;
  bool fresh;
};
struct RemoveNode {  // end everything on it, delete its directories; answered by NodeRemoved
  NodeKey node;
};
struct RunStartTask {  // answered by StartTaskExited
  NodeKey node;
  int boot;
  int attempt;
};
struct KillStartTask {
  NodeKey node;
  int boot;
  int attempt;
};
struct RunTask {  // stage in, run, stage out; answered by TaskExited
  TaskKey task;
  int attempt;
  NodeKey node;
};
struct RunCoordination {  // of one of a multi-instance task's instances; answered by CoordinationExited
  TaskKey task;
  int attempt;
  NodeKey node;
  int instance;
};
struct KillTask {  // with its coordination commands and what they left running; no answer is waited for
  TaskKey task;
  int attempt;
  NodeKey node;
};
struct RemoveTaskFiles {
  TaskKey task;
  NodeKey node;
};
struct RunJobTask {  // answered by JobTaskExited
  JobKey job;
  NodeKey node;
  JobTask which;
  int attempt;
};
struct KillJobTask {  // no answer is waited for
  JobKey job;
  NodeKey node;
  JobTask which;
  int attempt;
};
struct RemoveJobTaskFiles {
  JobKey job;
  NodeKey node;
  JobTask which;
};
struct MeasurePool {  // what the processes that run on its nodes have taken so far; answered by PoolMeasured
  PoolKey pool;
};
struct WakeAt {  // the earliest timer; replaces an earlier WakeAt
  Time at;
};

using Action = std::variant<BootNode, RemoveNode, RunStartTask, KillStartTask, RunTask, RunCoordination, KillTask,
                            RemoveTaskFiles, RunJobTask, KillJobTask, RemoveJobTaskFiles, MeasurePool, WakeAt>;

// For how long a pool had how many cores.
struct PoolUse {
  PoolKey pool;
  Time from, to;
  std::int64_t cores;
};

// Filled by step(). `touched` may name a thing twice; what is gone is only in `erased`.
struct Effects {
  std::vector<Action> actions;
  struct Keys {
    std::vector<PoolKey> pools;
    std::vector<NodeKey> nodes;
    std::vector<JobKey> jobs;
    std::vector<TaskKey> tasks;
    std::vector<std::pair<JobKey, NodeKey>> job_nodes;  // erasing a job erases its own without listing them
    std::vector<ScheduleKey> schedules;
  };
  Keys touched;  // their status changed
  Keys erased;   // they no longer exist; erasing a job erases its tasks, a pool its nodes (listed too)
  std::vector<PoolUse> uses;
  std::vector<ScheduleKey> jobs_due;     // each is to be answered by a JobAdded of that schedule before any other event
  std::vector<PoolKey> evaluations_due;  // likewise by a PoolScaled, of pools whose formula is to be evaluated
  std::vector<PoolSample> samples;       // taken of pools with a formula
  std::vector<std::pair<PoolKey, PoolReading>> readings;  // of the pool's latest sample
  bool totals = false;                                    // State::totals changed
};

}  // namespace batchite
