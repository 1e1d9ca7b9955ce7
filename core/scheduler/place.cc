// Which task runs where. Tasks wait in their job's queues by required slots; nodes that take tasks stand in rings by
// free slots; a pool knows which jobs are ready, by slots and priority. So a decision looks at heads only: it costs the
// same with one task or a million, one node or ten thousand.
#include <limits>

#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

void note_unsettled(State& state, PoolKey pool) { touch(state.unsettled, pool); }

void leave_ring(State& state, Pool& pool, NodeKey key, Node& node) {
  const auto slots = static_cast<std::size_t>(node.bucket);
  if (node.bucket_next == key) {
    pool.by_free[slots] = kNoNode;
    pool.any_free.reset(slots);
    return;
  }
  state.nodes.at(node.bucket_previous).bucket_next = node.bucket_next;
  state.nodes.at(node.bucket_next).bucket_previous = node.bucket_previous;
  if (pool.by_free[slots] == key) pool.by_free[slots] = node.bucket_next;
}

// At the end: nodes of one ring take turns.
void join_ring(State& state, Pool& pool, NodeKey key, Node& node) {
  const auto slots = static_cast<std::size_t>(node.bucket);
  NodeKey& head = pool.by_free[slots];
  if (head == kNoNode) {
    head = key;
    pool.any_free.set(slots);
    node.bucket_previous = node.bucket_next = key;
    return;
  }
  Node& first = state.nodes.at(head);
  node.bucket_next = head;
  node.bucket_previous = first.bucket_previous;
  state.nodes.at(first.bucket_previous).bucket_next = key;
  first.bucket_previous = key;
}

void offer(Pool& pool, int slots, JobKey key, const Job& job) {
  pool.ready_jobs[slots].emplace(-job.spec.priority, key);
}

void take_back(Pool& pool, int slots, JobKey key, const Job& job) {
  const auto it = pool.ready_jobs.find(slots);
  it->second.erase({-job.spec.priority, key});
  if (it->second.empty()) pool.ready_jobs.erase(it);
}

bool may_start(const Job& job) {
  return job.status.state == JobState::Active && job.pool != kNoPool &&
         (job.spec.max_parallel_tasks < 0 || job.counts.running < job.spec.max_parallel_tasks);
}

int most_free(const Pool& pool) {
  int slots = pool.spec.task_slots;
  while (slots > 0 && !pool.any_free[static_cast<std::size_t>(slots)]) --slots;
  return slots;
}

// A job's place among those that are ready: the highest priority first; of jobs alike, the oldest.
using Turn = Pool::Turns::value_type;
constexpr Turn kBeforeAll{std::numeric_limits<int>::min(), {}};

// Whether a node with that many free slots is enough to look for more: multi-instance tasks need several nodes.
bool may_fit(int room, int slots) { return room <= slots || room > kMaxSlots; }

// The next job after that turn that has something small enough.
std::optional<Turn> next_turn(const Pool& pool, int slots, Turn after) {
  std::optional<Turn> best;
  for (const auto& [needed, jobs] : pool.ready_jobs) {
    if (!may_fit(needed, slots)) continue;
    const auto next = jobs.upper_bound(after);
    if (next != jobs.end() && (!best || *next < *best)) best = *next;
  }
  return best;
}

struct Placing {
  TaskKey task;
  NodeKey node;
};

// Of the tasks at the heads of the job's queues the oldest that some node can take.
std::optional<Placing> next_placing(const State& state, const Pool& pool, const Job& job, int slots) {
  if (const TaskKey manager = waiting_manager(state, job); manager != TaskKey{}) {
    const auto node = node_for(state, pool, state.tasks.at(manager));
    return node ? std::optional(Placing{manager, *node}) : std::nullopt;
  }
  std::optional<Placing> best;
  for (const auto& [needed, queue] : job.queues) {
    if (!may_fit(needed, slots)) continue;
    if (queue.size == 0 || (best && best->task < queue.first)) continue;
    if (const auto node = node_for(state, pool, state.tasks.at(queue.first))) best = {queue.first, *node};
  }
  return best;
}

// The first node of the ring that the task may run on.
std::optional<NodeKey> first_allowed(const State& state, NodeKey head, const Task& task) {
  NodeKey at = head;
  do {
    const Node& node = state.nodes.at(at);
    if (may_run_on(state, task, at, node)) return at;
    at = node.bucket_next;
  } while (at != head);
  return std::nullopt;
}

void set_ready(State& state, JobKey key, Job& job, bool ready) {
  if (ready == job.ready) return;
  job.ready = ready;
  Pool& pool = state.pools.at(job.pool);
  for (const auto& [slots, queue] : job.queues) {
    if (queue.size > 0) (ready ? offer : take_back)(pool, slots, key, job);
  }
  if (ready) note_unsettled(state, job.pool);
}

// What was requeued goes before the others, and a job manager before all.
TaskKey place_in(const Job& job, const TaskList& queue, TaskKey key, Position position, const State& state) {
  if (position == Position::Last && key != job.manager) return TaskKey{};
  if (queue.size == 0 || key == job.manager || queue.first != job.manager) return queue.first;
  return state.tasks.at(queue.first).link.next;
}

// Whether one of the next jobs could get room from others.
bool may_get_room(const Pool& pool, Turn passed) {
  return (!pool.giving_way.empty() && passed.first < pool.giving_way.rbegin()->first) ||
         (!pool.restarting.empty() && passed < *pool.restarting.rbegin());
}

// Likewise for the job, when none of its tasks finds a node as things are.
bool make_room(State& state, const Pool& pool, const Job& job, Time now, Effects& out) {
  const TaskKey manager = waiting_manager(state, job);
  std::vector<TaskKey> tasks;
  if (manager != TaskKey{}) tasks.push_back(manager);
  for (const auto& [slots, queue] : job.queues) {
    if (manager == TaskKey{} && queue.size > 0) tasks.push_back(queue.first);
  }
  std::ranges::sort(tasks);
  for (const TaskKey task : tasks) {
    const std::optional<Way> way = way_for(state, pool, task);
    if (!way) continue;
    // The oldest last, so that it is the first of its queue afterwards.
    for (const TaskKey other : way->tasks) evict(state, other, Evict::Recover, now, out);
    start(state, task, way->node, now, out);
    return true;
  }
  return false;
}

}  // namespace

bool takes_tasks(const Node& node) {
  return (node.status.state == NodeState::Idle || node.status.state == NodeState::Running) &&
         node.status.scheduling_enabled && node.status.pending == NodePending::None;
}

void file(State& state, NodeKey key, Node& node) {
  const int bucket = takes_tasks(node) ? node.free_slots : Node::kNoBucket;
  if (bucket == node.bucket) return;
  Pool& pool = state.pools.at(node.status.pool);
  if (node.bucket != Node::kNoBucket) leave_ring(state, pool, key, node);
  node.bucket = bucket;
  if (bucket == Node::kNoBucket) return;
  join_ring(state, pool, key, node);
  if (bucket > 0 || may_get_room(pool, kBeforeAll)) note_unsettled(state, node.status.pool);
}

void file(State& state, JobKey key, Job& job) {
  set_ready(state, key, job, may_start(job));
  list(state, key, job);
}

void withdraw(State& state, JobKey key, Job& job) {
  set_ready(state, key, job, false);
  unlist(state, key, job);
}

void enqueue(State& state, TaskKey key, Task& task, Position position) {
  if (wait_for_others(state, key, task)) return;
  Job& job = state.jobs.at(task.spec.job);
  const int room = room_of(task);
  TaskList& queue = job.queues[room];
  insert(state, queue, key, place_in(job, queue, key, position, state));
  list(state, task.spec.job, job);
  if (!job.ready) return;
  if (queue.size == 1) offer(state.pools.at(job.pool), room, task.spec.job, job);
  note_unsettled(state, job.pool);
}

void dequeue(State& state, TaskKey key, Task& task) {
  if (is_blocked(task)) return stop_waiting(state, key, task);
  Job& job = state.jobs.at(task.spec.job);
  const int room = room_of(task);
  TaskList& queue = job.queues.at(room);
  remove(state, queue, task);
  if (!job.ready) return;
  if (queue.size == 0) take_back(state.pools.at(job.pool), room, task.spec.job, job);
  if (key == job.manager) note_unsettled(state, job.pool);  // the job's other tasks need not wait for it any more
}

std::optional<NodeKey> node_for(const State& state, const Pool& pool, const Task& task) {
  if (instances_of(task) > 0) {
    const std::vector<NodeKey> nodes = nodes_for(state, pool, task);
    return nodes.empty() ? std::nullopt : std::optional(nodes.front());
  }
  const int needed = slots_of(task, pool.spec.task_slots);
  if (task.spec.affinity != kNoNode) {
    const Node* wished = find(state.nodes, task.spec.affinity);
    if (wished && wished->bucket >= needed && &state.pools.at(wished->status.pool) == &pool &&
        may_run_on(state, task, task.spec.affinity, *wished)) {
      return task.spec.affinity;
    }
  }
  // Spread: the emptiest nodes first; pack: the fullest.
  const bool spread = pool.spec.fill == FillType::Spread;
  const int from = spread ? most_free(pool) : needed, step = spread ? -1 : 1;
  for (int slots = from; slots >= needed && slots <= pool.spec.task_slots; slots += step) {
    const auto ring = static_cast<std::size_t>(slots);
    if (!pool.any_free[ring]) continue;
    if (const auto node = first_allowed(state, pool.by_free[ring], task)) return node;
  }
  return std::nullopt;
}

bool may_run_on(const State& state, const Task& task, NodeKey key, const Node& node) {
  const ManagerSpec* manager = manager_of(task);
  if (manager && !manager->allows_low_priority && !node.status.dedicated) return false;
  return !is_barred(state.jobs.at(task.spec.job), key);
}

void place(State& state, PoolKey key, Time now, Effects& out) {
  Pool* pool = find(state.pools, key);
  if (!pool) return;
  // Whoever finds no node has had its turn: nodes only become fuller meanwhile, unless somebody makes room.
  Turn passed = kBeforeAll;
  while (const int slots = may_get_room(*pool, passed) ? pool->spec.task_slots : most_free(*pool)) {
    const auto turn = next_turn(*pool, slots, passed);
    if (!turn) return;
    const Job& job = state.jobs.at(turn->second);
    if (const auto placing = next_placing(state, *pool, job, slots)) {
      start(state, placing->task, placing->node, now, out);
    } else if (make_room(state, *pool, job, now, out)) {
      passed = kBeforeAll;
    } else {
      passed = *turn;
    }
  }
}

}  // namespace batchite::scheduler
