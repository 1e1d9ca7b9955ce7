#include <gmock/gmock.h>

#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

using testing::ElementsAre;

class SchedulerNodeTest : public SchedulerStory {};

TEST_F(SchedulerNodeTest, TasksWaitForAStartTaskThatIsToSucceed) {
  add_job("j");
  add("a");
  add_pool("p", {.dedicated = 1, .start_task = StartTaskSpec{}});
  EXPECT_EQ(booted(1), "start task n1#1.1");
  EXPECT_EQ(node_state(1), NodeState::WaitingForStartTask);
  EXPECT_TRUE(node_status(1).start_task->running);
  passes(seconds(2));
  EXPECT_EQ(start_task_exited(1, 1, 1, 0), "run a#1 on n1");
  const StartTaskStatus& start_task = *node_status(1).start_task;
  EXPECT_FALSE(start_task.running);
  EXPECT_EQ(start_task.exit_code, 0);
  EXPECT_EQ(start_task.ended, now_);
  EXPECT_EQ(start_task.started, now_ - seconds(2));
  EXPECT_FALSE(start_task.failure);
}

TEST_F(SchedulerNodeTest, AFailedStartTaskIsRetriedAndThenMakesTheNodeUseless) {
  add_job("j");
  add("a");
  add_pool("p", {.dedicated = 1, .start_task = StartTaskSpec{.max_retries = 1}});
  booted(1);
  passes(seconds(1));
  EXPECT_EQ(start_task_exited(1, 1, 1, 4), "start task n1#1.2");
  EXPECT_EQ(node_status(1).start_task->ended, now_) << "told even though a retry is under way";
  EXPECT_EQ(node_status(1).start_task->exit_code, std::nullopt);
  EXPECT_EQ(node_status(1).start_task->last_retry, now_);
  EXPECT_EQ(start_task_exited(1, 1, 1, 0), "") << "late news";
  EXPECT_EQ(start_task_exited(1, 1, 2, 4), "");
  EXPECT_EQ(node_state(1), NodeState::StartTaskFailed);
  EXPECT_EQ(node_status(1).start_task->exit_code, 4);
  EXPECT_EQ(node_status(1).start_task->failure->code, "FailureExitCode");
  EXPECT_EQ(shown("a"), "active");
}

TEST_F(SchedulerNodeTest, AStartTaskThatCouldNotBeginIsNotRetried) {
  add_pool("p", {.dedicated = 1, .start_task = StartTaskSpec{.max_retries = -1}});
  booted(1);
  const Failure failure{Category::UserError, "BlobNotFound", "The specified blob does not exist.", {}};
  EXPECT_EQ(happens(StartTaskExited{NodeKey{1}, 1, 1, {std::nullopt, failure, false, kNever}}), "");
  EXPECT_EQ(node_state(1), NodeState::StartTaskFailed);
  EXPECT_EQ(node_status(1).start_task->failure, failure);
  EXPECT_EQ(node_status(1).start_task->exit_code, std::nullopt);
}

TEST_F(SchedulerNodeTest, TasksRunBesideAStartTaskThatNeedNotSucceed) {
  add_job("j");
  add("a");
  add_pool("p", {.dedicated = 1, .start_task = StartTaskSpec{.wait_for_success = false}});
  EXPECT_EQ(booted(1), "start task n1#1.1; run a#1 on n1");
  EXPECT_EQ(start_task_exited(1, 1, 1, 4), "");
  EXPECT_EQ(node_state(1), NodeState::Running);
}

TEST_F(SchedulerNodeTest, AChangedStartTaskRunsFromTheNextBootOn) {
  given_pool("p", {.dedicated = 1});
  EXPECT_EQ(happens(PoolSpecChanged{pool("p"), spec(PoolAsk{.start_task = StartTaskSpec{}})}), "");
  EXPECT_EQ(node_state(1), NodeState::Idle);
  EXPECT_EQ(reboot(1), "boot n1#2");
  EXPECT_EQ(node_state(1), NodeState::Rebooting);
  EXPECT_EQ(booted(1, 1), "") << "news of the earlier boot";
  EXPECT_EQ(booted(1, 2), "start task n1#2.1");
}

TEST_F(SchedulerNodeTest, ARebootRequeuesOrTerminatesOrWaits) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  EXPECT_EQ(reboot(1), "kill a#1 on n1; boot n1#2");
  EXPECT_EQ(shown("a"), "active, was running, 1 requeues, on n1");
  EXPECT_EQ(booted(1, 2), "clean a on n1; run a#2 on n1");
  EXPECT_EQ(reboot(1, DrainOption::Terminate), "kill a#2 on n1; boot n1#3");
  EXPECT_EQ(shown("a"), "completed, was running, TaskEnded, 1 requeues, on n1");
  add("b");
  add("c");
  booted(1, 3);
  EXPECT_EQ(reboot(1, DrainOption::TaskCompletion), "");
  EXPECT_EQ(node_state(1), NodeState::Running);
  EXPECT_EQ(exited("b", 1), "boot n1#4");
  EXPECT_EQ(booted(1, 4), "run c#1 on n1");
}

TEST_F(SchedulerNodeTest, ADeallocatedNodeStaysInThePoolAndComesBackEmpty) {
  given_pool("p", {.dedicated = 2, .start_task = StartTaskSpec{.wait_for_success = false}});
  add_job("j");
  add("a");
  EXPECT_EQ(deallocate(1), "kill a#1 on n1; kill start task n1#1.1; remove n1; clean a on n1; run a#2 on n2");
  EXPECT_EQ(node_state(1), NodeState::Deallocating);
  EXPECT_EQ(start(1), "") << "not before it is deallocated";
  EXPECT_EQ(removed(1), "");
  EXPECT_EQ(node_state(1), NodeState::Deallocated);
  EXPECT_EQ(pool_status("p").current, (Targets{2, 0})) << "it still counts";
  EXPECT_EQ(add("b"), "") << "there is nothing to run it on";
  EXPECT_EQ(lost(1, NodeState::Unusable), "") << "it has no machine to lose";
  EXPECT_EQ(start(1), "boot n1#2 fresh");
  EXPECT_EQ(node_state(1), NodeState::Starting);
  EXPECT_EQ(booted(1, 2), "start task n1#2.1; run b#1 on n1");
}

TEST_F(SchedulerNodeTest, ANodeIsDeallocatedAfterItsTasksIfSoAsked) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a", {.retention = hours(1)});
  EXPECT_EQ(deallocate(1, DrainOption::TaskCompletion), "");
  EXPECT_EQ(node_state(1), NodeState::Deallocating) << "clients wait until it is not";
  EXPECT_EQ(add("b"), "");
  EXPECT_EQ(exited("a", 1), "remove n1; wake in 3600000ms");
  removed(1);
  EXPECT_EQ(start(1), "boot n1#2 fresh");
  EXPECT_EQ(booted(1, 2), "run b#1 on n1");
  EXPECT_EQ(deallocate(1, DrainOption::Terminate), "kill b#1 on n1; remove n1");
  EXPECT_EQ(shown("b"), "completed, was running, TaskEnded, on n1");
}

TEST_F(SchedulerNodeTest, ANodeWithRetainedDataIsDeallocatedWhenItsRetentionIsOver) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a", {.retention = hours(1)});
  passes(seconds(1));
  exited("a", 1);
  EXPECT_EQ(deallocate(1, DrainOption::RetainedData), "");
  EXPECT_EQ(node_state(1), NodeState::Deallocating);
  EXPECT_EQ(later(hours(1)), "clean a on n1; remove n1");
}

TEST_F(SchedulerNodeTest, DeallocatedNodesAreTheFirstThatAShrinkingPoolGivesUp) {
  given_pool("p", {.dedicated = 2});
  deallocate(1);
  removed(1);
  EXPECT_EQ(resize("p", {1, 0}), "remove n1; wake in 900000ms");
  EXPECT_EQ(removed(1), "");
  EXPECT_EQ(pool_status("p").allocation, AllocationState::Steady);
  EXPECT_EQ(node_state(2), NodeState::Idle);
}

TEST_F(SchedulerNodeTest, ANodeThatLeavesWhileItIsDeallocatedIsRemovedOnce) {
  given_pool("p", {.dedicated = 1});
  deallocate(1);
  EXPECT_EQ(resize("p", {0, 0}), "remove n1; wake in 900000ms");
  removed(1);
  EXPECT_EQ(pool_status("p").current, (Targets{0, 0}));
  EXPECT_EQ(removed(1), "");
}

TEST_F(SchedulerNodeTest, ARestartFinishesADeallocationAndStartsNoDeallocatedNode) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  add("a");
  add("b");
  deallocate(1, DrainOption::TaskCompletion);
  deallocate(2);
  removed(2);
  rebuild(state_);
  EXPECT_EQ(happens(HostRestarted{}), "remove n1");
  EXPECT_EQ(shown("a"), "active, was running, on n1");
  EXPECT_EQ(node_state(2), NodeState::Deallocated);
  EXPECT_EQ(removed(1), "");
  EXPECT_EQ(node_state(1), NodeState::Deallocated);
}

TEST_F(SchedulerNodeTest, AReimagedNodeHasNoFilesLeftToWaitFor) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a", {.retention = hours(1)});
  exited("a", 1);
  passes(seconds(1));
  EXPECT_EQ(reboot(1, DrainOption::Requeue, true), "boot n1#2 fresh");
  EXPECT_EQ(node_state(1), NodeState::Reimaging);
  booted(1, 2);
  EXPECT_EQ(resize("p", {0, 0}, DrainOption::RetainedData), "remove n1; wake in 900000ms");
}

TEST_F(SchedulerNodeTest, ANodeTakenOffFinishesOrGivesUpItsTasks) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  EXPECT_EQ(scheduling(1, false, DrainOption::TaskCompletion), "");
  EXPECT_EQ(node_state(1), NodeState::Running);
  EXPECT_EQ(add("b"), "");
  EXPECT_EQ(exited("a", 1), "");
  EXPECT_EQ(node_state(1), NodeState::Offline);
  EXPECT_EQ(scheduling(1, true), "run b#1 on n1");
  EXPECT_EQ(scheduling(1, false), "kill b#1 on n1");
  EXPECT_EQ(node_state(1), NodeState::Offline);
  EXPECT_EQ(scheduling(1, true), "clean b on n1; run b#2 on n1");
  EXPECT_EQ(scheduling(1, false, DrainOption::Terminate), "kill b#2 on n1");
  EXPECT_EQ(shown("b"), "completed, was running, TaskEnded, 1 requeues, on n1");
}

TEST_F(SchedulerNodeTest, ANodeTakenBackBeforeItsTasksEndedGoesOn) {
  given_pool("p", {.dedicated = 1, .slots = 2});
  add_job("j");
  add("a");
  scheduling(1, false, DrainOption::TaskCompletion);
  add("b");
  EXPECT_EQ(scheduling(1, true), "run b#1 on n1");
  EXPECT_EQ(exited("a", 1), "");
  EXPECT_EQ(node_state(1), NodeState::Running);
}

TEST_F(SchedulerNodeTest, APreemptedNodeComesBackEmptyAndItsTasksRunAgainWithoutARetry) {
  given_pool("p", {.low_priority = 1, .start_task = StartTaskSpec{.wait_for_success = false}});
  add_job("j");
  add("a");
  EXPECT_EQ(lost(1, NodeState::Preempted), "kill start task n1#1.1; kill a#1 on n1; wake in 0ms");
  EXPECT_EQ(node_state(1), NodeState::Preempted);
  EXPECT_EQ(pool_status("p").current, (Targets{0, 1})) << "it still counts";
  EXPECT_EQ(shown("a"), "active, was running, on n1");
  EXPECT_EQ(later({}), "boot n1#2 fresh");
  EXPECT_EQ(node_state(1), NodeState::Creating);
  EXPECT_EQ(booted(1, 2), "start task n1#2.1; clean a on n1; run a#2 on n1");
}

TEST_F(SchedulerNodeTest, AnUnusableNodeTellsWhyAndGivesItsTasksToOthers) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  add("a");
  const Failure full{Category::ServerError, "DiskFull", "There is not enough disk space on the node.", {}};
  EXPECT_EQ(lost(1, NodeState::Unusable, full), "kill a#1 on n1; clean a on n1; run a#2 on n2");
  EXPECT_EQ(node_state(1), NodeState::Unusable);
  EXPECT_EQ(node_status(1).error, full);
  EXPECT_EQ(shown("a"), "running, was active, on n2");
}

TEST_F(SchedulerNodeTest, ANodeLostWhileItWaitsToLeaveLeaves) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  resize("p", {0, 0}, DrainOption::TaskCompletion);
  EXPECT_EQ(lost(1, NodeState::Unusable), "kill a#1 on n1; remove n1");
  EXPECT_EQ(node_state(1), NodeState::LeavingPool);
}

TEST_F(SchedulerNodeTest, TheLastTenTasksAreRemembered) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  for (int i = 1; i <= 12; ++i) {
    const std::string id = fmt::format("t{}", i);
    add(id);
    exited(id, 1);
  }
  const auto& recent = state_.nodes.at(NodeKey{1}).recent;
  EXPECT_EQ(recent.size(), 10U);
  EXPECT_EQ(recent.front(), task("t12"));
  EXPECT_EQ(recent.back(), task("t3"));
  EXPECT_EQ(node_status(1).tasks_run, 12);
}

TEST_F(SchedulerNodeTest, AfterARestartEveryNodeBootsAndRunningTasksAreRecovered) {
  given_pool("p", {.dedicated = 2, .start_task = StartTaskSpec{}});
  start_task_exited(1, 1, 1, 0);
  start_task_exited(2, 1, 1, 1);
  add_job("j");
  add("a", {.retries = 0});
  rebuild(state_);
  EXPECT_EQ(happens(HostRestarted{}), "boot n1#2; boot n2#2");
  EXPECT_THAT(touched_.tasks, ElementsAre(task("a")));
  EXPECT_EQ(shown("a"), "active, was running, on n1");
  EXPECT_EQ(booted(1, 2), "start task n1#2.1");
  EXPECT_EQ(start_task_exited(1, 1, 1, 0), "") << "of the boot before";
  EXPECT_EQ(start_task_exited(1, 2, 1, 0), "clean a on n1; run a#2 on n1");
  EXPECT_EQ(exited("a", 1), "");
}

TEST_F(SchedulerNodeTest, AStartTaskIsNotTriedAgainOnANodeThatLeaves) {
  add_pool("p", {.dedicated = 1, .start_task = StartTaskSpec{.max_retries = 1}});
  booted(1);
  EXPECT_EQ(resize("p", {0, 0}), "kill start task n1#1.1; remove n1; wake in 900000ms");
  EXPECT_EQ(start_task_exited(1, 1, 1, 1), "") << "its end was on its way";
}

}  // namespace
}  // namespace batchite
