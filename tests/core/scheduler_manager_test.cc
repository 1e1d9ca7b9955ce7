// Job manager tasks, and tasks that make room for others.
// Facts: learn.microsoft.com/rest/api/batchservice/job/add (JobManagerTask, allowTaskPreemption).
#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

class SchedulerManagerTest : public SchedulerStory {
 protected:
  static std::shared_ptr<const TaskExtras> extras_of(const ManagerSpec& manager) {
    TaskExtras extras;
    extras.manager = manager;
    return std::make_shared<const TaskExtras>(std::move(extras));
  }
  std::string add_manager(const ManagerSpec& manager = {}, const std::string& id = "m", const std::string& of = "j",
                          int slots = 1) {
    TaskSpec task_spec = spec(TaskAsk{.slots = slots}, of);
    task_spec.extras = extras_of(manager);
    return happens(TasksAdded{{{task(id), task_spec}}});
  }
  std::vector<Obstacle::Reason> why(const std::string& id) {
    std::vector<Obstacle::Reason> reasons;
    for (const Obstacle& obstacle : explain(state_, task(id))) reasons.push_back(obstacle.reason);
    return reasons;
  }
  using Reasons = std::vector<Obstacle::Reason>;
  using Reason = Obstacle::Reason;
};

TEST_F(SchedulerManagerTest, TheJobEndsWithItsManager) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  EXPECT_EQ(add_manager(), "run m#1 on n1");
  EXPECT_EQ(add("t"), "run t#1 on n2");
  add("u");
  EXPECT_EQ(exited("m", 1), "kill t#1 on n2");
  EXPECT_EQ(job_status("j").state, JobState::Completed);
  EXPECT_EQ(job_status("j").terminate_reason, "JMComplete");
  EXPECT_EQ(shown("t"), "completed, was running, TaskEnded, on n2");
  EXPECT_EQ(shown("u"), "active");
}

TEST_F(SchedulerManagerTest, AlsoWhenTheManagerFailsAfterItsRetries) {
  given_pool("p", {.dedicated = 1});
  add_job("j", {.on_failure = OnTaskFailure::PerformExitOptionsJobAction});
  TaskSpec asked = spec(TaskAsk{.retries = 1}, "j");
  asked.extras = extras_of({});
  happens(TasksAdded{{{task("m"), asked}}});
  EXPECT_EQ(exited("m", 1, 3), "run m#2 on n1");
  EXPECT_EQ(job_status("j").state, JobState::Active);
  exited("m", 2, 3);
  EXPECT_EQ(job_status("j").terminate_reason, "JMComplete");
}

TEST_F(SchedulerManagerTest, OneThatIsDeletedWhileItWaitsToRunAgainIsForgotten) {
  given_pool("p", {.dedicated = 1});
  add_job("j");
  add_manager();
  reboot(1);
  EXPECT_EQ(why("m"), Reasons{Reason::NodeNotReady});
  EXPECT_EQ(happens(TaskDeleteAsked{task("m")}), "clean m on n1");
  restarts();
}

TEST_F(SchedulerManagerTest, OneThatDoesNotKillItsJobLeavesItToTheOtherTasks) {
  given_pool("p", {.dedicated = 2});
  add_job("j", {.on_complete = OnAllTasksComplete::TerminateJob});
  add_manager({.kills_job = false});
  add("t");
  exited("m", 1);
  EXPECT_EQ(job_status("j").state, JobState::Active);
  exited("t", 1);
  EXPECT_EQ(job_status("j").terminate_reason, "AllTasksComplete");
}

TEST_F(SchedulerManagerTest, ATaskThatEndsTheJobBringsNoSecondReason) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  add_manager();
  add("t");
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::Terminate}), "kill m#1 on n1; kill t#1 on n2");
  EXPECT_EQ(job_status("j").terminate_reason, "JMComplete");
  EXPECT_EQ(shown("t"), "completed, was running, TaskEnded, on n2");
}

TEST_F(SchedulerManagerTest, AnExclusiveOneHasItsNodeForItself) {
  given_pool("p", {.dedicated = 2, .slots = 2});
  add_job("other");
  EXPECT_EQ(add("a", {}, "other"), "run a#1 on n1");
  add_job("j");
  EXPECT_EQ(add_manager(), "run m#1 on n2") << "the only one that is empty";
  EXPECT_EQ(add("b", {}, "other"), "run b#1 on n1");
  EXPECT_EQ(add("c", {}, "other"), "") << "the manager's other slot is nobody's";
  EXPECT_EQ(why("c"), (Reasons{Reason::NodeFull, Reason::NodeTaken}));
  EXPECT_EQ(state_.jobs.at(job("j")).counts.running_slots, 1) << "what it asked for";
  restarts();
  EXPECT_EQ(exited("m", 1), "run c#1 on n2");
}

TEST_F(SchedulerManagerTest, AnExclusiveOneWaitsForAnEmptyNode) {
  given_pool("p", {.dedicated = 1, .slots = 2});
  add_job("other");
  add("a", {}, "other");
  add_job("j");
  EXPECT_EQ(add_manager(), "");
  EXPECT_EQ(why("m"), (Reasons{Reason::NodeNotEmpty}));
  EXPECT_EQ(exited("a", 1), "run m#1 on n1");
}

TEST_F(SchedulerManagerTest, OneThatSharesItsNodeTakesItsSlotsOnly) {
  given_pool("p", {.dedicated = 1, .slots = 2});
  add_job("j");
  EXPECT_EQ(add_manager({.is_exclusive = false}), "run m#1 on n1");
  EXPECT_EQ(add("t"), "run t#1 on n1");
}

TEST_F(SchedulerManagerTest, TheOtherTasksOfTheJobWaitUntilItHasBegun) {
  given_pool("p", {.low_priority = 1});
  add_job("j");
  EXPECT_EQ(add_manager({.allows_low_priority = false}), "");
  EXPECT_EQ(add("t"), "");
  EXPECT_EQ(why("m"), (Reasons{Reason::NoDedicatedNodes}));
  EXPECT_EQ(why("t"), (Reasons{Reason::WaitsForManager}));
  resize("p", {1, 1});
  EXPECT_EQ(why("m"), (Reasons{Reason::NodeNotDedicated, Reason::NodeNotReady}));
  EXPECT_EQ(booted(2), "run m#1 on n2; run t#1 on n1");
}

TEST_F(SchedulerManagerTest, WithoutItsManagerTheJobGoesOn) {
  given_pool("p", {.low_priority = 1});
  add_job("j");
  add_manager({.allows_low_priority = false});
  add("t");
  EXPECT_EQ(happens(TaskDeleteAsked{task("m")}), "run t#1 on n1");
}

TEST_F(SchedulerManagerTest, ARequeuedOneIsTheFirstOfItsJob) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  add_manager();
  add("t");
  happens(JobDisableAsked{job("j"), DrainOption::Requeue});
  EXPECT_EQ(shown("m"), "active, was running, 1 requeues, on n1");
  EXPECT_EQ(happens(JobEnableAsked{job("j")}), "clean m on n1; run m#2 on n2; clean t on n2; run t#2 on n1");
}

TEST_F(SchedulerManagerTest, OneThatHasToRunAgainTakesTheRoomOfAnother) {
  given_pool("p", {.dedicated = 2});
  add_job("j");
  add_manager();
  EXPECT_EQ(add("t"), "run t#1 on n2");
  EXPECT_EQ(lost(1, NodeState::Unusable), "kill m#1 on n1; kill t#1 on n2; clean m on n1; run m#2 on n2");
  EXPECT_EQ(shown("t"), "active, was running, on n2") << "neither a retry nor a requeue";
}

TEST_F(SchedulerManagerTest, ButNotThatOfAJobOfHigherPriorityOrOfAnotherManager) {
  given_pool("p", {.dedicated = 3});
  add_job("j");
  add_manager();
  add_job("high", {.priority = 1});
  add("t", {}, "high");
  add_job("k");
  add_manager({}, "n", "k");
  EXPECT_EQ(lost(1, NodeState::Unusable), "kill m#1 on n1");
  EXPECT_EQ(exited("t", 1), "clean m on n1; run m#2 on n2");
}

TEST_F(SchedulerManagerTest, AnExclusiveOneThatHasToRunAgainEmptiesANode) {
  given_pool("p", {.dedicated = 3, .slots = 2});
  add_job("j");
  add_manager();
  add_job("k");
  add("a", {}, "k");
  add("b", {}, "k");
  EXPECT_EQ(add("c", {}, "k"), "run c#1 on n2");
  EXPECT_EQ(lost(1, NodeState::Unusable), "kill m#1 on n1; kill b#1 on n3; clean m on n1; run m#2 on n3")
      << "where the fewest have to go";
  EXPECT_EQ(exited("a", 1), "clean b on n3; run b#2 on n2");
}

TEST_F(SchedulerManagerTest, NodesOfManagersLeaveLast) {
  given_pool("p", {.dedicated = 3});
  add_job("j");
  add_manager();
  add("t");
  add("u");
  EXPECT_EQ(resize("p", {1, 0}), "kill u#1 on n3; remove n3; kill t#1 on n2; remove n2; wake in 900000ms");
}

// --- allowTaskPreemption ---

class GivingWayTest : public SchedulerManagerTest {
 protected:
  std::string add_giving_job(const std::string& id, int priority = 0) {
    JobSpec job_spec = spec(JobAsk{.priority = priority});
    job_spec.gives_way = true;
    return happens(JobAdded{job(id), job_spec});
  }
};

TEST_F(GivingWayTest, ATaskMakesRoomForOneOfAJobOfHigherPriority) {
  given_pool("p", {.dedicated = 1});
  add_giving_job("low");
  add("a", {}, "low");
  add_job("high", {.priority = 1});
  EXPECT_EQ(add("b", {}, "high"), "kill a#1 on n1; run b#1 on n1");
  EXPECT_EQ(shown("a"), "active, was running, on n1");
  EXPECT_EQ(exited("b", 1), "clean a on n1; run a#2 on n1");
}

TEST_F(GivingWayTest, ATaskMakesRoomOnlyIfItsJobAllowsItAndThePriorityIsHigher) {
  given_pool("p", {.dedicated = 2});
  add_job("stays");
  add("a", {}, "stays");
  add_giving_job("alike", 1);
  add("b", {}, "alike");
  add_job("high", {.priority = 1});
  EXPECT_EQ(add("c", {}, "high"), "");
  // Both can be changed while tasks run.
  JobSpec changed = state_.jobs.at(job("stays")).spec;
  changed.gives_way = true;
  EXPECT_EQ(happens(JobSpecChanged{job("stays"), changed}), "kill a#1 on n1; run c#1 on n1");
  changed.priority = 2;
  EXPECT_EQ(happens(JobSpecChanged{job("stays"), changed}), "kill b#1 on n2; clean a on n1; run a#2 on n2");
}

TEST_F(GivingWayTest, OnlyWhenThereIsNoOtherRoom) {
  given_pool("p", {.dedicated = 2});
  add_giving_job("low");
  add("a", {}, "low");
  add_job("high", {.priority = 1});
  EXPECT_EQ(add("b", {}, "high"), "run b#1 on n2");
}

TEST_F(GivingWayTest, NoMoreTasksThanAreNeededOfTheLowestPriority) {
  given_pool("p", {.dedicated = 2, .slots = 4});
  add_giving_job("low");
  add_giving_job("lower", -1);
  add("a", {.slots = 3, .affinity = NodeKey{1}}, "low");
  add("b", {.slots = 1, .affinity = NodeKey{1}}, "lower");
  add("c", {.slots = 3, .affinity = NodeKey{2}}, "lower");
  add("d", {.slots = 1, .affinity = NodeKey{2}}, "lower");
  add_job("high", {.priority = 1});
  EXPECT_EQ(add("e", {.slots = 1}, "high"), "kill b#1 on n1; run e#1 on n1");
  EXPECT_EQ(add("f", {.slots = 3}, "high"), "kill c#1 on n2; run f#1 on n2");
  EXPECT_EQ(add("g", {.slots = 3}, "high"), "kill a#1 on n1; run g#1 on n1");
}

TEST_F(GivingWayTest, WhatWasDisplacedDisplacesInTurn) {
  given_pool("p", {.dedicated = 2});
  add_giving_job("low");
  add_giving_job("middle", 1);
  add("a", {}, "low");
  add("b", {.affinity = NodeKey{2}}, "middle");
  add_job("high", {.priority = 2});
  add("c", {}, "high");
  EXPECT_EQ(shown("a"), "active, was running, on n1");
  EXPECT_EQ(add("d", {}, "high"), "kill b#1 on n2; run d#1 on n2");
  EXPECT_EQ(exited("c", 1), "clean b on n2; run b#2 on n1");
}

TEST_F(GivingWayTest, ANodeThatTakesTasksAgainIsLookedAt) {
  given_pool("p", {.dedicated = 1});
  add_giving_job("low");
  add("a", {}, "low");
  scheduling(1, false, DrainOption::TaskCompletion);
  add_job("high", {.priority = 1});
  EXPECT_EQ(add("b", {}, "high"), "");
  EXPECT_EQ(scheduling(1, true), "kill a#1 on n1; run b#1 on n1");
  restarts();
}

}  // namespace
}  // namespace batchite
