// What the machines of the scheduler (pool, node, job, task, placing, timers) offer each other; nobody else includes
// this. Every function leaves all derived data right, so any of them may follow any other within a step. What may have
// become placeable is noted in State::unsettled and placed at the end of the step.
// Source of behaviour: learn.microsoft.com/rest/api/batchservice, and recordings of the service.
#pragma once
#include <algorithm>

#include "core/scheduler/action.h"
#include "core/scheduler/event.h"
#include "core/scheduler/state.h"

namespace batchite::scheduler {

// What becomes of a task whose process is killed.
enum class Evict : std::uint8_t {
  Requeue,    // it was asked for: counted in requeues
  Recover,    // its node failed: not counted anywhere
  Vanish,     // the same, and its process is gone already
  Terminate,  // completed, TaskEnded
};

// How a task completes.
struct Ending {
  std::optional<int> exit_code;
  std::unique_ptr<Failure> failure;
  bool by_itself = false;  // it ran to its end: then its exit conditions count
  Trouble trouble = Trouble::None;
};

// --- task.cc: REQUIRES of task and node keys here: they exist ---
void start(State& state, TaskKey key, NodeKey on, Time now, Effects& out);
void complete(State& state, TaskKey key, Ending ending, Time now, Effects& out);
void evict(State& state, TaskKey key, Evict how, Time now, Effects& out);  // REQUIRES: it has a node
void begin_prepared(State& state, TaskKey key, Time now, Effects& out);    // REQUIRES: it is preparing
void erase_task(State& state, TaskKey key, Time now, Effects& out);
void count(Job& job, const Task& task, int by);
// Completed tasks with a directory: in the list of their retention, and counted at their node.
bool has_directory(const Task& task);
void retain(State& state, TaskKey key, Task& task);
void release(State& state, TaskKey key, Task& task);
void retention_due(State& state, Ticks retention, Time timer, Time now, Effects& out);

// --- instances.cc: multi-instance tasks ---
inline int instances_of(const Task& task) { return task.spec.extras ? task.spec.extras->instances : 0; }
// What a task needs of the pool: slots of one node, or, beyond all of these, so many nodes. Tasks alike in it wait in
// one queue, so that none can hold up another that could run.
inline constexpr int kNoRoom = 1 << 30;  // a multi-instance task that needs more than a node's only slot
inline int room_of(const Task& task) {
  const int instances = instances_of(task);
  if (instances == 0) return task.spec.required_slots;
  return task.spec.required_slots > 1 ? kNoRoom : kMaxSlots + std::min(instances, kNoRoom - kMaxSlots - 1);
}
// Every node where the task runs or ran last; some may be gone.
template <class Visit>
void each_node(const TaskStatus& status, Visit visit) {
  if (status.instances) {
    for (const Instance& instance : *status.instances) visit(instance.node);
  } else if (status.node != kNoNode) {
    visit(status.node);
  }
}
inline bool is_busy(const Node& node) { return node.running.size > 0 || node.subtask != TaskKey{}; }
// A pool where multi-instance tasks can run.
bool holds_whole_nodes(const Pool& pool);
// Where one can start now, the primary's node first; empty: there are too few.
std::vector<NodeKey> nodes_for(const State& state, const Pool& pool, const Task& task);
void give_instances(Task& task, const std::vector<NodeKey>& nodes, SubtaskState first, Time now);
// REQUIRES for the rest: it has instances.
void run_instances(Task& task, Time now);  // from the beginning
void end_instance(Instance& instance, const Outcome& outcome, Time now);
void end_instances(Task& task, Time now);  // whatever they do, it is over with the primary
// One of the task's nodes, if there is one where the job's preparation is not done; also of an ordinary task.
NodeKey waits_for_preparation_on(const State& state, const Task& task);

// --- dependants.cc: tasks that wait for others, and what an ending means for them ---
ExitOptions options_for(const Task& task, const Ending& ending);
bool is_blocked(const Task& task);  // it is active and in no queue
void join_dependencies(State& state, TaskKey key, const Task& task);
void leave_dependencies(State& state, const Task& task);
bool wait_for_others(State& state, TaskKey key, Task& task);  // false: it need not. The caller touches it
void stop_waiting(State& state, TaskKey key, const Task& task);
void satisfy_dependants(State& state, Task& task, Effects& out);
void unsatisfy_dependants(State& state, const Task& task);  // those that have gone stay so

// --- job.cc ---
// A job that completes itself when all its tasks are complete does not do so in the moment of its creation: recordings
// show it active for up to 300 ms, in which clients add tasks.
inline constexpr Ticks kEmptyJobGrace = std::chrono::milliseconds(500);
// After something of it ended: disabling may be done, its tasks may all be complete.
void after_ending(State& state, JobKey key, Job& job, Time now, Effects& out);
void perform(State& state, JobKey key, Job& job, JobAction action, Time now, Effects& out);  // of a task's ending
void wall_clock_passed(State& state, JobKey key, Time now, Effects& out);
void manager_completed(State& state, JobKey key, const ManagerSpec& manager, Time now, Effects& out);
void end_if_complete(State& state, JobKey key, Job& job, Time now, Effects& out);
// Once a job on its way out has nothing left to release, it is completed or gone.
void end_if_released(State& state, JobKey key, Time now, Effects& out);
void append(std::vector<TaskRange>& ranges, TaskKey key);
void compact(const State& state, Job& job);  // after a task of it went; does something now and then

// --- node.cc ---
void create_node(State& state, PoolKey pool, bool dedicated, Time now, Effects& out);
void node_start_due(State& state, NodeKey key, Time now, Effects& out);
// Begins its removal, after its tasks have gone the way the option says.
void leave_pool(State& state, NodeKey key, Node& node, DrainOption drain, Time now, Effects& out);
// Takes the beginning back, if its tasks have not gone yet.
void stay_in_pool(State& state, NodeKey key, Node& node, Time now, Effects& out);
// After something of it ended: it may be idle now, and what was waiting for that can happen.
void after_ending(State& state, NodeKey key, Node& node, Time now, Effects& out);
// Its machine or its disk is gone: what ran there runs elsewhere.
void lose(State& state, NodeKey key, Node& node, const NodeLost& how, Time now, Effects& out);
bool has_booted(NodeState state);  // and is not on its way out
// Processes can be started on it.
bool is_up(const Node& node);
// BootNode is out and not answered.
bool is_booting(const Settings& settings, const Node& node);
// How long a preempted node is not there.
Ticks time_away(const Settings& settings, const Node& node);
// Its directories are still those that the task ran in.
bool keeps_directory(const Node& node, const Task& task);

// --- preemption.cc ---
void preemption_due(State& state, NodeKey key, Time now, Effects& out);
void preemption_plan_due(State& state, Time now, Effects& out);
void keep_preemption_plan(State& state, Time now);  // begins it, if there is one

// --- job_node.cc: preparation and release tasks ---
// Sees to it that the job's preparation runs or has run there. Whether a task has to wait for it.
bool prepare(State& state, JobKey key, Job& job, NodeKey on, Time now, Effects& out);
void stop_preparations(JobKey key, Job& job, Time now, Effects& out);
void begin_releases(State& state, JobKey key, Job& job, Time now, Effects& out);
bool is_barred(const Job& job, NodeKey node);  // preparation failed there
bool owes_release(const Job& job);             // somewhere
bool is_released(const Job& job);              // none of its release tasks runs or is about to
void end_released_jobs(State& state, Time now, Effects& out);
// The job is completed or about to go: what happens to its nodes does not matter to it any more.
void leave_nodes(State& state, JobKey key, const Job& job);
void remove_files(const State& state, JobKey key, const Job& job, Effects& out);  // of both tasks, on every node
// What happens to a node's processes and disk.
enum class Down : std::uint8_t {
  Reboots,   // its processes end
  Vanished,  // they have ended already
  Broke,     // they end, and it may never come back
  Renewed,   // they end, and its disk is lost with it or made anew
};
void jobs_lose(State& state, NodeKey key, Node& node, Down how, Time now, Effects& out);
void begin_due_releases(State& state, NodeKey key, Node& node, Time now, Effects& out);

// --- pool.cc ---
void allocation_due(State& state, PoolKey key, Time now, Effects& out);
void resize_timeout_due(State& state, PoolKey key, Time now, Effects& out);
void node_gone(State& state, PoolKey key, NodeKey node, bool dedicated, Time now, Effects& out);
// Adds the time that its nodes have been there since it was last done. Before anything that changes how many cores it
// has.
void count_node_time(PoolKey key, Pool& pool, Time now, Effects& out);
void count_usage(State& state, PoolKey key, const Usage& usage, Effects& out);  // of a process that has ended there
inline int& of_kind(Targets& targets, bool dedicated) { return dedicated ? targets.dedicated : targets.low_priority; }

// --- autoscale.cc: REQUIRES: the pool has a formula ---
void begin_scaling(State& state, PoolKey key, Pool& pool, Time first, Time now, Effects& out);
void resume_scaling(State& state, PoolKey key, Pool& pool);  // its timers; of any pool
void sample_due(State& state, PoolKey key, Time timer, Time now, Effects& out);
void scale_due(State& state, PoolKey key, Time timer, Time now, Effects& out);

// --- place.cc ---
bool takes_tasks(const Node& node);
// Puts the node into the bucket, the job into the ready_jobs, that it belongs to by now.
void file(State& state, NodeKey key, Node& node);
void file(State& state, JobKey key, Job& job);
void withdraw(State& state, JobKey key, Job& job);  // before its priority or pool changes; file() undoes it
enum class Position : std::uint8_t { First, Last };
void enqueue(State& state, TaskKey key, Task& task, Position position);
void dequeue(State& state, TaskKey key, Task& task);
void place(State& state, PoolKey key, Time now, Effects& out);
std::optional<NodeKey> node_for(const State& state, const Pool& pool, const Task& task);
// What a task or its job may have against a node that takes tasks and has room. The only place for such rules.
bool may_run_on(const State& state, const Task& task, NodeKey key, const Node& node);

// --- give_way.cc: running tasks that make room for others ---
inline const ManagerSpec* manager_of(const Task& task) {
  return task.spec.extras && task.spec.extras->manager ? &*task.spec.extras->manager : nullptr;
}
// The job manager task, if it waits to be placed: then the job's other tasks wait for that.
TaskKey waiting_manager(const State& state, const Job& job);
bool runs_manager(const State& state, const Node& node);
// What the task takes of a node with that many slots: a job manager that runs alone takes it whole.
int slots_of(const Task& task, int of_node);
int slots_on(const State& state, const Node& node, const Task& task);
// Lists the job in its pool among those that give way and those whose job manager is to run once more, or no longer.
void list(State& state, JobKey key, const Job& job);
void unlist(State& state, JobKey key, const Job& job);  // before its priority or pool changes; list() undoes it
// Where the task could run if others made room, and which.
struct Way {
  NodeKey node;
  std::vector<TaskKey> tasks;
};
std::optional<Way> way_for(const State& state, const Pool& pool, TaskKey key);

// --- schedule.cc ---
void job_joins_schedule(State& state, JobKey key, const Job& job, Effects& out);
// It is completed or about to be erased: its schedule may go on, its auto pool may go.
void job_has_ended(State& state, JobKey key, const Job& job, Effects& out);
void schedule_due(State& state, ScheduleKey key);
// What schedules and auto pools have to do after everything else of a step.
void settle_schedules(State& state, Time now, Effects& out);
void arm_schedule(State& state, ScheduleKey key, const Schedule& schedule);
// A job with an auto pool runs in that one, whatever its document says.
void use_auto_pool(Job& job);

// --- rebuild.cc ---
// What can be told from specs and statuses alone; check() compares with it.
PoolKey pool_of(const State& state, const std::string& id);

// --- timers.cc ---
void arm(State& state, Timer::Kind kind, std::int64_t key, Time at);
void fire_timers(State& state, Time now, Effects& out);
void announce_earliest_timer(State& state, Effects& out);

// --- lists of tasks, through their links ---
inline void insert(State& state, TaskList& list, TaskKey key, TaskKey before) {  // before: 0 for the end
  Task& task = state.tasks.at(key);
  TaskKey& back = before == TaskKey{} ? list.last : state.tasks.at(before).link.previous;
  task.link = {back, before};
  (back == TaskKey{} ? list.first : state.tasks.at(back).link.next) = key;
  back = key;
  ++list.size;
}
inline void remove(State& state, TaskList& list, Task& task) {
  const auto [previous, next] = task.link;
  (previous == TaskKey{} ? list.first : state.tasks.at(previous).link.next) = next;
  (next == TaskKey{} ? list.last : state.tasks.at(next).link.previous) = previous;
  task.link = {};
  --list.size;
}

template <class Key>
void touch(std::vector<Key>& keys, Key key) {
  if (keys.empty() || keys.back() != key) keys.push_back(key);
}

template <class Rows, class Key>
auto* find(Rows& rows, Key key) {
  const auto it = rows.find(key);
  return it == rows.end() ? nullptr : &it->second;
}

// --- events, each in the file of its machine ---
void on(State& state, const PoolAdded& e, Time now, Effects& out);
void on(State& state, const PoolSpecChanged& e, Time now, Effects& out);
void on(State& state, const PoolResizeAsked& e, Time now, Effects& out);
void on(State& state, const PoolScalingAsked& e, Time now, Effects& out);
void on(State& state, const PoolScaled& e, Time now, Effects& out);
void on(State& state, const PoolMeasured& e, Time now, Effects& out);
void on(State& state, const PoolStopResizeAsked& e, Time now, Effects& out);
void on(State& state, const NodesRemoveAsked& e, Time now, Effects& out);
void on(State& state, const PoolDeleteAsked& e, Time now, Effects& out);
void on(State& state, const NodeRebootAsked& e, Time now, Effects& out);
void on(State& state, const NodeDeallocateAsked& e, Time now, Effects& out);
void on(State& state, const NodeStartAsked& e, Time now, Effects& out);
void on(State& state, const NodePreemptAsked& e, Time now, Effects& out);
void on(State& state, const NodeSchedulingAsked& e, Time now, Effects& out);
void on(State& state, const JobAdded& e, Time now, Effects& out);
void on(State& state, const JobSpecChanged& e, Time now, Effects& out);
void on(State& state, const JobDisableAsked& e, Time now, Effects& out);
void on(State& state, const JobEnableAsked& e, Time now, Effects& out);
void on(State& state, const JobTerminateAsked& e, Time now, Effects& out);
void on(State& state, const JobDeleteAsked& e, Time now, Effects& out);
void on(State& state, const ScheduleAdded& e, Time now, Effects& out);
void on(State& state, const ScheduleSpecChanged& e, Time now, Effects& out);
void on(State& state, const ScheduleDisableAsked& e, Time now, Effects& out);
void on(State& state, const ScheduleEnableAsked& e, Time now, Effects& out);
void on(State& state, const ScheduleTerminateAsked& e, Time now, Effects& out);
void on(State& state, const ScheduleDeleteAsked& e, Time now, Effects& out);
void on(State& state, const TasksAdded& e, Time now, Effects& out);
void on(State& state, const TaskSpecChanged& e, Time now, Effects& out);
void on(State& state, const TaskTerminateAsked& e, Time now, Effects& out);
void on(State& state, const TaskReactivateAsked& e, Time now, Effects& out);
void on(State& state, const TaskDeleteAsked& e, Time now, Effects& out);
void on(State& state, const NodeBooted& e, Time now, Effects& out);
void on(State& state, const NodeRemoved& e, Time now, Effects& out);
void on(State& state, const NodeLost& e, Time now, Effects& out);
void on(State& state, const StartTaskExited& e, Time now, Effects& out);
void on(State& state, const TaskExited& e, Time now, Effects& out);
void on(State& state, const CoordinationExited& e, Time now, Effects& out);
void on(State& state, const JobTaskExited& e, Time now, Effects& out);
void on(State& state, const Tick& e, Time now, Effects& out);
void on(State& state, const HostRestarted& e, Time now, Effects& out);

}  // namespace batchite::scheduler
