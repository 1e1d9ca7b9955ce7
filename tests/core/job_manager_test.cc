// Job manager tasks as clients see them, in jobs and in the jobs of schedules. Facts are recorded answers (the
// defaults) and learn.microsoft.com/rest/api/batchservice/job/add.
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

class JobManagerTest : public ServiceTest {
 protected:
  static Document manager(const Document& more = Document::object()) {
    Document task = {{"id", "boss"}, {"commandLine", "/bin/true"}};
    task.update(more);
    return task;
  }
  static Document managed_job(const Document& more = Document::object(), const std::string& id = "j") {
    Document body = job(id, "p");
    body["jobManagerTask"] = manager(more);
    return body;
  }
  void one_node_and(const Document& body) {
    ask("Pool_Add", {.body = pool("p", 1)});
    boot_nodes();
    ask("Job_Add", {.body = body});
  }
  Document shown(const std::string& id = "j") { return ask("Job_Get", {.path = {{"jobId", id}}}).body; }
  Document task_shown(const std::string& id = "boss", const std::string& of = "j") {
    return ask("Task_Get", {.path = {{"jobId", of}, {"taskId", id}}}).body;
  }
  std::string why(const std::string& id) { return service.explain("j", id, now)[0]["message"]; }
};

TEST_F(JobManagerTest, ItIsATaskOfItsJobFromTheBeginning) {
  one_node_and(managed_job({{"displayName", "The boss"}, {"requiredSlots", 1}}));
  const Document list = ask("Task_List", {.path = {{"jobId", "j"}}}).body["value"];
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["id"], "boss");
  EXPECT_EQ(list[0]["state"], "running");
  EXPECT_EQ(list[0]["displayName"], "The boss");
  EXPECT_EQ(list[0]["constraints"]["retentionTime"], "P7D");
  for (const char* name : {"killJobOnCompletion", "runExclusive", "allowLowPriorityNode"}) {
    EXPECT_FALSE(list[0].contains(name)) << name;
  }
  const auto run = runs();
  ASSERT_EQ(run.size(), 1U);
  EXPECT_EQ(run[0].task_id, "boss");
}

TEST_F(JobManagerTest, TheJobShowsItWithTheServicesDefaults) {
  Document body = managed_job();
  body["constraints"] = {{"maxTaskRetryCount", 2}};
  one_node_and(body);
  const Document task = shown()["jobManagerTask"];
  EXPECT_EQ(task["constraints"].dump(),
            R"({"maxWallClockTime":"P10675199DT2H48M5.4775807S","retentionTime":"P7D","maxTaskRetryCount":2})");
  EXPECT_EQ(task["requiredSlots"], 1);
  EXPECT_EQ(task["killJobOnCompletion"], true);
  EXPECT_EQ(task["runExclusive"], true);
  EXPECT_EQ(task["allowLowPriorityNode"], true);
  EXPECT_EQ(task["userIdentity"].dump(), R"({"autoUser":{"scope":"pool","elevationLevel":"nonadmin"}})");
}

TEST_F(JobManagerTest, ItsEndIsTheJobsEnd) {
  one_node_and(managed_job());
  ends(runs().at(0), 7);
  EXPECT_EQ(shown()["state"], "completed");
  EXPECT_EQ(shown()["executionInfo"]["terminateReason"], "JMComplete");
  EXPECT_EQ(task_shown()["executionInfo"]["exitCode"], 7);
}

TEST_F(JobManagerTest, ItsIdIsTaken) {
  one_node_and(managed_job());
  EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", "j"}}, .body = task("BOSS")}), "409 TaskExists");
  Document body = managed_job({{"id", "jobpreparation"}}, "k");
  body["jobPreparationTask"] = {{"commandLine", "true"}};
  EXPECT_EQ(outcome("Job_Add", {.body = body}), "400 InvalidPropertyValue");
}

TEST_F(JobManagerTest, WhatATaskMayNotHaveItMayNotHave) {
  EXPECT_EQ(outcome("Job_Add", {.body = managed_job({{"resourceFiles", {{{"filePath", "f"}}}}})}),
            "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("Job_Add", {.body = managed_job({{"outputFiles",
                                                      {{{"filePattern", "*"},
                                                        {"destination", Document::object()},
                                                        {"uploadOptions", {{"uploadCondition", "tasksuccess"}}}}}}})}),
            "400 MissingRequiredProperty");
  EXPECT_EQ(outcome("Job_Add", {.body = managed_job({{"applicationPackageReferences", {{{"applicationId", "a"}}}}})}),
            "409 InvalidApplicationPackageReferences");
}

TEST_F(JobManagerTest, OneNotForSpotNodesSaysSo) {
  one_node_and(managed_job({{"allowLowPriorityNode", false}}));
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  EXPECT_EQ(why("boss"), "it never runs: its allowLowPriorityNode is false, and the pool has only spot nodes");
  EXPECT_EQ(why("t"), "the job manager task goes first");
}

TEST_F(JobManagerTest, TheJobsOfAScheduleHaveOneEach) {
  ask("Pool_Add", {.body = pool("p", 1)});
  boot_nodes();
  ask("JobSchedule_Add",
      {.body = {{"id", "s"},
                {"schedule", {{"recurrenceInterval", "PT1H"}}},
                {"jobSpecification", {{"poolInfo", {{"poolId", "p"}}}, {"jobManagerTask", manager()}}}}});
  EXPECT_EQ(ask("JobSchedule_Get", {.path = {{"jobScheduleId", "s"}}})
                .body["jobSpecification"]["jobManagerTask"]["runExclusive"],
            true);
  EXPECT_EQ(task_shown("boss", "s:job-1")["state"], "running");
  ends(runs().at(0), 0);
  EXPECT_EQ(shown("s:job-1")["executionInfo"]["terminateReason"], "JMComplete");
  now += std::chrono::hours(1);
  happens(Tick{});
  EXPECT_EQ(task_shown("boss", "s:job-2")["state"], "running");
}

TEST_F(JobManagerTest, ItIsOneStillAfterARestartOfTheService) {
  one_node_and(managed_job({{"killJobOnCompletion", true}}));
  const RunTaskOrder run = runs().at(0);
  Service again{store, files, host, {.account = "acct", .base_url = "http://batch"}};
  again.happened(
      {TaskExited{run.what.task, run.what.attempt, {.exit_code = 0, .failure = {}, .may_retry = true, .started = now}}},
      now);
  const contract::Operation& get = *contract::find_operation("Job_Get");
  const Answer answer = again.call({get, {{"jobId", "j"}}, {}, {}, nullptr, {20240201}}, now);
  EXPECT_EQ(std::get<Reply>(answer).body["executionInfo"]["terminateReason"], "JMComplete");
}

TEST_F(JobManagerTest, TasksGiveWayToThoseOfAJobOfHigherPriority) {
  Document low = job("low", "p");
  low["priority"] = -5;
  one_node_and(low);
  ask("Task_Add", {.path = {{"jobId", "low"}}, .body = task("t")});
  ask("Job_Add", {.body = job("j", "p")});
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("u")});
  EXPECT_EQ(task_shown("u")["state"], "active");
  ask("Job_Patch", {.path = {{"jobId", "low"}}, .body = {{"allowTaskPreemption", true}}});
  EXPECT_EQ(task_shown("u")["state"], "running");
  const Document displaced = task_shown("t", "low");
  EXPECT_EQ(displaced["state"], "active");
  EXPECT_EQ(displaced["executionInfo"]["retryCount"], 0);
  EXPECT_EQ(displaced["executionInfo"]["requeueCount"], 0);
}

}  // namespace
}  // namespace batchite
