#include "tests/simulation/simulation.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tests/simulation/pauses.h"

namespace batchite::simulation {
namespace {

constexpr Ticks kLong = std::chrono::hours(24 * 365);  // beyond all that histories are about
constexpr int kTooMany = 50'000;                       // events without an end

template <class... Values>
void require(bool holds, fmt::format_string<Values...> sentence, Values&&... values) {
  if (!holds) throw std::logic_error(fmt::format(sentence, std::forward<Values>(values)...));
}

template <class Rows, class Key>
void expect_there(const std::vector<Key>& keys, const Rows& rows, bool there, const char* what) {
  for (const Key key : keys) {
    require(rows.contains(key) == there, "{} {} is told to be {}", what, number(key), there ? "changed" : "gone");
  }
}

// Whether the node would take a task of so many slots; from statuses alone.
bool has_room(const State& state, NodeKey key, const Task& task) {
  const Node& node = state.nodes.at(key);
  const Job& job = state.jobs.at(task.spec.job);
  const auto at = job.nodes.find(key);
  return node.status.state == NodeState::Idle && node.status.scheduling_enabled &&
         node.status.pending == NodePending::None &&
         task.spec.required_slots <= state.pools.at(job.pool).spec.task_slots &&
         (at == job.nodes.end() || !at->second.is_barred) &&
         (!task.spec.extras || !task.spec.extras->manager || task.spec.extras->manager->allows_low_priority ||
          node.status.dedicated);
}

bool names(const std::string& id, std::int64_t first, std::int64_t last) {
  const std::int64_t value = std::stoll(id);
  return first <= value && value <= last;
}

// From ids and statuses alone. Ids of tasks here are numbers or nobody's.
bool is_satisfied(const State& state, const Job& job, const Dependencies& on) {
  std::set<std::string> satisfied;
  for (const auto& [first, last] : job.tasks) {
    for (auto key = number(first); key <= number(last); ++key) {
      const Task* task = state.tasks.find(TaskKey{key});
      if (task && task->status.satisfies) satisfied.insert(task->spec.extras->id);
    }
  }
  const auto covers = [&](std::int64_t id) {
    return std::ranges::any_of(satisfied, [&](const std::string& one) { return names(one, id, id); });
  };
  for (const auto& [first, last] : on.ranges) {
    for (std::int64_t id = first; id <= last; ++id) {
      if (!covers(id)) return false;
    }
  }
  return std::ranges::all_of(on.ids, [&](const std::string& id) { return satisfied.contains(id); });
}

// A node that RetainedData keeps for directories that nobody ever removes.
bool waits_for_files(const Node& node) {
  return node.status.pending != NodePending::None && node.status.drain == DrainOption::RetainedData && node.kept > 0;
}

}  // namespace

std::string pool_id(int pool) {
  return pool < kClientPools ? fmt::format("p{}", pool) : fmt::format("auto{}", pool - kClientPools);
}

std::string free_auto_pool(const State& state) {
  for (int i = kClientPools;; ++i) {
    if (!state.pools_by_id.contains(pool_id(i))) return pool_id(i);
  }
}

// --- events ---

void Simulation::happen(const Event& event) {
  Effects effects;
  step(state_, event, now_, effects);
  check(state_);
  expect_there(effects.touched.pools, state_.pools, true, "pool");
  expect_there(effects.touched.nodes, state_.nodes, true, "node");
  expect_there(effects.touched.jobs, state_.jobs, true, "job");
  expect_there(effects.touched.tasks, state_.tasks, true, "task");
  expect_there(effects.touched.schedules, state_.schedules, true, "schedule");
  expect_there(effects.erased.pools, state_.pools, false, "pool");
  expect_there(effects.erased.nodes, state_.nodes, false, "node");
  expect_there(effects.erased.jobs, state_.jobs, false, "job");
  expect_there(effects.erased.tasks, state_.tasks, false, "task");
  for (const Action& action : effects.actions) machines_.told(action, state_, now_);
  machines_.expect_same_processes(state_);
  books_.expect_counted(event, state_, effects, now_);
  for (const TaskKey key : effects.touched.tasks) {
    require(!explain(state_, key).empty(), "nobody knows why task {} does not run", number(key));
  }
  kept_.keep(state_, effects);
  forget_erased(effects);
  answer_what_is_due(effects);
}

void Simulation::forget_erased(const Effects& effects) {
  for (const TaskKey key : effects.erased.tasks) {
    require(may_go.contains(key), "task {} went, and nobody had deleted it", number(key));
    std::erase_if(tasks, [key](const auto& one) { return one.second == key; });
  }
  for (const JobKey key : effects.erased.jobs) {
    require(jobs_may_go.contains(key), "job {} went, and nobody had deleted it", number(key));
    std::erase_if(jobs, [key](const auto& one) { return one.second == key; });
  }
  for (const ScheduleKey key : effects.erased.schedules) {
    std::erase_if(schedules, [key](const auto& one) { return one.second == key; });
  }
}

void Simulation::answer_what_is_due(const Effects& effects) {
  for (const ScheduleKey key : effects.jobs_due) create_scheduled_job(key);
  for (const PoolKey key : effects.evaluations_due) scale(key);
}

// As a formula over the latest sample would: a node a task, four at most.
void Simulation::scale(PoolKey key) {
  constexpr std::int64_t kMost = 4;
  std::int64_t pending = 0;
  for (const auto& [job_key, job] : state_.jobs) {
    if (job.pool == key) pending += job.counts.active - job.blocked + job.counts.running;
  }
  const int nodes = static_cast<int>(std::min(pending, kMost));
  const bool dedicated = formulas[key] == Formula::Dedicated;
  happen(PoolScaled{.pool = key,
                    .run = {.time = now_, .results = "", .error = std::nullopt},
                    .target = dedicated ? Targets{nodes, 0} : Targets{0, nodes},
                    .drain = dedicated ? DrainOption::TaskCompletion : DrainOption::Requeue});
}

// As core/operations/create_job.cc does.
void Simulation::create_scheduled_job(ScheduleKey key) {
  const ScheduledJobs jobs_of_it = scheduled.at(key);
  const Schedule& schedule = state_.schedules.at(key);
  JobAdded added{new_job(), jobs_of_it.spec, key};
  if (jobs_of_it.has_auto_pool) {
    added.auto_pool = schedule.status.auto_pool;
    if (!state_.pools_by_id.contains(added.auto_pool)) {
      added.auto_pool = free_auto_pool(state_);
      happen(PoolAdded{new_pool(), added.auto_pool, {}, {1, 0}, std::chrono::minutes(5)});
    }
  }
  name_scheduled_job(added.job);
  happen(added);
  TasksAdded more;
  for (int i = 0; i < jobs_of_it.tasks; ++i) more.tasks.push_back({new_task(), {.job = added.job}});
  if (jobs_of_it.tasks > 0) happen(more);
}

void Simulation::name_scheduled_job(JobKey job) {
  for (int id = kClientJobs; id < kJobs; ++id) {
    if (jobs.try_emplace(id, job).second) return;
  }
}

void Simulation::restart() {
  machines_.fail();
  kept_.expect_all_of(state_);
  state_ = kept_.restored(state_);
  check(state_);
  happen(HostRestarted{});
}

void Simulation::reload() {
  kept_.expect_all_of(state_);
  state_ = kept_.restored(state_);
  check(state_);
  happen(Tick{});  // whoever reloads has something to do, and timers are announced with it
}

// --- time ---

void Simulation::answer_next() {
  now_ = std::max(now_, machines_.next());
  happen(machines_.take());
}

void Simulation::pass_until(Time time) {
  for (int events = 0; machines_.next() <= time; ++events) {
    require(events < kTooMany, "it never ends");
    answer_next();
  }
  now_ = std::max(now_, time);
}

void Simulation::pass_until_nothing_is_due() {
  for (int events = 0; machines_.next() < now_ + kLong; ++events) {
    require(events < kTooMany, "it never comes to rest");
    answer_next();
  }
}

void Simulation::perform(const Command& command) {
  pass_until(now_ + kPauses[command.pause].time);
  command.kind->perform(*this, command);
  if (++performed_ % kept_every_ == 0) kept_.expect_all_of(state_);
}

// --- the end ---

void Simulation::come_to_rest() {
  if (state_.settings.preemptions.every > Ticks::zero()) state_.settings.preemptions.every = 100 * kLong;
  const auto keys_of = [](const auto& rows) {
    std::vector<typename std::decay_t<decltype(rows)>::key_type> keys;
    for (const auto& [key, row] : rows) keys.push_back(key);
    std::ranges::sort(keys);
    return keys;
  };
  for (const PoolKey key : keys_of(state_.pools)) {
    PoolSpec spec = state_.pools.at(key).spec;
    if (std::exchange(spec.scale_every, std::nullopt)) happen(PoolScalingAsked{key, spec});
  }
  for (const ScheduleKey key : keys_of(state_.schedules)) happen(ScheduleTerminateAsked{key});
  for (const JobKey key : keys_of(state_.jobs)) happen(JobEnableAsked{key});
  for (const NodeKey key : keys_of(state_.nodes)) {
    if (state_.nodes.contains(key)) happen(NodeSchedulingAsked{key, true, DrainOption::Requeue});
  }
  pass_until_nothing_is_due();
  kept_.expect_all_of(state_);
  expect_rest();
}

void Simulation::expect_rest() const {
  for (const auto& [key, pool] : state_.pools) {
    require(pool.status.state == PoolState::Active, "pool {} is never deleted", number(key));
    require(pool.status.allocation == AllocationState::Steady, "pool {} never becomes steady", number(key));
  }
  for (const auto& [key, node] : state_.nodes) {
    const NodeState at = node.status.state;
    const bool rests = at == NodeState::Idle || at == NodeState::Unusable || at == NodeState::StartTaskFailed ||
                       at == NodeState::Deallocated || waits_for_files(node);
    require(rests, "node {} stays in state {}", number(key), static_cast<int>(at));
    require(node.status.pending == NodePending::None || waits_for_files(node), "node {} never does what it is to do",
            number(key));
  }
  for (const auto& [key, job] : state_.jobs) {
    const JobState at = job.status.state;
    require(at == JobState::Active || at == JobState::Disabled || at == JobState::Completed, "job {} stays in state {}",
            number(key), static_cast<int>(at));
    require(!jobs_may_go.contains(key), "job {} is never deleted", number(key));
  }
  for (const auto& [key, schedule] : state_.schedules) {
    require(schedule.status.state == ScheduleState::Completed, "schedule {} never ends", number(key));
  }
  state_.tasks.each([&](TaskKey key, const Task& task) {
    require(!may_go.contains(key), "task {} is never deleted", number(key));
    expect_no_task_stuck(key, task);
  });
  for (const auto& [id, key] : tasks) require(state_.tasks.contains(key), "task {} is lost", number(key));
}

void Simulation::expect_no_task_stuck(TaskKey key, const Task& task) const {
  if (task.status.state == TaskState::Completed) return;
  require(task.status.state == TaskState::Active, "task {} runs on for ever", number(key));
  const Job& job = state_.jobs.at(task.spec.job);
  if (job.status.state != JobState::Active) return;  // active tasks of a terminated job stay so
  const Task* manager = state_.tasks.find(job.manager);
  if (manager && manager != &task && manager->status.state == TaskState::Active) return;  // it goes first
  if (task.spec.extras && !task.status.released && !is_satisfied(state_, job, task.spec.extras->dependencies)) return;
  const auto pool = state_.pools_by_id.find(job.spec.pool_id);
  if (pool == state_.pools_by_id.end()) return;
  const Pool& row = state_.pools.at(pool->second);
  const auto room = std::ranges::count_if(row.nodes, [&](NodeKey node) { return has_room(state_, node, task); });
  const int instances = task.spec.extras ? task.spec.extras->instances : 0;
  if (instances > 0 && (!row.spec.inter_node_communication || row.spec.task_slots > 1)) return;
  require(room < std::max(1, instances), "task {} is stuck, although {} nodes are idle", number(key), room);
}

void Simulation::end() {
  state_.tasks.each([&](TaskKey key, const Task&) { may_go.insert(key); });
  std::vector<JobKey> left;
  for (const auto& [key, job] : state_.jobs) left.push_back(key);
  std::ranges::sort(left);
  jobs_may_go.insert(left.begin(), left.end());
  for (const auto& [id, key] : std::map(schedules)) happen(ScheduleDeleteAsked{key});
  for (const JobKey key : left) happen(JobDeleteAsked{key});
  std::vector<PoolKey> pools;
  for (const auto& [key, pool] : state_.pools) pools.push_back(key);
  std::ranges::sort(pools);
  for (const PoolKey key : pools) happen(PoolDeleteAsked{key});
  pass_until_nothing_is_due();
  kept_.expect_all_of(state_);
  require(state_.pools.empty() && state_.nodes.empty(), "pools or nodes are left after everything was deleted");
  require(state_.jobs.empty() && state_.tasks.size() == 0, "jobs or tasks are left after everything was deleted");
  require(state_.schedules.empty(), "schedules are left after everything was deleted");
}

}  // namespace batchite::simulation
