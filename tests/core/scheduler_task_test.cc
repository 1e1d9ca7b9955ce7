#include <gmock/gmock.h>

#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

class SchedulerTaskTest : public SchedulerStory {
 protected:
  void SetUp() override {
    given_pool("p", {.dedicated = 1});
    add_job("j");
  }
};

TEST_F(SchedulerTaskTest, ATaskRunsAndCompletes) {
  passes(seconds(1));
  EXPECT_EQ(add("t"), "run t#1 on n1");
  EXPECT_EQ(shown("t"), "running, was active, on n1");
  EXPECT_EQ(node_state(1), NodeState::Running);
  passes(seconds(3));
  EXPECT_EQ(exited("t", 1), "");
  EXPECT_EQ(shown("t"), "completed, was running, exit 0, on n1");
  const TaskStatus& status = task_status("t");
  EXPECT_EQ(status.ended, now_);
  EXPECT_EQ(status.state_since, now_);
  EXPECT_EQ(status.started, now_ - seconds(3));
  EXPECT_EQ(status.previous_since, now_ - seconds(3));
  EXPECT_EQ(status.modified, status.created) << "the scheduler does not modify a task";
  EXPECT_EQ(node_state(1), NodeState::Idle);
  EXPECT_EQ(node_status(1).tasks_run, 1);
  EXPECT_EQ(node_status(1).tasks_succeeded, 1);
}

TEST_F(SchedulerTaskTest, AFailedTaskRunsAgainOnItsNodeUntilItsRetriesAreSpent) {
  EXPECT_EQ(add("t", {.retries = 2}), "run t#1 on n1");
  EXPECT_EQ(add("u"), "");
  const Time first = now_;
  passes(seconds(1));
  EXPECT_EQ(exited("t", 1, 7), "run t#2 on n1");
  EXPECT_EQ(shown("t"), "running, was active, 1 retries, on n1");
  EXPECT_EQ(task_status("t").state_since, first) << "a retry is no trip through active";
  EXPECT_EQ(task_status("t").started, now_);
  EXPECT_EQ(task_status("t").last_retry, now_);
  EXPECT_EQ(exited("t", 1, 7), "") << "late news of the first attempt";
  EXPECT_EQ(exited("t", 2, 7), "run t#3 on n1");
  EXPECT_EQ(exited("t", 3, 7), "run u#1 on n1");
  EXPECT_EQ(shown("t"), "completed, was running, exit 7, FailureExitCode, 2 retries, on n1");
  EXPECT_EQ(task_status("t").previous_since, first);
  EXPECT_EQ(node_status(1).tasks_run, 3);
  EXPECT_EQ(node_status(1).tasks_succeeded, 0);
}

TEST_F(SchedulerTaskTest, MinusOneRetriesWithoutEnd) {
  add("t", {.retries = -1});
  for (int attempt = 1; attempt < 50; ++attempt) {
    EXPECT_EQ(exited("t", attempt, 1), fmt::format("run t#{} on n1", attempt + 1));
  }
}

TEST_F(SchedulerTaskTest, AnExitCodeFailureHasTheServicesWords) {
  add("t");
  exited("t", 1, 1);
  const Failure expected{Category::UserError,
                         "FailureExitCode",
                         "The task exited with an exit code representing a failure",
                         {{"Message", "The task process exited with an unexpected exit code"},
                          {"AdditionalErrorCode", "FailureExitCode"}}};
  ASSERT_TRUE(task_status("t").failure);
  EXPECT_EQ(*task_status("t").failure, expected);
}

struct Unretried {
  const char* what;
  Outcome outcome;
  const char* shown;
};
class SchedulerUnretriedTest : public SchedulerTaskTest, public testing::WithParamInterface<Unretried> {};

TEST_P(SchedulerUnretriedTest, WhatIsNotABareExitIsNotRetried) {
  add("t", {.retries = 3});
  EXPECT_EQ(happens(TaskExited{task("t"), 1, GetParam().outcome}), "");
  EXPECT_EQ(shown("t"), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(
    , SchedulerUnretriedTest,
    testing::Values(Unretried{"NoProgram",
                              {std::nullopt, Failure{Category::UserError, "CommandProgramNotFound", "", {}}, false, {}},
                              "completed, was running, CommandProgramNotFound, on n1"},
                    Unretried{"TimeLimit",
                              {137, Failure{Category::UserError, "TaskEnded", "", {}}, false, {}},
                              "completed, was running, exit 137, TaskEnded, on n1"},
                    Unretried{"Upload",
                              {0, Failure{Category::UserError, "FileUploadAccessDenied", "", {}}, true, {}},
                              "completed, was running, exit 0, FileUploadAccessDenied, on n1"}),
    [](const auto& tested) { return std::string(tested.param.what); });

TEST_F(SchedulerTaskTest, TheReportedStartCountsWhenItLiesWithinTheAttempt) {
  add("t");
  const Time ordered = now_;
  passes(seconds(10));
  Outcome outcome = exited_with(0);
  outcome.started = ordered + seconds(2);
  happens(TaskExited{task("t"), 1, outcome});
  EXPECT_EQ(task_status("t").started, ordered + seconds(2));
}

TEST_F(SchedulerTaskTest, ATaskTerminatedBeforeItRanHasAnEndAndNothingElse) {
  add("t");
  add("u");
  passes(seconds(5));
  EXPECT_EQ(happens(TaskTerminateAsked{task("u")}), "");
  EXPECT_EQ(shown("u"), "completed, was active, TaskEnded");
  EXPECT_EQ(task_status("u").failure->message, "The task was ended by user request");
  EXPECT_EQ(task_status("u").ended, now_);
  EXPECT_EQ(task_status("u").started, kNever);
  EXPECT_EQ(task_status("u").modified, now_);
  EXPECT_EQ(exited("t", 1), "") << "a terminated task is not started";
}

TEST_F(SchedulerTaskTest, ATaskTerminatedWhileItRunsIsKilledAndItsReportIgnored) {
  add("t", {.retries = 5});
  add("u");
  EXPECT_EQ(happens(TaskTerminateAsked{task("t")}), "kill t#1 on n1; run u#1 on n1");
  EXPECT_EQ(shown("t"), "completed, was running, TaskEnded, on n1");
  EXPECT_EQ(exited("t", 1, 137), "");
  EXPECT_EQ(shown("t"), "completed, was running, TaskEnded, on n1");
  EXPECT_EQ(happens(TaskTerminateAsked{task("t")}), "") << "it is over";
}

TEST_F(SchedulerTaskTest, AReactivatedTaskForgetsHowItRan) {
  add("t", {.retries = 1});
  exited("t", 1, 3);
  exited("t", 2, 3);
  happens(NodeSchedulingAsked{NodeKey{1}, false, DrainOption::Requeue});
  passes(seconds(1));
  EXPECT_EQ(happens(TaskReactivateAsked{task("t")}), "clean t on n1");
  EXPECT_EQ(shown("t"), "active, was completed");
  EXPECT_EQ(task_status("t").started, kNever);
  EXPECT_EQ(task_status("t").ended, kNever);
  EXPECT_EQ(task_status("t").last_retry, kNever);
  EXPECT_EQ(task_status("t").modified, now_);
  EXPECT_EQ(scheduling(1, true), "run t#3 on n1") << "attempts go on counting";
  EXPECT_EQ(exited("t", 3, 3), "run t#4 on n1") << "retries count anew";
}

TEST_F(SchedulerTaskTest, ADeletedTaskIsKilledAndItsFilesGo) {
  add("t");
  add("u");
  add("v");
  EXPECT_EQ(happens(TaskDeleteAsked{task("u")}), "") << "it never ran";
  EXPECT_EQ(happens(TaskDeleteAsked{task("t")}), "kill t#1 on n1; clean t on n1; run v#1 on n1");
  EXPECT_THAT(erased_.tasks, testing::ElementsAre(task("t")));
  EXPECT_EQ(exited("t", 1), "");
  EXPECT_TRUE(state_.nodes.at(NodeKey{1}).recent.front() == task("v"));
}

TEST_F(SchedulerTaskTest, FilesStayForTheRetentionTime) {
  add("a", {.retention = hours(1)});
  EXPECT_EQ(exited("a", 1), "wake in 3600000ms");
  passes(minutes(10));
  add("b", {.retention = hours(1)});
  EXPECT_EQ(exited("b", 1), "") << "the earlier timer comes first";
  EXPECT_EQ(later(minutes(50)), "clean a on n1; wake in 600000ms");
  EXPECT_TRUE(task_status("a").files_removed);
  EXPECT_FALSE(task_status("b").files_removed);
  EXPECT_EQ(later(minutes(10)), "clean b on n1");
  EXPECT_TRUE(task_status("b").files_removed);
  EXPECT_TRUE(state_.retained.empty());
}

TEST_F(SchedulerTaskTest, ARunAfterReactivationHasARetentionOfItsOwn) {
  add("a", {.retention = hours(1)});
  exited("a", 1, 1);
  passes(minutes(30));
  EXPECT_EQ(happens(TaskReactivateAsked{task("a")}), "clean a on n1; run a#2 on n1");
  exited("a", 2);
  EXPECT_EQ(later(minutes(30)), "wake in 1800000ms") << "the timer of the first run finds nothing due";
  EXPECT_EQ(later(minutes(30)), "clean a on n1");
}

TEST_F(SchedulerTaskTest, AShorterRetentionCountsAtOnce) {
  add("a", {.retention = hours(9)});
  exited("a", 1);
  EXPECT_EQ(happens(TaskSpecChanged{task("a"), spec(TaskAsk{.retention = hours(1)}, "j")}), "wake in 3600000ms");
  EXPECT_EQ(later(hours(1)), "clean a on n1; wake in 28800000ms");
}

TEST_F(SchedulerTaskTest, ChangedConstraintsModifyTheTaskAndCountFromThen) {
  add("t");
  passes(seconds(1));
  EXPECT_EQ(happens(TaskSpecChanged{task("t"), spec(TaskAsk{.retries = 1}, "j")}), "");
  EXPECT_EQ(task_status("t").modified, now_);
  EXPECT_EQ(exited("t", 1, 9), "run t#2 on n1");
}

TEST_F(SchedulerTaskTest, RequeuedTasksComeFirstAgainInTheirOrder) {
  resize("p", {2, 0});
  booted(2);
  add("a");
  add("b");
  add("c");
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::Requeue}), "kill b#1 on n2; kill a#1 on n1");
  EXPECT_EQ(shown("a"), "active, was running, 1 requeues, on n1");
  EXPECT_EQ(task_status("a").last_requeue, now_);
  EXPECT_EQ(exited("a", 1), "") << "its process was killed";
  EXPECT_EQ(happens(JobEnableAsked{job("j")}), "clean a on n1; run a#2 on n2; clean b on n2; run b#2 on n1")
      << "a directory left behind is removed";
}

}  // namespace
}  // namespace batchite
