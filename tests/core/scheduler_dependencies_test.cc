#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

class SchedulerDependenciesTest : public SchedulerStory {
 protected:
  void SetUp() override {
    given_pool("p", {.dedicated = 2, .slots = 4});
    add_job("j", {.dependencies = true});
  }
  std::string add_after(const std::string& id, const Dependencies& on) { return add(id, {.on = on}); }
  std::string terminate(const std::string& id) { return happens(TaskTerminateAsked{task(id)}); }
  std::string reactivate(const std::string& id) { return happens(TaskReactivateAsked{task(id)}); }
  std::string erase(const std::string& id) { return happens(TaskDeleteAsked{task(id)}); }
  const Job& the_job() { return state_.jobs.at(job("j")); }
};

TEST_F(SchedulerDependenciesTest, ADiamondRunsFromItsTopToItsBottom) {
  EXPECT_EQ(add("top"), "run top#1 on n1");
  EXPECT_EQ(add_after("left", {.ids = {"top"}, .ranges = {}}), "");
  EXPECT_EQ(add_after("right", {.ids = {"top"}, .ranges = {}}), "");
  EXPECT_EQ(add_after("bottom", {.ids = {"left", "right"}, .ranges = {}}), "");
  EXPECT_EQ(the_job().blocked, 3);
  EXPECT_EQ(the_job().counts.active, 3) << "who waits is active";
  EXPECT_EQ(exited("top", 1), "run left#1 on n2; run right#1 on n1");
  EXPECT_EQ(exited("right", 1), "");
  EXPECT_EQ(the_job().blocked, 1);
  EXPECT_EQ(exited("left", 1), "run bottom#1 on n1");
  EXPECT_EQ(shown("bottom"), "running, was active, on n1");
}

TEST_F(SchedulerDependenciesTest, ARangeWaitsForEachOfItsNumbers) {
  add_after("sum", {.ids = {}, .ranges = {{1, 3}}});
  EXPECT_EQ(add("1"), "run 1#1 on n1");
  EXPECT_EQ(add("03"), "run 03#1 on n2");
  EXPECT_EQ(add("2b"), "run 2b#1 on n1");
  exited("1", 1), exited("03", 1);
  EXPECT_EQ(exited("2b", 1), "") << "it is no number";
  add("2");
  EXPECT_EQ(exited("2", 1), "run sum#1 on n1");
}

TEST_F(SchedulerDependenciesTest, DependenciesThatAreOverAlreadyNeedNoWaiting) {
  add("a");
  exited("a", 1);
  EXPECT_EQ(add_after("b", {.ids = {"a"}, .ranges = {}}), "run b#1 on n2");
}

TEST_F(SchedulerDependenciesTest, AFailedParentBlocksUntilItHasRunWellAfterAll) {
  add("a", {.retries = 1});
  add_after("b", {.ids = {"a"}, .ranges = {}});
  EXPECT_EQ(exited("a", 1, 1), "run a#2 on n1") << "a retry decides nothing";
  EXPECT_EQ(exited("a", 2, 1), "");
  EXPECT_EQ(shown("b"), "active");
  EXPECT_EQ(reactivate("a"), "clean a on n1; run a#3 on n2");
  EXPECT_EQ(exited("a", 3), "run b#1 on n1");
}

TEST_F(SchedulerDependenciesTest, WhoWasEndedByRequestBlocks) {
  add("a");
  add_after("b", {.ids = {"a"}, .ranges = {}});
  add_after("c", {.ids = {"b"}, .ranges = {}});
  EXPECT_EQ(terminate("b"), "");
  EXPECT_EQ(shown("b"), "completed, was active, TaskEnded");
  EXPECT_EQ(the_job().blocked, 1);
  EXPECT_EQ(exited("a", 1), "");
  EXPECT_EQ(shown("c"), "active");
  EXPECT_EQ(reactivate("b"), "run b#1 on n2") << "what it waited for has been done meanwhile";
  EXPECT_EQ(exited("b", 1), "run c#1 on n1");
}

TEST_F(SchedulerDependenciesTest, SelfAndCircleWaitForEver) {
  EXPECT_EQ(add_after("self", {.ids = {"self"}, .ranges = {}}), "");
  EXPECT_EQ(add_after("7", {.ids = {}, .ranges = {{7, 7}}}), "");
  EXPECT_EQ(add_after("x", {.ids = {"y"}, .ranges = {}}), "");
  EXPECT_EQ(add_after("y", {.ids = {"x"}, .ranges = {}}), "");
  EXPECT_EQ(later(hours(1000)), "");
  EXPECT_EQ(the_job().blocked, 4);
}

TEST_F(SchedulerDependenciesTest, WhatWasReleasedStaysSo) {
  happens(PoolDeleteAsked{pool("p")});
  removed(1), removed(2);
  given_pool("p", {.dedicated = 1});
  add("a");
  add_after("b", {.ids = {"a"}, .ranges = {}});
  add_after("c", {.ids = {"a", "b"}, .ranges = {}});
  add("filler");
  exited("a", 1);
  EXPECT_EQ(shown("b"), "active") << "the filler was first";
  EXPECT_EQ(erase("a"), "clean a on n3");
  restarts();
  EXPECT_EQ(exited("filler", 1), "run b#1 on n3");
  EXPECT_EQ(exited("b", 1), "") << "the one that was not released yet waits for what is not there";
  EXPECT_EQ(the_job().blocked, 1);
  EXPECT_EQ(add("a"), "run a#1 on n3");
  EXPECT_EQ(exited("a", 1), "run c#1 on n3");
}

TEST_F(SchedulerDependenciesTest, ARestartChangesNothing) {
  add("1"), add("2"), add("3");
  add_after("sum", {.ids = {}, .ranges = {{1, 3}}});
  add_after("other", {.ids = {"2"}, .ranges = {}});
  exited("2", 1);
  EXPECT_EQ(task_status("other").state, TaskState::Running);
  exited("1", 1, 9);
  restarts();
  EXPECT_EQ(the_job().blocked, 1);
  EXPECT_EQ(exited("3", 1), "");
  reactivate("1");
  restarts();
  EXPECT_EQ(exited("1", 2), "run sum#1 on n1");
}

TEST_F(SchedulerDependenciesTest, ATaskThatRanOnceDoesNotWaitAgain) {
  add("a");
  add_after("b", {.ids = {"a"}, .ranges = {}});
  exited("a", 1);
  exited("b", 1, 5);
  happens(TaskDeleteAsked{task("a")});
  EXPECT_EQ(reactivate("b"), "clean b on n2; run b#2 on n1");
}

TEST_F(SchedulerDependenciesTest, WhoWaitsKeepsTheJobFromBeingComplete) {
  add_job("k", {.on_complete = OnAllTasksComplete::TerminateJob, .dependencies = true});
  add("a", {}, "k");
  add("b", {.on = {.ids = {"a"}, .ranges = {}}}, "k");
  exited("a", 1, 3);
  later(hours(1));
  EXPECT_EQ(job_status("k").state, JobState::Active);
  happens(TaskDeleteAsked{task("b")});
  EXPECT_EQ(job_status("k").state, JobState::Completed);
}

TEST_F(SchedulerDependenciesTest, ReleasesInAJobThatIsDisabledCountOnceItIsEnabled) {
  add("a");
  add_after("b", {.ids = {"a"}, .ranges = {}});
  happens(JobDisableAsked{job("j"), DrainOption::TaskCompletion});
  EXPECT_EQ(exited("a", 1), "");
  EXPECT_EQ(the_job().blocked, 0);
  EXPECT_EQ(happens(JobEnableAsked{job("j")}), "run b#1 on n2");
}

TEST_F(SchedulerDependenciesTest, JobsDoNotSeeEachOthersTasks) {
  add_job("k", {.dependencies = true});
  add("a");
  add("b", {.on = {.ids = {"a"}, .ranges = {}}}, "k");
  exited("a", 1);
  EXPECT_EQ(shown("b"), "active");
  happens(JobDeleteAsked{job("k")});
  EXPECT_FALSE(state_.tasks.contains(task("b")));
}

}  // namespace
}  // namespace batchite
