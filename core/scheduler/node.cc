#include "core/scheduler/failures.h"
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

using Pending = NodePending;

void move_to(State& state, NodeKey key, Node& node, NodeState next, Time now, Effects& out) {
  if (node.status.state != next) {
    if (node.status.state == NodeState::Deallocated || next == NodeState::Deallocated) {
      Pool& pool = state.pools.at(node.status.pool);
      count_node_time(node.status.pool, pool, now, out);
      of_kind(pool.deallocated, node.status.dedicated) += next == NodeState::Deallocated ? 1 : -1;
    }
    node.status.state = next;
    node.status.state_since = now;
  }
  touch(out.touched.nodes, key);
  file(state, key, node);
}

bool is_usable(NodeState state) {
  return state == NodeState::Idle || state == NodeState::Running || state == NodeState::Offline;
}

// Its machine has been given back.
bool is_gone(const Node& node) {
  return node.status.state == NodeState::Deallocated ||
         (node.status.state == NodeState::Deallocating && node.status.pending == Pending::None);
}

// The state of a node that is up.
NodeState usual_state(const Node& node) {
  if (is_busy(node)) return NodeState::Running;
  return node.status.scheduling_enabled ? NodeState::Idle : NodeState::Offline;
}

int attempt_of(const StartTaskStatus& start_task) { return start_task.retries + 1; }

void end_start_task(NodeKey key, Node& node, Effects& out) {
  auto& start_task = node.status.start_task;
  if (start_task && start_task->running) {
    out.actions.push_back(KillStartTask{key, node.status.boot, attempt_of(*start_task)});
  }
  start_task.reset();
}

void empty_directories(Node& node, Time now) {
  node.status.emptied = now;
  node.kept = 0;
}

// The newest first, so that the oldest is the first of its queue afterwards.
void evict_all(State& state, const Node& node, Evict how, Time now, Effects& out) {
  while (node.running.size > 0) evict(state, node.running.last, how, now, out);
  if (node.subtask != TaskKey{}) evict(state, node.subtask, how, now, out);
}

void drain(State& state, const Node& node, DrainOption option, Time now, Effects& out) {
  if (option == DrainOption::Requeue) evict_all(state, node, Evict::Requeue, now, out);
  if (option == DrainOption::Terminate) evict_all(state, node, Evict::Terminate, now, out);
}

void boot(State& state, NodeKey key, Node& node, NodeState meanwhile, bool fresh, Time now, Effects& out) {
  end_start_task(key, node, out);
  jobs_lose(state, key, node, fresh ? Down::Renewed : Down::Reboots, now, out);
  if (fresh) empty_directories(node, now);
  node.status.error.reset();
  ++node.status.boot;
  move_to(state, key, node, meanwhile, now, out);
  out.actions.push_back(BootNode{key, node.status.boot, fresh});
}

void run_start_task(NodeKey key, Node& node, Time now, Effects& out) {
  node.status.start_task->running = true;
  node.status.start_task->started = now;
  out.actions.push_back(RunStartTask{key, node.status.boot, attempt_of(*node.status.start_task)});
  touch(out.touched.nodes, key);
}

void carry_out(State& state, NodeKey key, Node& node, Time now, Effects& out) {
  switch (std::exchange(node.status.pending, Pending::None)) {
    case Pending::None:
      return;
    case Pending::Leave:
      end_start_task(key, node, out);  // else its end could still lead to a retry
      jobs_lose(state, key, node, Down::Renewed, now, out);
      touch(out.touched.nodes, key);
      out.actions.push_back(RemoveNode{key});
      return;
    case Pending::Reboot:
      return boot(state, key, node, NodeState::Rebooting, false, now, out);
    case Pending::Reimage:
      return boot(state, key, node, NodeState::Reimaging, true, now, out);
    case Pending::Deallocate:
      node.status.preempt_at = kNever;
      end_start_task(key, node, out);
      jobs_lose(state, key, node, Down::Renewed, now, out);
      empty_directories(node, now);
      touch(out.touched.nodes, key);
      out.actions.push_back(RemoveNode{key});
      return;
    case Pending::Offline:
      if (is_usable(node.status.state)) move_to(state, key, node, usual_state(node), now, out);
      return;
  }
}

void start_task_failed(State& state, NodeKey key, Node& node, const Outcome& outcome, Time now, Effects& out) {
  StartTaskStatus& status = *node.status.start_task;
  const bool bare_exit = outcome.exit_code.value_or(0) != 0;
  if (outcome.may_retry && bare_exit &&
      (node.start_task.max_retries < 0 || status.retries < node.start_task.max_retries)) {
    ++status.retries;
    status.last_retry = now;
    return run_start_task(key, node, now, out);
  }
  status.running = false;
  status.exit_code = outcome.exit_code;
  status.failure = outcome.failure ? outcome.failure : exit_code_failure();
  if (node.status.state == NodeState::WaitingForStartTask) {
    move_to(state, key, node, NodeState::StartTaskFailed, now, out);
  }
}

// The host that ran it begins anew.
void restart(State& state, NodeKey key, Node& node, Time now, Effects& out) {
  if (node.status.state == NodeState::Deallocated) return;
  jobs_lose(state, key, node, Down::Vanished, now, out);
  const bool waits_for_allocation = node.status.state == NodeState::Preempted;
  const bool leaving = node.status.state == NodeState::LeavingPool;
  const bool deallocating = node.status.state == NodeState::Deallocating;
  const bool never_booted = node.status.last_boot == kNever;
  const bool fresh = node.status.pending == Pending::Reimage || node.status.state == NodeState::Creating ||
                     node.status.state == NodeState::Reimaging || never_booted;
  node.status.pending = leaving ? Pending::Leave : deallocating ? Pending::Deallocate : Pending::None;
  node.status.drain = DrainOption::Requeue;
  node.status.start_task.reset();  // nothing is left to be killed
  touch(out.touched.nodes, key);
  if (!leaving && !deallocating && !waits_for_allocation) {
    boot(state, key, node, NodeState::Starting, fresh, now, out);
  }
  evict_all(state, node, Evict::Vanish, now, out);
  after_ending(state, key, node, now, out);
}

}  // namespace

bool is_booting(const Settings& settings, const Node& node) {
  switch (node.status.state) {
    case NodeState::Starting:
    case NodeState::Rebooting:
    case NodeState::Reimaging:
      return true;
    case NodeState::Creating:
      return settings.node_start_delay == Ticks::zero();
    default:
      return false;
  }
}

Ticks time_away(const Settings& settings, const Node& node) {
  return std::max(settings.allocation_delay, node.status.away);
}

bool has_booted(NodeState state) {
  return is_usable(state) || state == NodeState::WaitingForStartTask || state == NodeState::StartTaskFailed;
}

bool is_up(const Node& node) {
  const NodeState state = node.status.state;
  const bool is_going = state == NodeState::LeavingPool || state == NodeState::Deallocating;
  return has_booted(state) || (is_going && node.status.pending != Pending::None);  // it waits for its tasks
}

bool keeps_directory(const Node& node, const Task& task) { return task.status.ended > node.status.emptied; }

void create_node(State& state, PoolKey pool_key, bool dedicated, Time now, Effects& out) {
  const NodeKey key{++state.last_node};
  Pool& pool = state.pools.at(pool_key);
  Node& node = state.nodes[key];
  node.free_slots = pool.spec.task_slots;
  NodeStatus& status = node.status;
  status.pool = pool_key;
  status.dedicated = dedicated;
  status.state_since = status.allocated = now;
  pool.nodes.push_back(key);
  count_node_time(pool_key, pool, now, out);
  ++of_kind(pool.status.current, dedicated);
  touch(out.touched.nodes, key);
  touch(out.touched.pools, pool_key);
  // Without a delay the node is seen as creating until it has booted.
  if (state.settings.node_start_delay == Ticks::zero()) {
    boot(state, key, node, NodeState::Creating, true, now, out);
  } else {
    arm(state, Timer::Kind::NodeStart, number(key), after(now, state.settings.node_start_delay));
  }
}

void node_start_due(State& state, NodeKey key, Time now, Effects& out) {
  Node* node = find(state.nodes, key);
  if (!node) return;
  const Ticks delay = state.settings.node_start_delay;
  if (node->status.state == NodeState::Preempted) {
    if (after(node->status.state_since, time_away(state.settings, *node)) > now) return;
    if (delay == Ticks::zero()) return boot(state, key, *node, NodeState::Creating, true, now, out);
    move_to(state, key, *node, NodeState::Creating, now, out);
    arm(state, Timer::Kind::NodeStart, number(key), after(now, delay));
  } else if (node->status.state == NodeState::Creating && delay > Ticks::zero() &&
             after(node->status.state_since, delay) <= now) {
    boot(state, key, *node, NodeState::Starting, true, now, out);
  }
}

void leave_pool(State& state, NodeKey key, Node& node, DrainOption option, Time now, Effects& out) {
  const bool leaving = node.status.state == NodeState::LeavingPool;
  if (leaving && node.status.pending != Pending::Leave) return;
  // Only a node that is up can be waited for.
  const bool is_up = leaving || is_usable(node.status.state) || node.status.pending == Pending::Deallocate;
  node.status.drain = is_up ? option : DrainOption::Requeue;
  node.status.pending = Pending::Leave;
  if (!leaving) ++of_kind(state.pools.at(node.status.pool).leaving, node.status.dedicated);
  move_to(state, key, node, NodeState::LeavingPool, now, out);
  drain(state, node, node.status.drain, now, out);
  after_ending(state, key, node, now, out);
}

void stay_in_pool(State& state, NodeKey key, Node& node, Time now, Effects& out) {
  if (node.status.state != NodeState::LeavingPool || node.status.pending != Pending::Leave) return;
  node.status.pending = Pending::None;
  --of_kind(state.pools.at(node.status.pool).leaving, node.status.dedicated);
  if (!node.status.scheduling_enabled) node.status.pending = Pending::Offline;
  move_to(state, key, node, usual_state(node), now, out);
  after_ending(state, key, node, now, out);
}

void after_ending(State& state, NodeKey key, Node& node, Time now, Effects& out) {
  if (is_busy(node)) return;
  if (node.status.state == NodeState::Running) move_to(state, key, node, usual_state(node), now, out);
  if (node.status.drain == DrainOption::RetainedData && node.kept > 0) return;
  if (node.status.pending == Pending::None) return;
  carry_out(state, key, node, now, out);
  file(state, key, node);
}

void on(State& state, const NodeRebootAsked& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node || node->status.state == NodeState::LeavingPool) return;
  node->status.pending = e.reimage ? Pending::Reimage : Pending::Reboot;
  node->status.drain = e.drain;
  touch(out.touched.nodes, e.node);
  file(state, e.node, *node);
  drain(state, *node, e.drain, now, out);
  after_ending(state, e.node, *node, now, out);
}

// Seen as deallocating at once: clients wait for it to be over.
void on(State& state, const NodeDeallocateAsked& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node || !is_usable(node->status.state)) return;
  node->status.pending = Pending::Deallocate;
  node->status.drain = e.drain;
  move_to(state, e.node, *node, NodeState::Deallocating, now, out);
  drain(state, *node, e.drain, now, out);
  after_ending(state, e.node, *node, now, out);
}

void on(State& state, const NodeStartAsked& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node || node->status.state != NodeState::Deallocated) return;
  boot(state, e.node, *node, NodeState::Starting, true, now, out);
}

void on(State& state, const NodeSchedulingAsked& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node) return;
  node->status.scheduling_enabled = e.enabled;
  touch(out.touched.nodes, e.node);
  if (e.enabled) {
    if (node->status.pending == Pending::Offline) node->status.pending = Pending::None;
    if (is_usable(node->status.state)) move_to(state, e.node, *node, usual_state(*node), now, out);
    return;
  }
  if (node->status.pending == Pending::None && is_usable(node->status.state)) {
    node->status.pending = Pending::Offline;
    node->status.drain = e.drain;
  }
  file(state, e.node, *node);
  drain(state, *node, e.drain, now, out);
  after_ending(state, e.node, *node, now, out);
}

void on(State& state, const NodeBooted& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node || !is_booting(state.settings, *node) || node->status.boot != e.boot) return;
  node->status.last_boot = now;
  const auto& spec = state.pools.at(node->status.pool).spec.start_task;
  if (spec) {
    node->start_task = *spec;
    node->status.start_task.emplace();
    run_start_task(e.node, *node, now, out);
  }
  const bool waits = spec && spec->wait_for_success;
  move_to(state, e.node, *node, waits ? NodeState::WaitingForStartTask : usual_state(*node), now, out);
  begin_due_releases(state, e.node, *node, now, out);
}

void on(State& state, const NodeRemoved& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node) return;
  if (node->status.state == NodeState::Deallocating && node->status.pending == Pending::None) {
    return move_to(state, e.node, *node, NodeState::Deallocated, now, out);
  }
  if (node->status.state != NodeState::LeavingPool || node->status.pending == Pending::Leave) return;
  const PoolKey pool = node->status.pool;
  const bool dedicated = node->status.dedicated;
  state.nodes.erase(e.node);
  out.erased.nodes.push_back(e.node);
  node_gone(state, pool, e.node, dedicated, now, out);
}

void lose(State& state, NodeKey key, Node& node, const NodeLost& how, Time now, Effects& out) {
  if (is_gone(node)) return;
  const bool leaving = node.status.state == NodeState::LeavingPool;
  if (!leaving) {
    node.status.pending = Pending::None;
    end_start_task(key, node, out);
    node.status.error = how.error;
    move_to(state, key, node, how.state, now, out);
  }
  jobs_lose(state, key, node, how.state == NodeState::Preempted ? Down::Renewed : Down::Broke, now, out);
  node.status.preempt_at = kNever;
  if (how.state == NodeState::Preempted) empty_directories(node, now);
  touch(out.touched.nodes, key);
  evict_all(state, node, Evict::Recover, now, out);
  after_ending(state, key, node, now, out);
  if (!leaving && how.state == NodeState::Preempted) {
    arm(state, Timer::Kind::NodeStart, number(key), after(now, time_away(state.settings, node)));
  }
}

void on(State& state, const NodeLost& e, Time now, Effects& out) {
  if (Node* node = find(state.nodes, e.node)) lose(state, e.node, *node, e, now, out);
}

void on(State& state, const StartTaskExited& e, Time now, Effects& out) {
  Node* node = find(state.nodes, e.node);
  if (!node || node->status.boot != e.boot || !node->status.start_task) return;
  StartTaskStatus& status = *node->status.start_task;
  if (!status.running || attempt_of(status) != e.attempt) return;
  touch(out.touched.nodes, e.node);
  count_usage(state, node->status.pool, e.outcome.usage, out);
  status.started = std::clamp(e.outcome.started, status.started, now);
  status.ended = now;
  if (e.outcome.failure || e.outcome.exit_code.value_or(0) != 0) {
    return start_task_failed(state, e.node, *node, e.outcome, now, out);
  }
  status.running = false;
  status.exit_code = e.outcome.exit_code;
  if (node->status.state == NodeState::WaitingForStartTask) {
    move_to(state, e.node, *node, usual_state(*node), now, out);
  }
}

void on(State& state, const HostRestarted&, Time now, Effects& out) {
  state.wake_at = kNever;
  for (auto& [key, pool] : state.pools) count_node_time(key, pool, now, out);
  std::vector<NodeKey> keys;
  keys.reserve(state.nodes.size());
  for (const auto& [key, node] : state.nodes) keys.push_back(key);
  std::ranges::sort(keys);
  for (const NodeKey key : keys) restart(state, key, state.nodes.at(key), now, out);
}

}  // namespace batchite::scheduler
