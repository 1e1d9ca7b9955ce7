#include "tests/simulation/bookkeeper.h"

#include <fmt/format.h>

#include <stdexcept>

namespace batchite::simulation {
namespace {

template <class... Values>
void require(bool holds, fmt::format_string<Values...> sentence, Values&&... values) {
  if (!holds) throw std::logic_error(fmt::format(sentence, std::forward<Values>(values)...));
}

// Whether tasks that left a node by this event were taken from it (then nothing is counted) or given up by request.
enum class Cause { Request, Loss, Either };

// Its node is as good as before, and so is its job: it made room for a more important one.
bool made_room(const State& state, const Task& task, const NodeStatus& node) {
  return (node.state == NodeState::Idle || node.state == NodeState::Running) && node.scheduling_enabled &&
         node.pending == NodePending::None && state.jobs.at(task.spec.job).status.state == JobState::Active;
}

Cause cause_of(const Event& event, const Task& task, NodeKey where, const State& state, Time now) {
  if (std::holds_alternative<NodeLost>(event) || std::holds_alternative<NodePreemptAsked>(event) ||
      std::holds_alternative<HostRestarted>(event)) {
    return Cause::Loss;
  }
  const auto* exit = std::get_if<JobTaskExited>(&event);
  if (exit && exit->which == JobTask::Preparation) return Cause::Loss;  // it failed: the node is barred to the job
  // It may have been any of a multi-instance task's nodes.
  if (task.spec.extras && task.spec.extras->instances > 1) return Cause::Either;
  const auto node = state.nodes.find(where);
  if (node != state.nodes.end() && made_room(state, task, node->second.status)) return Cause::Loss;
  if (!std::holds_alternative<Tick>(event)) return Cause::Request;
  if (node == state.nodes.end() || node->second.status.state == NodeState::LeavingPool) return Cause::Either;
  const NodeStatus& status = node->second.status;
  return status.state == NodeState::Preempted && status.state_since == now ? Cause::Loss : Cause::Request;
}

// That a task, or a coordination command in its stead, has come to an end.
struct Exit {
  TaskKey task;
  int attempt;
  const Outcome& outcome;
};
std::optional<Exit> exit_of(const Event& event) {
  if (const auto* e = std::get_if<TaskExited>(&event)) return Exit{e->task, e->attempt, e->outcome};
  const auto* e = std::get_if<CoordinationExited>(&event);
  const bool failed = e && (e->outcome.failure || e->outcome.exit_code.value_or(0) != 0);
  return failed ? std::optional(Exit{e->task, e->attempt, e->outcome}) : std::nullopt;
}

bool is_on_a_node(TaskState state) { return state == TaskState::Preparing || state == TaskState::Running; }

}  // namespace

Bookkeeper::Seen Bookkeeper::seen(const Task& task) {
  const TaskStatus& status = task.status;
  return {status.state, status.attempt, status.retries, status.requeues, status.node, task.spec.max_retries};
}

void Bookkeeper::expect_counted(const Event& event, TaskKey key, const Seen& before, const Task& task,
                                const State& state, Time now) {
  const Seen after = seen(task);
  const auto task_number = number(key);
  require(after.attempt - before.attempt <= 1 && after.attempt >= before.attempt, "task {} went from attempt {} to {}",
          task_number, before.attempt, after.attempt);
  const auto* reactivated = std::get_if<TaskReactivateAsked>(&event);
  if (reactivated && reactivated->task == key) {
    require(after.retries == 0 && after.requeues == 0, "task {} was reactivated and keeps its counters", task_number);
    return;
  }
  const std::optional<Exit> exit = exit_of(event);
  const bool exited =
      exit && exit->task == key && before.state == TaskState::Running && exit->attempt == before.attempt;
  const bool failed = exited && exit->outcome.may_retry && exit->outcome.exit_code.value_or(0) != 0;
  const bool retried = exited && after.state == TaskState::Running;
  require(after.retries == before.retries + (retried ? 1 : 0), "task {} had {} retries and has {}", task_number,
          before.retries, after.retries);
  const bool may_retry = failed && (before.max_retries < 0 || before.retries < before.max_retries);
  require(!exited || retried == may_retry, "task {} was {}retried after {} of {} retries", task_number,
          retried ? "" : "not ", before.retries, before.max_retries);
  const bool evicted =
      !exited && is_on_a_node(before.state) &&
      (after.state == TaskState::Active || (is_on_a_node(after.state) && after.attempt != before.attempt));
  const Cause cause = evicted ? cause_of(event, task, before.node, state, now) : Cause::Loss;
  const int more = after.requeues - before.requeues;
  require(cause == Cause::Either ? more == 0 || more == 1 : more == (cause == Cause::Request ? 1 : 0),
          "task {} was {} and has {} requeues after {}", task_number,
          !evicted                  ? "not taken from its node"
          : cause == Cause::Request ? "requeued"
                                    : "lost with its node",
          after.requeues, before.requeues);
}

void Bookkeeper::expect_counted(const Event& event, const State& after, const Effects& effects, Time now) {
  for (const TaskKey key : effects.erased.tasks) tasks_.erase(key);
  for (const TaskKey key : effects.touched.tasks) {
    const Task& task = after.tasks.at(key);
    const auto [place, is_new] = tasks_.try_emplace(key);
    if (!is_new) expect_counted(event, key, place->second, task, after, now);
    place->second = seen(task);
  }
}

}  // namespace batchite::simulation
