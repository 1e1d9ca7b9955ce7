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
  const Reply reply =
      ask("Task_AddCollection",
          {.path = {{"jobId", "j"}},
           .body = {{"value", {task("a"), task("A"), bad, task("no blanks"), {{"id", "c"}}, task("b")}}}});
  EXPECT_EQ(reply.status, 200U);
  std::string results;
  for (const Document& item : reply.body["value"]) {
    results += item["taskId"].get<std::string>() + " " + item["status"].get<std::string>();
    if (item.contains("error")) results += " " + item["error"]["code"].get<std::string>();
    results += "; ";
  }
  EXPECT_EQ(results,
            "a Success; A ClientError TaskExists; r ClientError InvalidPropertyValue; no blanks ClientError "
            "InvalidPropertyValue; c ClientError MissingRequiredProperty; b Success; ");
  EXPECT_EQ(outcome("Task_AddCollection", {.path = {{"jobId", "j"}}, .body = {{"value", {{{"commandLine", "x"}}}}}}),
            "400 MissingRequiredProperty")
      << "without an id there is no item to say it in";
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

// The values of `member` in a list, with spaces between.
std::string listed(const Document& page, const char* member = "id") {
  std::string text;
  for (const Document& item : page["value"]) text += item[member].get<std::string>() + " ";
  return text;
}

struct FilteredList {
  std::string_view operation;
  std::string filter;
  std::string expected;  // ids, or the error
};

TEST_F(ServiceTest, ListsHoldWhatTheirFilterLetsThrough) {
  one_node();
  ask("Pool_Add", {.body = pool("Other", 0)});
  for (const char* id : {"a1", "A2", "b1"}) ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task(id)});
  ends(runs().at(0), 3);  // a1; A2 runs, b1 waits
  const FilteredList lists[] = {
      {"Task_List", "state eq 'Completed'", "a1 "},
      {"Task_List", "state ne 'completed'", "A2 b1 "},
      {"Task_List", "startswith(id,'a')", "a1 A2 "},
      {"Task_List", "startswith(id,'a') and (state eq 'running' or state eq 'active')", "A2 "},
      {"Task_List", "executionInfo/exitCode eq 3", "a1 "},
      {"Task_List", "executionInfo/result ne 'failure'", "A2 b1 "},
      {"Task_List", "creationTime lt DateTime'2026-03-14T00:00:00Z'", ""},
      {"Task_List", "lastModifiedTime gt DateTime'2026-03-14T00:00:00Z'", "a1 A2 b1 "},
      {"Task_List", "url eq 'x'", "400 InvalidQueryParameterValue"},
      {"Pool_List", "enableAutoScale eq false and vmSize eq 'Standard_A1_v2'", "Other p "},
      {"Pool_List", "state eq 'active' and id gt 'OTHER'", "p "},
      {"Pool_List", "allocationState eq 'resizing'", ""},
      {"Job_List", "executionInfo/poolId eq 'P' and state eq 'active'", "j "},
      {"Job_List", "state eq 'disabled'", ""},
      {"ComputeNode_List", "state eq 'idle'", ""},
      {"ComputeNode_List", "state eq 'running' and startTaskInfo/exitCode eq 0", ""},
  };
  for (const FilteredList& list : lists) {
    const Asked asked{.path = {{"jobId", "j"}, {"poolId", "p"}}, .query = {{"$filter", list.filter}}};
    const std::string result = outcome(list.operation, asked);
    EXPECT_EQ(result == "200" ? listed(ask(list.operation, asked).body) : result, list.expected) << list.filter;
  }
  const Asked running{.path = {{"poolId", "p"}}, .query = {{"$filter", "state eq 'running'"}}};
  EXPECT_EQ(ask("ComputeNode_List", running).body["value"].size(), 1U);
  EXPECT_EQ(listed(ask("Account_ListPoolNodeCounts", {.query = {{"$filter", "poolId eq 'P'"}}}).body, "poolId"), "p ");
}

TEST_F(ServiceTest, FilteredListsComeInPagesToo) {
  ask("Job_Add", {.body = job("j", "later")});
  // More than are read at a time, with matches on both sides of the border.
  for (int hundred = 0; hundred < 11; ++hundred) {
    Document tasks = Document::array();
    for (int i = 0; i < 100; ++i) tasks.push_back(task("t" + std::to_string(100'000 + hundred * 100 + i)));
    ask("Task_AddCollection", {.path = {{"jobId", "j"}}, .body = {{"value", tasks}}});
  }
  const std::string filter = "id eq 't100003' or id eq 't100999' or id eq 't101001' or id ge 't101099'";
  const auto page = [&](const std::string& after) {
    return ask("Task_List",
               {.path = {{"jobId", "j"}}, .query = {{"$filter", filter}, {"maxresults", "2"}, {"$skiptoken", after}}})
        .body;
  };
  const Document first = page("");
  EXPECT_EQ(listed(first), "t100003 t100999 ");
  const std::string link = first["odata.nextLink"];
  EXPECT_NE(link.find("$filter=id%20eq%20"), std::string::npos) << link;
  EXPECT_TRUE(link.ends_with("&$skiptoken=t100999")) << link;
  const Document second = page("t100999");
  EXPECT_EQ(listed(second), "t101001 t101099 ");
  EXPECT_FALSE(second.contains("odata.nextLink")) << "nothing more matches";
}

TEST_F(ServiceTest, WhatItsStateOrIdRulesOutIsNotRendered) {
  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("runs")});
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("waits")});
  const auto job_key = store.find(Kind::Job, 0, "j").value();
  store.put_spec(Kind::Task, store.find(Kind::Task, job_key, "waits").value(), "rendering this fails");
  const auto list = [](const char* filter) { return Asked{.path = {{"jobId", "j"}}, .query = {{"$filter", filter}}}; };
  EXPECT_EQ(listed(ask("Task_List", list("state eq 'running' and executionInfo/exitCode ne 1")).body), "runs ");
  EXPECT_EQ(listed(ask("Task_List", list("creationTime gt '2000-01-01' and startswith(id,'r')")).body), "runs ");
  for (const char* filter : {"executionInfo/exitCode ge 0", "executionInfo/result eq 'success'",
                             "executionInfo/startTime gt '2000-01-01' and executionInfo/exitCode ne 1",
                             "executionInfo/endTime lt '2100-01-01'", "creationTime lt '2026-03-14'",
                             "lastModifiedTime lt '2026-03-14' or stateTransitionTime lt '2026-03-14'"}) {
    EXPECT_EQ(listed(ask("Task_List", list(filter)).body),
              std::string_view(filter).find("ne 1") == std::string_view::npos ? "" : "runs ")
        << filter;
  }
  EXPECT_ANY_THROW(ask("Task_List", list("executionInfo/exitCode ne 1")));
}

TEST_F(ServiceTest, ImagesAndFilesAreFiltered) {
  const auto images = [&](const char* filter) {
    return ask("Account_ListSupportedImages", {.query = {{"$filter", filter}}}).body["value"].size();
  };
  EXPECT_EQ(images("nodeAgentSKUId eq 'batch.node.debian 12'"), 1U);
  EXPECT_EQ(images("osType eq 'windows'"), 0U);
  EXPECT_GT(images("osType eq 'linux' and verificationType eq 'verified'"), 1U);

  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  files.entries = {{.name = "stdout.txt"}, {.name = "wd", .is_directory = true}, {.name = "wd/out"}};
  const auto of_task = [](const char* filter) {
    return Asked{.path = {{"jobId", "j"}, {"taskId", "t"}}, .query = {{"recursive", "true"}, {"$filter", filter}}};
  };
  EXPECT_EQ(listed(ask("File_ListFromTask", of_task("startswith(name,'wd')")).body, "name"), "wd wd/out ");
  EXPECT_EQ(listed(ask("File_ListFromTask", of_task("")).body, "name"), "stdout.txt wd wd/out ");
  EXPECT_EQ(outcome("File_ListFromTask", of_task("name eq 'wd'")), "400 InvalidQueryParameterValue");
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
