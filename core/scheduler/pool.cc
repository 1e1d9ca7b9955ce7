#include "core/scheduler/failures.h"
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

constexpr std::array kKinds = {true, false};  // dedicated, low priority

void become(PoolKey key, Pool& pool, AllocationState next, Time now, Effects& out) {
  if (pool.status.allocation != next) {
    pool.status.allocation = next;
    pool.status.allocation_since = now;
  }
  touch(out.touched.pools, key);
}

// Those that stay.
Targets staying(const Pool& pool) {
  return {pool.status.current.dedicated - pool.leaving.dedicated,
          pool.status.current.low_priority - pool.leaving.low_priority};
}

void erase_pool(State& state, PoolKey key, Pool& pool, Effects& out) {
  for (auto& [job_key, job] : state.jobs) {
    if (job.pool != key) continue;
    withdraw(state, job_key, job);
    job.pool = kNoPool;
  }
  accrue(state.totals.pools, pool.status.sums);
  out.totals = true;
  state.pools_by_id.erase(pool.id);
  state.pools.erase(key);
  out.erased.pools.push_back(key);
}

// What is under way may be done by now.
void settle(State& state, PoolKey key, Pool& pool, Time now, Effects& out) {
  if (pool.status.state == PoolState::Deleting) {
    if (pool.nodes.empty()) erase_pool(state, key, pool, out);
    return;
  }
  if (pool.leaving != Targets{}) return;
  if (pool.status.allocation == AllocationState::Stopping) {
    pool.status.resize_errors = resize_stopped(pool.status.current, pool.status.target);
    become(key, pool, AllocationState::Steady, now, out);
  } else if (pool.status.allocation == AllocationState::Resizing && pool.status.current == pool.status.target) {
    become(key, pool, AllocationState::Steady, now, out);
  }
}

// Nodes without tasks go first, broken ones before all, those of job managers last; of those alike, the newest.
std::vector<NodeKey> victims(const State& state, const Pool& pool, bool dedicated, int count) {
  std::vector<std::pair<int, NodeKey>> ranked;
  for (auto it = pool.nodes.rbegin(); it != pool.nodes.rend(); ++it) {
    const Node& node = state.nodes.at(*it);
    if (node.status.dedicated != dedicated || node.status.state == NodeState::LeavingPool) continue;
    const bool broken = node.status.state == NodeState::Unusable || node.status.state == NodeState::Unknown ||
                        node.status.state == NodeState::StartTaskFailed || node.status.state == NodeState::Preempted ||
                        node.status.state == NodeState::Deallocated || node.status.state == NodeState::Deallocating;
    ranked.emplace_back(runs_manager(state, node) ? 3 : is_busy(node) ? 2 : broken ? 0 : 1, *it);
  }
  std::ranges::stable_sort(ranked, {}, &std::pair<int, NodeKey>::first);
  std::vector<NodeKey> chosen;
  for (const auto& [rank, key] : ranked) {
    if (static_cast<int>(chosen.size()) == count) break;
    chosen.push_back(key);
  }
  return chosen;
}

void allocate(State& state, PoolKey key, Pool& pool, Time now, Effects& out) {
  for (const bool dedicated : kKinds) {
    Targets stay = staying(pool), target = pool.status.target;
    const int missing = of_kind(target, dedicated) - of_kind(stay, dedicated);
    for (int i = 0; i < missing; ++i) create_node(state, key, dedicated, now, out);
    for (const NodeKey node : victims(state, pool, dedicated, std::max(0, -missing))) {
      leave_pool(state, node, state.nodes.at(node), pool.status.drain, now, out);
    }
  }
  settle(state, key, pool, now, out);
}

struct Resize {
  Targets target;
  Ticks timeout;
  DrainOption drain = DrainOption::Requeue;
};

void begin(PoolKey key, Pool& pool, const Resize& resize, Time now, Effects& out) {
  PoolStatus& status = pool.status;
  status.target = resize.target;
  status.resize_timeout = resize.timeout;
  status.drain = resize.drain;
  status.resize_errors.clear();
  status.modified = now;
  status.allocation = AllocationState::Resizing;
  status.allocation_since = now;
  touch(out.touched.pools, key);
}

void carry_out(State& state, PoolKey key, Pool& pool, Time now, Effects& out) {
  const bool nothing_to_do = staying(pool) == pool.status.target;
  if (nothing_to_do || state.settings.allocation_delay == Ticks::zero()) {
    allocate(state, key, pool, now, out);
  } else {
    arm(state, Timer::Kind::Allocation, number(key), after(now, state.settings.allocation_delay));
  }
  if (pool.status.allocation == AllocationState::Resizing) {
    arm(state, Timer::Kind::ResizeTimeout, number(key), after(now, pool.status.resize_timeout));
  }
}

void keep_those_that_wait(State& state, const Pool& pool, Time now, Effects& out) {
  for (const NodeKey node : pool.nodes) stay_in_pool(state, node, state.nodes.at(node), now, out);
}

}  // namespace

// Also ends a stopping that has nothing left to wait for.
void allocation_due(State& state, PoolKey key, Time now, Effects& out) {
  Pool* pool = find(state.pools, key);
  if (!pool || pool->status.state == PoolState::Deleting) return;
  if (pool->status.allocation == AllocationState::Stopping) return settle(state, key, *pool, now, out);
  if (pool->status.allocation != AllocationState::Resizing) return;
  if (after(pool->status.allocation_since, state.settings.allocation_delay) <= now) {
    allocate(state, key, *pool, now, out);
  }
}

void resize_timeout_due(State& state, PoolKey key, Time now, Effects& out) {
  Pool* pool = find(state.pools, key);
  if (!pool || pool->status.state == PoolState::Deleting) return;
  PoolStatus& status = pool->status;
  if (status.allocation != AllocationState::Resizing || pool->spec.scale_every) return;  // formulas know no timeout
  if (after(status.allocation_since, status.resize_timeout) > now) return;
  keep_those_that_wait(state, *pool, now, out);
  status.resize_errors = resize_timed_out(staying(*pool), status.target);
  become(key, *pool, AllocationState::Steady, now, out);
}

void count_node_time(PoolKey key, Pool& pool, Time now, Effects& out) {
  PoolStatus& status = pool.status;
  const Time from = std::exchange(status.counted, now);
  const std::int64_t dedicated =
      std::int64_t{pool.spec.cores} * (status.current.dedicated - pool.deallocated.dedicated);
  const std::int64_t low_priority =
      std::int64_t{pool.spec.cores} * (status.current.low_priority - pool.deallocated.low_priority);
  touch(out.touched.pools, key);
  if (from == kNever || from >= now || dedicated + low_priority == 0) return;
  status.sums.dedicated += (now - from) * dedicated;
  status.sums.low_priority += (now - from) * low_priority;
  out.uses.push_back({key, from, now, dedicated + low_priority});
}

void count_usage(State& state, PoolKey key, const Usage& usage, Effects& out) {
  Pool* pool = find(state.pools, key);
  if (!pool) return;
  accrue(pool->status.sums.usage, usage);
  touch(out.touched.pools, key);
}

void node_gone(State& state, PoolKey key, NodeKey node, bool dedicated, Time now, Effects& out) {
  Pool& pool = state.pools.at(key);
  count_node_time(key, pool, now, out);
  std::erase(pool.nodes, node);
  --of_kind(pool.status.current, dedicated);
  --of_kind(pool.leaving, dedicated);
  touch(out.touched.pools, key);
  settle(state, key, pool, now, out);
}

void on(State& state, const PoolAdded& e, Time now, Effects& out) {
  Pool& pool = state.pools[e.pool];
  pool.id = e.id;
  pool.spec = e.spec;
  pool.status.state_since = pool.status.created = now;
  state.pools_by_id[e.id] = e.pool;
  for (auto& [key, job] : state.jobs) {
    if (job.spec.pool_id != e.id) continue;
    job.pool = e.pool;
    file(state, key, job);
  }
  begin(e.pool, pool, {e.target, e.resize_timeout}, now, out);
  carry_out(state, e.pool, pool, now, out);
  if (!e.spec.scale_every) return;
  begin_scaling(state, e.pool, pool, now, now, out);
  scale_due(state, e.pool, now, now, out);  // recordings: the first run has the time of the pool's creation
}

// What nodes are made for is fixed once there are any.
void on(State& state, const PoolSpecChanged& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool) return;
  count_node_time(e.pool, *pool, now, out);
  const PoolSpec old = std::exchange(pool->spec, e.spec);
  if (!pool->nodes.empty()) {
    pool->spec.task_slots = old.task_slots;
    pool->spec.inter_node_communication = old.inter_node_communication;
  }
  pool->status.modified = now;
  touch(out.touched.pools, e.pool);
}

void on(State& state, const PoolResizeAsked& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool || pool->status.state == PoolState::Deleting) return;
  begin(e.pool, *pool, {e.target, e.resize_timeout, e.drain}, now, out);
  carry_out(state, e.pool, *pool, now, out);
}

void on(State& state, const NodesRemoveAsked& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool || pool->status.state == PoolState::Deleting) return;
  std::vector<NodeKey> nodes;
  Targets target = pool->status.target;
  for (const NodeKey key : e.nodes) {
    const Node* node = find(state.nodes, key);
    if (!node || node->status.pool != e.pool || node->status.state == NodeState::LeavingPool) continue;
    if (std::ranges::find(nodes, key) != nodes.end()) continue;
    nodes.push_back(key);
    int& number = of_kind(target, node->status.dedicated);
    number = std::max(0, number - 1);
  }
  begin(e.pool, *pool, {target, e.resize_timeout, e.drain}, now, out);
  for (const NodeKey key : nodes) leave_pool(state, key, state.nodes.at(key), e.drain, now, out);
  carry_out(state, e.pool, *pool, now, out);
}

void on(State& state, const PoolStopResizeAsked& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool || pool->status.state == PoolState::Deleting) return;
  if (pool->status.allocation != AllocationState::Resizing) return;
  become(e.pool, *pool, AllocationState::Stopping, now, out);
  keep_those_that_wait(state, *pool, now, out);
  arm(state, Timer::Kind::Allocation, number(e.pool), after(now, state.settings.allocation_delay));
}

void on(State& state, const PoolDeleteAsked& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool || pool->status.state == PoolState::Deleting) return;
  pool->status.state = PoolState::Deleting;
  pool->status.state_since = now;
  begin(e.pool, *pool, {{}, pool->status.resize_timeout}, now, out);
  for (const NodeKey node : pool->nodes) {
    leave_pool(state, node, state.nodes.at(node), DrainOption::Requeue, now, out);
  }
  settle(state, e.pool, *pool, now, out);
}

}  // namespace batchite::scheduler
