// What clients see of the service, in memory: statuses, defaults, errors, recovery. Facts are the service's recorded
// answers.
#include "tests/support/service_fixture.h"

#include "core/operations/table.h"

namespace batchite {
namespace {

TEST(OperationTable, HoldsEveryOperationOfTheContractOnce) {
  std::map<std::string_view, int> rows;
  for (const OperationRow& row : operation_rows()) ++rows[row.id];
  for (const contract::Operation& operation : contract::operations()) {
    EXPECT_EQ(rows[operation.id], 1) << operation.id;
    rows.erase(operation.id);
  }
  EXPECT_TRUE(rows.empty()) << rows.begin()->first << " is not in the contract";
}

TEST_F(ServiceTest, AnOperationOfALaterMilestoneIsRefusedByName) {
  try {
    ask("JobSchedule_List");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), 501U);
    EXPECT_EQ(error.code(), "NotImplemented");
    EXPECT_NE(error.message().find("JobSchedule_List"), std::string::npos);
  }
}

TEST_F(ServiceTest, APoolComesBackWithTheServicesDefaults) {
  EXPECT_EQ(outcome("Pool_Add", {.body = pool("Pool1", 2)}), "201");
  const Document shown = ask("Pool_Get", {.path = {{"poolId", "pool1"}}}).body;
  EXPECT_EQ(shown["id"], "Pool1");
  EXPECT_EQ(shown["url"], "http://batch/pools/Pool1");
  EXPECT_EQ(shown["vmSize"], "standard_a1_v2");
  EXPECT_EQ(shown["state"], "active");
  EXPECT_EQ(shown["resizeTimeout"], "PT15M");
  EXPECT_EQ(shown["targetDedicatedNodes"], 0);
  EXPECT_EQ(shown["targetLowPriorityNodes"], 2);
  EXPECT_EQ(shown["currentLowPriorityNodes"], 2);
  EXPECT_EQ(shown["allocationState"], "steady");
  EXPECT_EQ(shown["taskSlotsPerNode"], 1);
  EXPECT_EQ(shown["taskSchedulingPolicy"]["nodeFillType"], "Spread");
  EXPECT_EQ(shown["virtualMachineConfiguration"]["imageReference"]["version"], "latest");
  EXPECT_EQ(shown["eTag"], etag(*parse_iso8601(shown["lastModified"].get<std::string>())));
}

struct Refusal {
  std::string_view operation;
  Document body;
  std::string expected;
};

TEST_F(ServiceTest, BadBodiesGetTheServicesErrors) {
  Document twice = pool("p", 0);
  twice["cloudServiceConfiguration"] = {{"osFamily", "6"}};
  const Refusal refusals[] = {
      {"Pool_Add", {{"id", "p"}}, "400 MissingRequiredProperty"},
      {"Pool_Add", nullptr, "400 InvalidRequestBody"},
      {"Pool_Add", twice, "400 InvalidPropertyValue"},
      {"Pool_Add", pool("p", -1), "400 InvalidPropertyValue"},
      {"Pool_Add", pool("not/an/id", 0), "400 InvalidPropertyValue"},
      {"Pool_Add", pool("p", 0, {{"resizeTimeout", "PT1M"}}), "400 InvalidPropertyValue"},
      {"Pool_Add", pool("p", 0, {{"nonsense", 1}}), "400 UnsupportedProperty"},
      {"Job_Add", {{"id", "j"}, {"poolInfo", Document::object()}}, "400 InvalidPropertyValue"},
      {"Job_Add", {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}, {"priority", 1001}}, "400 OutOfRangePriority"},
      {"Job_Add", {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}, {"maxParallelTasks", 0}}, "400 InvalidPropertyValue"},
  };
  for (const Refusal& refusal : refusals) {
    EXPECT_EQ(outcome(refusal.operation, {.body = refusal.body}), refusal.expected) << refusal.body.dump();
  }
  EXPECT_TRUE(ask("Pool_List").body["value"].empty());
}

TEST_F(ServiceTest, IdsAreTakenWithoutRegardToCase) {
  one_node();
  EXPECT_EQ(outcome("Pool_Add", {.body = pool("P", 0)}), "409 PoolExists");
  EXPECT_EQ(outcome("Job_Add", {.body = job("J", "p")}), "409 JobExists");
  EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", "J"}}, .body = task("t")}), "201");
  EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", "j"}}, .body = task("T")}), "409 TaskExists");
  EXPECT_EQ(outcome("Task_Get", {.path = {{"jobId", "j"}, {"taskId", "x"}}}), "404 TaskNotFound");
}

TEST_F(ServiceTest, ATaskRunsAndIsCompletedWithItsExitCode) {
  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  const auto started = runs();
  ASSERT_EQ(started.size(), 1U);
  EXPECT_EQ(started[0].task_id, "t");
  const Asked the_task{.path = {{"jobId", "j"}, {"taskId", "t"}}};
  Document shown = ask("Task_Get", the_task).body;
  EXPECT_EQ(shown["state"], "running");
  EXPECT_EQ(shown["nodeInfo"]["taskRootDirectory"], "workitems/j/job-1/t");
  const std::string added = shown["eTag"];

  ends(started[0], 3);
  shown = ask("Task_Get", the_task).body;
  EXPECT_EQ(shown["state"], "completed");
  EXPECT_EQ(shown["previousState"], "running");
  EXPECT_EQ(shown["executionInfo"]["exitCode"], 3);
  EXPECT_EQ(shown["executionInfo"]["result"], "failure");
  EXPECT_EQ(shown["executionInfo"]["failureInfo"]["code"], "FailureExitCode");
  EXPECT_EQ(shown["constraints"]["maxWallClockTime"], "P10675199DT2H48M5.4775807S");
  EXPECT_EQ(shown["constraints"]["retentionTime"], "P7D");
  EXPECT_EQ(shown["userIdentity"]["autoUser"]["elevationLevel"], "nonadmin");
  EXPECT_EQ(shown["eTag"], added) << "the scheduler's own changes move no ETag";
  const Document counts = ask("Job_GetTaskCounts", {.path = {{"jobId", "j"}}}).body;
  EXPECT_EQ(counts["taskCounts"]["failed"], 1);
}

TEST_F(ServiceTest, ACollectionAnswersEachTaskByItself) {
  one_node();
  Document bad = task("r");
  bad["resourceFiles"] = {{{"httpUrl", "http://a b/c"}, {"filePath", "c"}}};
  const Reply reply = ask("Task_AddCollection",
                          {.path = {{"jobId", "j"}}, .body = {{"value", {task("a"), task("A"), bad, task("b")}}}});
  EXPECT_EQ(reply.status, 200U);
  std::string results;
  for (const Document& item : reply.body["value"]) {
    results += item["taskId"].get<std::string>() + " " + item["status"].get<std::string>();
    if (item.contains("error")) results += " " + item["error"]["code"].get<std::string>();
    results += "; ";
  }
  EXPECT_EQ(results, "a Success; A ClientError TaskExists; r ClientError InvalidPropertyValue; b Success; ");
}

TEST_F(ServiceTest, ListsComeInPagesWithALinkToTheRest) {
  one_node();
  for (const char* id : {"c", "a", "b"}) ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task(id)});
  Document page = ask("Task_List", {.path = {{"jobId", "j"}}, .query = {{"maxresults", "2"}, {"$select", "id"}}}).body;
  EXPECT_EQ(page["value"].dump(), R"([{"id":"a"},{"id":"b"}])");
  EXPECT_EQ(page["odata.nextLink"], "http://batch/jobs/j/tasks?maxresults=2&$select=id&$skiptoken=b");
  page = ask("Task_List", {.path = {{"jobId", "j"}}, .query = {{"$skiptoken", "b"}, {"$select", "id"}}}).body;
  EXPECT_EQ(page.dump(), R"({"value":[{"id":"c"}]})");
  EXPECT_EQ(outcome("Task_List", {.path = {{"jobId", "j"}}, .query = {{"maxresults", "-5"}}}),
            "400 InvalidQueryParameterValue");
  EXPECT_EQ(outcome("Task_List", {.path = {{"jobId", "j"}}, .query = {{"$select", "nosuch"}}}),
            "400 InvalidQueryParameterValue");
}

TEST_F(ServiceTest, ConditionsAreHeldAgainstTheETag) {
  one_node();
  const std::string tag = ask("Pool_Get", {.path = {{"poolId", "p"}}}).body["eTag"];
  const auto with = [&](const char* header, const std::string& value) {
    return Asked{.path = {{"poolId", "p"}}, .headers = {{header, value}}};
  };
  EXPECT_EQ(outcome("Pool_Get", with("If-Match", tag)), "200");
  EXPECT_EQ(outcome("Pool_Get", with("If-Match", "0x1")), "412 ConditionNotMet");
  EXPECT_EQ(outcome("Pool_Get", with("If-None-Match", tag)), "304 ConditionNotMet");
  EXPECT_EQ(outcome("Pool_Delete", with("If-None-Match", tag)), "412 ConditionNotMet");
  EXPECT_EQ(outcome("Pool_Delete", with("If-Match", tag)), "202");
}

TEST_F(ServiceTest, WhatIsInTheStoreIsThereAfterARestart) {
  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("running")});
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("waiting")});
  const auto first = runs();
  ASSERT_EQ(first.size(), 1U);

  Service again(store, files, host, {.account = "acct", .base_url = "http://batch"});
  check(again.state());
  again.happened({HostRestarted{}}, now + std::chrono::seconds(1));
  const auto* get = contract::find_operation("Task_Get");
  const auto state_of = [&](const char* id) {
    const Answer answer = again.call({*get, {{"jobId", "j"}, {"taskId", id}}}, now + std::chrono::seconds(2));
    return std::get<Reply>(answer).body;
  };
  EXPECT_EQ(state_of("running")["state"], "active");
  EXPECT_EQ(state_of("running")["executionInfo"]["retryCount"], 0);
  for (const HostOrder& order : std::exchange(host.orders, {})) {
    if (const auto* boot = std::get_if<BootNodeOrder>(&order)) {
      again.happened({NodeBooted{boot->what.node, boot->what.boot}}, now + std::chrono::seconds(3));
    }
  }
  const auto second = runs();
  ASSERT_EQ(second.size(), 1U) << "one node, one slot";
  EXPECT_GT(second[0].what.attempt, first[0].what.attempt);
}

TEST_F(ServiceTest, AChangeTheDiskHasNoRoomForHasNotHappened) {
  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  const auto started = runs();
  store.disk_is_full = true;
  EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", "j"}}, .body = task("u")}), "500 InternalError");
  EXPECT_THROW(ends(started[0], 0), Error);
  EXPECT_TRUE(host.orders.empty());
  store.disk_is_full = false;
  EXPECT_EQ(outcome("Task_Get", {.path = {{"jobId", "j"}, {"taskId", "u"}}}), "404 TaskNotFound");
  ends(started[0], 0);
  EXPECT_EQ(ask("Task_Get", {.path = {{"jobId", "j"}, {"taskId", "t"}}}).body["state"], "completed");
}

TEST_F(ServiceTest, SecretsAreNeverShown) {
  ask("Pool_Add", {.body = pool("p", 0, {{"userAccounts", {{{"name", "u"}, {"password", "secret"}}}}})});
  const std::string shown = ask("Pool_Get", {.path = {{"poolId", "p"}}}).body.dump();
  EXPECT_NE(shown.find("\"name\":\"u\""), std::string::npos);
  EXPECT_EQ(shown.find("secret"), std::string::npos);
}

TEST_F(ServiceTest, FilesOfATaskThatHasNotRunAreNotThere) {
  ask("Job_Add", {.body = job("j", "later")});
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  EXPECT_EQ(outcome("File_GetFromTask", {.path = {{"jobId", "j"}, {"taskId", "t"}, {"filePath", "stdout.txt"}}}),
            "409 OperationInvalidForCurrentState");
}

TEST_F(ServiceTest, JobsOnTheirWayOutRefuseTasksInTheirOwnWords) {
  one_node();
  ask("Job_Terminate", {.path = {{"jobId", "j"}}});
  EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")}), "409 JobCompleted");
  EXPECT_EQ(outcome("Job_Terminate", {.path = {{"jobId", "j"}}}), "409 JobCompleted");
  EXPECT_EQ(outcome("Job_Delete", {.path = {{"jobId", "j"}}}), "202");
  EXPECT_EQ(outcome("Job_Get", {.path = {{"jobId", "j"}}}), "404 JobNotFound");
}

}  // namespace
}  // namespace batchite
