#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

constexpr ExitOptions kGo{JobAction::None, DependencyAction::Satisfy};
constexpr ExitOptions kStop{JobAction::Terminate, DependencyAction::Block};
constexpr ExitOptions kPause{JobAction::Disable, DependencyAction::Satisfy};

Outcome ended(std::optional<int> exit_code, Trouble trouble = Trouble::None) {
  Outcome outcome{.exit_code = exit_code, .failure = std::nullopt, .may_retry = true, .started = kNever};
  outcome.trouble = trouble;
  if (trouble == Trouble::PreProcessing || (trouble == Trouble::Upload && exit_code == 0)) {
    outcome.failure = Failure{Category::UserError, "BlobNotFound", "", {}};
  }
  return outcome;
}

ExitConditions on_code(int code, const ExitOptions& options) {
  ExitConditions conditions;
  conditions.codes.push_back({code, code, options});
  return conditions;
}

class SchedulerExitConditionsTest : public SchedulerStory {
 protected:
  void SetUp() override {
    given_pool("p", {.dedicated = 1, .slots = 3});
    add_job("j", {.on_failure = OnTaskFailure::PerformExitOptionsJobAction, .dependencies = true});
  }
  void ends(const std::string& id, const Outcome& outcome) { happens(TaskExited{task(id), 1, outcome}); }
  JobState job_state() { return job_status("j").state; }
};

// What a task whose conditions are these does to its job and to a dependant.
struct Case {
  ExitConditions exit;
  Outcome outcome;
  JobState job;
  bool satisfies;
};

class SchedulerExitCasesTest : public SchedulerExitConditionsTest, public testing::WithParamInterface<Case> {};

TEST_P(SchedulerExitCasesTest, TheFirstConditionThatAppliesDecides) {
  const Case& one = GetParam();
  add("a", {.exit = one.exit});
  add("after", {.on = {.ids = {"a"}, .ranges = {}}});
  ends("a", one.outcome);
  EXPECT_EQ(job_state(), one.job);
  EXPECT_EQ(task_status("after").released, one.satisfies);
}

const ExitConditions kAll{.codes = {{4, 4, kGo}, {0, 0, kStop}},
                          .ranges = {{3, 9, kPause}, {5, 20, kStop}},
                          .pre_processing_error = kPause,
                          .upload_error = kGo,
                          .otherwise = ExitOptions{JobAction::None, DependencyAction::Block}};
const ExitConditions kOnlyDefault{
    .codes = {}, .ranges = {}, .pre_processing_error = {}, .upload_error = {}, .otherwise = kGo};

INSTANTIATE_TEST_SUITE_P(Cases, SchedulerExitCasesTest,
                         testing::Values(
                             // Nothing said: success lets dependants go, all else ends the job.
                             Case{{}, ended(0), JobState::Active, true}, Case{{}, ended(1), JobState::Completed, false},
                             Case{{}, ended(std::nullopt, Trouble::PreProcessing), JobState::Completed, false},
                             Case{{}, ended(0, Trouble::Upload), JobState::Completed, false},
                             // A code goes before a range, the first range before the next.
                             Case{kAll, ended(4), JobState::Active, true},
                             Case{kAll, ended(6), JobState::Disabled, true},
                             Case{kAll, ended(12), JobState::Completed, false},
                             Case{kAll, ended(21), JobState::Active, false},
                             Case{kAll, ended(0), JobState::Completed, false},
                             // Then what else went wrong.
                             Case{kAll, ended(std::nullopt, Trouble::PreProcessing), JobState::Disabled, true},
                             Case{kAll, ended(30, Trouble::Upload), JobState::Active, true},
                             Case{kAll, ended(12, Trouble::Upload), JobState::Completed, false},
                             Case{kAll, ended(0, Trouble::Upload), JobState::Completed, false},
                             // The default is for every failure, never for success.
                             Case{kOnlyDefault, ended(1), JobState::Active, true},
                             Case{kOnlyDefault, ended(std::nullopt, Trouble::PreProcessing), JobState::Active, true},
                             Case{kOnlyDefault, ended(0, Trouble::Upload), JobState::Active, true},
                             Case{{.codes = {},
                                   .ranges = {},
                                   .pre_processing_error = {},
                                   .upload_error = {},
                                   .otherwise = ExitOptions{JobAction::Terminate, DependencyAction::Block}},
                                  ended(0),
                                  JobState::Active,
                                  true}));

TEST_F(SchedulerExitConditionsTest, AFailureThatTerminatesTheJobSaysSo) {
  add("a"), add("b");
  EXPECT_EQ(exited("a", 1, 1), "kill b#1 on n1");
  EXPECT_EQ(job_status("j").terminate_reason, "TaskFailed");
  EXPECT_EQ(job_state(), JobState::Completed);
}

TEST_F(SchedulerExitConditionsTest, AFailureThatDisablesTheJobSendsItsOtherTasksBack) {
  add("a", {.exit = on_code(7, kPause)});
  add("b");
  add("after", {.on = {.ids = {"a"}, .ranges = {}}});
  EXPECT_EQ(exited("a", 1, 7), "kill b#1 on n1");
  EXPECT_EQ(job_state(), JobState::Disabled);
  EXPECT_EQ(shown("b"), "active, was running, 1 requeues, on n1");
  EXPECT_EQ(happens(JobEnableAsked{job("j")}), "clean b on n1; run b#2 on n1; run after#1 on n1");
}

TEST_F(SchedulerExitConditionsTest, RetriesComeFirst) {
  add("a", {.retries = 1, .exit = on_code(7, kStop)});
  EXPECT_EQ(exited("a", 1, 7), "run a#2 on n1");
  EXPECT_EQ(job_state(), JobState::Active);
  exited("a", 2, 7);
  EXPECT_EQ(job_state(), JobState::Completed);
}

TEST_F(SchedulerExitConditionsTest, AJobThatDoesNotAskForItIsLeftAlone) {
  add_job("k", {.dependencies = true});
  add("a", {.exit = on_code(7, kPause)}, "k");
  add("after", {.on = {.ids = {"a"}, .ranges = {}}}, "k");
  EXPECT_EQ(exited("a", 1, 7), "run after#1 on n1");
  EXPECT_EQ(job_status("k").state, JobState::Active);
}

TEST_F(SchedulerExitConditionsTest, WhoIsEndedByRequestDoesNothingToItsJob) {
  add("a", {.exit = kOnlyDefault});
  add("after", {.on = {.ids = {"a"}, .ranges = {}}});
  happens(TaskTerminateAsked{task("a")});
  EXPECT_EQ(job_state(), JobState::Active);
  EXPECT_EQ(shown("after"), "active");
}

}  // namespace
}  // namespace batchite
