#include <gmock/gmock.h>

#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

using testing::IsEmpty;
using State = JobTaskStatus::State;

const JobAsk kPrepared{.preparation = PreparationSpec{}};
const JobAsk kReleased{.preparation = PreparationSpec{}, .release = true};

class SchedulerPreparationTest : public SchedulerStory {
 protected:
  void SetUp() override { given_pool("p", {.dedicated = 2, .slots = 2}); }
  // Job "j" with task "a" running on n1.
  void given_running(const JobAsk& ask) {
    add_job("j", ask);
    add("a");
    prepared("j", 1);
  }
  JobState job_state(const std::string& id) { return job_status(id).state; }
  bool there(const std::string& id) { return state_.jobs.contains(job(id)); }
};

TEST_F(SchedulerPreparationTest, TheFirstTaskOnANodeWaitsForThePreparation) {
  add_job("j", kPrepared);
  EXPECT_EQ(add("a"), "prepare j#1 on n1");
  EXPECT_EQ(shown("a"), "preparing, was active, on n1");
  EXPECT_EQ(task_status("a").started, kNever);
  EXPECT_EQ(node_state(1), NodeState::Running);
  EXPECT_EQ(state_.nodes.at(NodeKey{1}).free_slots, 1) << "it holds its slot";
  EXPECT_EQ(state_.jobs.at(job("j")).counts.running, 1) << "preparing counts as running";
  passes(seconds(2));
  EXPECT_EQ(prepared("j", 1), "run a#1 on n1");
  EXPECT_EQ(shown("a"), "running, was preparing, on n1");
  EXPECT_EQ(task_status("a").started, now_);
  exited("a", 1);
  EXPECT_EQ(shown("a"), "completed, was running, exit 0, on n1");
}

TEST_F(SchedulerPreparationTest, ItRunsOnceANodeAndOnlyWhereTasksCome) {
  add_job("j", kPrepared);
  add("a");
  EXPECT_EQ(add("b"), "prepare j#1 on n2");
  EXPECT_EQ(add("c"), "") << "it joins those that wait";
  EXPECT_EQ(shown("c"), "preparing, was active, on n1");
  EXPECT_EQ(prepared("j", 1), "run a#1 on n1; run c#1 on n1");
  exited("a", 1);
  EXPECT_EQ(add("d", {.affinity = NodeKey{1}}), "run d#1 on n1");
  add_job("k", kPrepared);
  EXPECT_EQ(add("x", {}, "k"), "prepare k#1 on n2") << "every job has its own";
}

TEST_F(SchedulerPreparationTest, RetriesGoOnAtOnceAndOnlyForExitCodes) {
  add_job("j", {.preparation = PreparationSpec{.max_retries = 2}});
  add("a");
  passes(seconds(1));
  EXPECT_EQ(prepared("j", 1, 1, 3), "prepare j#2 on n1");
  EXPECT_EQ(job_node("j", 1).preparation.retries, 1);
  EXPECT_EQ(job_node("j", 1).preparation.last_retry, now_);
  EXPECT_EQ(job_node("j", 1).preparation.state, State::Running) << "retrying is running";
  EXPECT_EQ(prepared("j", 1, 1, 0), "") << "late news";
  EXPECT_EQ(happens(JobTaskExited{job("j"),
                                  NodeKey{1},
                                  JobTask::Preparation,
                                  2,
                                  {std::nullopt, Failure{Category::UserError, "BlobNotFound", "", {}}, false, now_}}),
            "prepare j#1 on n2");
  EXPECT_EQ(job_node("j", 1).preparation.failure->code, "BlobNotFound");
  EXPECT_EQ(job_node("j", 1).preparation.retries, 1);
}

TEST_F(SchedulerPreparationTest, AFailedPreparationBarsTheNodeUntilItIsReimaged) {
  add_job("j", kPrepared);
  add("a");
  EXPECT_EQ(prepared("j", 1, 1, 1), "prepare j#1 on n2") << "the task goes elsewhere";
  EXPECT_EQ(shown("a"), "preparing, was active, on n2");
  EXPECT_EQ(job_node("j", 1).preparation.failure->code, "FailureExitCode");
  EXPECT_EQ(node_state(1), NodeState::Idle) << "the node is as it was";
  EXPECT_EQ(prepared("j", 2, 1, 1), "");
  EXPECT_EQ(shown("a"), "active, was preparing") << "for ever";
  EXPECT_EQ(job_state("j"), JobState::Active) << "the job does not fail";
  add_job("k");
  EXPECT_EQ(add("x", {}, "k"), "run x#1 on n1") << "others may run there";
  reboot(2);
  EXPECT_EQ(booted(2, 2), "") << "a reboot does not help";
  reboot(2, DrainOption::Requeue, true);
  EXPECT_EQ(booted(2, 3), "prepare j#2 on n2");
}

TEST_F(SchedulerPreparationTest, TasksThatWaitedTogetherKeepTheirOrder) {
  add_job("j", {.max_parallel = 2, .preparation = PreparationSpec{}});
  resize("p", {1, 0});
  removed(2);
  add("a");
  add("b");
  add("c");
  EXPECT_EQ(prepared("j", 1, 1, 1), "");
  reboot(1, DrainOption::Requeue, true);
  EXPECT_EQ(booted(1, 2), "prepare j#2 on n1");
  EXPECT_EQ(prepared("j", 1, 2), "run a#2 on n1; run b#2 on n1");
}

TEST_F(SchedulerPreparationTest, TasksNeedNotWaitForAPreparationThatMayFail) {
  add_job("j", {.preparation = PreparationSpec{.wait_for_success = false}, .release = true});
  EXPECT_EQ(add("a"), "prepare j#1 on n1; run a#1 on n1");
  EXPECT_EQ(prepared("j", 1, 1, 1), "");
  EXPECT_EQ(job_node("j", 1).preparation.failure->code, "FailureExitCode");
  EXPECT_FALSE(job_node("j", 1).is_barred);
  exited("a", 1);
  EXPECT_EQ(add("b"), "prepare j#1 on n2; run b#1 on n2");
  EXPECT_EQ(add("c"), "run c#1 on n1");
  EXPECT_EQ(happens(JobTerminateAsked{job("j"), ""}),
            "kill b#1 on n2; kill c#1 on n1; kill prepare j#1 on n2; release j#1 on n1")
      << "it has been completed on n1, with whatever result";
}

TEST_F(SchedulerPreparationTest, AfterARebootItRunsAgainIfAskedForOrNotDone) {
  given_running(kPrepared);
  add_job("k", {.preparation = PreparationSpec{.rerun_after_reboot = false}});
  add("x", {.affinity = NodeKey{1}}, "k");
  prepared("k", 1);
  EXPECT_EQ(reboot(1),
            "kill x#1 on n1; kill a#1 on n1; boot n1#2; clean a on n1; prepare j#1 on n2; clean x on n1; "
            "prepare k#1 on n2");
  happens(TaskTerminateAsked{task("x")});
  happens(TaskTerminateAsked{task("a")});
  booted(1, 2);
  EXPECT_EQ(add("b", {.affinity = NodeKey{1}}), "prepare j#2 on n1");
  EXPECT_EQ(add("y", {.affinity = NodeKey{1}}, "k"), "run y#1 on n1");
}

TEST_F(SchedulerPreparationTest, OneThatARebootInterruptsRunsAgainEvenIfOnceWouldDo) {
  add_job("j", {.preparation = PreparationSpec{.rerun_after_reboot = false}});
  add("a");
  scheduling(2, false);
  EXPECT_EQ(reboot(1), "kill prepare j#1 on n1; boot n1#2");
  EXPECT_EQ(shown("a"), "active, was preparing, 1 requeues");
  EXPECT_EQ(job_node("j", 1).preparation.failure->code, "TaskEnded");
  EXPECT_EQ(booted(1, 2), "prepare j#2 on n1");
  EXPECT_EQ(prepared("j", 1, 1), "") << "late news";
  EXPECT_EQ(prepared("j", 1, 2), "run a#2 on n1");
}

TEST_F(SchedulerPreparationTest, ADiskMadeAnewIsPreparedAnew) {
  const JobAsk once{.preparation = PreparationSpec{.rerun_after_reboot = false}};
  given_running(once);
  exited("a", 1);
  scheduling(2, false);
  reboot(1, DrainOption::Requeue, true);
  booted(1, 2);
  EXPECT_EQ(add("b"), "prepare j#2 on n1") << "reimaged";
  prepared("j", 1, 2);
  exited("b", 1);
  lost(1, NodeState::Preempted);
  later(seconds(0));
  booted(1, 3);
  EXPECT_EQ(add("c"), "prepare j#3 on n1") << "preempted";
}

TEST_F(SchedulerPreparationTest, ALostNodeSendsItsPreparingTasksElsewhere) {
  add_job("j", kPrepared);
  add("a");
  EXPECT_EQ(lost(1, NodeState::Unusable), "kill prepare j#1 on n1; prepare j#1 on n2");
  EXPECT_EQ(shown("a"), "preparing, was active, on n2");
  EXPECT_EQ(task_status("a").requeues, 0);
  EXPECT_EQ(prepared("j", 1), "") << "late news";
}

TEST_F(SchedulerPreparationTest, APreparingTaskCanBeTerminatedAndDeleted) {
  add_job("j", kPrepared);
  add("a");
  add("b");
  EXPECT_EQ(happens(TaskTerminateAsked{task("a")}), "") << "it has no process yet";
  EXPECT_EQ(shown("a"), "completed, was preparing, TaskEnded");
  EXPECT_EQ(node_state(1), NodeState::Idle);
  EXPECT_EQ(happens(TaskDeleteAsked{task("b")}), "");
  EXPECT_EQ(prepared("j", 1), "") << "the preparation went on";
  EXPECT_EQ(add("c"), "run c#1 on n1");
}

TEST_F(SchedulerPreparationTest, DrainOptionsHoldForPreparingTasks) {
  add_job("j", kPrepared);
  add("a");
  reboot(1, DrainOption::TaskCompletion);
  EXPECT_EQ(prepared("j", 1), "run a#1 on n1") << "the node waits";
  EXPECT_EQ(exited("a", 1), "boot n1#2");
  booted(1, 2);
  add("b", {.affinity = NodeKey{1}});
  EXPECT_EQ(reboot(1, DrainOption::Terminate), "kill prepare j#2 on n1; boot n1#3");
  EXPECT_EQ(shown("b"), "completed, was preparing, TaskEnded");
}

TEST_F(SchedulerPreparationTest, DisablingAJobTakesItsPreparingTasksBack) {
  add_job("j", kPrepared);
  add("a");
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::Requeue}), "");
  EXPECT_EQ(shown("a"), "active, was preparing, 1 requeues");
  EXPECT_EQ(job_state("j"), JobState::Disabled);
  EXPECT_EQ(prepared("j", 1), "");
  scheduling(2, false);
  EXPECT_EQ(happens(JobEnableAsked{job("j")}), "run a#2 on n1") << "what was prepared meanwhile is used";
  add("b");
  EXPECT_EQ(happens(JobDisableAsked{job("j"), DrainOption::TaskCompletion}), "");
  EXPECT_EQ(job_state("j"), JobState::Disabling);
}

TEST_F(SchedulerPreparationTest, ATerminatedJobRunsItsReleaseTasksAndWaitsForThem) {
  given_running(kReleased);
  add("b");
  add("c");
  prepared("j", 2, 1, 1);
  passes(seconds(1));
  EXPECT_EQ(happens(JobTerminateAsked{job("j"), ""}), "kill a#1 on n1; kill c#1 on n1; release j#1 on n1")
      << "not where preparation failed";
  EXPECT_EQ(job_state("j"), JobState::Terminating);
  EXPECT_EQ(job_status("j").previous_state, JobState::Active);
  EXPECT_EQ(job_status("j").terminate_reason, "UserTerminate");
  EXPECT_EQ(job_status("j").ended, kNever);
  const Time asked = now_;
  passes(seconds(1));
  EXPECT_EQ(released("j", 1, 1, 7), "");
  EXPECT_EQ(job_state("j"), JobState::Completed) << "failures do not matter";
  EXPECT_EQ(job_status("j").previous_state, JobState::Active) << "not terminating";
  EXPECT_EQ(job_status("j").ended, now_);
  EXPECT_EQ(job_status("j").modified, asked) << "completing is the service's own doing";
  EXPECT_EQ(job_node("j", 1).release.exit_code, 7);
  EXPECT_EQ(job_node("j", 1).release.failure->code, "FailureExitCode");
}

TEST_F(SchedulerPreparationTest, EveryWayOutReleases) {
  const auto given = [&](JobAsk ask) {
    ask.preparation = PreparationSpec{};
    ask.release = true;
    add_job("j", ask);
    add("a");
    prepared("j", static_cast<int>(number(task_status("a").node)));
  };
  given({.on_complete = OnAllTasksComplete::TerminateJob});
  EXPECT_EQ(exited("a", 1), "release j#1 on n1") << "all tasks complete";
  released("j", 1);
  happens(JobDeleteAsked{job("j")});
  given({.on_failure = OnTaskFailure::PerformExitOptionsJobAction});
  const std::string node = fmt::format("n{}", number(task_status("a").node));
  EXPECT_EQ(exited("a", 1, 1), "release j#1 on " + node) << "a task failed";
}

TEST_F(SchedulerPreparationTest, ItReleasesWhenItsTimeIsUp) {
  add_job("j", {.max_wall_clock = hours(1), .preparation = PreparationSpec{}, .release = true});
  add("a");
  prepared("j", 1);
  EXPECT_EQ(later(hours(1)), "kill a#1 on n1; release j#1 on n1");
  EXPECT_EQ(job_status("j").terminate_reason, "MaxWallClockTimeExpiry");
}

TEST_F(SchedulerPreparationTest, APreparationUnderWayEndsWithItsJob) {
  add_job("j", kReleased);
  add("a");
  EXPECT_EQ(happens(JobTerminateAsked{job("j"), ""}), "kill prepare j#1 on n1");
  EXPECT_EQ(job_state("j"), JobState::Completed) << "there is nothing to release";
  EXPECT_EQ(shown("a"), "completed, was preparing, TaskEnded");
}

TEST_F(SchedulerPreparationTest, ADeletedJobReleasesFirst) {
  given_running(kReleased);
  EXPECT_EQ(happens(JobDeleteAsked{job("j")}), "kill a#1 on n1; release j#1 on n1");
  EXPECT_EQ(job_state("j"), JobState::Deleting);
  EXPECT_EQ(job_status("j").modified, now_);
  EXPECT_EQ(released("j", 1), "clean a on n1; clean prepare of j on n1; clean release of j on n1");
  EXPECT_FALSE(there("j"));
}

TEST_F(SchedulerPreparationTest, DeletionDoesNotReleaseTwice) {
  given_running(kReleased);
  happens(JobTerminateAsked{job("j"), ""});
  EXPECT_EQ(happens(JobDeleteAsked{job("j")}), "") << "it waits for what runs";
  EXPECT_EQ(job_state("j"), JobState::Deleting);
  EXPECT_EQ(released("j", 1), "clean a on n1; clean prepare of j on n1; clean release of j on n1");
  EXPECT_FALSE(there("j"));
  add_job("k", kReleased);
  add("x", {.affinity = NodeKey{1}}, "k");
  prepared("k", 1);
  happens(JobTerminateAsked{job("k"), ""});
  released("k", 1);
  EXPECT_EQ(happens(JobDeleteAsked{job("k")}), "clean x on n1; clean prepare of k on n1; clean release of k on n1");
  EXPECT_FALSE(there("k"));
}

TEST_F(SchedulerPreparationTest, ReleaseTasksTakeNoSlots) {
  given_pool("q", {.dedicated = 1});
  add_job("j", {.pool = "q", .preparation = PreparationSpec{}, .release = true});
  add("a");
  prepared("j", 3);
  happens(JobTerminateAsked{job("j"), ""});
  EXPECT_EQ(node_state(3), NodeState::Idle);
  add_job("k", {.pool = "q"});
  EXPECT_EQ(add("x", {}, "k"), "run x#1 on n3");
}

TEST_F(SchedulerPreparationTest, AReleaseTaskRunsAgainAfterAReboot) {
  given_running(kReleased);
  happens(JobTerminateAsked{job("j"), ""});
  EXPECT_EQ(reboot(1), "kill release j#1 on n1; boot n1#2");
  EXPECT_EQ(released("j", 1), "") << "late news";
  EXPECT_EQ(job_state("j"), JobState::Terminating);
  EXPECT_EQ(booted(1, 2), "release j#2 on n1");
  released("j", 1, 2);
  EXPECT_EQ(job_state("j"), JobState::Completed);
}

TEST_F(SchedulerPreparationTest, ANodeThatIsBootingReleasesAfterwards) {
  given_running(kReleased);
  exited("a", 1);
  reboot(1);
  EXPECT_EQ(happens(JobTerminateAsked{job("j"), ""}), "");
  EXPECT_EQ(job_state("j"), JobState::Terminating);
  EXPECT_EQ(booted(1, 2), "release j#1 on n1");
}

TEST_F(SchedulerPreparationTest, AReimagedNodeHasNothingToRelease) {
  given_running(kReleased);
  exited("a", 1);
  reboot(1, DrainOption::Requeue, true);
  booted(1, 2);
  EXPECT_EQ(happens(JobTerminateAsked{job("j"), ""}), "");
  EXPECT_EQ(job_state("j"), JobState::Completed);
}

TEST_F(SchedulerPreparationTest, NodesThatGoAwayDoNotHoldUpTheirJob) {
  given_running(kReleased);
  add("b", {.affinity = NodeKey{2}});
  prepared("j", 2);
  EXPECT_EQ(happens(JobTerminateAsked{job("j"), ""}),
            "kill a#1 on n1; kill b#1 on n2; release j#1 on n1; release j#1 on n2");
  EXPECT_EQ(lost(1, NodeState::Unusable), "kill release j#1 on n1");
  EXPECT_EQ(job_state("j"), JobState::Terminating);
  EXPECT_EQ(resize("p", {0, 0}), "remove n1; kill release j#1 on n2; remove n2; wake in 900000ms");
  EXPECT_EQ(job_state("j"), JobState::Completed);
  removed(2);
  EXPECT_EQ(job_node("j", 2).release.failure->code, "TaskEnded") << "nodes that are gone are remembered";
}

TEST_F(SchedulerPreparationTest, ARestartedHostBeginsAgain) {
  given_running(kReleased);
  add("b", {.affinity = NodeKey{2}});
  EXPECT_EQ(happens(HostRestarted{}), "boot n1#2; boot n2#2");
  EXPECT_EQ(shown("b"), "active, was preparing");
  EXPECT_EQ(booted(1, 2), "prepare j#2 on n1; clean a on n1");
  prepared("j", 1, 2);
  happens(JobTerminateAsked{job("j"), ""});
  EXPECT_EQ(job_node("j", 1).release.state, State::Running);
  happens(HostRestarted{});
  EXPECT_EQ(booted(1, 3), "release j#2 on n1");
}

TEST_F(SchedulerPreparationTest, WhatATaskWaitsForIsTold) {
  add_job("j", kPrepared);
  add("a");
  const auto reasons = [&](const std::string& id) {
    std::vector<std::pair<Obstacle::Reason, std::int64_t>> found;
    for (const Obstacle& obstacle : explain(state_, task(id)))
      found.emplace_back(obstacle.reason, number(obstacle.node));
    return found;
  };
  using Reason = Obstacle::Reason;
  EXPECT_THAT(reasons("a"), testing::ElementsAre(std::pair(Reason::Preparing, 1)));
  prepared("j", 1, 1, 1);
  prepared("j", 2, 1, 1);
  EXPECT_THAT(reasons("a"), testing::ElementsAre(std::pair(Reason::NodeBarred, 1), std::pair(Reason::NodeBarred, 2)));
}

TEST_F(SchedulerPreparationTest, AJobThatNeedsNoPreparationKeepsNothingOfItsNodes) {
  add_job("j");
  add("a");
  EXPECT_THAT(state_.jobs.at(job("j")).nodes, IsEmpty());
}

}  // namespace
}  // namespace batchite
