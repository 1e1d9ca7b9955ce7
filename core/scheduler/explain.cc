// Why a task waits, by the same rules as place.cc.
#include "core/scheduler/explain_dependencies.h"
#include "core/scheduler/machine.h"
#include "core/scheduler/step.h"

namespace batchite {
namespace {

using namespace scheduler;
using Reason = Obstacle::Reason;

// room: see room_of().
bool can_never_run(const Pool& pool, int room) {
  return room > kMaxSlots ? room == kNoRoom || !holds_whole_nodes(pool) : room > pool.spec.task_slots;
}

// Without those that can never run here.
std::int64_t ahead_in_job(const State& state, TaskKey key, const Task& task) {
  std::int64_t ahead = 0;
  for (TaskKey at = task.link.previous; at != TaskKey{}; at = state.tasks.at(at).link.previous) ++ahead;
  const Job& job = state.jobs.at(task.spec.job);
  for (const auto& [slots, queue] : job.queues) {
    if (slots == room_of(task) || can_never_run(state.pools.at(job.pool), slots)) continue;
    TaskKey at = queue.first;
    for (; at != TaskKey{} && at < key; at = state.tasks.at(at).link.next) ++ahead;
  }
  return ahead;
}

std::int64_t ahead_in_pool(const State& state, TaskKey key, const Task& task) {
  std::int64_t ahead = ahead_in_job(state, key, task);
  const Job& own = state.jobs.at(task.spec.job);
  const std::pair place{-own.spec.priority, task.spec.job};
  for (const auto& [other_key, other] : state.jobs) {
    if (!other.ready || other.pool != own.pool) continue;
    if (std::pair{-other.spec.priority, other_key} < place) ahead += other.counts.active - other.blocked;
  }
  return ahead;
}

Obstacle why_full(const State& state, const Task& task, NodeKey key, const Node& node) {
  const ManagerSpec* other = node.running.size == 1 ? manager_of(state.tasks.at(node.running.first)) : nullptr;
  if (other && other->is_exclusive) return {Reason::NodeTaken, key};
  if (slots_on(state, node, task) > task.spec.required_slots) {
    return {Reason::NodeNotEmpty, key, static_cast<std::int64_t>(node.running.size)};
  }
  return {Reason::NodeFull, key, node.free_slots, task.spec.required_slots};
}

void explain_nodes(const State& state, const Pool& pool, const Task& task, std::vector<Obstacle>& obstacles) {
  for (const NodeKey key : pool.nodes) {
    const Node& node = state.nodes.at(key);
    if (!takes_tasks(node)) {
      obstacles.push_back({Reason::NodeNotReady, key});
    } else if (is_barred(state.jobs.at(task.spec.job), key)) {
      obstacles.push_back({Reason::NodeBarred, key});
    } else if (!may_run_on(state, task, key, node)) {
      obstacles.push_back({Reason::NodeNotDedicated, key});
    } else if (node.free_slots < slots_of(task, pool.spec.task_slots)) {
      obstacles.push_back(why_full(state, task, key, node));
    }
  }
}

// Whether it could run at all.
bool explain_instances(const State& state, const Pool& pool, const Task& task, std::vector<Obstacle>& obstacles) {
  if (!pool.spec.inter_node_communication) obstacles.push_back({Reason::NoInterNodeCommunication});
  if (pool.spec.task_slots > 1) obstacles.push_back({Reason::NeedsWholeNodes, kNoNode, pool.spec.task_slots});
  if (!holds_whole_nodes(pool)) return false;
  const auto there = static_cast<std::int64_t>(pool.nodes.size());
  const std::int64_t needed = instances_of(task);
  if (there < needed) obstacles.push_back({Reason::NeedsMoreNodes, kNoNode, needed, there});
  const auto free = std::ranges::count_if(pool.nodes, [&](NodeKey key) {
    const Node& node = state.nodes.at(key);
    return node.bucket == 1 && may_run_on(state, task, key, node);
  });
  if (there >= needed && free < needed) obstacles.push_back({Reason::NodesTaken, kNoNode, needed, free});
  return true;
}

void explain_pool(const State& state, const Pool& pool, TaskKey key, const Task& task,
                  std::vector<Obstacle>& obstacles) {
  const Job& job = state.jobs.at(task.spec.job);
  const int limit = job.spec.max_parallel_tasks;
  if (limit >= 0 && job.counts.running >= limit) {
    obstacles.push_back({Reason::JobAtMaxParallel, kNoNode, job.counts.running, limit});
  }
  if (pool.nodes.empty()) {
    const Targets& target = pool.status.target;
    obstacles.push_back({Reason::NoNodes, kNoNode, 0, target.dedicated + target.low_priority});
    if (pool.spec.scale_every && target == Targets{}) obstacles.push_back({Reason::AwaitsScaling});
  }
  if (task.spec.required_slots > pool.spec.task_slots) {
    obstacles.push_back({Reason::NeedsMoreSlots, kNoNode, task.spec.required_slots, pool.spec.task_slots});
    return;
  }
  const ManagerSpec* manager = manager_of(task);
  const bool never_dedicated =
      !pool.spec.scale_every && pool.status.target.dedicated + pool.status.current.dedicated == 0;
  if (manager && !manager->allows_low_priority && never_dedicated) {
    obstacles.push_back({Reason::NoDedicatedNodes});
    return;
  }
  if (const TaskKey first = waiting_manager(state, job); first != TaskKey{} && first != key) {
    obstacles.push_back({Reason::WaitsForManager});
    return;
  }
  if (instances_of(task) > 0 && !explain_instances(state, pool, task, obstacles)) return;
  explain_nodes(state, pool, task, obstacles);
  if (is_blocked(task)) return;
  if (const std::int64_t ahead = ahead_in_pool(state, key, task)) {
    obstacles.push_back({Reason::BehindOthers, kNoNode, ahead, 0});
  }
}

}  // namespace

std::vector<Obstacle> explain(const State& state, TaskKey key) {
  const Task& task = state.tasks.at(key);
  if (task.status.state == TaskState::Preparing) return {{Reason::Preparing, waits_for_preparation_on(state, task)}};
  if (task.status.state != TaskState::Active) return {{Reason::TaskNotActive}};
  std::vector<Obstacle> obstacles;
  const Job& job = state.jobs.at(task.spec.job);
  if (job.status.state != JobState::Active) obstacles.push_back({Reason::JobNotActive});
  if (is_blocked(task)) explain_dependencies(state, key, obstacles);
  const Pool* pool = find(state.pools, job.pool);
  if (!pool) {
    obstacles.push_back({Reason::PoolMissing});
  } else if (pool->status.state == PoolState::Deleting) {
    obstacles.push_back({Reason::PoolDeleting});
  } else {
    explain_pool(state, *pool, key, task, obstacles);
  }
  if (obstacles.empty()) obstacles.push_back({Reason::AboutToStart});
  return obstacles;
}

}  // namespace batchite
