// Multi-instance tasks: several nodes at once, coordination on all of them, the command on the first.
#include <gmock/gmock.h>

#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

class SchedulerInstancesTest : public SchedulerStory {
 protected:
  void SetUp() override {
    given_pool("p", {.dedicated = 3, .inter_node = true});
    add_job("j");
  }
  // "running, running": of the subtasks, which begin with the second instance.
  std::string subtasks(const std::string& id) {
    static constexpr const char* kNames[] = {"preparing", "running", "completed"};
    const Instances* instances = task_status(id).instances.get();
    if (!instances) return "none";
    std::string text;
    for (std::size_t i = 1; i < instances->size(); ++i) {
      const Instance& subtask = (*instances)[i];
      text +=
          fmt::format("{}{} on n{}", i > 1 ? ", " : "", kNames[static_cast<int>(subtask.state)], number(subtask.node));
      if (subtask.exit_code && subtask.state == SubtaskState::Completed)
        text += fmt::format(" exit {}", *subtask.exit_code);
      if (subtask.failure) text += " " + subtask.failure->code;
    }
    return text;
  }
  std::string states(int nodes = 3) {
    std::string text;
    for (int node = 1; node <= nodes; ++node) text += node_state(node) == NodeState::Running ? 'r' : '-';
    return text;
  }
  void given_coordinated(const std::string& id, int instances, int attempt = 1) {
    for (int i = 0; i < instances; ++i) coordinated(id, i, attempt);
  }
};

TEST_F(SchedulerInstancesTest, CoordinationOnAllNodesThenTheCommandOnTheFirst) {
  EXPECT_EQ(add("m", {.instances = 3}), "coordinate m#1.0 on n1; coordinate m#1.1 on n2; coordinate m#1.2 on n3");
  EXPECT_EQ(shown("m"), "running, was active, on n1");
  EXPECT_EQ(subtasks("m"), "running on n2, running on n3");
  EXPECT_EQ(states(), "rrr");
  EXPECT_EQ(coordinated("m", 1), "");
  EXPECT_EQ(coordinated("m", 0), "");
  EXPECT_EQ(coordinated("m", 1), "") << "told twice";
  EXPECT_EQ(coordinated("m", 2), "run m#1 on n1");
  EXPECT_EQ(coordinated("m", 2), "") << "likewise";
  passes(seconds(5));
  EXPECT_EQ(exited("m", 1), "kill m#1 on n1") << "what coordination left running ends with the primary";
  EXPECT_EQ(shown("m"), "completed, was running, exit 0, on n1");
  EXPECT_EQ(subtasks("m"), "completed on n2 exit 0, completed on n3 exit 0");
  EXPECT_EQ(task_status("m").instances->at(1).ended, now_);
  EXPECT_EQ(states(), "---");
}

TEST_F(SchedulerInstancesTest, OneInstanceIsAPrimaryAlone) {
  EXPECT_EQ(add("m", {.instances = 1}), "coordinate m#1.0 on n1");
  EXPECT_EQ(coordinated("m", 0), "run m#1 on n1");
  EXPECT_EQ(subtasks("m"), "");
  EXPECT_EQ(exited("m", 1, 4), "kill m#1 on n1");
  EXPECT_EQ(shown("m"), "completed, was running, exit 4, FailureExitCode, on n1");
}

TEST_F(SchedulerInstancesTest, ItStartsWhenEnoughNodesAreFreeAndHoldsNobodyUpUntilThen) {
  add("a");
  add("b");
  EXPECT_EQ(add("m", {.instances = 2}), "");
  EXPECT_EQ(add("c"), "run c#1 on n3") << "one free node is not enough for m, but for others";
  EXPECT_EQ(exited("a", 1), "");
  EXPECT_EQ(exited("b", 1), "coordinate m#1.0 on n1; coordinate m#1.1 on n2");
  EXPECT_EQ(add("d"), "");
  given_coordinated("m", 2);
  EXPECT_EQ(exited("m", 1), "kill m#1 on n1; run d#1 on n1");
}

TEST_F(SchedulerInstancesTest, TheHigherPriorityAndTheOlderGoFirst) {
  add("wide", {.instances = 3});
  add("x", {.instances = 2});
  add("y");
  add_job("urgent", {.priority = 5});
  add("z", {.instances = 3}, "urgent");
  EXPECT_EQ(happens(TaskTerminateAsked{task("wide")}),
            "kill wide#1 on n1; coordinate z#1.0 on n1; coordinate z#1.1 on n2; coordinate z#1.2 on n3");
  EXPECT_EQ(happens(TaskTerminateAsked{task("z")}),
            "kill z#1 on n1; coordinate x#1.0 on n1; coordinate x#1.1 on n2; run y#1 on n3");
}

TEST_F(SchedulerInstancesTest, APoolThatIsNotMadeForItNeverRunsIt) {
  given_pool("slots", {.dedicated = 3, .slots = 2, .inter_node = true});
  given_pool("apart", {.dedicated = 3});
  add_job("k", {.pool = "slots"});
  add_job("l", {.pool = "apart"});
  EXPECT_EQ(add("m", {.instances = 2}, "k"), "");
  EXPECT_EQ(add("n", {.instances = 2}, "l"), "");
  EXPECT_EQ(add("many", {.slots = 2, .instances = 2}), "") << "a node has one slot";
  EXPECT_EQ(add("four", {.instances = 4}), "");
  resize("p", {4, 0});
  EXPECT_EQ(booted(10),
            "coordinate four#1.0 on n1; coordinate four#1.1 on n2; coordinate four#1.2 on n3; "
            "coordinate four#1.3 on n10");
}

TEST_F(SchedulerInstancesTest, AFailedCoordinationFailsTheTaskOnEveryNode) {
  add("m", {.instances = 3});
  coordinated("m", 0);
  EXPECT_EQ(coordinated("m", 2, 1, 9), "kill m#1 on n1");
  EXPECT_EQ(shown("m"), "completed, was running, exit 9, FailureExitCode, on n1");
  EXPECT_EQ(subtasks("m"), "completed on n2 TaskEnded, completed on n3 exit 9 FailureExitCode");
  EXPECT_EQ(states(), "---");
  EXPECT_EQ(coordinated("m", 1), "") << "late news";
}

TEST_F(SchedulerInstancesTest, RetriesBeginAgainOnEveryNodeAndAreShared) {
  add("m", {.retries = 2, .instances = 2});
  EXPECT_EQ(coordinated("m", 1, 1, 9), "kill m#1 on n1; coordinate m#2.0 on n1; coordinate m#2.1 on n2");
  EXPECT_EQ(subtasks("m"), "running on n2");
  given_coordinated("m", 2, 2);
  EXPECT_EQ(exited("m", 2, 1), "kill m#2 on n1; coordinate m#3.0 on n1; coordinate m#3.1 on n2");
  EXPECT_EQ(exited("m", 2, 1), "") << "late news";
  given_coordinated("m", 2, 3);
  EXPECT_EQ(exited("m", 3, 1), "kill m#3 on n1");
  EXPECT_EQ(shown("m"), "completed, was running, exit 1, FailureExitCode, 2 retries, on n1");
}

TEST_F(SchedulerInstancesTest, WhatCouldNotBePreparedIsNotTriedAgain) {
  add("m", {.retries = 3, .instances = 2});
  const Failure missing{Category::UserError, "BlobNotFound", "", {}};
  EXPECT_EQ(happens(CoordinationExited{task("m"), 1, 1, {std::nullopt, missing, false, now_}}), "kill m#1 on n1");
  EXPECT_EQ(shown("m"), "completed, was running, BlobNotFound, on n1");
  EXPECT_EQ(subtasks("m"), "completed on n2 BlobNotFound");
}

TEST_F(SchedulerInstancesTest, ALostNodeOfASubtaskHasTheWholeTaskRunAgain) {
  add("m", {.instances = 2});
  given_coordinated("m", 2);
  EXPECT_EQ(lost(2, NodeState::Unusable),
            "kill m#1 on n1; clean m on n1; clean m on n2; coordinate m#2.0 on n3; "
            "coordinate m#2.1 on n1");
  EXPECT_EQ(task_status("m").retries, 0);
  EXPECT_EQ(shown("m"), "running, was active, on n3");
  EXPECT_EQ(lost(1, NodeState::Unusable), "kill m#2 on n3");
  EXPECT_EQ(shown("m"), "active, was running, on n3");
}

TEST_F(SchedulerInstancesTest, ARebootOfASubtasksNodeRequeuesOrWaits) {
  add("m", {.instances = 3});
  EXPECT_EQ(reboot(3, DrainOption::TaskCompletion), "");
  EXPECT_EQ(node_state(3), NodeState::Running);
  EXPECT_EQ(reboot(2), "kill m#1 on n1; boot n2#2; boot n3#2") << "nothing is left to wait for";
  EXPECT_EQ(shown("m"), "active, was running, 1 requeues, on n1");
  EXPECT_EQ(booted(2, 2), "");
  EXPECT_EQ(booted(3, 2),
            "clean m on n1; clean m on n2; clean m on n3; coordinate m#2.0 on n1; "
            "coordinate m#2.1 on n2; coordinate m#2.2 on n3");
}

TEST_F(SchedulerInstancesTest, ANodeThatLeavesWaitsForItsSubtaskOrEndsTheTask) {
  add("m", {.instances = 2});
  given_coordinated("m", 2);
  EXPECT_EQ(happens(NodesRemoveAsked{pool("p"), {NodeKey{2}}, minutes(15), DrainOption::TaskCompletion}),
            "wake in 900000ms");
  EXPECT_EQ(node_state(2), NodeState::LeavingPool);
  EXPECT_EQ(exited("m", 1), "kill m#1 on n1; remove n2");
  removed(2);
  EXPECT_EQ(subtasks("m"), "completed on n2 exit 0") << "the node is gone, what happened there is not";
  add("o", {.instances = 2});
  EXPECT_EQ(happens(NodesRemoveAsked{pool("p"), {NodeKey{3}}, minutes(15), DrainOption::Terminate}),
            "kill o#1 on n3; remove n3");
  EXPECT_EQ(shown("o"), "completed, was running, TaskEnded, on n3");
  EXPECT_EQ(node_state(1), NodeState::Idle);
}

TEST_F(SchedulerInstancesTest, TerminatingAndDeletingFreeEveryNodeAndItsFiles) {
  add("m", {.instances = 3});
  EXPECT_EQ(happens(TaskTerminateAsked{task("m")}), "kill m#1 on n1");
  EXPECT_EQ(subtasks("m"), "completed on n2 TaskEnded, completed on n3 TaskEnded");
  EXPECT_EQ(happens(TaskDeleteAsked{task("m")}), "clean m on n1; clean m on n2; clean m on n3");
  add("o", {.instances = 2});
  EXPECT_EQ(happens(TaskDeleteAsked{task("o")}), "kill o#1 on n1; clean o on n1; clean o on n2");
  EXPECT_EQ(states(), "---");
}

TEST_F(SchedulerInstancesTest, RetentionEndsOnEveryNode) {
  add("m", {.retention = minutes(1), .instances = 2});
  given_coordinated("m", 2);
  exited("m", 1);
  EXPECT_EQ(later(minutes(1)), "clean m on n1; clean m on n2");
}

TEST_F(SchedulerInstancesTest, ADisabledJobTakesItsSubtasksAlong) {
  add("m", {.instances = 3});
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::Requeue}), "kill m#1 on n1");
  EXPECT_EQ(states(), "---");
  EXPECT_EQ(happens(JobEnableAsked{job("j")}),
            "clean m on n1; clean m on n2; clean m on n3; coordinate m#2.0 on n1; coordinate m#2.1 on n2; "
            "coordinate m#2.2 on n3");
}

TEST_F(SchedulerInstancesTest, EveryNodeIsPreparedBeforeItBegins) {
  add_job("k", {.preparation = PreparationSpec{}});
  EXPECT_EQ(add("m", {.instances = 2}, "k"), "prepare k#1 on n1; prepare k#1 on n2");
  EXPECT_EQ(shown("m"), "preparing, was active, on n1");
  EXPECT_EQ(subtasks("m"), "preparing on n2");
  EXPECT_EQ(prepared("k", 2), "");
  EXPECT_EQ(prepared("k", 1), "coordinate m#1.0 on n1; coordinate m#1.1 on n2");
  EXPECT_EQ(subtasks("m"), "running on n2");
}

TEST_F(SchedulerInstancesTest, ANodeWherePreparationFailsIsReplaced) {
  add_job("k", {.preparation = PreparationSpec{}});
  add("m", {.instances = 2}, "k");
  prepared("k", 1);
  EXPECT_EQ(prepared("k", 2, 1, 1), "prepare k#1 on n3");
  EXPECT_EQ(prepared("k", 3), "coordinate m#2.0 on n3; coordinate m#2.1 on n1");
}

TEST_F(SchedulerInstancesTest, TheWishedNodeIsThePrimarys) {
  EXPECT_EQ(add("m", {.affinity = NodeKey{3}, .instances = 2}), "coordinate m#1.0 on n3; coordinate m#1.1 on n1");
}

TEST_F(SchedulerInstancesTest, AfterARestartOfTheServiceItIsAsItWas) {
  add("m", {.instances = 2});
  coordinated("m", 1);
  restarts();
  EXPECT_EQ(subtasks("m"), "running on n2");
  EXPECT_EQ(coordinated("m", 0), "run m#1 on n1");
  restarts();
  exited("m", 1);
  restarts();
  EXPECT_EQ(subtasks("m"), "completed on n2 exit 0");
}

TEST_F(SchedulerInstancesTest, AfterARestartOfTheHostItBeginsAgain) {
  add("m", {.instances = 2});
  given_coordinated("m", 2);
  EXPECT_EQ(happens(HostRestarted{}), "boot n1#2; boot n2#2; boot n3#2");
  EXPECT_EQ(shown("m"), "active, was running, on n1");
  booted(1, 2);
  EXPECT_EQ(booted(3, 2), "clean m on n1; clean m on n2; coordinate m#2.0 on n1; coordinate m#2.1 on n3");
}

TEST_F(SchedulerInstancesTest, NodesRememberTheirSubtasks) {
  add("m", {.instances = 2});
  EXPECT_THAT(state_.nodes.at(NodeKey{2}).recent, testing::ElementsAre(task("m")));
  EXPECT_EQ(state_.nodes.at(NodeKey{2}).subtask, task("m"));
}

TEST_F(SchedulerInstancesTest, OneThatCanNeverRunDoesNotHoldUpItsLike) {
  add("never", {.slots = 2, .instances = 3});
  EXPECT_EQ(add("m", {.instances = 3}), "coordinate m#1.0 on n1; coordinate m#1.1 on n2; coordinate m#1.2 on n3");
}

}  // namespace
}  // namespace batchite
