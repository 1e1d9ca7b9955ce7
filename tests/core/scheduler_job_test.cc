#include <gmock/gmock.h>

#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SchedulerJobTest : public SchedulerStory {
 protected:
  void SetUp() override { given_pool("p", {.dedicated = 2}); }
  std::string ended(const std::string& id) {
    const JobStatus& status = job_status(id);
    return status.state == JobState::Completed ? status.terminate_reason : "not ended";
  }
};

TEST_F(SchedulerJobTest, TasksWaitUntilThereIsAPoolOfThatName) {
  add_job("j", {.pool = "q"});
  EXPECT_EQ(add("a"), "");
  EXPECT_EQ(add_pool("q", {.dedicated = 1}), "boot n3#1 fresh");
  EXPECT_EQ(booted(3), "run a#1 on n3");
}

TEST_F(SchedulerJobTest, JobsOfHigherPriorityGoFirstThenTheOlder) {
  add_job("low");
  add_job("other");
  add_job("high", {.priority = 5});
  for (const char* id : {"x", "y"}) add(id, {}, "low");
  add("o", {}, "other");
  add("l", {}, "low");
  add("h", {}, "high");
  EXPECT_EQ(exited("x", 1), "run h#1 on n1");
  EXPECT_EQ(exited("y", 1), "run l#1 on n2");
  EXPECT_EQ(exited("h", 1), "run o#1 on n1");
}

TEST_F(SchedulerJobTest, AChangedPriorityCountsForTheNextPlacement) {
  add_job("a");
  add_job("b");
  add("x", {}, "a");
  add("y", {}, "a");
  add("a1", {}, "a");
  add("b1", {}, "b");
  happens(JobSpecChanged{job("b"), spec(JobAsk{.priority = 1})});
  EXPECT_EQ(exited("x", 1), "run b1#1 on n1");
}

TEST_F(SchedulerJobTest, NoMoreTasksRunAtOnceThanTheJobAllows) {
  add_job("j", {.max_parallel = 1});
  EXPECT_EQ(add("a"), "run a#1 on n1");
  EXPECT_EQ(add("b"), "");
  EXPECT_EQ(exited("a", 1), "run b#1 on n2");
  EXPECT_EQ(add("c"), "");
  EXPECT_EQ(happens(JobSpecChanged{job("j"), spec(JobAsk{})}), "run c#1 on n1");
}

TEST_F(SchedulerJobTest, ATerminatedJobKillsWhatRunsAndLeavesTheRestActive) {
  add_job("j");
  for (const char* id : {"a", "b", "c"}) add(id);
  exited("a", 1, 0);
  add("d");
  passes(seconds(1));
  const Time created = job_status("j").created;
  EXPECT_EQ(happens(JobTerminateAsked{job("j"), ""}), "kill b#1 on n2; kill c#1 on n1");
  EXPECT_EQ(shown("b"), "completed, was running, TaskEnded, on n2");
  EXPECT_EQ(shown("d"), "active") << "for ever";
  EXPECT_EQ(ended("j"), "UserTerminate");
  EXPECT_EQ(job_status("j").previous_state, JobState::Active) << "not terminating";
  EXPECT_EQ(job_status("j").previous_since, created);
  EXPECT_EQ(job_status("j").ended, now_);
  EXPECT_EQ(job_status("j").modified, now_);
  EXPECT_EQ(state_.jobs.at(job("j")).counts, (TaskCounts{1, 0, 1, 2, 1, 0, 1, 2}));
}

TEST_F(SchedulerJobTest, AReasonGivenByTheClientIsKept) {
  add_job("j");
  happens(JobTerminateAsked{job("j"), "because"});
  EXPECT_EQ(ended("j"), "because");
  happens(JobTerminateAsked{job("j"), "again"});
  EXPECT_EQ(ended("j"), "because") << "it is over";
}

TEST_F(SchedulerJobTest, DisablingRequeuesTerminatesOrWaits) {
  add_job("j");
  add("a");
  passes(seconds(1));
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::Requeue}), "kill a#1 on n1");
  EXPECT_EQ(job_status("j").state, JobState::Disabled);
  EXPECT_EQ(job_status("j").previous_state, JobState::Active);
  EXPECT_EQ(add("b"), "") << "accepted, not run";
  EXPECT_EQ(happens(JobEnableAsked{job("j")}), "clean a on n1; run a#2 on n2; run b#1 on n1");
  EXPECT_EQ(job_status("j").previous_state, JobState::Disabled);
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::TaskCompletion}), "");
  EXPECT_EQ(job_status("j").state, JobState::Disabling);
  EXPECT_EQ(exited("b", 1), "");
  EXPECT_EQ(job_status("j").state, JobState::Disabling);
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::Terminate}), "kill a#2 on n2");
  EXPECT_EQ(job_status("j").state, JobState::Disabled);
  EXPECT_EQ(shown("a"), "completed, was running, TaskEnded, 1 requeues, on n2");
}

TEST_F(SchedulerJobTest, ADisablingJobThatWaitsIsDisabledWithItsLastTask) {
  add_job("j");
  add("a");
  happens(JobDisableAsked{job("j"), DrainOption::TaskCompletion});
  exited("a", 1);
  EXPECT_EQ(job_status("j").state, JobState::Disabled);
  EXPECT_THAT(touched_.jobs, ElementsAre(job("j")));
}

TEST_F(SchedulerJobTest, ADisabledJobMayMoveToAnotherPool) {
  given_pool("q", {.dedicated = 1});
  add_job("j");
  add("a");
  happens(JobDisableAsked{job("j"), DrainOption::Requeue});
  EXPECT_EQ(happens(JobSpecChanged{job("j"), spec(JobAsk{.pool = "q"})}), "");
  EXPECT_EQ(happens(JobEnableAsked{job("j")}), "clean a on n1; run a#2 on n3");
}

TEST_F(SchedulerJobTest, AllTasksCompleteEndsTheJob) {
  add_job("j");
  add("a");
  add("b");
  happens(JobSpecChanged{job("j"), spec(JobAsk{.on_complete = OnAllTasksComplete::TerminateJob})});
  exited("a", 1, 3);
  EXPECT_EQ(ended("j"), "not ended");
  exited("b", 1);
  EXPECT_EQ(ended("j"), "AllTasksComplete") << "failed tasks are complete, too";
}

TEST_F(SchedulerJobTest, AskingForItWhenAllTasksAreCompleteEndsTheJobAtOnce) {
  add_job("j");
  add_job("empty");
  add("a");
  exited("a", 1);
  const JobSpec wanted = spec(JobAsk{.on_complete = OnAllTasksComplete::TerminateJob});
  happens(JobSpecChanged{job("j"), wanted});
  EXPECT_EQ(ended("j"), "AllTasksComplete");
  happens(JobSpecChanged{job("empty"), wanted});
  EXPECT_EQ(ended("empty"), "AllTasksComplete");
}

TEST_F(SchedulerJobTest, AJobBornToEndWithItsTasksLivesAMomentWithoutAny) {
  EXPECT_EQ(add_job("j", {.on_complete = OnAllTasksComplete::TerminateJob}), "wake in 500ms");
  EXPECT_EQ(add_job("k", {.on_complete = OnAllTasksComplete::TerminateJob}), "");
  add("a", {}, "k");
  later(std::chrono::milliseconds(500));
  EXPECT_EQ(ended("j"), "AllTasksComplete");
  EXPECT_EQ(ended("k"), "not ended");
  exited("a", 1);
  EXPECT_EQ(ended("k"), "AllTasksComplete");
}

TEST_F(SchedulerJobTest, TerminatingOrDeletingTheLastTaskAlsoCompletesTheJob) {
  const JobAsk ask{.on_complete = OnAllTasksComplete::TerminateJob};
  add_job("j", ask);
  add_job("k", ask);
  add("a");
  add("b", {}, "k");
  happens(TaskTerminateAsked{task("a")});
  EXPECT_EQ(ended("j"), "AllTasksComplete");
  happens(TaskDeleteAsked{task("b")});
  EXPECT_EQ(ended("k"), "AllTasksComplete");
}

TEST_F(SchedulerJobTest, AFailedTaskEndsTheJobThatAsksForIt) {
  add_job("j",
          {.on_complete = OnAllTasksComplete::TerminateJob, .on_failure = OnTaskFailure::PerformExitOptionsJobAction});
  add("a", {.retries = 1});
  add("b");
  EXPECT_EQ(exited("a", 1, 2), "run a#2 on n1") << "not before its retries are spent";
  EXPECT_EQ(exited("a", 2, 2), "kill b#1 on n2");
  EXPECT_EQ(ended("j"), "TaskFailed");
}

TEST_F(SchedulerJobTest, ATaskTerminatedByRequestIsNoFailureOfItsOwn) {
  add_job("j", {.on_failure = OnTaskFailure::PerformExitOptionsJobAction});
  add("a");
  happens(TaskTerminateAsked{task("a")});
  EXPECT_EQ(ended("j"), "not ended");
}

TEST_F(SchedulerJobTest, AJobEndsWhenItsTimeIsUp) {
  EXPECT_EQ(add_job("j", {.max_wall_clock = hours(1)}), "wake in 3600000ms");
  add("a");
  EXPECT_EQ(later(hours(1)), "kill a#1 on n1");
  EXPECT_EQ(ended("j"), "MaxWallClockTimeExpiry");
}

TEST_F(SchedulerJobTest, AChangedTimeLimitCountsFromCreation) {
  add_job("j", {.max_wall_clock = hours(1)});
  happens(JobSpecChanged{job("j"), spec(JobAsk{.max_wall_clock = hours(3)})});
  EXPECT_EQ(later(hours(2)), "wake in 3600000ms");
  EXPECT_EQ(ended("j"), "not ended");
  later(hours(1));
  EXPECT_EQ(ended("j"), "MaxWallClockTimeExpiry");
}

TEST_F(SchedulerJobTest, ADeletedJobTakesItsTasksAndTheirFilesAlong) {
  add_job("j");
  add_job("k");
  add("a");
  add("x", {}, "k");
  add("b");
  add("y", {}, "k");
  exited("a", 1);
  EXPECT_EQ(happens(JobDeleteAsked{job("j")}), "clean a on n1; kill b#1 on n1; clean b on n1; run y#1 on n1");
  EXPECT_THAT(erased_.jobs, ElementsAre(job("j")));
  EXPECT_THAT(erased_.tasks, ElementsAre(task("a"), task("b")));
  EXPECT_EQ(state_.tasks.size(), 2U);
}

TEST_F(SchedulerJobTest, ManyShortLivedTasksLeaveNothingBehind) {
  add_job("j");
  add_job("k");
  for (int i = 0; i < 500; ++i) {
    const std::string a = fmt::format("a{}", i), b = fmt::format("b{}", i);
    add(a);
    add(b, {}, "k");
    happens(TaskDeleteAsked{task(a)});
    happens(TaskDeleteAsked{task(b)});
  }
  EXPECT_LT(state_.jobs.at(job("j")).tasks.size(), 70U);
}

}  // namespace
}  // namespace batchite
