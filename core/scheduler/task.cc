#include "core/scheduler/failures.h"
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

constexpr std::size_t kRecentTasks = 10;

// Not a retry: that stays in Running.
void move_to(Task& task, TaskState next, Time now) {
  TaskStatus& status = task.status;
  status.previous_state = status.state;
  status.previous_since = status.state_since;
  status.state = next;
  status.state_since = now;
}

void note_recent(Node& node, TaskKey key) {
  std::erase(node.recent, key);
  node.recent.push_front(key);
  if (node.recent.size() > kRecentTasks) node.recent.pop_back();
}

// The task has nothing to do any more with the node where it ran last, or begins there anew.
void forget_node(State& state, TaskKey key, Task& task, Effects& out) {
  each_node(task.status, [&](NodeKey at) {
    Node* node = find(state.nodes, at);
    if (!node) return;
    std::erase(node->recent, key);
    out.actions.push_back(RemoveTaskFiles{key, at});
  });
  task.status.node = kNoNode;
  task.status.instances.reset();
}

bool has_slots(const Task& task) {
  return task.status.state == TaskState::Preparing || task.status.state == TaskState::Running;
}

void give_slots_back(State& state, Task& task) {
  remove(state, state.nodes.at(task.status.node).running, task);
  each_node(task.status, [&](NodeKey key) {
    Node& node = state.nodes.at(key);
    node.subtask = TaskKey{};
    node.free_slots += slots_on(state, node, task);
    file(state, key, node);
  });
}

// A node for the task, or one of its nodes. Whether it has to wait there for the job's preparation.
bool take_slots(State& state, TaskKey key, const Task& task, NodeKey on, Time now, Effects& out) {
  const bool waits = prepare(state, task.spec.job, state.jobs.at(task.spec.job), on, now, out);
  Node& node = state.nodes.at(on);
  node.free_slots -= slots_on(state, node, task);
  if (node.status.state == NodeState::Idle) {
    node.status.state = NodeState::Running;
    node.status.state_since = now;
    touch(out.touched.nodes, on);
  }
  note_recent(node, key);
  file(state, on, node);
  return waits;
}

// From its beginning, which is on every node of a multi-instance task.
void run(TaskKey key, Task& task, Time now, Effects& out) {
  const TaskStatus& status = task.status;
  if (!status.instances) {
    out.actions.push_back(RunTask{key, status.attempt, status.node});
    return;
  }
  run_instances(task, now);
  for (std::size_t i = 0; i < status.instances->size(); ++i) {
    out.actions.push_back(RunCoordination{key, status.attempt, (*status.instances)[i].node, static_cast<int>(i)});
  }
}

// What an attempt of a multi-instance task leaves running when its command ends, or one of its coordination commands
// fails.
void end_the_others(TaskKey key, const Task& task, Effects& out) {
  if (task.status.instances) out.actions.push_back(KillTask{key, task.status.attempt, task.status.node});
}

// Before its first process there the task leaves nothing behind.
void forget_unused_node(State& state, TaskKey key, Task& task) {
  each_node(task.status, [&](NodeKey at) { std::erase(state.nodes.at(at).recent, key); });
  task.status.node = kNoNode;
  task.status.instances.reset();
}

std::vector<NodeKey> nodes_of(const Task& task) {
  std::vector<NodeKey> nodes;
  each_node(task.status, [&](NodeKey node) { nodes.push_back(node); });
  return nodes;
}

void after_ending_at(State& state, const std::vector<NodeKey>& nodes, Time now, Effects& out) {
  for (const NodeKey key : nodes) {
    if (Node* node = find(state.nodes, key)) after_ending(state, key, *node, now, out);
  }
}

bool may_retry(const Task& task, const Outcome& outcome) {
  return outcome.may_retry && outcome.exit_code.value_or(0) != 0 &&
         (task.spec.max_retries < 0 || task.status.retries < task.spec.max_retries);
}

// On the same node and without a trip through active.
void retry(State& state, TaskKey key, Task& task, Time now, Effects& out) {
  ++state.jobs.at(task.spec.job).status.sums.retries;
  TaskStatus& status = task.status;
  ++status.attempt;
  ++status.retries;
  status.last_retry = status.started = now;
  run(key, task, now, out);
  touch(out.touched.tasks, key);
}

void add(TaskUsage& sum, const Usage& more) {
  const auto seconds = [](Ticks ticks) { return std::chrono::duration<float>(ticks).count(); };
  sum.user += seconds(more.user);
  sum.kernel += seconds(more.kernel);
  sum.read += static_cast<float>(more.read);
  sum.written += static_cast<float>(more.written);
}

// Also of an attempt that was given up: its process has taken what it took.
void note_usage(State& state, Task& task, const Usage& usage, Effects& out) {
  add(task.status.usage, usage);
  Job& job = state.jobs.at(task.spec.job);
  accrue(job.status.sums.usage, usage);
  touch(out.touched.jobs, task.spec.job);
  count_usage(state, job.pool, usage, out);
}

void count_ending(Job& job, const Task& task, bool ran, Time now) {
  JobSums& sums = job.status.sums;
  ++(task.status.failure ? sums.failed : sums.succeeded);
  if (!ran) return;
  sums.wall += now - task.status.previous_since;
  sums.wait += task.status.started - task.status.created;
}

Ending ending_of(const Outcome& outcome) {
  Ending ending{.exit_code = outcome.exit_code, .failure = nullptr, .by_itself = true, .trouble = outcome.trouble};
  if (outcome.failure) {
    ending.failure = std::make_unique<Failure>(*outcome.failure);
  } else if (outcome.exit_code.value_or(0) != 0) {
    ending.failure = std::make_unique<Failure>(exit_code_failure());
  }
  return ending;
}

void count_kept(State& state, const Task& task, int by) {
  each_node(task.status, [&](NodeKey key) {
    Node* node = find(state.nodes, key);
    if (node && keeps_directory(*node, task)) node->kept += by;
  });
}

Ending ended_by_request() {
  return {.exit_code = std::nullopt, .failure = std::make_unique<Failure>(task_ended_failure())};
}

void set_timer(State& state, Retained& retained, Ticks retention, Time due) {
  retained.timer = due;
  arm(state, Timer::Kind::Retention, retention.count(), due);
}

}  // namespace

void count(Job& job, const Task& task, int by) {
  const std::int64_t slots_by = std::int64_t{by} * task.spec.required_slots;
  const auto add = [&](std::int64_t& tasks, std::int64_t& slots) {
    tasks += by;
    slots += slots_by;
  };
  TaskCounts& counts = job.counts;
  switch (task.status.state) {
    case TaskState::Active:
      return add(counts.active, counts.active_slots);
    case TaskState::Preparing:
    case TaskState::Running:
      return add(counts.running, counts.running_slots);
    case TaskState::Completed:
      return task.status.failure ? add(counts.failed, counts.failed_slots)
                                 : add(counts.succeeded, counts.succeeded_slots);
  }
}

void start(State& state, TaskKey key, NodeKey on, Time now, Effects& out) {
  Task& task = state.tasks.at(key);
  Job& job = state.jobs.at(task.spec.job);
  TaskStatus& status = task.status;
  const bool is_one = instances_of(task) == 0;
  const std::vector<NodeKey> nodes = is_one ? std::vector<NodeKey>() : nodes_for(state, state.pools.at(job.pool), task);
  dequeue(state, key, task);
  count(job, task, -1);
  forget_node(state, key, task, out);
  bool waits = take_slots(state, key, task, on, now, out);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    waits = take_slots(state, key, task, nodes[i], now, out) || waits;
    state.nodes.at(nodes[i]).subtask = key;
  }
  if (!is_one) give_instances(task, nodes, waits ? SubtaskState::Preparing : SubtaskState::Running, now);
  move_to(task, waits ? TaskState::Preparing : TaskState::Running, now);
  count(job, task, +1);
  status.node = on;
  status.started = waits ? kNever : now;
  ++status.attempt;
  insert(state, state.nodes.at(on).running, key, TaskKey{});
  file(state, task.spec.job, job);
  if (!waits) run(key, task, now, out);
  touch(out.touched.tasks, key);
}

void begin_prepared(State& state, TaskKey key, Time now, Effects& out) {
  Task& task = state.tasks.at(key);
  if (waits_for_preparation_on(state, task) != kNoNode) return;  // another of its nodes
  move_to(task, TaskState::Running, now);
  task.status.started = now;
  run(key, task, now, out);
  touch(out.touched.tasks, key);
}

void complete(State& state, TaskKey key, Ending ending, Time now, Effects& out) {
  Task& task = state.tasks.at(key);
  Job& job = state.jobs.at(task.spec.job);
  const bool ran = task.status.state == TaskState::Running;
  const ExitOptions options = options_for(task, ending);
  const bool had_slots = has_slots(task);
  const std::vector<NodeKey> nodes = had_slots ? nodes_of(task) : std::vector<NodeKey>();
  count(job, task, -1);
  if (had_slots) {
    give_slots_back(state, task);
    if (!ran) forget_unused_node(state, key, task);
  } else {
    dequeue(state, key, task);
  }
  move_to(task, TaskState::Completed, now);
  if (task.status.instances) end_instances(task, now);
  task.status.ended = now;
  task.status.has_exit_code = ending.exit_code.has_value();
  task.status.exit_code = ending.exit_code.value_or(0);
  task.status.failure = std::move(ending.failure);
  count(job, task, +1);
  count_ending(job, task, ran, now);
  if (options.dependency == DependencyAction::Satisfy) satisfy_dependants(state, task, out);
  retain(state, key, task);
  touch(out.touched.tasks, key);
  touch(out.touched.jobs, task.spec.job);
  after_ending_at(state, nodes, now, out);
  if (const ManagerSpec* manager = manager_of(task)) manager_completed(state, task.spec.job, *manager, now, out);
  perform(state, task.spec.job, job, options.job, now, out);
  after_ending(state, task.spec.job, job, now, out);
}

void evict(State& state, TaskKey key, Evict how, Time now, Effects& out) {
  Task& task = state.tasks.at(key);
  TaskStatus& status = task.status;
  const std::vector<NodeKey> nodes = nodes_of(task);
  const bool ran = status.state == TaskState::Running;
  if (ran && how != Evict::Vanish) out.actions.push_back(KillTask{key, status.attempt, status.node});
  if (how == Evict::Terminate) return complete(state, key, ended_by_request(), now, out);
  Job& job = state.jobs.at(task.spec.job);
  count(job, task, -1);
  give_slots_back(state, task);
  if (!ran) forget_unused_node(state, key, task);
  if (status.instances) end_instances(task, now);
  move_to(task, TaskState::Active, now);
  if (how == Evict::Requeue) {
    ++status.requeues;
    status.last_requeue = now;
  }
  count(job, task, +1);
  enqueue(state, key, task, Position::First);
  touch(out.touched.tasks, key);
  after_ending_at(state, nodes, now, out);
  after_ending(state, task.spec.job, job, now, out);
}

void erase_task(State& state, TaskKey key, Time now, Effects& out) {
  Task& task = state.tasks.at(key);
  const std::vector<NodeKey> nodes = nodes_of(task);
  count(state.jobs.at(task.spec.job), task, -1);
  switch (task.status.state) {
    case TaskState::Active:
      dequeue(state, key, task);
      break;
    case TaskState::Preparing:
      give_slots_back(state, task);
      forget_unused_node(state, key, task);
      break;
    case TaskState::Running:
      out.actions.push_back(KillTask{key, task.status.attempt, task.status.node});
      give_slots_back(state, task);
      break;
    case TaskState::Completed:
      release(state, key, task);
      break;
  }
  forget_node(state, key, task, out);
  leave_dependencies(state, task);
  if (manager_of(task)) {
    Job& job = state.jobs.at(task.spec.job);
    unlist(state, task.spec.job, job);
    job.manager = TaskKey{};
    list(state, task.spec.job, job);
  }
  state.tasks.erase(key);
  out.erased.tasks.push_back(key);
  after_ending_at(state, nodes, now, out);
}

// --- directories ---

bool has_directory(const Task& task) {
  return task.status.state == TaskState::Completed && task.status.node != kNoNode && !task.status.files_removed;
}

// Ends come in the order of time, so the place is nearly always the last.
void retain(State& state, TaskKey key, Task& task) {
  if (!has_directory(task)) return;
  Retained& retained = state.retained[task.spec.retention];
  TaskKey before{};
  TaskKey last = retained.tasks.last;
  while (last != TaskKey{} && state.tasks.at(last).status.ended > task.status.ended) {
    before = last;
    last = state.tasks.at(last).link.previous;
  }
  insert(state, retained.tasks, key, before);
  const Time due = after(task.status.ended, task.spec.retention);
  if (retained.timer == kNever || due < retained.timer) set_timer(state, retained, task.spec.retention, due);
  count_kept(state, task, +1);
}

void release(State& state, TaskKey, Task& task) {
  if (!has_directory(task)) return;
  remove(state, state.retained.at(task.spec.retention).tasks, task);
  count_kept(state, task, -1);
}

void retention_due(State& state, Ticks retention, Time timer, Time now, Effects& out) {
  const auto it = state.retained.find(retention);
  if (it == state.retained.end() || it->second.timer != timer) return;
  TaskList& tasks = it->second.tasks;
  while (tasks.size > 0) {
    const TaskKey key = tasks.first;
    Task& task = state.tasks.at(key);
    const Time due = after(task.status.ended, retention);
    if (due > now) return set_timer(state, it->second, retention, due);
    release(state, key, task);
    task.status.files_removed = true;
    touch(out.touched.tasks, key);
    for (const NodeKey node : nodes_of(task)) {
      if (state.nodes.contains(node)) out.actions.push_back(RemoveTaskFiles{key, node});
    }
    after_ending_at(state, nodes_of(task), now, out);
  }
  state.retained.erase(it);
}

// --- events ---

void on(State& state, const TasksAdded& e, Time now, Effects& out) {
  for (const auto& [key, spec] : e.tasks) {
    Job* job = find(state.jobs, spec.job);
    if (!job) continue;
    Task& task = state.tasks.add(key);
    task.spec = spec;
    task.status.state_since = task.status.created = task.status.modified = now;
    append(job->tasks, key);
    if (manager_of(task)) job->manager = key;
    count(*job, task, +1);
    join_dependencies(state, key, task);
    enqueue(state, key, task, Position::Last);
    out.touched.tasks.push_back(key);
  }
}

// Constraints only: what was asked of a node stays as it was.
void on(State& state, const TaskSpecChanged& e, Time now, Effects& out) {
  Task* task = state.tasks.find(e.task);
  if (!task) return;
  release(state, e.task, *task);
  task->spec.max_retries = e.spec.max_retries;
  task->spec.retention = e.spec.retention;
  retain(state, e.task, *task);
  task->status.modified = now;
  touch(out.touched.tasks, e.task);
}

void on(State& state, const TaskExited& e, Time now, Effects& out) {
  Task* task = state.tasks.find(e.task);
  if (!task) return;
  note_usage(state, *task, e.outcome.usage, out);
  touch(out.touched.tasks, e.task);
  if (task->status.state != TaskState::Running || task->status.attempt != e.attempt) return;
  NodeStatus& node = state.nodes.at(task->status.node).status;
  ++node.tasks_run;
  if (e.outcome.exit_code == 0) ++node.tasks_succeeded;
  touch(out.touched.nodes, task->status.node);
  end_the_others(e.task, *task, out);
  if (may_retry(*task, e.outcome)) return retry(state, e.task, *task, now, out);
  // The attempt may have begun a little after it was ordered.
  task->status.started = std::clamp(e.outcome.started, task->status.started, now);
  complete(state, e.task, ending_of(e.outcome), now, out);
}

void on(State& state, const CoordinationExited& e, Time now, Effects& out) {
  Task* task = state.tasks.find(e.task);
  if (!task) return;
  note_usage(state, *task, e.outcome.usage, out);
  touch(out.touched.tasks, e.task);
  if (task->status.state != TaskState::Running || task->status.attempt != e.attempt) return;
  Instances& instances = *task->status.instances;
  Instance& instance = instances.at(static_cast<std::size_t>(e.instance));
  if (instance.coordinated) return;
  if (e.outcome.failure || e.outcome.exit_code.value_or(0) != 0) {
    end_the_others(e.task, *task, out);
    if (may_retry(*task, e.outcome)) return retry(state, e.task, *task, now, out);
    end_instance(instance, e.outcome, now);
    return complete(state, e.task, ending_of(e.outcome), now, out);
  }
  instance.coordinated = true;
  instance.exit_code = e.outcome.exit_code;
  instance.started = std::clamp(e.outcome.started, instance.started, now);
  if (std::ranges::all_of(instances, &Instance::coordinated)) {
    out.actions.push_back(RunTask{e.task, task->status.attempt, task->status.node});
  }
}

void on(State& state, const TaskTerminateAsked& e, Time now, Effects& out) {
  Task* task = state.tasks.find(e.task);
  if (!task || task->status.state == TaskState::Completed) return;
  task->status.modified = now;
  if (has_slots(*task)) return evict(state, e.task, Evict::Terminate, now, out);
  complete(state, e.task, ended_by_request(), now, out);
}

void on(State& state, const TaskReactivateAsked& e, Time now, Effects& out) {
  Task* task = state.tasks.find(e.task);
  if (!task || task->status.state != TaskState::Completed) return;
  Job& job = state.jobs.at(task->spec.job);
  release(state, e.task, *task);
  count(job, *task, -1);
  --(task->status.failure ? job.status.sums.failed : job.status.sums.succeeded);
  touch(out.touched.jobs, task->spec.job);
  forget_node(state, e.task, *task, out);
  unsatisfy_dependants(state, *task);
  move_to(*task, TaskState::Active, now);
  TaskStatus& old = task->status;
  TaskStatus fresh;  // all of the execution is forgotten
  fresh.state = old.state;
  fresh.state_since = old.state_since;
  fresh.previous_state = old.previous_state;
  fresh.previous_since = old.previous_since;
  fresh.created = old.created;
  fresh.attempt = old.attempt;
  fresh.released = old.released;
  fresh.modified = now;
  old = std::move(fresh);
  count(job, *task, +1);
  enqueue(state, e.task, *task, Position::Last);
  touch(out.touched.tasks, e.task);
}

void on(State& state, const TaskDeleteAsked& e, Time now, Effects& out) {
  Task* task = state.tasks.find(e.task);
  if (!task) return;
  const JobKey job = task->spec.job;
  erase_task(state, e.task, now, out);
  compact(state, state.jobs.at(job));
  after_ending(state, job, state.jobs.at(job), now, out);
}

}  // namespace batchite::scheduler
