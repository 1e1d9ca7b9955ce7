// The scheduler: events in, actions out. No I/O, no clock, no randomness, no lock; the same events at the same times
// give the same actions. Times must not go backwards. Late news (an attempt or boot already given up, a thing already
// gone) is ignored. REQUIRES of what clients ask: the thing exists and core/operations found the request allowed in its
// state.
#pragma once
#include <string>
#include <vector>

#include "core/scheduler/action.h"
#include "core/scheduler/event.h"
#include "core/scheduler/state.h"

namespace batchite {

void step(State& state, const Event& event, Time now, Effects& effects);

// Why a task is not running, in the order in which the obstacles would have to go away.
struct Obstacle {
  enum class Reason {
    TaskNotActive,  // it runs, or is completed
    JobNotActive,   // disabled, terminating …
    PoolMissing,    // no pool of that id
    PoolDeleting,
    NoNodes,           // none there; a, b: current and target number
    NeedsMoreSlots,    // a: needed, b: a node's all; it can never run
    JobAtMaxParallel,  // a: running, b: maxParallelTasks
    NodeNotReady,      // node: its state
    Preparing,         // node: where the job preparation task runs
    NodeBarred,        // node: the job preparation task failed there
    NodeFull,          // node; a: free slots, b: needed
    BehindOthers,      // a: tasks that go first
    AboutToStart,
    WaitsForTasks,     // tasks: which it depends on
    DependencyBlocks,  // tasks: one that it depends on, directly or not, and that ended without satisfying others
    DependsOnItself,   // directly or not
    AwaitsScaling,     // the pool's formula wants no nodes
    WaitsForManager,   // the job manager task of the same job goes first
    NoDedicatedNodes,  // it may not run on others, and the pool is to have none; it can never run
    NodeNotDedicated,  // node: it may not run there
    NodeNotEmpty,      // node: it shares with no other task; a: running tasks
    NodeTaken,         // node: a job manager shares it with no other task
    // Of multi-instance tasks:
    NoInterNodeCommunication,  // in the pool; it can never run
    NeedsWholeNodes,           // a: taskSlotsPerNode, which has to be 1; it can never run
    NeedsMoreNodes,            // a: needed, b: there are; it can never run unless the pool grows
    NodesTaken,                // a: needed at once, b: free
  };
  Reason reason;
  NodeKey node = kNoNode;
  std::int64_t a = 0, b = 0;
  std::string tasks = {};  // ids, folded
};
std::vector<Obstacle> explain(const State& state, TaskKey task);

}  // namespace batchite
