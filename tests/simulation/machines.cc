#include "tests/simulation/machines.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace batchite::simulation {
namespace {

constexpr Ticks kBootTime = std::chrono::seconds(3);
constexpr Ticks kRemoveTime = std::chrono::seconds(1);
constexpr Ticks kEcho = std::chrono::seconds(1);  // until the same is told again

template <class... Values>
void require(bool holds, fmt::format_string<Values...> sentence, Values&&... values) {
  if (!holds) throw std::logic_error(fmt::format(sentence, std::forward<Values>(values)...));
}

template <class Map, class Key>
Plan plan_of(const Map& plans, const Key& key) {
  const auto found = plans.find(key);
  return found == plans.end() ? Plan{} : found->second;
}

Outcome outcome_of(const Plan& plan, int attempt, Time started) {
  Outcome outcome{.exit_code = 0, .failure = std::nullopt, .may_retry = true, .started = started};
  if (attempt <= plan.failures) {
    outcome.exit_code = 1;
  } else if (plan.trouble != Trouble::None) {
    const bool began = plan.trouble == Trouble::Upload;
    if (!began) outcome.exit_code.reset();
    outcome.failure = Failure{Category::UserError, began ? "FileUploadContainerNotFound" : "BlobNotFound", "", {}};
    outcome.may_retry = false;
    outcome.trouble = plan.trouble;
  }
  outcome.usage.user = plan.takes / 2;
  return outcome;
}

const char* name(JobTask which) { return which == JobTask::Preparation ? "preparation" : "release"; }

}  // namespace

void Machines::told(const Action& action, const State& state, Time now) {
  std::visit([&](const auto& one) { perform(one, state, now); }, action);
}

Event Machines::take() {
  Event event = agenda_.take();
  if (const auto* e = std::get_if<TaskExited>(&event)) {
    const auto found = processes_.find(e->task);
    if (found != processes_.end() && found->second.attempt == e->attempt) processes_.erase(found);
  }
  if (const auto* e = std::get_if<StartTaskExited>(&event)) {
    const auto found = start_processes_.find(e->node);
    if (found != start_processes_.end() && found->second == std::pair(e->boot, e->attempt)) {
      start_processes_.erase(found);
    }
  }
  if (const auto* e = std::get_if<JobTaskExited>(&event)) {
    const auto found = job_processes_.find({e->job, e->node, e->which});
    if (e->which == JobTask::Preparation) prepared_.emplace(e->job, e->node);
    if (found != job_processes_.end() && found->second == e->attempt) job_processes_.erase(found);
  }
  return event;
}

void Machines::fail() {
  agenda_.clear();
  processes_.clear();
  coordinations_.clear();
  start_processes_.clear();
  job_processes_.clear();
}

void Machines::empty_disk(NodeKey node) {
  std::erase_if(prepared_, [node](const auto& one) { return one.second == node; });
}

void Machines::expect_quiet(NodeKey node, const char* what) const {
  for (const auto& [task, process] : processes_) {
    require(process.node != node, "node {} is to {}, but task {} runs there", number(node), what, number(task));
  }
  for (const auto& [key, process] : coordinations_) {
    require(process.node != node, "node {} is to {}, but a coordination command of task {} runs there", number(node),
            what, number(key.first));
  }
  for (const auto& [key, attempt] : job_processes_) {
    require(std::get<NodeKey>(key) != node, "node {} is to {}, but a {} task runs there", number(node), what,
            name(std::get<JobTask>(key)));
  }
}

void Machines::perform(const BootNode& a, const State& state, Time now) {
  require(state.nodes.contains(a.node), "node {} is to boot and is gone", number(a.node));
  expect_quiet(a.node, "boot");
  if (a.fresh) empty_disk(a.node);
  agenda_.later(now + kBootTime, NodeBooted{a.node, a.boot});
}

void Machines::perform(const RemoveNode& a, const State& state, Time now) {
  require(state.nodes.contains(a.node), "node {} is to be removed and is gone", number(a.node));
  expect_quiet(a.node, "be removed");
  empty_disk(a.node);
  require(!start_processes_.contains(a.node), "node {} is to be removed, but its start task runs", number(a.node));
  agenda_.later(now + kRemoveTime, NodeRemoved{a.node});
}

void Machines::report(Time now, const Plan& plan, const Event& event) {
  agenda_.later(now + plan.takes, event);
  if (plan.replies_twice) agenda_.later(now + plan.takes + kEcho, event);
}

void Machines::perform(const RunStartTask& a, const State& state, Time now) {
  require(state.nodes.contains(a.node), "a start task is to run on node {}, which is gone", number(a.node));
  require(start_processes_.emplace(a.node, std::pair(a.boot, a.attempt)).second, "a start task runs twice on node {}",
          number(a.node));
  const Plan plan = plan_of(start_tasks, state.nodes.at(a.node).status.pool);
  report(now, plan, StartTaskExited{a.node, a.boot, a.attempt, outcome_of(plan, a.attempt, now)});
}

void Machines::perform(const KillStartTask& a, const State&, Time) {
  const auto found = start_processes_.find(a.node);
  require(found != start_processes_.end() && found->second == std::pair(a.boot, a.attempt),
          "a start task is to be killed on node {}, but none runs", number(a.node));
  start_processes_.erase(found);
}

void Machines::perform(const RunTask& a, const State& state, Time now) {
  require(state.nodes.contains(a.node), "task {} is to run on node {}, which is gone", number(a.task), number(a.node));
  require(state.nodes.at(a.node).status.last_boot != kNever, "task {} is to run on node {}, which never booted",
          number(a.task), number(a.node));
  require(processes_.emplace(a.task, Process{a.attempt, a.node}).second, "task {} runs twice", number(a.task));
  const Plan plan = plan_of(tasks, a.task);
  report(now, plan, TaskExited{a.task, a.attempt, outcome_of(plan, a.attempt, now)});
}

void Machines::perform(const RunCoordination& a, const State& state, Time now) {
  require(state.nodes.contains(a.node), "task {} is to run on node {}, which is gone", number(a.task), number(a.node));
  require(coordinations_.emplace(Coordination(a.task, a.instance), Process{a.attempt, a.node}).second,
          "instance {} of task {} runs twice", a.instance, number(a.task));
  Plan plan = plan_of(coordinations, a.task);
  const auto& instances = *state.tasks.at(a.task).status.instances;
  if (a.instance + 1 < static_cast<int>(instances.size())) plan.failures = 0;
  report(now, plan, CoordinationExited{a.task, a.attempt, a.instance, outcome_of(plan, a.attempt, now)});
}

// Of an attempt with all its coordination commands.
void Machines::perform(const KillTask& a, const State&, Time) {
  const auto found = processes_.find(a.task);
  const bool runs = found != processes_.end() && found->second == Process{a.attempt, a.node};
  const auto coordinated = std::erase_if(
      coordinations_, [&](const auto& one) { return one.first.first == a.task && one.second.attempt == a.attempt; });
  require(runs || coordinated > 0, "task {} is to be killed on node {}, but does not run there", number(a.task),
          number(a.node));
  if (runs) processes_.erase(found);
  if (plan_of(tasks, a.task).replies_twice) return;
  const auto is_of_it = [&](const auto& exit) { return exit.task == a.task && exit.attempt == a.attempt; };
  agenda_.drop<TaskExited>(is_of_it);
  agenda_.drop<CoordinationExited>(is_of_it);
}

void Machines::perform(const RemoveTaskFiles& a, const State& state, Time) {
  require(state.nodes.contains(a.node), "files of task {} are to be removed from node {}, which is gone",
          number(a.task), number(a.node));
  require(!processes_.contains(a.task) || processes_.at(a.task).node != a.node,
          "files of task {} are to be removed while it runs", number(a.task));
}

void Machines::perform(const RunJobTask& a, const State& state, Time now) {
  require(state.nodes.contains(a.node) && state.jobs.contains(a.job), "a {} task of job {} is to run and is gone",
          name(a.which), number(a.job));
  require(a.which == JobTask::Preparation || prepared_.contains({a.job, a.node}),
          "the release task of job {} is to run on node {}, whose disk knows nothing of the job", number(a.job),
          number(a.node));
  require(job_processes_.emplace(JobProcess(a.job, a.node, a.which), a.attempt).second,
          "the {} task of job {} runs twice on node {}", name(a.which), number(a.job), number(a.node));
  const Plan plan = plan_of(a.which == JobTask::Preparation ? preparations : releases, a.job);
  report(now, plan, JobTaskExited{a.job, a.node, a.which, a.attempt, outcome_of(plan, a.attempt, now)});
}

void Machines::perform(const KillJobTask& a, const State&, Time) {
  const auto found = job_processes_.find({a.job, a.node, a.which});
  require(found != job_processes_.end() && found->second == a.attempt,
          "the {} task of job {} is to be killed on node {}, but does not run there", name(a.which), number(a.job),
          number(a.node));
  job_processes_.erase(found);
}

void Machines::perform(const RemoveJobTaskFiles& a, const State& state, Time) {
  require(state.nodes.contains(a.node), "files of job {} are to be removed from node {}, which is gone", number(a.job),
          number(a.node));
  require(!job_processes_.contains({a.job, a.node, a.which}), "files of job {} are to be removed while it uses them",
          number(a.job));
}

void Machines::perform(const MeasurePool& a, const State&, Time now) { agenda_.later(now, PoolMeasured{a.pool, {}}); }
void Machines::perform(const WakeAt& a, const State&, Time) { agenda_.wake(a.at); }

void Machines::expect_same_tasks(const State& state) const {
  std::map<TaskKey, Process> running;
  std::map<Coordination, Process> coordinated;
  state.tasks.each([&](TaskKey key, const Task& task) {
    if (task.status.state != TaskState::Running) return;
    bool is_coordinated = true;
    if (const Instances* instances = task.status.instances.get()) {
      for (std::size_t i = 0; i < instances->size(); ++i) {
        coordinated[{key, static_cast<int>(i)}] = {task.status.attempt, (*instances)[i].node};
      }
      is_coordinated = std::ranges::all_of(*instances, &Instance::coordinated);
    }
    if (is_coordinated) running[key] = {task.status.attempt, task.status.node};
  });
  require(coordinated == coordinations_, "the coordination commands that run are others than those that should");
  for (const auto& [task, process] : running) {
    const auto found = processes_.find(task);
    require(found != processes_.end() && found->second == process, "task {} is running, but no process is",
            number(task));
  }
  require(running.size() == processes_.size(), "a task's process was forgotten");
}

void Machines::expect_same_processes(const State& state) const {
  expect_same_tasks(state);
  std::map<JobProcess, int> of_jobs;
  for (const auto& [key, job] : state.jobs) {
    for (const auto& [node, status] : job.nodes) {
      const auto add = [&, job_key = key, node_key = node](JobTask which, const JobTaskStatus& one) {
        if (one.state == JobTaskStatus::State::Running) of_jobs[{job_key, node_key, which}] = one.attempt;
      };
      add(JobTask::Preparation, status.preparation);
      add(JobTask::Release, status.release);
    }
  }
  require(of_jobs == job_processes_, "the preparation and release tasks that run are others than those that should");
  std::map<NodeKey, std::pair<int, int>> starting;
  for (const auto& [key, node] : state.nodes) {
    const auto& start_task = node.status.start_task;
    if (start_task && start_task->running) starting[key] = {node.status.boot, start_task->retries + 1};
  }
  for (const auto& [node, run] : starting) {
    const auto found = start_processes_.find(node);
    require(found != start_processes_.end() && found->second == run,
            "the start task of node {} is running, but no process is (state {}, pending {})", number(node),
            static_cast<int>(state.nodes.at(node).status.state), static_cast<int>(state.nodes.at(node).status.pending));
  }
  require(starting.size() == start_processes_.size(), "a start task's process was forgotten");
}

}  // namespace batchite::simulation
