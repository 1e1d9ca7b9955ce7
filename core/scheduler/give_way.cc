// Running tasks that make room for others: those of jobs that allow it (allowTaskPreemption) for tasks of jobs of
// higher priority; and any task but a job manager for a job manager that has to run once more, if its job's priority is
// not the higher one. They are recovered as from a node that failed: not retries, nor requeues that a user asked for.
// Source: learn.microsoft.com/rest/api/batchservice/job/add (allowTaskPreemption, JobManagerTask), .../task/get
// (requeueCount: what users asked for).
#include <limits>

#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

using Turn = Pool::Turns::value_type;

bool waits_to_restart(const State& state, const Job& job) {
  const TaskKey manager = waiting_manager(state, job);
  return manager != TaskKey{} && state.tasks.at(manager).status.attempt > 0;
}

// Once listed, the pool is looked at anew: somebody may wait for just that.
void set_listed(State& state, PoolKey pool, Pool::Turns& turns, Turn turn, bool listed) {
  if (!listed) {
    turns.erase(turn);
  } else if (turns.insert(turn).second) {
    touch(state.unsettled, pool);
  }
}

bool makes_room_for(const State& state, const Task& task, const Job& job) {
  const JobSpec& own = state.jobs.at(task.spec.job).spec;
  if (own.gives_way && own.priority < job.spec.priority) return true;
  return waits_to_restart(state, job) && own.priority <= job.spec.priority && !manager_of(task);
}

struct Candidate {
  TaskKey key;
  int priority;  // of its job
  Time since;
  int slots;
};

// The cheapest to lose first: of low priority, then what has run the least.
std::vector<Candidate> candidates(const State& state, const Node& node, const Job& job) {
  std::vector<Candidate> found;
  for (TaskKey key = node.running.first; key != TaskKey{};) {
    const Task& task = state.tasks.at(key);
    if (makes_room_for(state, task, job)) {
      found.push_back(
          {key, state.jobs.at(task.spec.job).spec.priority, task.status.state_since, slots_on(state, node, task)});
    }
    key = task.link.next;
  }
  std::ranges::sort(found, [](const Candidate& a, const Candidate& b) {
    return a.priority != b.priority ? a.priority < b.priority : a.since != b.since ? a.since > b.since : a.key > b.key;
  });
  return found;
}

// The first of them that are enough, without those that turn out not to be needed. Empty: all are not enough.
std::vector<Candidate> enough_of(std::vector<Candidate> found, int free, int needed) {
  std::size_t count = 0;
  while (count < found.size() && free < needed) free += found[count++].slots;
  if (free < needed) return {};
  found.resize(count);
  std::erase_if(found, [&](const Candidate& one) {
    const bool spared = free - one.slots >= needed;
    if (spared) free -= one.slots;
    return spared;
  });
  return found;
}

}  // namespace

TaskKey waiting_manager(const State& state, const Job& job) {
  if (job.manager == TaskKey{}) return {};
  return state.tasks.at(job.manager).status.state == TaskState::Active ? job.manager : TaskKey{};
}

bool runs_manager(const State& state, const Node& node) {
  for (TaskKey key = node.running.first; key != TaskKey{};) {
    const Task& task = state.tasks.at(key);
    if (manager_of(task)) return true;
    key = task.link.next;
  }
  return false;
}

int slots_of(const Task& task, int of_node) {
  const ManagerSpec* manager = manager_of(task);
  const int needed = task.spec.required_slots;
  return manager && manager->is_exclusive ? std::max(needed, of_node) : needed;
}

int slots_on(const State& state, const Node& node, const Task& task) {
  if (!manager_of(task)) return task.spec.required_slots;  // nearly all: they need not look for their pool
  return slots_of(task, state.pools.at(node.status.pool).spec.task_slots);
}

void list(State& state, JobKey key, const Job& job) {
  if (job.pool == kNoPool || (!job.spec.gives_way && job.manager == TaskKey{})) return;
  Pool& pool = state.pools.at(job.pool);
  const Turn turn{-job.spec.priority, key};
  set_listed(state, job.pool, pool.giving_way, turn, job.spec.gives_way && job.counts.running > 0);
  set_listed(state, job.pool, pool.restarting, turn, job.ready && waits_to_restart(state, job));
}

void unlist(State& state, JobKey key, const Job& job) {
  Pool* pool = find(state.pools, job.pool);
  if (!pool) return;
  const Turn turn{-job.spec.priority, key};
  pool->giving_way.erase(turn);
  pool->restarting.erase(turn);
}

std::optional<Way> way_for(const State& state, const Pool& pool, TaskKey key) {
  const Task& task = state.tasks.at(key);
  if (instances_of(task) > 0) return std::nullopt;  // nobody makes room on several nodes at once
  const Job& job = state.jobs.at(task.spec.job);
  const int needed = slots_of(task, pool.spec.task_slots);
  std::optional<Way> best;
  std::pair<int, std::size_t> cost;  // the highest priority among them, and how many they are
  for (const NodeKey node_key : pool.nodes) {
    const Node& node = state.nodes.at(node_key);
    if (!takes_tasks(node) || !may_run_on(state, task, node_key, node)) continue;
    const auto chosen = enough_of(candidates(state, node, job), node.free_slots, needed);
    if (chosen.empty()) continue;
    const std::pair here{chosen.back().priority, chosen.size()};
    if (best && cost <= here) continue;
    cost = here;
    best = Way{node_key, {}};
    for (const Candidate& one : chosen) best->tasks.push_back(one.key);
  }
  return best;
}

}  // namespace batchite::scheduler
