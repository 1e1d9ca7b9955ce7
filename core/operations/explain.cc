#include "core/operations/explain.h"

#include <fmt/format.h>

#include "core/contract/error_codes.h"
#include "core/operations/render.h"
#include "core/scheduler/step.h"

namespace batchite {
namespace {

using Reason = Obstacle::Reason;

struct Words {
  Reason reason;
  std::string_view name;
  std::string_view message;  // {0}: the node, {1} and {2}: the obstacle's numbers, {3}: a state, {4}: tasks
};
constexpr Words kWords[] = {
    {Reason::TaskNotActive, "TaskNotActive", "the task is {3}"},
    {Reason::JobNotActive, "JobNotActive", "the job is {3}: only the tasks of an active job are started"},
    {Reason::PoolMissing, "PoolMissing", "the job's pool does not exist"},
    {Reason::PoolDeleting, "PoolDeleting", "the job's pool is being deleted"},
    {Reason::NoNodes, "NoNodes", "the pool has no nodes yet ({2} are wanted)"},
    {Reason::AwaitsScaling, "AwaitsScaling", "the pool's formula wants none by now; it is evaluated next at {3}"},
    {Reason::NeedsMoreSlots, "NeedsMoreSlots",
     "it needs {1} slots, but a node of the pool has only {2}: it never runs"},
    {Reason::JobAtMaxParallel, "JobAtMaxParallel",
     "{1} tasks of the job run, as many as its maxParallelTasks ({2}) allows"},
    {Reason::NodeNotReady, "NodeNotReady", "node {0} is {3}"},
    {Reason::Preparing, "Preparing", "the task is preparing: it waits for the job preparation task on node {0}"},
    {Reason::NodeBarred, "NodeBarred",
     "the job preparation task failed on node {0}: no task of the job runs there until it is reimaged"},
    {Reason::NodeFull, "NodeFull", "node {0} has {1} free slots; {2} are needed"},
    {Reason::BehindOthers, "BehindOthers", "{1} tasks go first"},
    {Reason::AboutToStart, "AboutToStart", "nothing is in the way: it is about to start"},
    {Reason::WaitsForTasks, "WaitsForTasks", "it waits for tasks that it depends on: {4}"},
    {Reason::DependencyBlocks, "DependencyBlocks",
     "it never runs: task {4}, which it depends on, directly or not, ended without satisfying those that depend on it"},
    {Reason::WaitsForManager, "WaitsForManager", "the job manager task goes first"},
    {Reason::NoDedicatedNodes, "NoDedicatedNodes",
     "it never runs: its allowLowPriorityNode is false, and the pool has only spot nodes"},
    {Reason::NodeNotDedicated, "NodeNotDedicated", "node {0} is a spot node: its allowLowPriorityNode is false"},
    {Reason::NodeNotEmpty, "NodeNotEmpty",
     "node {0} runs {1} tasks: as a job manager with runExclusive it needs a node for itself"},
    {Reason::NodeTaken, "NodeTaken", "node {0} runs a job manager that shares it with no other task (runExclusive)"},
    {Reason::NoInterNodeCommunication, "NoInterNodeCommunication",
     "it is a multi-instance task, and the pool was made without enableInterNodeCommunication: it never runs"},
    {Reason::NeedsWholeNodes, "NeedsWholeNodes",
     "it is a multi-instance task, and the pool's taskSlotsPerNode is {1} instead of 1: it never runs"},
    {Reason::NeedsMoreNodes, "NeedsMoreNodes", "it needs {1} nodes, and the pool has {2}"},
    {Reason::NodesTaken, "NodesTaken", "it needs {1} nodes at once; {2} are free for it"},
    {Reason::DependsOnItself, "DependsOnItself", "it never runs: it depends on itself, directly or not"},
};

const Words& words_of(Reason reason) {
  return *std::find_if(std::begin(kWords), std::end(kWords),
                       [reason](const Words& row) { return row.reason == reason; });
}

std::string state_of(const State& state, const Task& task, const Obstacle& obstacle) {
  switch (obstacle.reason) {
    case Reason::TaskNotActive:
      return std::string(text_of(task.status.state));
    case Reason::JobNotActive:
      return std::string(text_of(state.jobs.at(task.spec.job).status.state));
    case Reason::NodeNotReady: {
      const Node& node = state.nodes.at(obstacle.node);
      const bool ready = node.status.state == NodeState::Idle || node.status.state == NodeState::Running;
      return std::string(ready ? "not taking tasks (its scheduling is disabled)" : text_of(node.status.state));
    }
    case Reason::AwaitsScaling:
      return iso8601(state.pools.at(state.jobs.at(task.spec.job).pool).status.scale_at);
    default:
      return {};
  }
}

}  // namespace

Document explain_task(const Change& change, const std::string& job_id, const std::string& task_id) {
  const auto job = change.read().find(Kind::Job, 0, job_id);
  if (!job) throw Error(errors::kJobNotFound);
  const auto key = change.read().find(Kind::Task, *job, task_id);
  if (!key) throw Error(errors::kTaskNotFound);
  const Task& task = change.state().tasks.at(TaskKey{*key});
  Document reasons = Document::array();
  for (const Obstacle& obstacle : explain(change.state(), TaskKey{*key})) {
    const Words& words = words_of(obstacle.reason);
    const std::string node = obstacle.node == kNoNode ? std::string() : change.name_of(obstacle.node).node_id;
    Document reason = {{"reason", words.name},
                       {"message", fmt::format(fmt::runtime(words.message), node, obstacle.a, obstacle.b,
                                               state_of(change.state(), task, obstacle), obstacle.tasks)}};
    if (!node.empty()) reason["nodeId"] = node;
    reasons.push_back(std::move(reason));
  }
  return reasons;
}

}  // namespace batchite
