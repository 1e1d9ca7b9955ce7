#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

class SchedulerPreemptionTest : public SchedulerStory {
 protected:
  // Two spot nodes that run a task each, with one retry to spend.
  void given_two_busy_nodes() {
    given_pool("p", {.low_priority = 2});
    add_job("j");
    add("a", {.retries = 1});
    add("b", {.retries = 1});
  }
};

TEST_F(SchedulerPreemptionTest, ATaskIsTakenUpAgainWithoutSpendingARetry) {
  given_two_busy_nodes();
  EXPECT_EQ(preempt(1), "kill a#1 on n1; wake in 1000ms");
  EXPECT_EQ(node_state(1), NodeState::Preempted);
  EXPECT_EQ(shown("a"), "active, was running, on n1");
  EXPECT_EQ(pool_status("p").current.low_priority, 2) << "a preempted node is still counted";
  EXPECT_EQ(exited("b", 1), "clean a on n1; run a#2 on n2");
}

TEST_F(SchedulerPreemptionTest, WithANoticeWorkGoesOnUntilItIsOver) {
  given_two_busy_nodes();
  EXPECT_EQ(preempt(1, seconds(30)), "wake in 30000ms");
  EXPECT_EQ(node_state(1), NodeState::Running);
  EXPECT_EQ(node_status(1).preempt_at, now_ + seconds(30));
  EXPECT_EQ(later(seconds(30)), "kill a#1 on n1; wake in 1000ms");
  EXPECT_EQ(node_state(1), NodeState::Preempted);
  EXPECT_EQ(node_status(1).preempt_at, kNever);
}

TEST_F(SchedulerPreemptionTest, ANoticeCanBeCutShort) {
  given_two_busy_nodes();
  preempt(1, seconds(30));
  passes(seconds(5));
  EXPECT_EQ(preempt(1), "kill a#1 on n1; wake in 1000ms");
  EXPECT_EQ(node_state(1), NodeState::Preempted);
}

TEST_F(SchedulerPreemptionTest, TheNodeComesBackWithItsIdAndAnEmptyDiskWhenThereIsCapacity) {
  given_two_busy_nodes();
  preempt(1, {}, minutes(5));
  EXPECT_EQ(later(minutes(4)), "wake in 60000ms");
  EXPECT_EQ(node_state(1), NodeState::Preempted);
  EXPECT_EQ(later(minutes(1)), "boot n1#2 fresh");
  EXPECT_EQ(node_state(1), NodeState::Creating);
  EXPECT_EQ(booted(1, 2), "clean a on n1; run a#2 on n1");
}

TEST_F(SchedulerPreemptionTest, DedicatedNodesAndThoseThatAreGoneAreLeftAlone) {
  given_pool("p", {.dedicated = 1, .low_priority = 1});
  EXPECT_EQ(preempt(1), "");
  EXPECT_EQ(node_state(1), NodeState::Idle);
  preempt(2, {}, minutes(5));
  EXPECT_EQ(preempt(2), "") << "it is away already";
}

TEST_F(SchedulerPreemptionTest, AStartTaskRunsAgainOnTheNewDisk) {
  given_pool("p", {.low_priority = 1, .start_task = StartTaskSpec{}});
  start_task_exited(1, 1, 1, 0);
  preempt(1);
  later(seconds(1));
  EXPECT_EQ(booted(1, 2), "start task n1#2.1");
}

// --- by plan ---

std::vector<std::string> preempted_within(std::uint64_t seed, Ticks span) {
  State state;
  state.settings.preemptions = {.every = minutes(10), .seed = seed};
  const Time begin(hours(24 * 365 * 50));
  Effects setup;
  step(state, PoolAdded{PoolKey{1}, "p", {}, {1, 4}, minutes(15)}, begin, setup);
  for (const Action& action : setup.actions) {
    const auto* boot = std::get_if<BootNode>(&action);
    if (boot) step(state, NodeBooted{boot->node, boot->boot}, begin, setup);
  }
  std::vector<std::string> seen;
  for (Time now = begin; now <= begin + span; now += seconds(10)) {
    Effects effects;
    step(state, Tick{}, now, effects);
    check(state);
    for (const Action& action : effects.actions) {
      const auto* boot = std::get_if<BootNode>(&action);
      if (!boot) continue;
      seen.push_back(fmt::format("n{} at {}", number(boot->node), (now - begin).count()));
      step(state, NodeBooted{boot->node, boot->boot}, now, effects);
    }
  }
  return seen;
}

TEST_F(SchedulerPreemptionTest, APlanTakesSpotNodesAtRandomMomentsThatASeedGivesAgain) {
  const auto seen = preempted_within(7, hours(24));
  EXPECT_EQ(seen, preempted_within(7, hours(24)));
  EXPECT_NE(seen, preempted_within(8, hours(24)));
  EXPECT_GT(seen.size(), 100U) << "about six an hour are expected";
  EXPECT_LT(seen.size(), 190U);
  for (const std::string& one : seen) EXPECT_FALSE(one.starts_with("n1 ")) << "n1 is dedicated";
}

TEST_F(SchedulerPreemptionTest, APreemptionThatIsAnnouncedSurvivesARestart) {
  given_two_busy_nodes();
  preempt(1, seconds(30));
  rebuild(state_);
  EXPECT_EQ(later(seconds(30)), "kill a#1 on n1; wake in 1000ms");
}

}  // namespace
}  // namespace batchite
