// Random histories with a store beside them: whatever happens in whatever order, all derived data stays what a recount
// gives, nothing that could run waits, what hosts are told makes sense, and a store that writes what was touched knows
// everything.
#include <algorithm>
#include <random>

#include "core/status_text.h"
#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

// A host of a kind: it remembers what it was told to do and reports some of it, sometimes late.
class History {
 public:
  explicit History(unsigned seed) : random_(seed) {
    state_.settings.allocation_delay = seconds(pick(3) * 5);
    state_.settings.node_start_delay = seconds(pick(2) * 7);
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      now_ += Ticks(static_cast<std::int64_t>(pick(3) ? pick(100) : pick(1'000'000'000)));
      happens(pick(100) < 55 ? report() : request());
      if (i % 8 == 0) expect_all_kept();
      if (pick(200) == 0) restore();  // as after a commit that failed: the host goes on
    }
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  bool chance(std::size_t percent) { return pick(100) < percent; }

  void happens(const Event& event) {
    Effects effects;
    ended(event);
    step(state_, event, now_, effects);
    check(state_);
    for (const Action& action : effects.actions) std::visit([&](const auto& a) { told(a); }, action);
    for (const TaskKey key : effects.touched.tasks) EXPECT_FALSE(explain(state_, key).empty());
    expect_the_same_processes();
    keep(effects);
  }

  // --- the store ---
  struct Kept {
    std::map<PoolKey, std::string> pools;
    std::map<NodeKey, std::string> nodes;
    std::map<JobKey, std::string> jobs;
    std::map<TaskKey, std::string> tasks;
    std::map<std::pair<JobKey, NodeKey>, std::string> job_nodes;
  };
  void keep(const Effects& effects) {
    for (const auto key : effects.touched.pools) kept_.pools[key] = to_text(state_.pools.at(key).status);
    for (const auto key : effects.touched.nodes) kept_.nodes[key] = to_text(state_.nodes.at(key).status);
    for (const auto key : effects.touched.jobs) kept_.jobs[key] = to_text(state_.jobs.at(key).status);
    for (const auto key : effects.touched.tasks) kept_.tasks[key] = to_text(state_.tasks.at(key));
    for (const auto& key : effects.touched.job_nodes) {
      kept_.job_nodes[key] = to_text(state_.jobs.at(key.first).nodes.at(key.second));
    }
    for (const auto key : effects.erased.pools) kept_.pools.erase(key);
    for (const auto key : effects.erased.nodes) kept_.nodes.erase(key);
    for (const auto key : effects.erased.jobs) {
      kept_.jobs.erase(key);
      std::erase_if(kept_.job_nodes, [key](const auto& one) { return one.first.first == key; });
    }
    for (const auto key : effects.erased.tasks) kept_.tasks.erase(key);
  }
  void expect_all_kept() {
    Kept all;
    for (const auto& [key, pool] : state_.pools) all.pools[key] = to_text(pool.status);
    for (const auto& [key, node] : state_.nodes) all.nodes[key] = to_text(node.status);
    for (const auto& [key, job] : state_.jobs) {
      all.jobs[key] = to_text(job.status);
      for (const auto& [node, status] : job.nodes) all.job_nodes[{key, node}] = to_text(status);
    }
    state_.tasks.each([&](TaskKey key, const Task& task) { all.tasks[key] = to_text(task); });
    // What changed and was not told would be lost.
    ASSERT_EQ(all.pools, kept_.pools);
    ASSERT_EQ(all.nodes, kept_.nodes);
    ASSERT_EQ(all.jobs, kept_.jobs);
    ASSERT_EQ(all.tasks, kept_.tasks);
    ASSERT_EQ(all.job_nodes, kept_.job_nodes);
  }
  // What the store gives back is enough to go on with.
  void restore() {
    State fresh;
    fresh.settings = state_.settings;
    fresh.last_node = state_.last_node;
    for (const auto& [key, text] : kept_.pools) {
      Pool& pool = fresh.pools[key];
      pool.id = state_.pools.at(key).id;
      pool.spec = state_.pools.at(key).spec;
      from_text(text, pool.status);
    }
    for (const auto& [key, text] : kept_.nodes) from_text(text, fresh.nodes[key].status);
    for (const auto& [key, text] : kept_.jobs) {
      Job& job = fresh.jobs[key];
      job.spec = state_.jobs.at(key).spec;
      from_text(text, job.status);
    }
    for (const auto& [key, text] : kept_.job_nodes) from_text(text, fresh.jobs.at(key.first).nodes[key.second]);
    for (const auto& [key, text] : kept_.tasks) {
      Task& task = fresh.tasks.add(key);
      from_text(text, task);
      task.spec.job = state_.tasks.at(key).spec.job;
    }
    state_ = std::move(fresh);
    rebuild(state_);
    check(state_);
  }

  // --- the host ---
  void told(const BootNode& a) {
    std::erase_if(job_processes_, [&](const auto& one) { return std::get<NodeKey>(one.first) == a.node; });
    reports_.push_back(NodeBooted{a.node, a.boot});
  }
  void told(const RemoveNode& a) { reports_.push_back(NodeRemoved{a.node}); }
  void told(const RunStartTask& a) { reports_.push_back(StartTaskExited{a.node, a.boot, a.attempt, outcome()}); }
  void told(const RunTask& a) {
    EXPECT_TRUE(processes_.emplace(a.task, std::pair(a.attempt, a.node)).second) << "it runs twice";
    EXPECT_EQ(state_.nodes.at(a.node).status.last_boot != kNever, true);
    reports_.push_back(TaskExited{a.task, a.attempt, outcome()});
  }
  void told(const RunCoordination& a) {
    const std::pair at(a.task, a.instance);
    EXPECT_TRUE(coordinations_.emplace(at, std::pair(a.attempt, a.node)).second) << "it runs twice";
    reports_.push_back(CoordinationExited{a.task, a.attempt, a.instance, chance(80) ? well() : outcome()});
  }
  void told(const KillTask& a) {
    std::erase_if(coordinations_,
                  [&](const auto& one) { return one.first.first == a.task && one.second.first == a.attempt; });
    const auto it = processes_.find(a.task);
    if (it != processes_.end() && it->second == std::pair(a.attempt, a.node)) processes_.erase(it);
  }
  void told(const RunJobTask& a) {
    EXPECT_TRUE(job_processes_.emplace(std::tuple(a.job, a.node, a.which), a.attempt).second) << "it runs twice";
    reports_.push_back(JobTaskExited{a.job, a.node, a.which, a.attempt, outcome()});
  }
  void told(const KillJobTask& a) {
    const auto it = job_processes_.find({a.job, a.node, a.which});
    if (it != job_processes_.end() && it->second == a.attempt) job_processes_.erase(it);
  }
  void told(const RemoveJobTaskFiles& a) { EXPECT_TRUE(state_.nodes.contains(a.node)); }
  void told(const KillStartTask&) {}
  void told(const RemoveTaskFiles&) {}
  void told(const MeasurePool&) {}
  void told(const WakeAt&) {}

  // Processes end by themselves or by orders; the scheduler must be of the same opinion.
  void ended(const Event& event) {
    if (std::holds_alternative<HostRestarted>(event)) {
      processes_.clear();
      coordinations_.clear();
      job_processes_.clear();
    }
    if (const auto* e = std::get_if<JobTaskExited>(&event)) {
      const auto it = job_processes_.find({e->job, e->node, e->which});
      if (it != job_processes_.end() && it->second == e->attempt) job_processes_.erase(it);
    }
    const auto* exited = std::get_if<TaskExited>(&event);
    if (!exited) return;
    const auto it = processes_.find(exited->task);
    if (it != processes_.end() && it->second.first == exited->attempt) processes_.erase(it);
  }
  void expect_the_same_processes() {
    std::size_t running = 0;
    decltype(coordinations_) expected;
    state_.tasks.each([&](TaskKey key, const Task& task) {
      if (task.status.state != TaskState::Running) return;
      if (const Instances* instances = task.status.instances.get()) {
        for (std::size_t i = 0; i < instances->size(); ++i) {
          const std::pair process(task.status.attempt, (*instances)[i].node);
          expected.emplace(std::pair(key, static_cast<int>(i)), process);
        }
        if (!std::ranges::all_of(*instances, &Instance::coordinated)) return;
      }
      ++running;
      const auto it = processes_.find(key);
      ASSERT_TRUE(it != processes_.end()) << "task " << number(key) << " runs, but no process does";
      EXPECT_EQ(it->second, std::pair(task.status.attempt, task.status.node));
    });
    EXPECT_EQ(running, processes_.size()) << "a process was forgotten";
    EXPECT_EQ(expected, coordinations_) << "with what they left running";
    std::map<std::tuple<JobKey, NodeKey, JobTask>, std::int32_t> of_jobs;
    for (const auto& [key, job] : state_.jobs) {
      for (const auto& [node, status] : job.nodes) {
        using At = JobTaskStatus::State;
        if (status.preparation.state == At::Running)
          of_jobs.emplace(std::tuple(key, node, JobTask::Preparation), status.preparation.attempt);
        if (status.release.state == At::Running)
          of_jobs.emplace(std::tuple(key, node, JobTask::Release), status.release.attempt);
      }
    }
    EXPECT_EQ(of_jobs, job_processes_);
  }

  Outcome well() { return {.exit_code = 0, .failure = std::nullopt, .may_retry = true, .started = now_}; }
  Outcome outcome() {
    Outcome result{.exit_code = chance(70) ? 0 : 1, .failure = std::nullopt, .may_retry = true, .started = now_};
    if (chance(10)) result = {std::nullopt, Failure{Category::UserError, "BlobNotFound", "", {}}, false, now_};
    if (!result.exit_code) result.trouble = Trouble::PreProcessing;
    if (result.exit_code && chance(5)) result.trouble = Trouble::Upload;
    return result;
  }

  Event report() {
    if (reports_.empty()) return Tick{};
    const std::size_t at = pick(std::min<std::size_t>(reports_.size(), 8));
    const Event event = reports_[at];
    if (!chance(5)) reports_.erase(reports_.begin() + static_cast<std::ptrdiff_t>(at));  // else once more, later
    return event;
  }

  // --- clients ---
  template <class Key, class Row>
  std::optional<Key> any(const std::unordered_map<Key, Row>& rows) {
    if (rows.empty()) return std::nullopt;
    std::vector<Key> keys;
    for (const auto& [key, row] : rows) keys.push_back(key);
    std::ranges::sort(keys);  // the order of a hash table is no one's business
    return keys[pick(keys.size())];
  }
  std::optional<TaskKey> any_task() {
    if (last_task_ == 0) return std::nullopt;
    const auto from = std::max<std::int64_t>(1, last_task_ - 60);
    const TaskKey key{from + static_cast<std::int64_t>(pick(static_cast<std::size_t>(last_task_ - from + 1)))};
    if (!state_.tasks.contains(key)) return std::nullopt;
    return key;
  }
  Targets targets() { return {static_cast<int>(pick(5)), static_cast<int>(pick(4))}; }
  DrainOption drain(std::size_t options = 4) { return static_cast<DrainOption>(pick(options)); }
  JobSpec job_spec() {
    JobSpec spec = plain_job_spec();
    if (chance(50)) return spec;
    spec.preparation = PreparationSpec{
        .max_retries = static_cast<int>(pick(3)), .wait_for_success = chance(70), .rerun_after_reboot = chance(50)};
    spec.has_release = chance(60);
    return spec;
  }
  JobSpec plain_job_spec() {
    return {.pool_id = fmt::format("pool{}", pick(4)),
            .priority = static_cast<int>(pick(3)),
            .max_parallel_tasks = chance(30) ? static_cast<int>(1 + pick(4)) : -1,
            .max_wall_clock = chance(20) ? Ticks(seconds(pick(5000))) : kUnlimited,
            .max_task_retries = 0,
            .on_all_tasks_complete = chance(20) ? OnAllTasksComplete::TerminateJob : OnAllTasksComplete::NoAction,
            .on_task_failure = chance(20) ? OnTaskFailure::PerformExitOptionsJobAction : OnTaskFailure::NoAction,
            .uses_dependencies = chance(40),
            .gives_way = chance(40)};
  }
  ExitOptions exit_options() {
    const auto action = chance(80) ? JobAction::None : static_cast<JobAction>(pick(3));
    return {action, chance(70) ? DependencyAction::Satisfy : DependencyAction::Block};
  }
  ExitConditions exit_conditions() {
    ExitConditions conditions;
    if (chance(30)) conditions.codes.push_back({1, 1, exit_options()});
    if (chance(30)) conditions.ranges.push_back({0, 3, exit_options()});
    if (chance(30)) conditions.pre_processing_error = exit_options();
    if (chance(30)) conditions.upload_error = exit_options();
    if (chance(30)) conditions.otherwise = exit_options();
    return conditions;
  }
  // On tasks of about the same age, now and then on itself or on one that comes later; rarely on nobody.
  Dependencies dependencies(std::int64_t near) {
    const auto any = [&] { return std::max<std::int64_t>(1, near - 8 + static_cast<std::int64_t>(pick(10))); };
    Dependencies on;
    if (chance(40)) on.ids.push_back(std::to_string(any()));
    if (chance(3)) on.ids.emplace_back("nobody");
    if (chance(30)) {
      const std::int64_t first = any();
      on.ranges.emplace_back(first, first + static_cast<std::int64_t>(pick(3)));
    }
    return on;
  }
  // Ids are the numbers of tasks, some with a zero before.
  std::shared_ptr<const TaskExtras> extras(JobKey job, std::int64_t task) {
    const bool uses_dependencies = state_.jobs.at(job).spec.uses_dependencies;
    if (!uses_dependencies && chance(80)) return nullptr;
    TaskExtras extras;
    if (chance(25)) extras.instances = static_cast<std::int32_t>(1 + pick(3));
    extras.exit = exit_conditions();
    if (uses_dependencies) {
      extras.id = (chance(10) ? "0" : "") + std::to_string(task);
      extras.dependencies = dependencies(task);
    }
    return std::make_shared<const TaskExtras>(std::move(extras));
  }
  void make_manager(TaskSpec& task) {
    TaskExtras more = task.extras ? *task.extras : TaskExtras();
    more.dependencies = {};
    more.instances = 0;
    more.manager = {.kills_job = chance(30), .is_exclusive = chance(60), .allows_low_priority = chance(80)};
    task.extras = std::make_shared<const TaskExtras>(std::move(more));
  }
  TaskSpec task_spec(JobKey job) {
    static constexpr std::int64_t kRetentions[] = {0, 100, 3600};
    return {.job = job,
            .required_slots = static_cast<std::int16_t>(1 + pick(chance(20) ? 5 : 2)),
            .max_retries = static_cast<std::int32_t>(pick(4)) - 1,
            .retention = chance(30) ? kUnlimited : Ticks(seconds(kRetentions[pick(3)])),
            .affinity = NodeKey{static_cast<std::int64_t>(pick(12))}};
  }

  Event request() {
    const std::size_t which = pick(100);
    if (which < 45) return task_request(which);
    if (which < 70) return job_request(which);
    return which < 82 ? node_request(which) : pool_request(which);
  }

  // Clients are told so: JobBeingTerminated, JobCompleted, JobBeingDeleted.
  static bool is_on_its_way_out(const Job& job) {
    const JobState at = job.status.state;
    return at == JobState::Terminating || at == JobState::Completed || at == JobState::Deleting;
  }

  Event task_request(std::size_t which) {
    const auto job = any(state_.jobs);
    if (which < 25 && job) {
      if (is_on_its_way_out(state_.jobs.at(*job))) return Tick{};
      TasksAdded added;
      for (std::size_t i = 0, count = 1 + pick(6); i < count; ++i) {
        added.tasks.push_back({TaskKey{++last_task_}, task_spec(*job)});
        added.tasks.back().spec.extras = extras(*job, last_task_);
      }
      if (state_.jobs.at(*job).tasks.empty() && chance(50)) make_manager(added.tasks.front().spec);
      if (chance(10)) last_task_ += 1000;  // a page of its own
      return added;
    }
    const auto task = any_task();
    if (!task) return Tick{};
    if (which < 30) return TaskTerminateAsked{*task};
    if (which < 35) return TaskDeleteAsked{*task};
    if (which < 40) return TaskSpecChanged{*task, task_spec(state_.tasks.at(*task).spec.job)};
    if (is_on_its_way_out(state_.jobs.at(state_.tasks.at(*task).spec.job))) return Tick{};
    return TaskReactivateAsked{*task};
  }

  Event job_request(std::size_t which) {
    if (which < 52 && state_.jobs.size() < 12) return JobAdded{JobKey{++last_job_}, job_spec()};
    const auto job = any(state_.jobs);
    if (!job) return Tick{};
    const Job& row = state_.jobs.at(*job);
    if (which < 57) {
      JobSpec spec = job_spec();
      spec.preparation = row.spec.preparation;  // fixed at creation
      spec.has_release = row.spec.has_release;
      if (row.status.state != JobState::Disabled) spec.pool_id = row.spec.pool_id;
      if (is_on_its_way_out(row)) return Tick{};
      spec.uses_dependencies = row.spec.uses_dependencies;
      return JobSpecChanged{*job, spec};
    }
    if (which < 61) return JobDisableAsked{*job, drain(3)};
    if (which < 66) return JobEnableAsked{*job};
    if (which < 68) return JobTerminateAsked{*job, ""};
    return JobDeleteAsked{*job};
  }

  Event node_request(std::size_t which) {
    const auto node = any(state_.nodes);
    if (!node) return Tick{};
    const NodeState at = state_.nodes.at(*node).status.state;
    if (which < 71 && at == NodeState::Deallocated) return NodeStartAsked{*node};
    if (which < 71) return NodeDeallocateAsked{*node, drain()};
    if (which < 73) {
      if (at != NodeState::Idle && at != NodeState::Running) return Tick{};
      return NodeRebootAsked{*node, drain(), chance(50)};
    }
    if (which < 79) return NodeSchedulingAsked{*node, chance(60), drain(3)};
    if (which < 81) return NodePreemptAsked{*node, Ticks(seconds(pick(3) * 20)), Ticks(seconds(pick(3) * 100))};
    return NodeLost{*node, NodeState::Unusable, Failure{Category::ServerError, "DiskFull", "", {}}};
  }

  Event pool_request(std::size_t which) {
    const auto pool = any(state_.pools);
    if (which < 86) {
      const std::string id = fmt::format("pool{}", pick(4));
      if (state_.pools_by_id.contains(id)) return Tick{};
      PoolSpec spec{.task_slots = static_cast<int>(chance(50) ? 1 : 1 + pick(4)),
                    .fill = chance(50) ? FillType::Pack : FillType::Spread,
                    .start_task = std::nullopt,
                    .inter_node_communication = chance(60)};
      if (chance(40)) spec.start_task = {.wait_for_success = chance(60), .max_retries = static_cast<int>(pick(3))};
      return PoolAdded{PoolKey{++last_pool_}, id, spec, targets(), minutes(5)};
    }
    if (!pool) return Tick{};
    const PoolStatus& status = state_.pools.at(*pool).status;
    if (which == 99) return chance(60) ? Event(PoolDeleteAsked{*pool}) : Event(HostRestarted{});
    if (status.allocation != AllocationState::Steady) return PoolStopResizeAsked{*pool};
    if (which < 95) return PoolResizeAsked{*pool, targets(), minutes(5), drain()};
    NodesRemoveAsked removal{*pool, {}, minutes(5), drain()};
    for (const NodeKey node : state_.pools.at(*pool).nodes) {
      if (chance(40)) removal.nodes.push_back(node);
    }
    return removal;
  }

  std::mt19937 random_;
  State state_;
  Kept kept_;
  Time now_ = Time(hours(24 * 365 * 50));
  std::vector<Event> reports_;
  std::map<TaskKey, std::pair<std::int32_t, NodeKey>> processes_;  // task -> attempt, node
  std::map<std::pair<TaskKey, int>, std::pair<std::int32_t, NodeKey>> coordinations_;
  std::map<std::tuple<JobKey, NodeKey, JobTask>, std::int32_t> job_processes_;  // -> attempt
  std::int64_t last_task_ = 0, last_job_ = 0, last_pool_ = 0;
};

class SchedulerRandomTest : public testing::TestWithParam<unsigned> {};

TEST_P(SchedulerRandomTest, AnyHistoryLeavesEverythingCountedRightly) {
  SCOPED_TRACE(fmt::format("seed {}", GetParam()));
  History history(GetParam());
  EXPECT_NO_THROW(history.run(2000));
}
INSTANTIATE_TEST_SUITE_P(Seeds, SchedulerRandomTest, testing::Range(1U, 21U));

}  // namespace
}  // namespace batchite
