// What the scheduler knows: specifications as far as they matter for placing and retrying, and the status of
// everything. Plain data. Only step() changes it; everybody else reads. Clients' documents are kept elsewhere
// (core/store.h).
//
// Words and states are the service's (learn.microsoft.com/rest/api/batchservice). Two parts per resource:
//   …Spec    what a client asked for, reduced to what decides;
//   …Status  what has become of it: kept in the store, shown to clients.
// Whatever else a struct holds can be derived from these two (check() does so).
#pragma once
#include <algorithm>
#include <array>
#include <bitset>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/scheduler/dependencies.h"
#include "core/scheduler/extras.h"
#include "core/scheduler/job_node.h"
#include "core/scheduler/keys.h"
#include "core/scheduler/settings.h"
#include "core/scheduler/table.h"

namespace batchite {

enum class PoolState : std::uint8_t { Active, Deleting };
enum class AllocationState : std::uint8_t { Steady, Resizing, Stopping };
enum class NodeState : std::uint8_t {
  Idle,
  Rebooting,
  Reimaging,
  Running,
  Unusable,
  Creating,
  Starting,
  WaitingForStartTask,
  StartTaskFailed,
  Unknown,
  LeavingPool,
  Offline,
  Preempted,
  UpgradingOS,
  Deallocated,
  Deallocating,
};
inline constexpr std::size_t kNodeStates = 16;
enum class JobState : std::uint8_t { Active, Disabling, Disabled, Enabling, Terminating, Completed, Deleting };
enum class ScheduleState : std::uint8_t { Active, Completed, Disabled, Terminating, Deleting };
enum class TaskState : std::uint8_t { Active, Preparing, Running, Completed };

enum class FillType : std::uint8_t { Spread, Pack };
// What becomes of running tasks when a node goes, reboots, or a job is disabled. Disabling a job knows only the first
// three (TaskCompletion is its "wait").
enum class DrainOption : std::uint8_t { Requeue, Terminate, TaskCompletion, RetainedData };
enum class OnAllTasksComplete : std::uint8_t { NoAction, TerminateJob };
enum class OnTaskFailure : std::uint8_t { NoAction, PerformExitOptionsJobAction };
enum class Category : std::uint8_t { UserError, ServerError };

// Why work failed, as failureInfo and resizeErrors show it.
struct Failure {
  Category category = Category::UserError;
  std::string code;
  std::string message;
  std::vector<std::pair<std::string, std::string>> details;  // name, value
  bool operator==(const Failure&) const = default;
};

struct Targets {
  int dedicated = 0;
  int low_priority = 0;
  bool operator==(const Targets&) const = default;
};

// --- Pools and nodes ------------------------------------------------------------------------------------------------

// What processes took. Reads and writes are those that reached a disk, in blocks of 512 bytes, as getrusage tells them.
struct Usage {
  Ticks user{}, kernel{};  // processor time
  std::int64_t read = 0, written = 0;
  std::int64_t peak_memory = 0;  // bytes; the most of one process
};

inline void accrue(Usage& sum, const Usage& more) {
  sum.user += more.user;
  sum.kernel += more.kernel;
  sum.read += more.read;
  sum.written += more.written;
  sum.peak_memory = std::max(sum.peak_memory, more.peak_memory);
}

// Sums that $expand=stats shows of a job. What was deleted stays counted.
struct JobSums {
  Usage usage;
  Ticks wall{};  // from start to end, retries included
  Ticks wait{};  // from creation to start
  std::int64_t succeeded = 0, failed = 0, retries = 0;
};

inline void accrue(JobSums& sum, const JobSums& more) {
  accrue(sum.usage, more.usage);
  sum.wall += more.wall;
  sum.wait += more.wait;
  sum.succeeded += more.succeeded;
  sum.failed += more.failed;
  sum.retries += more.retries;
}

// Sums that $expand=stats shows of a pool.
struct PoolSums {
  Usage usage;
  Ticks dedicated{}, low_priority{};  // how long its nodes have been there, times their cores
};

inline void accrue(PoolSums& sum, const PoolSums& more) {
  accrue(sum.usage, more.usage);
  sum.dedicated += more.dedicated;
  sum.low_priority += more.low_priority;
}

struct StartTaskSpec {
  bool wait_for_success = true;
  int max_retries = 0;  // -1: no limit
};

struct PoolSpec {
  int task_slots = 1;  // per node, 1..256
  FillType fill = FillType::Spread;
  std::optional<StartTaskSpec> start_task;
  int cores = 1;                                    // of a node
  std::optional<Ticks> scale_every = std::nullopt;  // between evaluations of its formula; none: it has no formula
  bool inter_node_communication = false;
};

// What the latest evaluation of a pool's formula came to: autoScaleRun.
struct ScaleRun {
  Time time;
  std::string results;
  std::optional<Failure> error;
};

struct PoolStatus {
  PoolState state = PoolState::Active;
  Time state_since;
  AllocationState allocation = AllocationState::Steady;
  Time allocation_since;
  Time created;
  Time modified;  // moved by clients' changes only
  Targets target;
  Targets current;
  Ticks resize_timeout{};
  DrainOption drain = DrainOption::Requeue;  // of the resize under way
  std::vector<Failure> resize_errors;        // of the last resize; only while steady
  PoolSums sums;                             // node time until `counted`
  Time counted = kNever;
  std::optional<ScaleRun> scale_run;
  Time scale_at = kNever;     // when its formula is evaluated next
  Time scale_asked = kNever;  // when a client last set its formula or interval
};

struct StartTaskStatus {
  bool running = false;
  Time started = kNever;  // of the latest attempt
  Time ended = kNever;
  std::optional<int> exit_code;
  int retries = 0;
  Time last_retry = kNever;
  std::optional<Failure> failure;
};

// What is to happen to a node once its tasks are gone. It takes no more of them meanwhile.
enum class NodePending : std::uint8_t { None, Leave, Reboot, Reimage, Offline, Deallocate };

struct NodeStatus {
  PoolKey pool;
  bool dedicated = true;
  NodeState state = NodeState::Creating;
  Time state_since;
  Time allocated;
  Time last_boot = kNever;
  bool scheduling_enabled = true;
  int boot = 0;  // counts boots; news of an earlier boot is ignored
  std::optional<StartTaskStatus> start_task;
  std::int64_t tasks_run = 0;        // ended attempts of ordinary tasks
  std::int64_t tasks_succeeded = 0;  // with exit code 0
  std::optional<Failure> error;      // why unusable
  Time emptied = kNever;             // its directories were last made anew; what ended until then has left no files
  NodePending pending = NodePending::None;
  DrainOption drain = DrainOption::Requeue;  // what pending waits for
  Time preempt_at = kNever;                  // Azure has said that it will take it back then
  Ticks away{};                              // for how long
};

// --- Jobs and tasks -------------------------------------------------------------------------------------------------

struct JobSpec {
  std::string pool_id;  // folded; the pool need not exist yet
  int priority = 0;     // -1000..1000
  int max_parallel_tasks = -1;
  Ticks max_wall_clock = kUnlimited;
  int max_task_retries = 0;
  OnAllTasksComplete on_all_tasks_complete = OnAllTasksComplete::NoAction;
  OnTaskFailure on_task_failure = OnTaskFailure::NoAction;
  bool uses_dependencies = false;  // fixed when it is added
  std::optional<PreparationSpec> preparation = std::nullopt;
  bool has_release = false;
  bool deletes_pool = false;  // its auto pool goes when it completes or is deleted
  bool gives_way = false;     // its running tasks make room for those of jobs of higher priority
};

struct JobStatus {
  JobState state = JobState::Active;
  Time state_since;
  std::optional<JobState> previous_state;
  Time previous_since = kNever;
  Time created;
  Time modified;  // moved by clients and automatic job actions
  Time started;
  Time ended = kNever;
  std::string terminate_reason;
  DrainOption disable = DrainOption::Requeue;
  JobSums sums;
  ScheduleKey schedule = kNoSchedule;       // whose job it is
  std::string auto_pool;                    // the id of the pool that was made for it; empty: it names one itself
  std::optional<Failure> scheduling_error;  // that pool could not be made
};

// --- Job schedules --------------------------------------------------------------------------------------------------

struct ScheduleSpec {
  Time not_until = kNever;
  Time not_after = Time::max();
  Ticks start_window = kUnlimited;  // how late a job may still be created
  Ticks interval{};                 // between the times when jobs are due; zero: one job only
  bool shares_pool = false;         // all its jobs run in one auto pool
  bool deletes_pool = false;        // which goes with it
};

struct ScheduleStatus {
  ScheduleState state = ScheduleState::Active;
  Time state_since;
  std::optional<ScheduleState> previous_state;
  Time previous_since = kNever;
  Time created;
  Time modified;         // moved by clients only
  Time next = kNever;    // when a job is due next; kNever: no more
  Time latest = kNever;  // when one was due last
  bool waiting = false;  // that one has not been created: its predecessor is active, or the schedule is disabled
  Time ended = kNever;
  int last_job = 0;       // the number of the latest job
  std::string auto_pool;  // the pool of all its jobs, once made
  JobSums erased;         // of its jobs that are gone
};

// What became of a preparation or release task on one node.
struct JobTaskStatus {
  enum class State : std::uint8_t {
    None,
    Due,  // to be begun as soon as the node has booted
    Running,
    Completed
  };
  State state = State::None;
  std::int32_t attempt = 0;  // counts starts; news of an earlier attempt is ignored
  int retries = 0;
  Time started = kNever;  // of the latest attempt
  Time ended = kNever;
  Time last_retry = kNever;
  std::optional<int> exit_code;
  std::optional<Failure> failure;
};

struct JobNodeStatus {
  JobTaskStatus preparation, release;
  bool is_prepared = false;   // tasks need not wait here
  bool is_barred = false;     // preparation failed: no task of the job runs here until the disk is made anew
  bool owes_release = false;  // preparation has been completed on the disk that the node has now
};

enum class SubtaskState : std::uint8_t { Preparing, Running, Completed };

// One of the nodes that a multi-instance task holds, and what happens there. The first is the primary's, which has no
// subtask: of its own, the task's status tells.
struct Instance {
  NodeKey node = kNoNode;
  bool coordinated = false;  // its coordination command has ended well; what that left running goes on
  SubtaskState state = SubtaskState::Preparing;
  std::optional<SubtaskState> previous_state;
  Time state_since;
  Time previous_since = kNever;
  Time started = kNever;
  Time ended = kNever;
  std::optional<int> exit_code;
  std::optional<Failure> failure;
};
using Instances = std::vector<Instance>;

struct TaskSpec {
  JobKey job;
  std::int16_t required_slots = 1;
  std::int32_t max_retries = 0;                        // -1: no limit
  Ticks retention{};                                   // of the directory, from the end
  NodeKey affinity = kNoNode;                          // a soft wish
  std::shared_ptr<const TaskExtras> extras = nullptr;  // null: none
};

// Usage of one task, small: there may be a million.
struct TaskUsage {
  float user = 0, kernel = 0;   // seconds
  float read = 0, written = 0;  // blocks
};

struct TaskStatus {
  TaskState state = TaskState::Active;
  std::optional<TaskState> previous_state;
  bool files_removed = false;
  bool has_exit_code = false;
  bool released = false;   // what it depends on was satisfied once: never taken back
  bool satisfies = false;  // it is completed so that its dependants may go
  int exit_code = 0;
  std::int32_t attempt = 0;  // counts starts; news of an earlier attempt is ignored
  std::int32_t retries = 0;
  std::int32_t requeues = 0;
  TaskUsage usage;         // since it was added or reactivated
  NodeKey node = kNoNode;  // where it runs or ran last
  Time state_since;
  Time previous_since = kNever;
  Time modified;  // also moved by terminate and reactivate; not by the scheduler
  Time created;
  Time started = kNever;  // of the latest attempt
  Time ended = kNever;
  Time last_retry = kNever;
  Time last_requeue = kNever;
  std::unique_ptr<Failure> failure;      // null: none
  std::unique_ptr<Instances> instances;  // of a multi-instance task, where it runs or ran last; null: none
};

// A list through the tasks themselves; costs nothing to leave.
struct TaskLink {
  TaskKey previous{}, next{};
};
struct TaskList {
  TaskKey first{}, last{};
  std::size_t size = 0;
};

struct Task {
  TaskSpec spec;
  TaskStatus status;
  TaskLink link;  // while active in its job's queue, while running in its node's list, then in State::retained
};

struct TaskCounts {
  std::int64_t active = 0, running = 0, succeeded = 0, failed = 0;                          // tasks
  std::int64_t active_slots = 0, running_slots = 0, succeeded_slots = 0, failed_slots = 0;  // their required slots
  bool operator==(const TaskCounts&) const = default;
};

// Tasks whose keys follow each other; some may be gone.
struct TaskRange {
  TaskKey first, last;
};

struct Job {
  JobSpec spec;
  JobStatus status;
  std::map<NodeKey, JobNodeStatus> nodes;  // every node that it ever prepared; some may be gone
  // Derived.
  TaskCounts counts;
  std::vector<TaskRange> tasks;    // all of them, in the order of creation
  std::map<int, TaskList> queues;  // active tasks by room_of(); what was requeued comes first, then the oldest
  PoolKey pool = kNoPool;          // the pool of that id, when there is one
  bool ready = false;              // may start what is queued: its queues are then in the pool's ready_jobs
  std::int64_t blocked = 0;        // active tasks that wait for others; they are in no queue
  TaskKey manager{};               // its job manager task, while it is there
  std::unique_ptr<DependencyGraph> dependencies;  // null: it does not use them
};

struct Schedule {
  ScheduleSpec spec;
  ScheduleStatus status;
  // Derived.
  std::set<JobKey> jobs;
  JobKey active = kNoJob;  // the one of them that is not completed
  bool asked = false;      // for a job that JobAdded has not brought yet
};

struct Node {
  NodeStatus status;
  // Derived.
  StartTaskSpec start_task;  // of the latest boot, whatever the pool says by now
  int free_slots = 0;
  TaskList running;
  TaskKey subtask{};           // the multi-instance task that holds it as one of its other nodes; 0: none
  std::int64_t kept = 0;       // completed tasks whose directories are still here
  std::set<JobKey> jobs;       // that have prepared it and are not completed
  std::deque<TaskKey> recent;  // tasks that ran here last, at most 10, newest first
  int bucket = kNoBucket;      // which of the pool's by_free it is in
  NodeKey bucket_previous{}, bucket_next{};
  static constexpr int kNoBucket = -1;
};

inline constexpr int kMaxSlots = 256;

struct Pool {
  using Turns = std::set<std::pair<int, JobKey>>;  // (-priority, job)
  std::string id;                                  // folded
  PoolSpec spec;
  PoolStatus status;
  // Derived.
  std::vector<NodeKey> nodes;  // in the order of creation
  Targets leaving;             // of the current ones
  Targets deallocated;         // likewise
  Time sample_at = kNever;     // the next sample; kNever: it has no formula
  Time measured = kNever;      // when its processes were measured last, and what they had taken
  Usage measured_usage;
  std::array<NodeKey, kMaxSlots + 1> by_free{};  // nodes that take tasks, by free slots: heads of rings
  std::bitset<kMaxSlots + 1> any_free;           // which rings have a node
  // room_of() tasks -> jobs that are ready and have such tasks. No set is empty.
  std::map<int, Turns> ready_jobs;
  Turns giving_way;  // jobs that give way and have something running
  Turns restarting;  // jobs that are ready and whose job manager waits to run once more
};

struct Timer {
  enum class Kind : std::uint8_t {
    ResizeTimeout,
    Allocation,
    NodeStart,
    JobWallClock,
    JobEmpty,
    Retention,
    Preemption,
    PreemptionPlan,
    Schedule,
    Sample,
    Scale
  };
  Time at;
  Kind kind;
  std::int64_t key;     // of the pool, node, job or schedule; of State::retained
  std::int64_t serial;  // keeps timers of one time in their order
  bool operator>(const Timer& other) const { return at != other.at ? at > other.at : serial > other.serial; }
};

// Completed tasks that still have a directory and the same retention, earliest end first.
struct Retained {
  TaskList tasks;
  Time timer = kNever;  // the one that is set for them
};

// What has gone from the account: sums of erased jobs and pools. Kept in the store.
struct AccountTotals {
  Time since = kNever;  // of the first event ever
  JobSums jobs;
  PoolSums pools;
};

// Timers are never taken back: when one fires, it is judged by the state whether there is still something to do.
struct State {
  Settings settings;
  std::unordered_map<PoolKey, Pool> pools;
  std::unordered_map<NodeKey, Node> nodes;
  std::unordered_map<JobKey, Job> jobs;
  std::unordered_map<ScheduleKey, Schedule> schedules;
  Table<TaskKey, Task> tasks;
  std::unordered_map<std::string, PoolKey> pools_by_id;  // folded
  std::int64_t last_node = 0;  // nodes are the only thing that the scheduler itself creates; kept in the store
  AccountTotals totals;
  // Derived.
  std::map<Ticks, Retained> retained;  // by retention
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;
  std::int64_t timer_serial = 0;
  Time wake_at = kNever;         // of the last WakeAt
  std::optional<Random> random;  // of the preemption plan; none before its first draw
  // Within a step:
  std::vector<PoolKey> unsettled;                // pools that may have something to start
  std::vector<JobKey> released;                  // jobs of which a release task has ended
  std::vector<ScheduleKey> unsettled_schedules;  // that may have something to do
  std::vector<std::string> outlived_pools;       // folded ids of auto pools whose job or schedule has ended
};

// Puts a resource read from the store back; rebuild() then derives the rest. Restoring starts nothing: HostRestarted
// does.
void rebuild(State& state);

// Throws std::logic_error naming the first thing that does not agree with what specs and statuses say. For tests.
void check(const State& state);

}  // namespace batchite
