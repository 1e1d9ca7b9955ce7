// Derived data from nothing but specifications and statuses.
#include "core/scheduler/machine.h"

namespace batchite {
namespace {

using namespace scheduler;

constexpr std::size_t kRecentTasks = 10;

void forget_derived(State& state) {
  state.pools_by_id.clear();
  state.retained.clear();
  state.timers = {};
  state.random.reset();
  state.wake_at = kNever;
  for (auto& [key, pool] : state.pools) {
    pool.nodes.clear();
    pool.leaving = pool.deallocated = {};
    pool.by_free = {};
    pool.any_free.reset();
    pool.ready_jobs.clear();
    pool.giving_way.clear();
    pool.restarting.clear();
    state.pools_by_id[pool.id] = key;
  }
  for (auto& [key, node] : state.nodes) {
    node.running = {};
    node.subtask = {};
    node.kept = 0;
    node.jobs.clear();
    node.recent.clear();
    node.bucket = Node::kNoBucket;
  }
  for (auto& [key, job] : state.jobs) {
    job.counts = {};
    job.tasks.clear();
    job.queues.clear();
    job.ready = false;
    job.blocked = 0;
    job.manager = TaskKey{};
    job.dependencies = job.spec.uses_dependencies ? std::make_unique<DependencyGraph>() : nullptr;
    use_auto_pool(job);
    job.pool = pool_of(state, job.spec.pool_id);
  }
  for (auto& [key, schedule] : state.schedules) {
    schedule.jobs.clear();
    schedule.active = kNoJob;
    schedule.asked = false;
  }
}

void rebuild_schedules(State& state) {
  for (const auto& [key, job] : state.jobs) {
    if (job.status.schedule == kNoSchedule) continue;
    Schedule& schedule = state.schedules.at(job.status.schedule);
    schedule.jobs.insert(key);
    if (job.status.state != JobState::Completed) schedule.active = key;
  }
}

std::vector<NodeKey> sorted_nodes(const State& state) {
  std::vector<NodeKey> keys;
  keys.reserve(state.nodes.size());
  for (const auto& [key, node] : state.nodes) keys.push_back(key);
  std::ranges::sort(keys);
  return keys;
}

void rebuild_nodes(State& state, const std::vector<NodeKey>& keys) {
  for (const NodeKey key : keys) {
    Node& node = state.nodes.at(key);
    Pool& pool = state.pools.at(node.status.pool);
    pool.nodes.push_back(key);
    if (node.status.state == NodeState::LeavingPool) ++of_kind(pool.leaving, node.status.dedicated);
    if (node.status.state == NodeState::Deallocated) ++of_kind(pool.deallocated, node.status.dedicated);
    node.start_task = pool.spec.start_task.value_or(StartTaskSpec{});
    node.free_slots = pool.spec.task_slots;
    state.last_node = std::max(state.last_node, number(key));
  }
}

// Before those that wait are looked at: they need all that others have done for them.
void rebuild_dependencies(State& state) {
  if (std::ranges::none_of(state.jobs, [](const auto& job) { return job.second.spec.uses_dependencies; })) return;
  state.tasks.each([&](TaskKey key, const Task& task) { join_dependencies(state, key, task); });
}

void rebuild_tasks(State& state) {
  std::vector<std::pair<Time, TaskKey>> ended;
  state.tasks.each([&](TaskKey key, Task& task) {
    Job& job = state.jobs.at(task.spec.job);
    task.link = {};
    append(job.tasks, key);
    if (manager_of(task)) job.manager = key;
    count(job, task, +1);
    if (task.status.state == TaskState::Active) enqueue(state, key, task, Position::Last);
    if (task.status.state == TaskState::Preparing || task.status.state == TaskState::Running) {
      insert(state, state.nodes.at(task.status.node).running, key, TaskKey{});
      each_node(task.status, [&](NodeKey at) {
        Node& node = state.nodes.at(at);
        node.free_slots -= slots_on(state, node, task);
        if (at != task.status.node) node.subtask = key;
      });
    }
    if (has_directory(task)) ended.emplace_back(task.status.ended, key);
  });
  std::ranges::sort(ended);
  for (const auto& [time, key] : ended) retain(state, key, state.tasks.at(key));
}

void rebuild_recent(State& state) {
  const auto came = [&](TaskKey key) {
    const TaskStatus& status = state.tasks.at(key).status;
    return status.state == TaskState::Preparing ? status.state_since : status.started;
  };
  const auto newer = [&](TaskKey a, TaskKey b) { return came(a) > came(b); };
  state.tasks.each([&](TaskKey key, const Task& task) {
    each_node(task.status, [&](NodeKey at) {
      Node* node = find(state.nodes, at);
      if (!node) return;
      auto& recent = node->recent;
      recent.insert(std::lower_bound(recent.begin(), recent.end(), key, newer), key);
      if (recent.size() > kRecentTasks) recent.pop_back();
    });
  });
}

void rebuild_job_nodes(State& state) {
  for (const auto& [key, job] : state.jobs) {
    if (job.status.state == JobState::Completed) continue;
    for (const auto& [node_key, status] : job.nodes) {
      if (Node* node = find(state.nodes, node_key)) node->jobs.insert(key);
    }
  }
}

void arm_timers(State& state) {
  using Kind = Timer::Kind;
  const Settings& settings = state.settings;
  for (auto& [key, pool] : state.pools) {
    const PoolStatus& status = pool.status;
    resume_scaling(state, key, pool);
    if (status.allocation == AllocationState::Steady) continue;
    arm(state, Kind::ResizeTimeout, number(key), after(status.allocation_since, status.resize_timeout));
    arm(state, Kind::Allocation, number(key), after(status.allocation_since, settings.allocation_delay));
  }
  for (const auto& [key, node] : state.nodes) {
    const bool preempted = node.status.state == NodeState::Preempted;
    if (node.status.preempt_at != kNever) arm(state, Kind::Preemption, number(key), node.status.preempt_at);
    if (!preempted && (node.status.state != NodeState::Creating || is_booting(settings, node))) continue;
    const Ticks delay = preempted ? time_away(settings, node) : settings.node_start_delay;
    arm(state, Kind::NodeStart, number(key), after(node.status.state_since, delay));
  }
  for (const auto& [key, job] : state.jobs) {
    if (job.status.state == JobState::Completed) continue;
    arm(state, Kind::JobWallClock, number(key), after(job.status.created, job.spec.max_wall_clock));
    if (job.spec.on_all_tasks_complete == OnAllTasksComplete::TerminateJob) {
      arm(state, Kind::JobEmpty, number(key), after(job.status.created, kEmptyJobGrace));
    }
  }
  for (const auto& [key, schedule] : state.schedules) arm_schedule(state, key, schedule);
}

}  // namespace

PoolKey scheduler::pool_of(const State& state, const std::string& id) {
  const PoolKey* pool = find(state.pools_by_id, id);
  return pool ? *pool : kNoPool;
}

void rebuild(State& state) {
  forget_derived(state);
  const std::vector<NodeKey> nodes = sorted_nodes(state);
  rebuild_nodes(state, nodes);
  rebuild_dependencies(state);
  rebuild_tasks(state);
  rebuild_recent(state);
  rebuild_job_nodes(state);
  rebuild_schedules(state);
  for (const NodeKey key : nodes) file(state, key, state.nodes.at(key));
  for (auto& [key, job] : state.jobs) file(state, key, job);
  arm_timers(state);
  state.unsettled.clear();
  state.released.clear();
  state.unsettled_schedules.clear();
  state.outlived_pools.clear();
}

}  // namespace batchite
