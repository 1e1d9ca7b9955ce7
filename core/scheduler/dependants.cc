// What a task's ending means for its job and for the tasks that depend on it.
// Source: learn.microsoft.com/rest/api/batchservice/task/add (ExitConditions, ExitOptions),
// .../batch-task-dependencies. A task that somebody ended before its time has no exit condition: it does nothing to its
// job and blocks what depends on it (not documented).
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

DependencyGraph* graph_of(State& state, const Task& task) {
  return task.spec.extras ? state.jobs.at(task.spec.job).dependencies.get() : nullptr;
}

bool depends_on_others(const Task& task) { return task.spec.extras && !task.spec.extras->dependencies.empty(); }

std::optional<ExitOptions> of_exit_code(const ExitConditions& conditions, int code) {
  const auto holds = [code](const ExitConditions::Range& range) { return range.first <= code && code <= range.last; };
  for (const auto* list : {&conditions.codes, &conditions.ranges}) {
    const auto found = std::ranges::find_if(*list, holds);
    if (found != list->end()) return found->options;
  }
  return std::nullopt;
}

}  // namespace

// An exit code that is named goes before everything else, also before an upload that failed after it.
ExitOptions options_for(const Task& task, const Ending& ending) {
  if (!ending.by_itself) return {JobAction::None, DependencyAction::Block};
  const bool failed = ending.failure != nullptr;
  if (task.spec.extras) {
    const ExitConditions& conditions = task.spec.extras->exit;
    if (ending.exit_code) {
      if (const auto options = of_exit_code(conditions, *ending.exit_code)) return *options;
    }
    if (ending.trouble == Trouble::PreProcessing && conditions.pre_processing_error) {
      return *conditions.pre_processing_error;
    }
    if (ending.trouble == Trouble::Upload && conditions.upload_error) return *conditions.upload_error;
    if (failed && conditions.otherwise) return *conditions.otherwise;
  }
  if (failed) return {JobAction::Terminate, DependencyAction::Block};
  return {JobAction::None, DependencyAction::Satisfy};
}

bool is_blocked(const Task& task) {
  return task.status.state == TaskState::Active && !task.status.released && depends_on_others(task);
}

void join_dependencies(State& state, TaskKey key, const Task& task) {
  DependencyGraph* graph = graph_of(state, task);
  if (!graph) return;
  graph->join(key, task.spec.extras->id);
  if (task.status.satisfies) graph->satisfy(task.spec.extras->id);
}

void leave_dependencies(State& state, const Task& task) {
  if (DependencyGraph* graph = graph_of(state, task)) graph->leave(task.spec.extras->id);
}

bool wait_for_others(State& state, TaskKey key, Task& task) {
  if (task.status.released || !depends_on_others(task)) return false;
  Job& job = state.jobs.at(task.spec.job);
  if (job.dependencies->wait(key, task.spec.extras->dependencies)) {
    ++job.blocked;
    return true;
  }
  task.status.released = true;
  return false;
}

void stop_waiting(State& state, TaskKey key, const Task& task) {
  Job& job = state.jobs.at(task.spec.job);
  job.dependencies->stop_waiting(key);
  --job.blocked;
}

void satisfy_dependants(State& state, Task& task, Effects& out) {
  DependencyGraph* graph = graph_of(state, task);
  if (!graph) return;
  task.status.satisfies = true;
  for (const TaskKey key : graph->satisfy(task.spec.extras->id)) {
    Task& dependant = state.tasks.at(key);
    dependant.status.released = true;
    --state.jobs.at(dependant.spec.job).blocked;
    enqueue(state, key, dependant, Position::Last);
    touch(out.touched.tasks, key);
  }
}

void unsatisfy_dependants(State& state, const Task& task) {
  if (DependencyGraph* graph = graph_of(state, task)) graph->unsatisfy(task.spec.extras->id);
}

}  // namespace batchite::scheduler
