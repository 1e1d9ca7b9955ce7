// The commands. To have histories of something new: its function and its row in kKinds. A function looks first whether
// core/operations would allow it in the present state, and does nothing otherwise.
#include <fmt/format.h>

#include "tests/simulation/simulation.h"

namespace batchite::simulation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Words = std::string_view;

// --- words and what they mean ---

constexpr Words kSecondsWords[] = {"0s", "7s", "20s", "100s", "1000s"};
constexpr Ticks kSeconds[] = {Ticks::zero(), seconds(7), seconds(20), seconds(100), seconds(1000)};
constexpr Words kEveryWords[] = {"once", "300s", "1000s"};
constexpr Ticks kEvery[] = {Ticks::zero(), seconds(300), seconds(1000)};
constexpr Words kTakesWords[] = {"10s", "0s", "1s", "100s", "1000s"};
constexpr Ticks kTakes[] = {seconds(10), Ticks::zero(), seconds(1), seconds(100), seconds(1000)};
constexpr Words kLimitWords[] = {"none", "100s", "1000s", "1h"};
constexpr Ticks kLimits[] = {kUnlimited, seconds(100), seconds(1000), hours(1)};
constexpr Words kRetentionWords[] = {"for_ever", "0s", "100s", "1h"};
constexpr Ticks kRetentions[] = {kUnlimited, Ticks::zero(), seconds(100), hours(1)};
constexpr Words kDrainWords[] = {"requeue", "terminate", "taskcompletion", "retaineddata"};
constexpr Words kFillWords[] = {"spread", "pack"};
constexpr Words kRunWords[] = {"none", "succeeds", "fails_once", "fails", "fails_unwaited"};
constexpr Words kEndWords[] = {"well", "fails_once", "fails_twice", "fails_4_times", "cannot_begin", "upload_fails"};
constexpr Words kYes[] = {"no", "yes"};
constexpr Words kNo[] = {"yes", "no"};
constexpr Words kReportWords[] = {"once", "twice"};
constexpr Words kDependsWords[] = {"nothing", "previous", "three_before", "next", "itself", "nobody"};
constexpr Words kExitWords[] = {"default",       "1_satisfies", "all_satisfy",
                                "0_to_3_blocks", "1_disables",  "other_nothing"};
constexpr Words kManagerWords[] = {"none", "stays", "kills_job", "shares_its_node", "on_dedicated"};
constexpr Words kFormulaWords[] = {"none", "dedicated", "spot"};
constexpr Words kAutoPoolWords[] = {"no", "stays", "goes"};

constexpr Parameter kPool{"pool", kPools, {}, "p"};  // the last two are auto pools
constexpr Parameter kNewPool{"pool", kClientPools, {}, "p"};
constexpr Parameter kNode{"node", 6};             // counted from the pool's first
constexpr Parameter kJob{"job", kJobs, {}, "j"};  // the last two are schedules'
constexpr Parameter kNewJob{"job", kClientJobs, {}, "j"};
constexpr int kManager = 12;  // the job manager's task is t12
constexpr Parameter kTask{"task", kManager + 1, {}, "t"};
constexpr Parameter kNewTask{"task", kManager, {}, "t"};
constexpr Parameter kSchedule{"schedule", 3, {}, "s"};
constexpr Parameter kDrain{"drain", 4, kDrainWords};
constexpr Parameter kJobDrain{"drain", 3, kDrainWords};
constexpr Words kDedicatedWords[] = {"1", "0", "2", "3", "4"};
constexpr Parameter kDedicated{"dedicated", 5, kDedicatedWords}, kSpot{"spot", 4};
constexpr Parameter kSlots{"more_slots", 4};
constexpr Parameter kFill{"fill", 2, kFillWords};

// --- what there is ---

std::optional<PoolKey> pool_of(const Simulation& world, const Command& command) {
  const auto found = world.state().pools_by_id.find(pool_id(command["pool"]));
  if (found == world.state().pools_by_id.end()) return std::nullopt;
  if (world.state().pools.at(found->second).status.state == PoolState::Deleting) return std::nullopt;
  return found->second;
}

std::optional<NodeKey> node_of(const Simulation& world, const Command& command) {
  const auto pool = pool_of(world, command);
  if (!pool) return std::nullopt;
  const auto& nodes = world.state().pools.at(*pool).nodes;
  const auto at = static_cast<std::size_t>(command["node"]);
  return at < nodes.size() ? std::optional(nodes[at]) : std::nullopt;
}

const NodeStatus& status_of(const Simulation& world, NodeKey node) { return world.state().nodes.at(node).status; }

// As require_ready of core/operations.
bool is_ready(NodeState state) {
  switch (state) {
    case NodeState::Creating:
    case NodeState::Starting:
    case NodeState::WaitingForStartTask:
    case NodeState::Rebooting:
    case NodeState::Reimaging:
    case NodeState::Unusable:
      return false;
    default:
      return true;
  }
}

std::optional<JobKey> job_of(const Simulation& world, const Command& command) {
  const auto found = world.jobs.find(command["job"]);
  return found == world.jobs.end() ? std::nullopt : std::optional(found->second);
}

// As require_open of core/operations.
std::optional<JobKey> open_job(const Simulation& world, const Command& command) {
  const auto job = job_of(world, command);
  if (!job) return std::nullopt;
  const JobState at = world.state().jobs.at(*job).status.state;
  const bool is_going = at == JobState::Terminating || at == JobState::Completed || at == JobState::Deleting;
  return is_going ? std::nullopt : job;
}

std::optional<TaskKey> task_of(const Simulation& world, const Command& command) {
  const auto job = job_of(world, command);
  if (!job) return std::nullopt;
  const auto found = world.tasks.find({*job, command["task"]});
  return found == world.tasks.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ScheduleKey> open_schedule(const Simulation& world, const Command& command) {
  const auto found = world.schedules.find(command["schedule"]);
  if (found == world.schedules.end()) return std::nullopt;
  const ScheduleState at = world.state().schedules.at(found->second).status.state;
  if (at != ScheduleState::Active && at != ScheduleState::Disabled) return std::nullopt;
  return found->second;
}

template <class T, std::size_t N>
T meaning(const T (&values)[N], int index) {
  return values[static_cast<std::size_t>(index)];
}

// --- the world ---

constexpr Parameter kSettings[] = {{"allocation", 3, kSecondsWords},
                                   {"node_start", 3, kSecondsWords},
                                   {"preempts_every", 3, kEveryWords},
                                   {"notice", 4, kSecondsWords},
                                   {"away", 4, kSecondsWords}};
void settings(Simulation& world, const Command& command) {
  world.state_before_all().settings = {.allocation_delay = meaning(kSeconds, command["allocation"]),
                                       .node_start_delay = meaning(kSeconds, command["node_start"]),
                                       .preemptions = {.every = meaning(kEvery, command["preempts_every"]),
                                                       .notice = meaning(kSeconds, command["notice"]),
                                                       .away = meaning(kSeconds, command["away"])}};
}

void pass(Simulation&, const Command&) {}
void restart(Simulation& world, const Command&) { world.restart(); }
void reload(Simulation& world, const Command&) { world.reload(); }

// --- pools ---

constexpr Parameter kFormula{"formula", 3, kFormulaWords};
constexpr Parameter kTogether{"together", 2, kNo};
constexpr Parameter kAddPool[] = {kNewPool,       kDedicated, kSpot,    kSlots, kFill, {"start_task", 5, kRunWords},
                                  {"retries", 3}, kFormula,   kTogether};
constexpr Parameter kChangePool[] = {kPool, kSlots, kFill, {"start_task", 5, kRunWords}, {"retries", 3}, kTogether};

// Of a start, preparation or release task, by kRunWords.
Plan plan_of(int word) { return {.failures = word == 2 ? 1 : word >= 3 ? 1000 : 0}; }

PoolSpec pool_spec(const Command& command) {
  PoolSpec spec{.task_slots = 1 + command["more_slots"],
                .fill = static_cast<FillType>(command["fill"]),
                .start_task = std::nullopt,
                .inter_node_communication = command["together"] == 0};
  if (const int start_task = command["start_task"]) {
    spec.start_task = {.wait_for_success = start_task != 4, .max_retries = command["retries"]};
  }
  return spec;
}

Targets targets(const Command& command) {
  constexpr int kDedicatedNodes[] = {1, 0, 2, 3, 4};
  return {meaning(kDedicatedNodes, command["dedicated"]), command["spot"]};
}
DrainOption drain(const Command& command) { return static_cast<DrainOption>(command["drain"]); }
constexpr Ticks kResizeTimeout = std::chrono::minutes(5);

void set_formula(Simulation& world, const Command& command, PoolKey pool, PoolSpec& spec) {
  world.formulas[pool] = static_cast<Formula>(command["formula"]);
  spec.scale_every = world.formulas[pool] == Formula::None ? std::nullopt : std::optional<Ticks>(kResizeTimeout);
}

void add_pool(Simulation& world, const Command& command) {
  const std::string id = pool_id(command["pool"]);
  if (world.state().pools_by_id.contains(id)) return;
  const PoolKey key = world.new_pool();
  world.machines().start_tasks[key] = plan_of(command["start_task"]);
  PoolSpec spec = pool_spec(command);
  set_formula(world, command, key, spec);
  world.happen(PoolAdded{key, id, spec, spec.scale_every ? Targets{} : targets(command), kResizeTimeout});
}

void change_pool(Simulation& world, const Command& command) {
  const auto pool = pool_of(world, command);
  if (!pool) return;
  world.machines().start_tasks[*pool] = plan_of(command["start_task"]);
  PoolSpec spec = pool_spec(command);
  spec.scale_every = world.state().pools.at(*pool).spec.scale_every;
  world.happen(PoolSpecChanged{*pool, spec});
}

constexpr Parameter kScale[] = {kPool, kFormula};
void scale_pool(Simulation& world, const Command& command) {
  const auto pool = pool_of(world, command);
  if (!pool) return;
  const Pool& row = world.state().pools.at(*pool);
  if (command["formula"] > 0 && row.status.allocation != AllocationState::Steady) return;
  PoolSpec spec = row.spec;
  set_formula(world, command, *pool, spec);
  world.happen(PoolScalingAsked{*pool, spec});
}

bool is_steady(const Simulation& world, PoolKey pool) {
  return world.state().pools.at(pool).status.allocation == AllocationState::Steady;
}

constexpr Parameter kResize[] = {kPool, kDedicated, kSpot, kDrain};
void resize_pool(Simulation& world, const Command& command) {
  const auto pool = pool_of(world, command);
  if (!pool || !is_steady(world, *pool) || world.state().pools.at(*pool).spec.scale_every) return;
  world.happen(PoolResizeAsked{*pool, targets(command), kResizeTimeout, drain(command)});
}

constexpr Parameter kOnlyPool[] = {kPool};
void stop_resize(Simulation& world, const Command& command) {
  const auto pool = pool_of(world, command);
  if (!pool || world.state().pools.at(*pool).status.allocation != AllocationState::Resizing) return;
  world.happen(PoolStopResizeAsked{*pool});
}

constexpr Parameter kRemoveNodes[] = {kPool, kNode, {"and_after_it", 3}, kDrain};
void remove_nodes(Simulation& world, const Command& command) {
  const auto pool = pool_of(world, command);
  if (!pool || !is_steady(world, *pool)) return;
  NodesRemoveAsked asked{*pool, {}, kResizeTimeout, drain(command)};
  const auto& nodes = world.state().pools.at(*pool).nodes;
  const auto first = static_cast<std::size_t>(command["node"]);
  const auto last = first + static_cast<std::size_t>(command["and_after_it"]);
  for (std::size_t at = first; at <= last && at < nodes.size(); ++at) asked.nodes.push_back(nodes[at]);
  if (!asked.nodes.empty()) world.happen(asked);
}

void delete_pool(Simulation& world, const Command& command) {
  if (const auto pool = pool_of(world, command)) world.happen(PoolDeleteAsked{*pool});
}

// --- nodes ---

constexpr Parameter kOnlyNode[] = {kPool, kNode};
constexpr Parameter kNodeDrain[] = {kPool, kNode, kDrain};
constexpr Parameter kNodeJobDrain[] = {kPool, kNode, kJobDrain};

void boot_again(Simulation& world, const Command& command, bool reimage) {
  const auto node = node_of(world, command);
  if (!node) return;
  const NodeState at = status_of(world, *node).state;
  if (at == NodeState::StartTaskFailed || is_ready(at)) world.happen(NodeRebootAsked{*node, drain(command), reimage});
}
void reboot_node(Simulation& world, const Command& command) { boot_again(world, command, false); }
void reimage_node(Simulation& world, const Command& command) { boot_again(world, command, true); }

void deallocate_node(Simulation& world, const Command& command) {
  const auto node = node_of(world, command);
  if (!node || !is_ready(status_of(world, *node).state)) return;
  world.happen(NodeDeallocateAsked{*node, drain(command)});
}

void start_node(Simulation& world, const Command& command) {
  const auto node = node_of(world, command);
  if (node && status_of(world, *node).state == NodeState::Deallocated) world.happen(NodeStartAsked{*node});
}

void disable_node(Simulation& world, const Command& command) {
  const auto node = node_of(world, command);
  if (!node || !status_of(world, *node).scheduling_enabled) return;
  world.happen(NodeSchedulingAsked{*node, false, drain(command)});
}

void enable_node(Simulation& world, const Command& command) {
  const auto node = node_of(world, command);
  if (!node || status_of(world, *node).scheduling_enabled) return;
  world.happen(NodeSchedulingAsked{*node, true, DrainOption::Requeue});
}

constexpr Parameter kPreempt[] = {kPool, kNode, {"notice", 4, kSecondsWords}, {"away", 4, kSecondsWords}};
void preempt_node(Simulation& world, const Command& command) {
  const auto node = node_of(world, command);
  if (!node || status_of(world, *node).dedicated) return;
  world.happen(NodePreemptAsked{*node, meaning(kSeconds, command["notice"]), meaning(kSeconds, command["away"])});
}

void break_node(Simulation& world, const Command& command) {
  const auto node = node_of(world, command);
  if (!node) return;
  const NodeState at = status_of(world, *node).state;
  if (at == NodeState::LeavingPool || at == NodeState::Deallocated || at == NodeState::Preempted) return;
  world.happen(NodeLost{*node, NodeState::Unusable, Failure{Category::ServerError, "DiskFull", "", {}}});
}

void repair_node(Simulation& world, const Command& command) {
  const auto node = node_of(world, command);
  if (!node || status_of(world, *node).state != NodeState::Unusable) return;
  world.happen(NodeRebootAsked{*node, DrainOption::Requeue, false});
}

// --- jobs ---

Plan ending(int word) {  // of kEndWords
  constexpr int kFailures[] = {0, 1, 2, 4, 0, 0};
  constexpr Trouble kTroubles[] = {Trouble::None, Trouble::None,          Trouble::None,
                                   Trouble::None, Trouble::PreProcessing, Trouble::Upload};
  return {.failures = meaning(kFailures, word), .trouble = meaning(kTroubles, word)};
}

constexpr Parameter kAddJob[] = {kNewJob,
                                 {"in", kClientPools, {}, "p"},
                                 {"auto_pool", 3, kAutoPoolWords},
                                 {"priority", 3},
                                 {"parallel", 4},
                                 {"wall_clock", 4, kLimitWords},
                                 {"ends_by_itself", 2, kYes},
                                 {"exit_actions", 2, kYes},
                                 {"dependencies", 2, kYes},
                                 {"preparation", 5, kRunWords},
                                 {"retries", 3},
                                 {"reruns", 2, kNo},
                                 {"release", 4, kRunWords},
                                 {"gives_way", 2, kYes},
                                 {"manager", 5, kManagerWords},
                                 {"manager_ends", 6, kEndWords}};

JobSpec job_spec(const Command& command) {
  JobSpec spec{.pool_id = pool_id(command["in"]),
               .priority = command["priority"],
               .max_parallel_tasks = command["parallel"] == 0 ? -1 : command["parallel"],
               .max_wall_clock = meaning(kLimits, command["wall_clock"]),
               .on_all_tasks_complete = static_cast<OnAllTasksComplete>(command["ends_by_itself"]),
               .on_task_failure = static_cast<OnTaskFailure>(command["exit_actions"]),
               .uses_dependencies = command["dependencies"] == 1};
  if (const int preparation = command["preparation"]) {
    spec.preparation = PreparationSpec{.max_retries = command["retries"],
                                       .wait_for_success = preparation != 4,
                                       .rerun_after_reboot = command["reruns"] == 0};
    spec.has_release = command["release"] > 0;
  }
  spec.deletes_pool = command["auto_pool"] == 2;
  spec.gives_way = command["gives_way"] == 1;
  return spec;
}

// Right after its job, as core/operations/create_job.cc does.
void add_manager(Simulation& world, const Command& command, JobKey job) {
  const int word = command["manager"];
  if (word == 0) return;
  TaskExtras extras;
  if (command["dependencies"] == 1) extras.id = std::to_string(kManager);
  extras.manager = ManagerSpec{.kills_job = word == 2, .is_exclusive = word != 3, .allows_low_priority = word != 4};
  const TaskKey key = world.new_task();
  world.tasks[{job, kManager}] = key;
  world.machines().tasks[key] = ending(command["manager_ends"]);
  world.happen(TasksAdded{{{key,
                            {.job = job,
                             .max_retries = command["retries"],
                             .retention = kUnlimited,
                             .extras = std::make_shared<const TaskExtras>(std::move(extras))}}}});
}

void add_job(Simulation& world, const Command& command) {
  if (world.jobs.contains(command["job"])) return;
  JobAdded added{world.new_job(), job_spec(command)};
  if (command["auto_pool"] > 0) {
    added.auto_pool = free_auto_pool(world.state());
    world.happen(PoolAdded{world.new_pool(), added.auto_pool, {}, {1, 1}, kResizeTimeout});
  }
  world.jobs[command["job"]] = added.job;
  world.machines().preparations[added.job] = plan_of(command["preparation"]);
  world.machines().releases[added.job] = plan_of(command["release"]);
  world.happen(added);
  add_manager(world, command, added.job);
}

// What is fixed at creation stays.
void change_job(Simulation& world, const Command& command) {
  const auto job = open_job(world, command);
  if (!job) return;
  const Job& old = world.state().jobs.at(*job);
  JobSpec spec = job_spec(command);
  spec.preparation = old.spec.preparation;
  spec.has_release = old.spec.has_release;
  spec.uses_dependencies = old.spec.uses_dependencies;
  spec.deletes_pool = old.spec.deletes_pool;
  if (old.spec.on_all_tasks_complete == OnAllTasksComplete::TerminateJob) {
    spec.on_all_tasks_complete = OnAllTasksComplete::TerminateJob;
  }
  if (old.status.state != JobState::Disabled) spec.pool_id = old.spec.pool_id;
  world.happen(JobSpecChanged{*job, spec});
}

constexpr Parameter kOnlyJob[] = {kJob};
constexpr Parameter kDisableJob[] = {kJob, kJobDrain};
void disable_job(Simulation& world, const Command& command) {
  if (const auto job = open_job(world, command)) world.happen(JobDisableAsked{*job, drain(command)});
}

void enable_job(Simulation& world, const Command& command) {
  if (const auto job = open_job(world, command)) world.happen(JobEnableAsked{*job});
}

void terminate_job(Simulation& world, const Command& command) {
  if (const auto job = open_job(world, command)) world.happen(JobTerminateAsked{*job, ""});
}

void let_go(Simulation& world, JobKey job) {
  world.jobs_may_go.insert(job);
  for (const auto& [first, last] : world.state().jobs.at(job).tasks) {
    for (auto task = number(first); task <= number(last); ++task) world.may_go.insert(TaskKey{task});
  }
}

void delete_job(Simulation& world, const Command& command) {
  const auto job = job_of(world, command);
  if (!job || world.state().jobs.at(*job).status.state == JobState::Deleting) return;
  let_go(world, *job);
  world.happen(JobDeleteAsked{*job});
}

// --- tasks ---

constexpr Parameter kAddTasks[] = {kJob,
                                   kNewTask,
                                   {"and_after_it", 5},
                                   {"more_slots", 3},
                                   {"retries", 4},
                                   {"retention", 4, kRetentionWords},
                                   {"wished_node", 8},
                                   {"takes", 5, kTakesWords},
                                   {"ends", 6, kEndWords},
                                   {"reports", 2, kReportWords},
                                   {"on", 6, kDependsWords},
                                   {"exit", 6, kExitWords},
                                   {"instances", 4},
                                   {"coordination", 6, kEndWords}};

int retries(const Command& command) { return command["retries"] == 3 ? -1 : command["retries"]; }

Plan task_plan(const Command& command, int ends) {
  Plan plan = ending(ends);
  plan.takes = meaning(kTakes, command["takes"]);
  plan.replies_twice = command["reports"] == 1;
  return plan;
}

ExitConditions exit_conditions(int word) {
  constexpr ExitOptions kSatisfies{JobAction::None, DependencyAction::Satisfy};
  constexpr ExitOptions kBlocks{JobAction::None, DependencyAction::Block};
  constexpr ExitOptions kDisables{JobAction::Disable, DependencyAction::Block};
  ExitConditions conditions;
  if (word == 1) conditions.codes.push_back({1, 1, kSatisfies});
  if (word == 2) conditions.pre_processing_error = conditions.upload_error = conditions.otherwise = kSatisfies;
  if (word == 3) conditions.ranges.push_back({0, 3, kBlocks});
  if (word == 4) conditions.codes.push_back({1, 1, kDisables});
  if (word == 5) conditions.otherwise = kBlocks;
  return conditions;
}

Dependencies dependencies(int word, int id) {
  Dependencies on;
  if (word == 1) on.ids.push_back(std::to_string(id - 1));
  if (word == 2) on.ranges.emplace_back(id - 3, id - 1);
  if (word == 3) on.ids.push_back(std::to_string(id + 1));
  if (word == 4) on.ids.push_back(std::to_string(id));
  if (word == 5) on.ids.emplace_back("-1");
  return on;
}

std::shared_ptr<const TaskExtras> extras(const Simulation& world, JobKey job, const Command& command, int id) {
  TaskExtras extras;
  extras.exit = exit_conditions(command["exit"]);
  extras.instances = command["instances"];
  if (world.state().jobs.at(job).spec.uses_dependencies) {
    extras.id = std::to_string(id);
    extras.dependencies = dependencies(command["on"], id);
  }
  return extras == TaskExtras{} ? nullptr : std::make_shared<const TaskExtras>(std::move(extras));
}

void add_tasks(Simulation& world, const Command& command) {
  const auto job = open_job(world, command);
  if (!job) return;
  TasksAdded added;
  const int first = command["task"], last = first + command["and_after_it"];
  for (int id = first; id <= last; ++id) {
    if (world.tasks.contains({*job, id})) continue;
    const TaskKey key = world.new_task();
    world.tasks[{*job, id}] = key;
    world.machines().tasks[key] = task_plan(command, command["ends"]);
    world.machines().coordinations[key] = task_plan(command, command["coordination"]);
    added.tasks.push_back({key,
                           {.job = *job,
                            .required_slots = static_cast<std::int16_t>(1 + command["more_slots"]),
                            .max_retries = retries(command),
                            .retention = meaning(kRetentions, command["retention"]),
                            .affinity = NodeKey{command["wished_node"]},
                            .extras = extras(world, *job, command, id)}});
  }
  if (!added.tasks.empty()) world.happen(added);
}

constexpr Parameter kChangeTask[] = {kJob, kTask, {"retries", 4}, {"retention", 4, kRetentionWords}};
void change_task(Simulation& world, const Command& command) {
  const auto key = task_of(world, command);
  if (!key) return;
  const Task& task = world.state().tasks.at(*key);
  if (task.status.state == TaskState::Completed) return;
  TaskSpec spec = task.spec;
  spec.max_retries = retries(command);
  spec.retention = meaning(kRetentions, command["retention"]);
  world.happen(TaskSpecChanged{*key, spec});
}

constexpr Parameter kOnlyTask[] = {kJob, kTask};
void terminate_task(Simulation& world, const Command& command) {
  const auto task = task_of(world, command);
  if (!task || world.state().tasks.at(*task).status.state == TaskState::Completed) return;
  world.happen(TaskTerminateAsked{*task});
}

void reactivate_task(Simulation& world, const Command& command) {
  const auto task = task_of(world, command);
  if (!task || !open_job(world, command) || !world.state().tasks.at(*task).status.failure) return;
  world.happen(TaskReactivateAsked{*task});
}

void delete_task(Simulation& world, const Command& command) {
  const auto task = task_of(world, command);
  if (!task) return;
  world.may_go.insert(*task);
  world.happen(TaskDeleteAsked{*task});
}

// --- schedules ---

constexpr Parameter kAddSchedule[] = {kSchedule,
                                      {"in", kClientPools, {}, "p"},
                                      {"auto_pool", 3, kAutoPoolWords},
                                      {"shares_pool", 2, kYes},
                                      {"every", 3, kEveryWords},
                                      {"begins_after", 5, kSecondsWords},
                                      {"ends_after", 4, kLimitWords},
                                      {"window", 4, kLimitWords},
                                      {"tasks", 4},
                                      {"ends_by_itself", 2, kNo}};

ScheduleSpec schedule_spec(const Simulation& world, const Command& command) {
  const Time begin = world.now() + meaning(kSeconds, command["begins_after"]);
  const bool has_auto_pool = command["auto_pool"] > 0, shares = has_auto_pool && command["shares_pool"] == 1;
  return {.not_until = begin,
          .not_after = after(begin, meaning(kLimits, command["ends_after"])),
          .start_window = meaning(kLimits, command["window"]),
          .interval = meaning(kEvery, command["every"]),
          .shares_pool = shares,
          .deletes_pool = shares && command["auto_pool"] == 2};
}

ScheduledJobs scheduled_jobs(const Command& command) {
  const bool has_auto_pool = command["auto_pool"] > 0, shares = has_auto_pool && command["shares_pool"] == 1;
  const auto end = command["ends_by_itself"] == 0 ? OnAllTasksComplete::TerminateJob : OnAllTasksComplete::NoAction;
  return {.spec = {.pool_id = pool_id(command["in"]),
                   .on_all_tasks_complete = end,
                   .deletes_pool = !shares && command["auto_pool"] == 2},
          .has_auto_pool = has_auto_pool,
          .tasks = command["tasks"]};
}

void add_schedule(Simulation& world, const Command& command) {
  if (world.schedules.contains(command["schedule"])) return;
  const ScheduleKey key = world.new_schedule();
  world.schedules[command["schedule"]] = key;
  world.scheduled[key] = scheduled_jobs(command);
  world.happen(ScheduleAdded{key, schedule_spec(world, command)});
}

void change_schedule(Simulation& world, const Command& command) {
  const auto key = open_schedule(world, command);
  if (!key) return;
  world.scheduled[*key] = scheduled_jobs(command);
  world.happen(ScheduleSpecChanged{*key, schedule_spec(world, command)});
}

constexpr Parameter kOnlySchedule[] = {kSchedule};
template <class Asked>
void ask_schedule(Simulation& world, const Command& command) {
  if (const auto key = open_schedule(world, command)) world.happen(Asked{*key});
}

void delete_schedule(Simulation& world, const Command& command) {
  const auto found = world.schedules.find(command["schedule"]);
  if (found == world.schedules.end()) return;
  const ScheduleKey key = found->second;
  for (const JobKey job : world.state().schedules.at(key).jobs) let_go(world, job);
  world.happen(ScheduleDeleteAsked{key});
}

constexpr Kind kKinds[] = {
    {"settings", 0, kSettings, settings},
    {"pass", 20, {}, pass},
    {"restart", 1, {}, restart},
    {"reload", 1, {}, reload},

    {"add_pool", 10, kAddPool, add_pool},
    {"change_pool", 1, kChangePool, change_pool},
    {"scale_pool", 2, kScale, scale_pool},
    {"resize_pool", 5, kResize, resize_pool},
    {"stop_resize", 2, kOnlyPool, stop_resize},
    {"remove_nodes", 3, kRemoveNodes, remove_nodes},
    {"delete_pool", 1, kOnlyPool, delete_pool},

    {"reboot_node", 5, kNodeDrain, reboot_node},
    {"reimage_node", 2, kNodeDrain, reimage_node},
    {"deallocate_node", 2, kNodeDrain, deallocate_node},
    {"start_node", 2, kOnlyNode, start_node},
    {"disable_node", 2, kNodeJobDrain, disable_node},
    {"enable_node", 5, kOnlyNode, enable_node},
    {"preempt_node", 6, kPreempt, preempt_node},
    {"break_node", 2, kOnlyNode, break_node},
    {"repair_node", 3, kOnlyNode, repair_node},

    {"add_job", 14, kAddJob, add_job},
    {"change_job", 3, kAddJob, change_job},
    {"disable_job", 3, kDisableJob, disable_job},
    {"enable_job", 10, kOnlyJob, enable_job},
    {"terminate_job", 1, kOnlyJob, terminate_job},
    {"delete_job", 6, kOnlyJob, delete_job},

    {"add_tasks", 50, kAddTasks, add_tasks},
    {"change_task", 3, kChangeTask, change_task},
    {"terminate_task", 4, kOnlyTask, terminate_task},
    {"reactivate_task", 4, kOnlyTask, reactivate_task},
    {"delete_task", 3, kOnlyTask, delete_task},

    {"add_schedule", 3, kAddSchedule, add_schedule},
    {"change_schedule", 1, kAddSchedule, change_schedule},
    {"disable_schedule", 1, kOnlySchedule, ask_schedule<ScheduleDisableAsked>},
    {"enable_schedule", 1, kOnlySchedule, ask_schedule<ScheduleEnableAsked>},
    {"terminate_schedule", 1, kOnlySchedule, ask_schedule<ScheduleTerminateAsked>},
    {"delete_schedule", 1, kOnlySchedule, delete_schedule},
};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

}  // namespace batchite::simulation
