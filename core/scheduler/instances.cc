// Multi-instance tasks: they hold several nodes at once, all of one pool.
//
// - A task with TaskExtras::instances waits in a queue of its own kind (room_of()) and starts when that many nodes are
//   free; until then ordinary tasks may use them, as with a task that needs many slots. It holds its nodes whole: the
//   pool must have one slot a node and inter-node communication, else the task waits for ever.
// - The first node is the primary's: there the task is in Node::running as any other. The others have it as
//   Node::subtask. TaskStatus::instances lists them all and is kept with the task's status; what it derives is not.
// - Prepared on every node, it runs its coordination command on every node (RunCoordination); once all of them have
//   ended well, its own command runs on the first (RunTask). What coordination commands left in the background runs
//   until KillTask, which ends all of one attempt, on every node.
// - Whatever ends the primary ends the subtasks. A coordination command that fails fails the task, a node that is lost
//   has the whole of it run again: there is no instance that starts alone.
// Source: learn.microsoft.com/azure/batch/batch-mpi.
#include "core/scheduler/failures.h"
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

void move_to(Instance& instance, SubtaskState next, Time now) {
  instance.previous_state = instance.state;
  instance.previous_since = instance.state_since;
  instance.state = next;
  instance.state_since = now;
}

bool is_free_for(const State& state, const Task& task, NodeKey key) {
  const Node* node = find(state.nodes, key);
  return node && node->bucket == 1 && may_run_on(state, task, key, *node);
}

}  // namespace

bool holds_whole_nodes(const Pool& pool) { return pool.spec.inter_node_communication && pool.spec.task_slots == 1; }

std::vector<NodeKey> nodes_for(const State& state, const Pool& pool, const Task& task) {
  const auto wanted = static_cast<std::size_t>(instances_of(task));
  std::vector<NodeKey> nodes;
  const NodeKey head = pool.by_free[1];
  if (!holds_whole_nodes(pool) || task.spec.required_slots > 1 || head == kNoNode) return nodes;
  const NodeKey wished = task.spec.affinity;
  const Node* wish = find(state.nodes, wished);
  if (wish && &state.pools.at(wish->status.pool) == &pool && is_free_for(state, task, wished)) nodes.push_back(wished);
  NodeKey at = head;
  do {
    if (nodes.size() == wanted) return nodes;
    if ((nodes.empty() || at != nodes.front()) && is_free_for(state, task, at)) nodes.push_back(at);
    at = state.nodes.at(at).bucket_next;
  } while (at != head);
  if (nodes.size() < wanted) nodes.clear();
  return nodes;
}

void give_instances(Task& task, const std::vector<NodeKey>& nodes, SubtaskState first, Time now) {
  task.status.instances = std::make_unique<Instances>(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Instance& instance = (*task.status.instances)[i];
    instance.node = nodes[i];
    instance.state = first;
    instance.state_since = now;
  }
}

void run_instances(Task& task, Time now) {
  for (Instance& instance : *task.status.instances) {
    Instance next;
    next.node = instance.node;
    next.state = instance.state;
    next.state_since = instance.state_since;
    next.previous_state = instance.previous_state;
    next.previous_since = instance.previous_since;
    next.started = now;
    if (next.state != SubtaskState::Running) move_to(next, SubtaskState::Running, now);
    instance = std::move(next);
  }
}

void end_instance(Instance& instance, const Outcome& outcome, Time now) {
  move_to(instance, SubtaskState::Completed, now);
  instance.started = std::clamp(outcome.started, instance.started, now);
  instance.ended = now;
  instance.exit_code = outcome.exit_code;
  instance.failure = outcome.failure;
  if (!instance.failure && outcome.exit_code.value_or(0) != 0) instance.failure = exit_code_failure();
}

void end_instances(Task& task, Time now) {
  for (Instance& instance : *task.status.instances) {
    if (instance.state == SubtaskState::Completed) continue;
    move_to(instance, SubtaskState::Completed, now);
    instance.ended = now;
    if (!instance.coordinated) instance.failure = task_ended_failure();
  }
}

NodeKey waits_for_preparation_on(const State& state, const Task& task) {
  const Job& job = state.jobs.at(task.spec.job);
  NodeKey found = kNoNode;
  each_node(task.status, [&](NodeKey node) {
    const auto at = job.nodes.find(node);
    const bool waits = at != job.nodes.end() && !at->second.is_prepared &&
                       at->second.preparation.state == JobTaskStatus::State::Running;
    if (waits && found == kNoNode) found = node;
  });
  return found;
}

}  // namespace batchite::scheduler
