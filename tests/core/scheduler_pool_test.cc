#include <gmock/gmock.h>

#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SchedulerPoolTest : public SchedulerStory {
 protected:
  AllocationState allocation(const std::string& id) { return pool_status(id).allocation; }
  std::string errors(const std::string& id) {
    std::string text;
    for (const Failure& failure : pool_status(id).resize_errors) text += failure.code + ": " + failure.message + "; ";
    return text;
  }
};

TEST_F(SchedulerPoolTest, APoolWithoutNodesIsSteadyAtOnce) {
  EXPECT_EQ(add_pool("p", {}), "");
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(pool_status("p").allocation_since, pool_status("p").created);
}

TEST_F(SchedulerPoolTest, APoolIsSteadyWhenItsNodesAreThereThoughStillBeingCreated) {
  EXPECT_EQ(add_pool("p", {.dedicated = 1, .low_priority = 1}), "boot n1#1 fresh; boot n2#1 fresh");
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(pool_status("p").current, (Targets{1, 1}));
  EXPECT_EQ(node_state(1), NodeState::Creating);
  EXPECT_TRUE(node_status(1).dedicated);
  EXPECT_FALSE(node_status(2).dedicated);
  EXPECT_EQ(node_status(1).last_boot, kNever);
  passes(seconds(9));
  booted(1);
  EXPECT_EQ(node_state(1), NodeState::Idle);
  EXPECT_EQ(node_status(1).last_boot, now_);
}

TEST_F(SchedulerPoolTest, DelaysOfAllocationAndStartAreWaitedFor) {
  state_.settings = {.allocation_delay = seconds(20), .node_start_delay = seconds(10)};
  EXPECT_EQ(add_pool("p", {.dedicated = 1}), "wake in 20000ms");
  EXPECT_EQ(allocation("p"), AllocationState::Resizing);
  EXPECT_EQ(pool_status("p").current, Targets{});
  EXPECT_EQ(later(seconds(19)), "wake in 1000ms") << "woken too early";
  EXPECT_EQ(later(seconds(1)), "wake in 10000ms");
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(pool_status("p").allocation_since, now_);
  EXPECT_EQ(node_state(1), NodeState::Creating);
  EXPECT_EQ(later(seconds(10)), "boot n1#1 fresh; wake in 870000ms");
  EXPECT_EQ(node_state(1), NodeState::Starting);
  booted(1);
  EXPECT_EQ(node_state(1), NodeState::Idle);
  EXPECT_EQ(later(seconds(870)), "") << "the resize is over, its timer says nothing";
}

TEST_F(SchedulerPoolTest, GrowingCreatesWhatIsMissing) {
  given_pool("p", {.dedicated = 1});
  passes(seconds(1));
  EXPECT_EQ(resize("p", {2, 1}), "boot n2#1 fresh; boot n3#1 fresh");
  EXPECT_EQ(pool_status("p").target, (Targets{2, 1}));
  EXPECT_EQ(pool_status("p").current, (Targets{2, 1}));
  EXPECT_EQ(pool_status("p").modified, now_);
}

TEST_F(SchedulerPoolTest, ShrinkingTakesBrokenThenIdleThenNewestNodes) {
  given_pool("p", {.dedicated = 5});
  add_job("j");
  add("a");
  add("b");
  lost(3, NodeState::Unusable);
  EXPECT_EQ(resize("p", {4, 0}), "remove n3; wake in 900000ms");
  EXPECT_EQ(allocation("p"), AllocationState::Resizing);
  EXPECT_EQ(pool_status("p").current.dedicated, 5);
  EXPECT_EQ(removed(3), "");
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(pool_status("p").current.dedicated, 4);
  EXPECT_EQ(resize("p", {3, 0}), "remove n5");
  removed(5);
  EXPECT_EQ(resize("p", {1, 0}), "remove n4; kill b#1 on n2; remove n2");
  EXPECT_EQ(shown("b"), "active, was running, 1 requeues, on n2");
}

TEST_F(SchedulerPoolTest, ShrinkingMayTerminateTasks) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  EXPECT_EQ(resize("p", {0, 0}, DrainOption::Terminate), "kill a#1 on n1; remove n1; wake in 900000ms");
  EXPECT_EQ(shown("a"), "completed, was running, TaskEnded, on n1");
}

TEST_F(SchedulerPoolTest, ShrinkingMayWaitForTasksButStartsNoMore) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a", {.retries = 1});
  add("b");
  EXPECT_EQ(resize("p", {0, 0}, DrainOption::TaskCompletion), "wake in 900000ms");
  EXPECT_EQ(node_state(1), NodeState::LeavingPool);
  EXPECT_EQ(exited("a", 1, 1), "run a#2 on n1") << "retries belong to it";
  EXPECT_EQ(exited("a", 2), "remove n1");
  EXPECT_EQ(shown("b"), "active");
  EXPECT_EQ(removed(1), "");
  EXPECT_THAT(erased_.nodes, ElementsAre(NodeKey{1}));
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
}

TEST_F(SchedulerPoolTest, ShrinkingMayWaitForRetainedData) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a", {.retention = minutes(5)});
  add("b", {.retention = minutes(5)});
  EXPECT_EQ(exited("a", 1), "run b#1 on n1; wake in 300000ms");
  resize("p", {0, 0}, DrainOption::RetainedData);
  passes(minutes(1));
  EXPECT_EQ(exited("b", 1), "");
  EXPECT_EQ(later(minutes(4)), "clean a on n1; wake in 60000ms");
  EXPECT_EQ(later(minutes(1)), "clean b on n1; remove n1; wake in 540000ms");
}

TEST_F(SchedulerPoolTest, AResizeThatTakesTooLongEndsWithErrorsAndKeepsTheNodes) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  add("a");
  add("b");
  add("c");
  resize("p", {1, 0}, DrainOption::TaskCompletion);
  EXPECT_EQ(node_state(2), NodeState::LeavingPool);
  later(minutes(15));
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(errors("p"),
            "AllocationTimedOut: Desired number of dedicated nodes could not be allocated as the resize "
            "timeout was reached; ");
  EXPECT_EQ(node_state(2), NodeState::Running);
  EXPECT_EQ(exited("b", 1), "run c#1 on n2");
  resize("p", {2, 0});
  EXPECT_THAT(errors("p"), IsEmpty()) << "a new resize clears them";
}

TEST_F(SchedulerPoolTest, StoppingAResizeKeepsTheTargetsAndTellsSo) {
  state_.settings.allocation_delay = seconds(5);
  add_pool("p", {.dedicated = 2, .low_priority = 2});
  const Time modified = pool_status("p").modified;
  passes(seconds(1));
  happens(PoolStopResizeAsked{pool("p")});
  EXPECT_EQ(allocation("p"), AllocationState::Stopping);
  later(seconds(5));
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(pool_status("p").target, (Targets{2, 2}));
  EXPECT_EQ(pool_status("p").current, Targets{});
  EXPECT_EQ(pool_status("p").modified, modified);
  EXPECT_EQ(errors("p"),
            "ResizeStopped: Desired number of dedicated nodes could not be allocated due to a stop resize operation; "
            "ResizeStopped: Desired number of low priority nodes could not be allocated due to a stop resize "
            "operation; ");
}

TEST_F(SchedulerPoolTest, StoppingAShrinkKeepsNodesThatStillWaitForTasks) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  resize("p", {0, 0}, DrainOption::TaskCompletion);
  EXPECT_EQ(happens(PoolStopResizeAsked{pool("p")}), "wake in 0ms");
  EXPECT_EQ(node_state(1), NodeState::Running);
  later({});
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(pool_status("p").current, (Targets{1, 0}));
}

TEST_F(SchedulerPoolTest, RemovingNodesLowersTheTargets) {
  given_pool("p", {.dedicated = 2, .low_priority = 1});
  EXPECT_EQ(happens(NodesRemoveAsked{pool("p"), {NodeKey{1}, NodeKey{3}}, minutes(15), DrainOption::Requeue}),
            "remove n1; remove n3; wake in 900000ms");
  EXPECT_EQ(pool_status("p").target, (Targets{1, 0}));
  removed(1);
  EXPECT_EQ(allocation("p"), AllocationState::Resizing);
  removed(3);
  EXPECT_EQ(allocation("p"), AllocationState::Steady);
  EXPECT_EQ(pool_status("p").current, (Targets{1, 0}));
}

TEST_F(SchedulerPoolTest, AnEmptyPoolIsGoneAtOnce) {
  add_pool("p", {});
  EXPECT_EQ(happens(PoolDeleteAsked{pool("p")}), "");
  EXPECT_THAT(erased_.pools, ElementsAre(pool("p")));
}

TEST_F(SchedulerPoolTest, ADeletedPoolLeavesItsJobsWaitingForAnotherOfThatName) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  EXPECT_EQ(happens(PoolDeleteAsked{pool("p")}), "kill a#1 on n1; remove n1");
  EXPECT_EQ(pool_status("p").state, PoolState::Deleting);
  EXPECT_EQ(allocation("p"), AllocationState::Resizing);
  EXPECT_EQ(removed(1), "");
  EXPECT_THAT(erased_.pools, ElementsAre(pool("p")));
  EXPECT_EQ(shown("a"), "active, was running, 1 requeues, on n1");
  EXPECT_EQ(job_status("j").state, JobState::Active);
  happens(PoolAdded{PoolKey{9}, "p", spec(PoolAsk{}), {1, 0}, minutes(15)});
  EXPECT_EQ(booted(2), "run a#2 on n2");
}

TEST_F(SchedulerPoolTest, DeletingDoesNotWaitForTasksThatAnEarlierShrinkWaitedFor) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  resize("p", {0, 0}, DrainOption::TaskCompletion);
  EXPECT_EQ(happens(PoolDeleteAsked{pool("p")}), "kill a#1 on n1; remove n1");
  EXPECT_EQ(later(minutes(20)), "");
  EXPECT_EQ(pool_status("p").state, PoolState::Deleting);
}

TEST_F(SchedulerPoolTest, SpreadUsesTheEmptiestNodeAndPackFillsOneFirst) {
  given_pool("p", {.dedicated = 2, .slots = 2});
  given_pool("q", {.dedicated = 2, .slots = 2, .fill = FillType::Pack});
  add_job("j");
  add_job("k", {.pool = "q"});
  EXPECT_EQ(add("a"), "run a#1 on n1");
  EXPECT_EQ(add("b"), "run b#1 on n2");
  EXPECT_EQ(add("c"), "run c#1 on n1");
  EXPECT_EQ(add("x", {}, "k"), "run x#1 on n3");
  EXPECT_EQ(add("y", {}, "k"), "run y#1 on n3");
  EXPECT_EQ(add("z", {}, "k"), "run z#1 on n4");
}

TEST_F(SchedulerPoolTest, ATaskWaitsForAllItsSlotsOnOneNodeWhileSmallerOnesGoOn) {
  given_pool("p", {.dedicated = 2, .slots = 2});
  add_job("j");
  add("a");
  add("b");
  EXPECT_EQ(add("big", {.slots = 2}), "");
  EXPECT_EQ(add("c"), "run c#1 on n1");
  EXPECT_EQ(exited("b", 1), "run big#1 on n2");
  EXPECT_EQ(add("huge", {.slots = 3}), "") << "accepted, and never run";
}

TEST_F(SchedulerPoolTest, AffinityIsAWishNotACondition) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  EXPECT_EQ(add("a", {.affinity = NodeKey{2}}), "run a#1 on n2");
  EXPECT_EQ(add("b", {.affinity = NodeKey{2}}), "run b#1 on n1");
  EXPECT_EQ(exited("a", 1), "");
  EXPECT_EQ(add("c", {.affinity = NodeKey{77}}), "run c#1 on n2");
}

TEST_F(SchedulerPoolTest, ARestartCarriesOutWhatWasWaitedFor) {
  given_pool("p", {.dedicated = 3});
  add_job("j");
  add("a");
  add("b");
  add("c");
  happens(NodesRemoveAsked{pool("p"), {NodeKey{1}}, minutes(15), DrainOption::TaskCompletion});
  scheduling(2, false, DrainOption::TaskCompletion);
  reboot(3, DrainOption::TaskCompletion, true);
  EXPECT_EQ(happens(HostRestarted{}), "remove n1; boot n2#2; boot n3#2 fresh; wake in 900000ms");
  EXPECT_EQ(node_state(1), NodeState::LeavingPool);
  EXPECT_EQ(node_state(2), NodeState::Starting);
  EXPECT_EQ(shown("a"), "active, was running, on n1") << "recovered, not requeued";
  EXPECT_EQ(booted(2, 2), "");
  EXPECT_EQ(node_state(2), NodeState::Offline);
  EXPECT_EQ(exited("c", 1), "") << "news from before the restart";
  EXPECT_EQ(booted(3, 2), "clean c on n3; run c#2 on n3");
}

TEST_F(SchedulerPoolTest, AResizeHasATimeLimitAgainWhenThePoolScalesNoMore) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add("a");
  PoolSpec scaled = spec(PoolAsk{});
  scaled.scale_every = minutes(5);
  happens(PoolScalingAsked{pool("p"), scaled});
  happens(NodesRemoveAsked{pool("p"), {NodeKey{1}}, minutes(15), DrainOption::TaskCompletion});
  later(minutes(20));
  EXPECT_EQ(pool_status("p").allocation, AllocationState::Resizing) << "formulas know no time limit";
  happens(PoolScalingAsked{pool("p"), spec(PoolAsk{})});
  later(seconds(1));
  EXPECT_EQ(pool_status("p").allocation, AllocationState::Steady);
}

}  // namespace
}  // namespace batchite
