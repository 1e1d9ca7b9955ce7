// Recounts, from specifications and statuses, what the machines keep up to date step by step.
#include <fmt/format.h>

#include <stdexcept>

#include "core/scheduler/machine.h"

namespace batchite {
namespace {

using namespace scheduler;

template <class... Values>
void require(bool holds, fmt::format_string<Values...> sentence, Values&&... values) {
  if (!holds) throw std::logic_error(fmt::format(sentence, std::forward<Values>(values)...));
}

struct Recount {
  std::unordered_map<JobKey, TaskCounts> counts;
  std::unordered_map<JobKey, std::map<int, std::size_t>> queued;  // by slots
  std::unordered_map<JobKey, std::size_t> blocked;
  std::unordered_map<JobKey, TaskKey> managers;
  std::unordered_map<NodeKey, int> used_slots;
  std::unordered_map<NodeKey, std::size_t> running;
  std::unordered_map<NodeKey, TaskKey> subtasks;
  std::unordered_map<NodeKey, std::int64_t> kept;
  std::unordered_map<NodeKey, std::set<JobKey>> jobs;
  std::map<Ticks, std::size_t> retained;
};

void add(TaskCounts& counts, const Task& task) {
  Job job;
  job.counts = counts;
  count(job, task, +1);
  counts = job.counts;
}

void check_dependencies(const State& state, TaskKey key, const Task& task) {
  const DependencyGraph* graph = state.jobs.at(task.spec.job).dependencies.get();
  const bool blocked = is_blocked(task);
  const bool completed = task.status.state == TaskState::Completed;
  require(!task.status.satisfies || completed, "task {} satisfies others and is not completed", number(key));
  require(graph || !blocked, "task {} waits for others in a job without dependencies", number(key));
  if (!graph || !task.spec.extras) return;
  require(graph->is_waiting(key) == blocked, "task {} is wrongly kept waiting", number(key));
  require(!blocked || !graph->is_satisfied(task.spec.extras->dependencies), "task {} waits for nothing", number(key));
  const auto* member = graph->find(task.spec.extras->id);
  require(member && member->task == key, "task {} is not known by its id", number(key));
  require(member->satisfied == task.status.satisfies, "task {} is wrongly said to have ended well", number(key));
}

// A task that is preparing waits for something.
void check_preparing(const State& state, TaskKey key, const Task& task) {
  if (task.status.state != TaskState::Preparing) return;
  const Job& job = state.jobs.at(task.spec.job);
  require(job.spec.preparation && job.spec.preparation->wait_for_success &&
              waits_for_preparation_on(state, task) != kNoNode,
          "task {} is preparing, but no preparation runs", number(key));
}

// Of a task that holds its nodes.
void recount_nodes(const State& state, TaskKey key, const Task& task, Recount& sums) {
  const TaskStatus& status = task.status;
  const auto instances = static_cast<std::size_t>(instances_of(task));
  require(instances == (status.instances ? status.instances->size() : 0), "task {} has the wrong number of instances",
          number(key));
  require(!status.instances || status.instances->front().node == status.node, "task {} is not on its first node",
          number(key));
  ++sums.running[status.node];
  each_node(status, [&](NodeKey node) {
    require(state.nodes.contains(node), "task {} runs on no node", number(key));
    sums.used_slots[node] += slots_on(state, state.nodes.at(node), task);
    if (node != status.node) sums.subtasks[node] = key;
  });
}

bool is_on(const Task& task, NodeKey key) {
  bool found = false;
  each_node(task.status, [&](NodeKey node) { found = found || node == key; });
  return found;
}

void recount_task(const State& state, TaskKey key, const Task& task, Recount& sums) {
  const TaskStatus& status = task.status;
  require(state.jobs.contains(task.spec.job), "task {} is of no job", number(key));
  add(sums.counts[task.spec.job], task);
  switch (status.state) {
    case TaskState::Active:
      if (is_blocked(task)) {
        ++sums.blocked[task.spec.job];
      } else {
        ++sums.queued[task.spec.job][room_of(task)];
      }
      require(status.ended == kNever, "task {} is active and has an end", number(key));
      break;
    case TaskState::Preparing:
    case TaskState::Running:
      recount_nodes(state, key, task, sums);
      require(status.attempt > 0, "task {} runs and was never started", number(key));
      check_preparing(state, key, task);
      break;
    case TaskState::Completed:
      require(status.ended != kNever, "task {} is completed and has no end", number(key));
      break;
  }
  if (manager_of(task)) sums.managers[task.spec.job] = key;
  check_dependencies(state, key, task);
  require(status.has_exit_code || status.exit_code == 0, "task {} keeps an exit code that it does not have",
          number(key));
  if (!has_directory(task)) return;
  ++sums.retained[task.spec.retention];
  each_node(status, [&](NodeKey at) {
    const Node* node = find(state.nodes, at);
    if (node && keeps_directory(*node, task)) ++sums.kept[at];
  });
}

// Walks a list once in each direction's links; `belongs` tells whether a task may be in it.
template <class Belongs>
void check_list(const State& state, const TaskList& list, const std::string& name, Belongs belongs) {
  std::size_t size = 0;
  TaskKey previous{};
  for (TaskKey key = list.first; key != TaskKey{}; ++size) {
    const Task* task = state.tasks.find(key);
    require(task != nullptr, "{} names task {}, which is gone", name, number(key));
    require(task->link.previous == previous, "{} is broken before task {}", name, number(key));
    require(belongs(*task), "{} holds task {}, which does not belong there", name, number(key));
    require(size < list.size, "{} is longer than its size", name);
    previous = key;
    key = task->link.next;
  }
  require(list.last == previous, "{} does not end at its last", name);
  require(list.size == size, "{} has {} tasks but says {}", name, size, list.size);
}

void check_job_tasks(const State& state, JobKey key, const Job& job) {
  std::int64_t tasks = 0;
  for (const auto& [first, last] : job.tasks) {
    for (auto task = number(first); task <= number(last); ++task) {
      const Task* row = state.tasks.find(TaskKey{task});
      if (!row) continue;
      ++tasks;
      require(row->spec.job == key, "job {} lists task {} of another", number(key), task);
    }
  }
  const auto& counts = job.counts;
  require(tasks == counts.active + counts.running + counts.succeeded + counts.failed, "job {} does not list its tasks",
          number(key));
}

void check_lists(const State& state, JobKey key, const Job& job) {
  const TaskKey manager = waiting_manager(state, job);
  const bool restarts = job.ready && manager != TaskKey{} && state.tasks.at(manager).status.attempt > 0;
  const Pool* pool = find(state.pools, job.pool);
  if (!pool) return;
  const Pool::Turns::value_type turn{-job.spec.priority, key};
  require(pool->giving_way.contains(turn) == (job.spec.gives_way && job.counts.running > 0),
          "job {} is wrongly listed as one that gives way", number(key));
  require(pool->restarting.contains(turn) == restarts, "the manager of job {} is wrongly listed", number(key));
  require(manager == TaskKey{} || job.queues.at(state.tasks.at(manager).spec.required_slots).first == manager,
          "the manager of job {} does not go first", number(key));
}

void check_job(const State& state, JobKey key, const Job& job, Recount& sums) {
  require(job.manager == sums.managers[key], "job {} does not know its manager", number(key));
  check_lists(state, key, job);
  require(job.counts == sums.counts[key], "the task counts of job {} are wrong", number(key));
  check_job_tasks(state, key, job);
  const std::size_t blocked = sums.blocked[key];
  require(static_cast<std::size_t>(job.blocked) == blocked, "job {} has {} blocked tasks but says {}", number(key),
          blocked, job.blocked);
  require(!job.dependencies || job.dependencies->waiting() == blocked, "tasks that are gone wait in job {}",
          number(key));
  require((job.dependencies != nullptr) == job.spec.uses_dependencies, "job {} is wrong about its dependencies",
          number(key));
  require(job.pool == pool_of(state, job.spec.pool_id), "job {} is bound to the wrong pool", number(key));
  for (const auto& [slots, size] : sums.queued[key]) {
    const auto it = job.queues.find(slots);
    require(it != job.queues.end() && it->second.size == size, "job {} does not queue all its tasks of {} slots",
            number(key), slots);
  }
  for (const auto& [slots, queue] : job.queues) {
    check_list(state, queue, fmt::format("the queue of job {} for {} slots", number(key), slots),
               [&](const Task& task) {
                 return task.spec.job == key && room_of(task) == slots && task.status.state == TaskState::Active &&
                        !is_blocked(task);
               });
    const Pool* pool = find(state.pools, job.pool);
    if (!pool) continue;
    const auto ready = pool->ready_jobs.find(slots);
    const bool offered = ready != pool->ready_jobs.end() && ready->second.contains({-job.spec.priority, key});
    require(offered == (job.ready && queue.size > 0), "job {} is wrongly offered for {} slots", number(key), slots);
  }
  const bool may_start = job.status.state == JobState::Active && job.pool != kNoPool &&
                         (job.spec.max_parallel_tasks < 0 || job.counts.running < job.spec.max_parallel_tasks);
  require(job.ready == may_start, "job {} is wrongly {}ready", number(key), job.ready ? "" : "not ");
  const bool still = job.status.state == JobState::Disabled || job.status.state == JobState::Completed;
  require(!still || job.counts.running == 0, "job {} is at rest but has running tasks", number(key));
  require(job.status.state != JobState::Disabling || job.counts.running > 0, "job {} waits for nothing", number(key));
}

void check_job_node(const State& state, std::pair<JobKey, NodeKey> key, const Job& job, const JobNodeStatus& status) {
  using At = JobTaskStatus::State;
  const auto say = [&](bool holds, const char* what) {
    require(holds, "job {} on node {}: {}", number(key.first), number(key.second), what);
  };
  const bool is_ending = job.status.state == JobState::Terminating || job.status.state == JobState::Deleting;
  const bool is_over = is_ending || job.status.state == JobState::Completed;
  const At preparation = status.preparation.state, release = status.release.state;
  const Node* node = find(state.nodes, key.second);
  const bool up = node && is_up(*node);
  say(preparation != At::Running || (up && !is_over), "a preparation runs where it cannot");
  say(preparation != At::Due, "a preparation is due");
  say(release != At::Running || (up && is_ending), "a release runs where it cannot");
  say(release != At::Due || (node && is_booting(state.settings, *node) && is_ending), "a release waits for no boot");
  say(!status.is_barred || (preparation == At::Completed && !status.is_prepared), "it is barred without a failure");
  say(!status.is_prepared || (preparation == At::Completed && status.owes_release),
      "it is prepared without having run");
}

void check_job_nodes(const State& state, JobKey key, const Job& job, Recount& sums) {
  for (const auto& [node, status] : job.nodes) {
    check_job_node(state, {key, node}, job, status);
    if (state.nodes.contains(node) && job.status.state != JobState::Completed) sums.jobs[node].insert(key);
  }
  const bool is_ending = job.status.state == JobState::Terminating || job.status.state == JobState::Deleting;
  require(is_ending != is_released(job), "job {} waits for no release task", number(key));
}

void check_node(const State& state, NodeKey key, const Node& node, Recount& sums) {
  const Pool* pool = find(state.pools, node.status.pool);
  require(pool != nullptr, "node {} is of no pool", number(key));
  require(node.free_slots == pool->spec.task_slots - sums.used_slots[key], "node {} miscounts its free slots",
          number(key));
  require(node.free_slots >= 0, "node {} is given more than it has", number(key));
  require(node.running.size == sums.running[key], "node {} does not list what it runs", number(key));
  require(node.subtask == sums.subtasks[key], "node {} has the wrong subtask", number(key));
  require(node.kept == sums.kept[key], "node {} keeps {} directories but says {}", number(key), sums.kept[key],
          node.kept);
  check_list(state, node.running, fmt::format("the running list of node {}", number(key)), [&](const Task& task) {
    return (task.status.state == TaskState::Preparing || task.status.state == TaskState::Running) &&
           task.status.node == key;
  });
  const NodeState at = node.status.state;
  require(at != NodeState::Running || is_busy(node), "node {} is running without a task", number(key));
  require(!is_busy(node) || at == NodeState::Running || at == NodeState::LeavingPool ||
              (at == NodeState::Deallocating && node.status.pending == NodePending::Deallocate),
          "node {} has tasks in a state that allows none", number(key));
  require(node.bucket == (takes_tasks(node) ? node.free_slots : Node::kNoBucket), "node {} is in the wrong ring",
          number(key));
  require(node.status.pending != NodePending::Offline || !node.status.scheduling_enabled,
          "node {} is to go offline, but its scheduling is enabled", number(key));
  require(node.jobs == sums.jobs[key], "node {} lists the wrong jobs", number(key));
  require(node.recent.size() <= 10, "node {} remembers too many tasks", number(key));
  for (const TaskKey task : node.recent) {
    const Task* row = state.tasks.find(task);
    require(row && is_on(*row, key), "node {} remembers task {}, which is gone", number(key), number(task));
  }
}

void check_rings(const State& state, PoolKey key, const Pool& pool) {
  std::size_t expected = 0, found = 0;
  for (const NodeKey node : pool.nodes) expected += state.nodes.at(node).bucket != Node::kNoBucket;
  for (std::size_t slots = 0; slots < pool.by_free.size(); ++slots) {
    const NodeKey head = pool.by_free[slots];
    require(pool.any_free[slots] == (head != kNoNode), "pool {} has a wrong mark at {} slots", number(key), slots);
    if (head == kNoNode) continue;
    NodeKey at = head;
    do {
      const Node* node = find(state.nodes, at);
      require(node && node->bucket == static_cast<int>(slots), "pool {} has a stranger in ring {}", number(key), slots);
      require(state.nodes.at(node->bucket_next).bucket_previous == at, "pool {} has a broken ring {}", number(key),
              slots);
      require(++found <= expected, "pool {} has nodes in two rings", number(key));
      at = node->bucket_next;
    } while (at != head);
  }
  require(found == expected, "pool {} has nodes in no ring", number(key));
}

void check_pool(const State& state, PoolKey key, const Pool& pool) {
  Targets current, leaving, deallocated;
  for (const NodeKey at : pool.nodes) {
    const Node* node = find(state.nodes, at);
    require(node && node->status.pool == key, "pool {} lists node {}, which is not its own", number(key), number(at));
    ++of_kind(current, node->status.dedicated);
    if (node->status.state == NodeState::LeavingPool) ++of_kind(leaving, node->status.dedicated);
    if (node->status.state == NodeState::Deallocated) ++of_kind(deallocated, node->status.dedicated);
  }
  require(current == pool.status.current, "pool {} miscounts its nodes", number(key));
  require(leaving == pool.leaving, "pool {} miscounts its leaving nodes", number(key));
  require(deallocated == pool.deallocated, "pool {} miscounts its deallocated nodes", number(key));
  check_rings(state, key, pool);
  for (const Pool::Turns* listed : {&pool.giving_way, &pool.restarting}) {
    for (const auto& [priority, job] : *listed) {
      require(state.jobs.contains(job) && state.jobs.at(job).pool == key, "pool {} lists job {} wrongly", number(key),
              number(job));
    }
  }
  for (const auto& [slots, jobs] : pool.ready_jobs) {
    require(!jobs.empty(), "pool {} keeps an empty set of jobs", number(key));
    for (const auto& [priority, job_key] : jobs) {
      const Job* job = find(state.jobs, job_key);
      const bool right = job && job->pool == key && job->ready && -job->spec.priority == priority &&
                         job->queues.contains(slots) && job->queues.at(slots).size > 0;
      require(right, "pool {} offers job {} wrongly", number(key), number(job_key));
      // Whoever could start something would have done so.
      const TaskKey manager = waiting_manager(state, *job);
      const TaskKey first = manager != TaskKey{} ? manager : job->queues.at(slots).first;
      require(pool.any_free.none() || !node_for(state, pool, state.tasks.at(first)),
              "a task of job {} waits although a node is free", number(job_key));
      require((pool.giving_way.empty() && pool.restarting.empty()) || !way_for(state, pool, first),
              "a task of job {} waits although others would make room", number(job_key));
    }
  }
  require(pool.status.allocation == AllocationState::Steady || pool.status.resize_errors.empty(),
          "pool {} tells errors of a resize that is not over", number(key));
  const PoolKey* named = find(state.pools_by_id, pool.id);
  require(named && *named == key, "pool {} is not found by its id", number(key));
}

void check_schedules(const State& state) {
  std::map<ScheduleKey, std::set<JobKey>> jobs;
  for (const auto& [key, job] : state.jobs) {
    if (job.status.schedule == kNoSchedule) continue;
    const Schedule* schedule = find(state.schedules, job.status.schedule);
    require(schedule != nullptr, "job {} is of no schedule", number(key));
    jobs[job.status.schedule].insert(key);
    require(job.status.state == JobState::Completed || schedule->active == key, "schedule {} has several active jobs",
            number(job.status.schedule));
  }
  for (const auto& [key, schedule] : state.schedules) {
    const ScheduleStatus& status = schedule.status;
    require(schedule.jobs == jobs[key], "schedule {} does not list its jobs", number(key));
    require(schedule.active == kNoJob || schedule.jobs.contains(schedule.active),
            "schedule {} has an active job that is not its own", number(key));
    require(status.state != ScheduleState::Completed || (schedule.active == kNoJob && !schedule.asked),
            "schedule {} is completed before its job", number(key));
    require(status.state != ScheduleState::Terminating || schedule.active != kNoJob, "schedule {} waits for nothing",
            number(key));
    require(status.state != ScheduleState::Active || !status.waiting || schedule.active != kNoJob || schedule.asked,
            "a job of schedule {} waits for nothing", number(key));
  }
}

void check_retained(const State& state, const Recount& sums) {
  for (const auto& [retention, size] : sums.retained) {
    const Retained* retained = find(state.retained, retention);
    require(retained && retained->tasks.size == size, "not all directories are waiting to be removed");
  }
  for (const auto& [retention, retained] : state.retained) {
    Time last = kNever;
    check_list(state, retained.tasks, "a list of directories", [&, wanted = retention](const Task& task) {
      const bool in_order = task.status.ended >= last;
      last = task.status.ended;
      return has_directory(task) && task.spec.retention == wanted && in_order;
    });
    require(retained.timer != kNever, "no timer is set for directories to be removed");
  }
}

}  // namespace

void check(const State& state) {
  Recount sums;
  state.tasks.each([&](TaskKey key, const Task& task) { recount_task(state, key, task, sums); });
  std::size_t nodes = 0;
  for (const auto& [key, pool] : state.pools) {
    check_pool(state, key, pool);
    nodes += pool.nodes.size();
  }
  require(nodes == state.nodes.size(), "{} nodes are in no pool's list", state.nodes.size() - nodes);
  for (const auto& [key, job] : state.jobs) check_job_nodes(state, key, job, sums);
  for (const auto& [key, node] : state.nodes) check_node(state, key, node, sums);
  for (const auto& [key, job] : state.jobs) check_job(state, key, job, sums);
  check_retained(state, sums);
  require(state.pools_by_id.size() == state.pools.size(), "there are more pool ids than pools");
  check_schedules(state);
  require(state.unsettled.empty() && state.unsettled_schedules.empty() && state.outlived_pools.empty(),
          "a step ended with something left to place");
  require(state.released.empty(), "a step ended with a job left to end");
}

}  // namespace batchite
