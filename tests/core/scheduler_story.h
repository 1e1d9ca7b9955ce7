// Stories about the scheduler: an event in, the whole answer out as text. After every step all derived data is
// recounted, and what was touched or erased must be told rightly. Nodes are n1, n2 … in the order of creation; pools,
// jobs and tasks have the names that the story gives them. The clock stands still unless later() moves it.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/scheduler/step.h"
#include "core/status_text.h"

namespace batchite {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct PoolAsk {
  int dedicated = 0, low_priority = 0;
  int slots = 1;
  FillType fill = FillType::Spread;
  std::optional<StartTaskSpec> start_task = std::nullopt;
  bool inter_node = false;
};
struct JobAsk {
  std::string pool = "p";
  int priority = 0;
  int max_parallel = -1;
  Ticks max_wall_clock = kUnlimited;
  OnAllTasksComplete on_complete = OnAllTasksComplete::NoAction;
  OnTaskFailure on_failure = OnTaskFailure::NoAction;
  bool dependencies = false;
  std::optional<PreparationSpec> preparation = std::nullopt;
  bool release = false;
};
struct TaskAsk {
  int slots = 1;
  int retries = 0;
  Ticks retention = kUnlimited;
  NodeKey affinity = kNoNode;
  Dependencies on = {};  // of a job with dependencies
  ExitConditions exit = {};
  int instances = 0;
};

class SchedulerStory : public testing::Test {
 protected:
  std::string happens(const Event& event) {
    Effects effects;
    step(state_, event, now_, effects);
    check(state_);
    expect_told_rightly(effects);
    std::string text;
    for (const Action& action : effects.actions) {
      text += std::visit([&](const auto& a) { return told(a); }, action) + "; ";
    }
    if (!text.empty()) text.resize(text.size() - 2);
    return text;
  }
  std::string later(Ticks by) {
    now_ += by;
    return happens(Tick{});
  }
  void passes(Ticks by) { now_ += by; }

  // --- events ---
  std::string add_pool(const std::string& id, const PoolAsk& ask) {
    return happens(PoolAdded{pool(id), id, spec(ask), {ask.dedicated, ask.low_priority}, minutes(15)});
  }
  // A pool all of whose nodes are up.
  void given_pool(const std::string& id, const PoolAsk& ask) {
    const std::int64_t before = state_.last_node;
    add_pool(id, ask);
    for (auto node = before + 1; node <= state_.last_node; ++node) booted(static_cast<int>(node));
  }
  std::string resize(const std::string& id, Targets target, DrainOption drain = DrainOption::Requeue) {
    return happens(PoolResizeAsked{pool(id), target, minutes(15), drain});
  }
  std::string booted(int node, int boot = 1) { return happens(NodeBooted{NodeKey{node}, boot}); }
  std::string removed(int node) { return happens(NodeRemoved{NodeKey{node}}); }
  std::string lost(int node, NodeState state, std::optional<Failure> error = std::nullopt) {
    return happens(NodeLost{NodeKey{node}, state, std::move(error)});
  }
  std::string preempt(int node, Ticks notice = {}, Ticks away = {}) {
    return happens(NodePreemptAsked{NodeKey{node}, notice, away});
  }
  std::string reboot(int node, DrainOption drain = DrainOption::Requeue, bool reimage = false) {
    return happens(NodeRebootAsked{NodeKey{node}, drain, reimage});
  }
  std::string deallocate(int node, DrainOption drain = DrainOption::Requeue) {
    return happens(NodeDeallocateAsked{NodeKey{node}, drain});
  }
  std::string start(int node) { return happens(NodeStartAsked{NodeKey{node}}); }
  std::string scheduling(int node, bool enabled, DrainOption drain = DrainOption::Requeue) {
    return happens(NodeSchedulingAsked{NodeKey{node}, enabled, drain});
  }
  std::string start_task_exited(int node, int boot, int attempt, int exit_code) {
    return happens(StartTaskExited{NodeKey{node}, boot, attempt, exited_with(exit_code)});
  }
  std::string add_job(const std::string& id, const JobAsk& ask = {}) { return happens(JobAdded{job(id), spec(ask)}); }
  std::string add(const std::string& id, const TaskAsk& ask = {}, const std::string& of = "j") {
    TaskSpec task_spec = spec(ask, of);
    if (state_.jobs.at(job(of)).spec.uses_dependencies || ask.exit != ExitConditions{} || ask.instances > 0) {
      task_spec.extras = std::make_shared<TaskExtras>(
          TaskExtras{.id = id, .dependencies = ask.on, .exit = ask.exit, .instances = ask.instances});
    }
    return happens(TasksAdded{{{task(id), task_spec}}});
  }
  std::string exited(const std::string& id, int attempt, int exit_code = 0) {
    return happens(TaskExited{task(id), attempt, exited_with(exit_code)});
  }
  std::string coordinated(const std::string& id, int instance, int attempt = 1, int exit_code = 0) {
    return happens(CoordinationExited{task(id), attempt, instance, exited_with(exit_code)});
  }
  std::string prepared(const std::string& of, int node, int attempt = 1, int exit_code = 0) {
    return happens(JobTaskExited{job(of), NodeKey{node}, JobTask::Preparation, attempt, exited_with(exit_code)});
  }
  std::string released(const std::string& of, int node, int attempt = 1, int exit_code = 0) {
    return happens(JobTaskExited{job(of), NodeKey{node}, JobTask::Release, attempt, exited_with(exit_code)});
  }
  static Outcome exited_with(int exit_code) {
    return {.exit_code = exit_code, .failure = std::nullopt, .may_retry = true, .started = kNever};
  }

  // --- names ---
  PoolKey pool(const std::string& id) { return key_of(pools_, id); }
  JobKey job(const std::string& id) { return key_of(jobs_, id); }
  TaskKey task(const std::string& id) { return key_of(tasks_, id); }
  static PoolSpec spec(const PoolAsk& ask) {
    return {.task_slots = ask.slots,
            .fill = ask.fill,
            .start_task = ask.start_task,
            .inter_node_communication = ask.inter_node};
  }
  static JobSpec spec(const JobAsk& ask) {
    return {.pool_id = ask.pool,
            .priority = ask.priority,
            .max_parallel_tasks = ask.max_parallel,
            .max_wall_clock = ask.max_wall_clock,
            .max_task_retries = 0,
            .on_all_tasks_complete = ask.on_complete,
            .on_task_failure = ask.on_failure,
            .uses_dependencies = ask.dependencies,
            .preparation = ask.preparation,
            .has_release = ask.release};
  }
  TaskSpec spec(const TaskAsk& ask, const std::string& of) {
    return {.job = job(of),
            .required_slots = static_cast<std::int16_t>(ask.slots),
            .max_retries = ask.retries,
            .retention = ask.retention,
            .affinity = ask.affinity};
  }

  // What a store gives back after a restart of the service, the hosts going on.
  void restarts() {
    State fresh;
    fresh.settings = state_.settings;
    fresh.last_node = state_.last_node;
    const auto copy = [](const auto& row, auto& kept) { from_text(to_text(row), kept); };
    for (const auto& [key, pool] : state_.pools) {
      fresh.pools[key].id = pool.id;
      fresh.pools[key].spec = pool.spec;
      copy(pool.status, fresh.pools[key].status);
    }
    for (const auto& [key, node] : state_.nodes) copy(node.status, fresh.nodes[key].status);
    for (const auto& [key, row] : state_.jobs) {
      fresh.jobs[key].spec = row.spec;
      copy(row.status, fresh.jobs[key].status);
    }
    state_.tasks.each([&](TaskKey key, const Task& row) {
      Task& task = fresh.tasks.add(key);
      copy(row, task);
      task.spec.job = row.spec.job;
    });
    state_ = std::move(fresh);
    rebuild(state_);
    check(state_);
  }

  // --- what there is ---
  const PoolStatus& pool_status(const std::string& id) { return state_.pools.at(pool(id)).status; }
  const NodeStatus& node_status(int node) { return state_.nodes.at(NodeKey{node}).status; }
  const JobStatus& job_status(const std::string& id) { return state_.jobs.at(job(id)).status; }
  const TaskStatus& task_status(const std::string& id) { return state_.tasks.at(task(id)).status; }
  const JobNodeStatus& job_node(const std::string& id, int node) {
    return state_.jobs.at(job(id)).nodes.at(NodeKey{node});
  }
  NodeState node_state(int node) { return node_status(node).state; }
  // "completed, was running, exit 7, FailureExitCode, 1 retries, on n1"
  std::string shown(const std::string& id) {
    static constexpr const char* kNames[] = {"active", "preparing", "running", "completed"};
    const TaskStatus& status = task_status(id);
    std::string text = kNames[static_cast<int>(status.state)];
    if (status.previous_state) text += fmt::format(", was {}", kNames[static_cast<int>(*status.previous_state)]);
    if (status.has_exit_code) text += fmt::format(", exit {}", status.exit_code);
    if (status.failure) text += ", " + status.failure->code;
    if (status.retries) text += fmt::format(", {} retries", status.retries);
    if (status.requeues) text += fmt::format(", {} requeues", status.requeues);
    if (status.node != kNoNode) text += fmt::format(", on n{}", number(status.node));
    return text;
  }

  State state_;
  Time now_ = Time(hours(24 * 365 * 50));
  Effects::Keys touched_, erased_;  // by the last step

 private:
  template <class Key>
  static Key key_of(std::map<std::string, Key>& keys, const std::string& id) {
    return keys.try_emplace(id, Key{static_cast<std::int64_t>(keys.size() + 1)}).first->second;
  }
  std::string name(TaskKey key) const {
    for (const auto& [id, other] : tasks_) {
      if (other == key) return id;
    }
    return fmt::format("task{}", number(key));
  }

  std::string name(JobKey key) const {
    for (const auto& [id, other] : jobs_) {
      if (other == key) return id;
    }
    return fmt::format("job{}", number(key));
  }
  static const char* name(JobTask which) { return which == JobTask::Preparation ? "prepare" : "release"; }
  template <class OfJobTask>
  std::string place(const OfJobTask& a) const {
    return fmt::format("{}#{} on n{}", name(a.job), a.attempt, number(a.node));
  }

  std::string told(const BootNode& a) const {
    return fmt::format("boot n{}#{}{}", number(a.node), a.boot, a.fresh ? " fresh" : "");
  }
  std::string told(const RemoveNode& a) const { return fmt::format("remove n{}", number(a.node)); }
  std::string told(const RunStartTask& a) const {
    return fmt::format("start task n{}#{}.{}", number(a.node), a.boot, a.attempt);
  }
  std::string told(const KillStartTask& a) const {
    return fmt::format("kill start task n{}#{}.{}", number(a.node), a.boot, a.attempt);
  }
  std::string told(const RunTask& a) const {
    return fmt::format("run {}#{} on n{}", name(a.task), a.attempt, number(a.node));
  }
  std::string told(const RunCoordination& a) const {
    return fmt::format("coordinate {}#{}.{} on n{}", name(a.task), a.attempt, a.instance, number(a.node));
  }
  std::string told(const KillTask& a) const {
    return fmt::format("kill {}#{} on n{}", name(a.task), a.attempt, number(a.node));
  }
  std::string told(const RemoveTaskFiles& a) const {
    return fmt::format("clean {} on n{}", name(a.task), number(a.node));
  }
  std::string told(const RunJobTask& a) const { return fmt::format("{} {}", name(a.which), place(a)); }
  std::string told(const KillJobTask& a) const { return fmt::format("kill {} {}", name(a.which), place(a)); }
  std::string told(const RemoveJobTaskFiles& a) const {
    return fmt::format("clean {} of {} on n{}", name(a.which), name(a.job), number(a.node));
  }
  std::string told(const MeasurePool& a) const { return fmt::format("measure pool {}", number(a.pool)); }
  std::string told(const WakeAt& a) const {
    return fmt::format("wake in {}ms", std::chrono::duration_cast<std::chrono::milliseconds>(a.at - now_).count());
  }

  template <class Keys, class Rows>
  static void expect_there(const Keys& keys, const Rows& rows, bool there) {
    for (const auto key : keys) EXPECT_EQ(rows.contains(key), there) << number(key);
  }
  void expect_told_rightly(const Effects& effects) {
    touched_ = effects.touched;
    erased_ = effects.erased;
    expect_there(touched_.pools, state_.pools, true);
    expect_there(touched_.nodes, state_.nodes, true);
    expect_there(touched_.jobs, state_.jobs, true);
    expect_there(touched_.tasks, state_.tasks, true);
    for (const auto& [job, node] : touched_.job_nodes) EXPECT_TRUE(state_.jobs.at(job).nodes.contains(node));
    expect_there(erased_.pools, state_.pools, false);
    expect_there(erased_.nodes, state_.nodes, false);
    expect_there(erased_.jobs, state_.jobs, false);
    expect_there(erased_.tasks, state_.tasks, false);
  }

  std::map<std::string, PoolKey> pools_;
  std::map<std::string, JobKey> jobs_;
  std::map<std::string, TaskKey> tasks_;
};

}  // namespace batchite
