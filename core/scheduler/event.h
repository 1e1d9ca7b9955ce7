// Facts that reach the scheduler: what clients asked for (already checked by core/operations) and what hosts report.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "core/scheduler/state.h"

namespace batchite {

// --- asked by clients -----------------------------------------------------------------------------------------------
struct PoolAdded {
  PoolKey pool;
  std::string id;  // folded
  PoolSpec spec;
  Targets target;
  Ticks resize_timeout;
};
struct PoolSpecChanged {  // start task, fill type …; running nodes keep what they have until they boot again
  PoolKey pool;
  PoolSpec spec;
};
// Its formula was set, changed or taken away (then the specification has none).
struct PoolScalingAsked {
  PoolKey pool;
  PoolSpec spec;
  bool restarts = false;  // the interval begins anew
};
// Answers Effects::evaluations_due.
struct PoolScaled {
  PoolKey pool;
  ScaleRun run;
  Targets target;  // as it was, if there was an error
  DrainOption drain = DrainOption::Requeue;
};
struct PoolResizeAsked {
  PoolKey pool;
  Targets target;
  Ticks resize_timeout;
  DrainOption drain;
};
struct PoolStopResizeAsked {
  PoolKey pool;
};
struct NodesRemoveAsked {
  PoolKey pool;
  std::vector<NodeKey> nodes;
  Ticks resize_timeout;
  DrainOption drain;
};
struct PoolDeleteAsked {
  PoolKey pool;
};

struct NodeRebootAsked {
  NodeKey node;
  DrainOption drain;
  bool reimage;  // also empties the node's directories
};
struct NodeDeallocateAsked {
  NodeKey node;
  DrainOption drain;
};
struct NodeStartAsked {  // a deallocated one
  NodeKey node;
};
struct NodePreemptAsked {  // Azure takes a spot node back
  NodeKey node;
  Ticks notice;  // until it goes
  Ticks away;    // until there is capacity again, at least
};
struct NodeSchedulingAsked {
  NodeKey node;
  bool enabled;
  DrainOption drain;  // when disabling
};

struct JobAdded {
  JobKey job;
  JobSpec spec;
  ScheduleKey schedule = kNoSchedule;                      // whose job it is
  std::string auto_pool = {};                              // the id of the pool that was made for it
  std::optional<Failure> scheduling_error = std::nullopt;  // why not: the job is completed at once
};
struct JobSpecChanged {
  JobKey job;
  JobSpec spec;
};
struct JobDisableAsked {
  JobKey job;
  DrainOption tasks;
};
struct JobEnableAsked {
  JobKey job;
};
struct JobTerminateAsked {
  JobKey job;
  std::string reason;  // empty: UserTerminate
};
struct JobDeleteAsked {
  JobKey job;
};

struct ScheduleAdded {
  ScheduleKey schedule;
  ScheduleSpec spec;
};
struct ScheduleSpecChanged {
  ScheduleKey schedule;
  ScheduleSpec spec;
};
struct ScheduleDisableAsked {
  ScheduleKey schedule;
};
struct ScheduleEnableAsked {
  ScheduleKey schedule;
};
struct ScheduleTerminateAsked {
  ScheduleKey schedule;
};
struct ScheduleDeleteAsked {
  ScheduleKey schedule;
};

struct TasksAdded {
  struct One {
    TaskKey task;
    TaskSpec spec;
  };
  std::vector<One> tasks;  // of one job
};
struct TaskSpecChanged {
  TaskKey task;
  TaskSpec spec;
};
struct TaskTerminateAsked {
  TaskKey task;
};
struct TaskReactivateAsked {
  TaskKey task;
};
struct TaskDeleteAsked {
  TaskKey task;
};

// --- reported by hosts ----------------------------------------------------------------------------------------------
struct NodeBooted {
  NodeKey node;
  int boot;
};
struct NodeRemoved {  // or, of a node that is being deallocated, that nothing of it is left
  NodeKey node;
};
struct NodeLost {  // preempted, or unusable with an error
  NodeKey node;
  NodeState state;  // Preempted or Unusable
  std::optional<Failure> error;
};
// What exit conditions tell apart from an exit code.
enum class Trouble : std::uint8_t {
  None,
  PreProcessing,  // it could not begin: its files, its program
  Upload,         // of its output files; the failure that is told may be the process's
};
// How one attempt of a task or start task ended.
struct Outcome {
  std::optional<int> exit_code;    // none: no process ran
  std::optional<Failure> failure;  // staging, launch, upload or time limit; a bare non-zero exit has none
  bool may_retry = true;           // false: never again, retries or not (pre-processing, upload, not found, time limit)
  Time started;                    // when the attempt began to run
  Usage usage = {};
  Trouble trouble = Trouble::None;
};
struct StartTaskExited {
  NodeKey node;
  int boot;
  int attempt;
  Outcome outcome;
};
struct TaskExited {
  TaskKey task;
  int attempt;
  Outcome outcome;
};
struct CoordinationExited {  // what it started in the background may go on: KillTask ends that
  TaskKey task;
  int attempt;
  int instance;
  Outcome outcome;
};
struct JobTaskExited {
  JobKey job;
  NodeKey node;
  JobTask which;
  int attempt;
  Outcome outcome;
};
struct PoolMeasured {
  PoolKey pool;
  Usage running;  // of processes that have not ended; their memory at the time as the peak
};
struct Tick {};           // time has passed; answers WakeAt
struct HostRestarted {};  // nothing of what ran is left; nodes boot again, running tasks are recovered

using Event =
    std::variant<PoolAdded, PoolSpecChanged, PoolResizeAsked, PoolStopResizeAsked, NodesRemoveAsked, PoolDeleteAsked,
                 NodeRebootAsked, NodeDeallocateAsked, NodeStartAsked, NodePreemptAsked, NodeSchedulingAsked, JobAdded,
                 JobSpecChanged, JobDisableAsked, JobEnableAsked, JobTerminateAsked, JobDeleteAsked, TasksAdded,
                 TaskSpecChanged, TaskTerminateAsked, TaskReactivateAsked, TaskDeleteAsked, NodeBooted, NodeRemoved,
                 NodeLost, StartTaskExited, TaskExited, CoordinationExited, JobTaskExited, Tick, HostRestarted,
                 ScheduleAdded, ScheduleSpecChanged, ScheduleDisableAsked, ScheduleEnableAsked, ScheduleTerminateAsked,
                 ScheduleDeleteAsked, PoolScalingAsked, PoolScaled, PoolMeasured>;

}  // namespace batchite
