// Preparation and release tasks as clients ask for them and see them.
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

class JobNodesTest : public ServiceTest {
 protected:
  static Asked of(const std::string& id, Document body = nullptr) {
    return {.path = {{"jobId", id}}, .body = std::move(body), .version = {20240701}};
  }
  static Document with(const Document& preparation, const Document& release = nullptr) {
    Document body = job("j", "p");
    if (!preparation.is_null()) body["jobPreparationTask"] = preparation;
    if (!release.is_null()) body["jobReleaseTask"] = release;
    return body;
  }
  static Document command(const Document& more = Document::object()) {
    Document task = {{"commandLine", "/bin/true"}};
    task.update(more);
    return task;
  }
  std::string added(const Document& body) { return outcome("Job_Add", {.body = body, .version = {20240701}}); }
  std::string task_added(const std::string& id) {
    return outcome("Task_Add", {.path = {{"jobId", "j"}}, .body = task(id)});
  }
  Document shown() { return ask("Job_Get", of("j")).body; }
  std::string state() { return shown()["state"]; }
  Document status(const Parameters& query = {}) {
    Asked asked = of("j");
    asked.query = query;
    return ask("Job_ListPreparationAndReleaseTaskStatus", asked).body["value"];
  }
  // A pool of nodes that are up and job "j" with both tasks; a task is preparing on every node.
  void preparing(int nodes) {
    ask("Pool_Add", {.body = pool("p", nodes)});
    boot_nodes();
    added(with(command(), command()));
    for (int i = 0; i < nodes; ++i) task_added("t" + std::to_string(i));
  }
  std::vector<RunJobTaskOrder> job_tasks() {
    std::vector<RunJobTaskOrder> found;
    for (const HostOrder& order : std::exchange(host.orders, {})) {
      if (const auto* run = std::get_if<RunJobTaskOrder>(&order)) found.push_back(*run);
    }
    return found;
  }
  void ends(const RunJobTaskOrder& run, int exit_code = 0) {
    happens(JobTaskExited{run.what.job,
                          run.what.node,
                          run.what.which,
                          run.what.attempt,
                          {.exit_code = exit_code, .failure = {}, .may_retry = true, .started = now}});
  }
  void all_end() {
    for (const RunJobTaskOrder& run : job_tasks()) ends(run);
  }
};

TEST_F(JobNodesTest, WhatIsLeftOutIsFilledIn) {
  EXPECT_EQ(added(with(command(), command())), "201");
  const Document identity = {{"autoUser", {{"scope", "pool"}, {"elevationLevel", "nonadmin"}}}};
  EXPECT_EQ(
      shown()["jobPreparationTask"],
      Document(
          {{"commandLine", "/bin/true"},
           {"id", "jobpreparation"},
           {"constraints",
            {{"maxWallClockTime", "P10675199DT2H48M5.4775807S"}, {"retentionTime", "P7D"}, {"maxTaskRetryCount", 0}}},
           {"waitForSuccess", true},
           {"userIdentity", identity},
           {"rerunOnNodeRebootAfterSuccess", true}}));
  EXPECT_EQ(shown()["jobReleaseTask"], Document({{"commandLine", "/bin/true"},
                                                 {"id", "jobrelease"},
                                                 {"maxWallClockTime", "PT15M"},
                                                 {"retentionTime", "P7D"},
                                                 {"userIdentity", identity}}));
}

struct Refusal {
  const char* why;
  Document preparation, release;
  const char* outcome;
};

TEST_F(JobNodesTest, WhatCannotBeIsRefused) {
  const Document nowhere = {{{"filePath", "x"}}};
  const Refusal refusals[] = {
      {"a release task alone", nullptr, command(), "400 InvalidPropertyValue"},
      {"a release task that may take long", command(), command({{"maxWallClockTime", "PT15M1S"}}),
       "400 InvalidPropertyValue"},
      {"one id for both", command({{"id", "X"}}), command({{"id", "x"}}), "400 InvalidPropertyValue"},
      {"the other's usual id", command({{"id", "jobRelease"}}), command(), "400 InvalidPropertyValue"},
      {"a bad id", command({{"id", "a b"}}), nullptr, "400 InvalidPropertyValue"},
      {"no command", {{"id", "x"}}, nullptr, "400 MissingRequiredProperty"},
      {"a file from nowhere", command({{"resourceFiles", nowhere}}), nullptr, "400 InvalidPropertyValue"},
      {"two identities", command({{"userIdentity", {{"username", "u"}, {"autoUser", {{"scope", "pool"}}}}}}), nullptr,
       "400 InvalidPropertyValue"},
      {"a container", command({{"containerSettings", {{"imageName", "x"}}}}), nullptr, "400 InvalidPropertyValue"},
  };
  for (const Refusal& one : refusals) EXPECT_EQ(added(with(one.preparation, one.release)), one.outcome) << one.why;
}

TEST_F(JobNodesTest, NoTaskMayHaveTheirIds) {
  added(with(command(), command({{"id", "cleanup"}})));
  EXPECT_EQ(task_added("JobPreparation"), "409 TaskIdSameAsJobPreparationTask");
  EXPECT_EQ(task_added("cleanup"), "409 TaskIdSameAsJobReleaseTask");
  EXPECT_EQ(task_added("jobrelease"), "201") << "it is free";
}

TEST_F(JobNodesTest, TheyCannotBeChanged) {
  added(with(command(), command()));
  EXPECT_EQ(outcome("Job_Patch", of("j", {{"priority", 3}})), "200");
  EXPECT_EQ(outcome("Job_Update", of("j", {{"poolInfo", {{"poolId", "p"}}}})), "200");
  EXPECT_EQ(shown()["jobReleaseTask"]["id"], "jobrelease") << "they are still there";
  EXPECT_EQ(outcome("Job_Patch", of("j", {{"jobReleaseTask", command()}})), "400 UnsupportedProperty");
}

TEST_F(JobNodesTest, AnOrderTellsTheHostWhatToRun) {
  ask("Pool_Add", {.body = pool("p", 1)});
  boot_nodes();
  Document body = with(command({{"id", "prep"}}), command({{"maxWallClockTime", "PT2M"}}));
  body["commonEnvironmentSettings"] = {{{"name", "A"}, {"value", "1"}}};
  added(body);
  task_added("t");
  const std::vector<RunJobTaskOrder> preparations = job_tasks();
  ASSERT_EQ(preparations.size(), 1U);
  EXPECT_EQ(preparations[0].task_id, "prep");
  EXPECT_EQ(preparations[0].job->preparation_id, "prep");
  EXPECT_EQ(preparations[0].job->common_environment, R"([{"name":"A","value":"1"}])");
  ends(preparations[0]);
  const std::vector<RunTaskOrder> tasks = runs();
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].job->preparation_id, "prep");
  ask("Job_Terminate", of("j"));
  const std::vector<RunJobTaskOrder> releases = job_tasks();
  ASSERT_EQ(releases.size(), 1U);
  EXPECT_EQ(releases[0].task_id, "jobrelease");
  EXPECT_EQ(Document::parse(releases[0].spec)["constraints"]["maxWallClockTime"], "PT2M");
}

TEST_F(JobNodesTest, APreparingTaskCountsAsRunning) {
  preparing(1);
  const Document shown = ask("Task_Get", {.path = {{"jobId", "j"}, {"taskId", "t0"}}}).body;
  EXPECT_EQ(shown["state"], "preparing");
  EXPECT_FALSE(shown["executionInfo"].contains("startTime"));
  EXPECT_TRUE(shown["nodeInfo"].contains("nodeId"));
  EXPECT_EQ(ask("Job_GetTaskCounts", of("j")).body["taskCounts"]["running"], 1);
  const Document node = ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"].at(0);
  EXPECT_EQ(node["state"], "running");
  EXPECT_EQ(node["runningTasksCount"], 1);
  EXPECT_EQ(outcome("File_ListFromTask", {.path = {{"jobId", "j"}, {"taskId", "t0"}}}),
            "409 OperationInvalidForCurrentState");
}

TEST_F(JobNodesTest, TheStatusTellsOfEveryNode) {
  preparing(2);
  const Document begun = status();
  ASSERT_EQ(begun.size(), 2U);
  EXPECT_EQ(begun[0]["jobPreparationTaskExecutionInfo"]["state"], "running");
  EXPECT_FALSE(begun[0]["jobPreparationTaskExecutionInfo"].contains("result"));
  EXPECT_FALSE(begun[0].contains("jobReleaseTaskExecutionInfo"));
  const std::vector<RunJobTaskOrder> preparations = job_tasks();
  ends(preparations.at(0));
  ends(preparations.at(1), 4);
  ask("Job_Terminate", of("j"));
  all_end();
  ask("Pool_Delete", {.path = {{"poolId", "p"}}});
  for (const HostOrder& order : std::exchange(host.orders, {})) {
    if (const auto* remove = std::get_if<RemoveNodeOrder>(&order)) happens(NodeRemoved{remove->what.node});
  }
  const Document over = status();
  ASSERT_EQ(over.size(), 2U) << "also of nodes that are gone";
  EXPECT_EQ(over[0]["poolId"], "p");
  EXPECT_EQ(over[0]["nodeUrl"], "http://batch/pools/p/nodes/" + over[0]["nodeId"].get<std::string>());
  const Document preparation = over[0]["jobPreparationTaskExecutionInfo"];
  EXPECT_EQ(preparation["result"], "success");
  EXPECT_EQ(preparation["exitCode"], 0);
  EXPECT_EQ(preparation["retryCount"], 0);
  EXPECT_EQ(preparation["taskRootDirectory"], "workitems/j/job-1/jobpreparation");
  const Document release = over[0]["jobReleaseTaskExecutionInfo"];
  EXPECT_EQ(release["state"], "completed");
  EXPECT_FALSE(release.contains("retryCount"));
  EXPECT_EQ(release["taskRootDirectoryUrl"],
            over[0]["nodeUrl"].get<std::string>() + "/files/workitems/j/job-1/jobrelease");
  EXPECT_EQ(over[1]["jobPreparationTaskExecutionInfo"]["failureInfo"]["code"], "FailureExitCode");
  EXPECT_FALSE(over[1].contains("jobReleaseTaskExecutionInfo"));
}

TEST_F(JobNodesTest, TheStatusCanBeFilteredSelectedAndPaged) {
  preparing(3);
  ends(job_tasks().at(1), 4);
  const auto count = [&](const std::string& filter) { return status({{"$filter", filter}}).size(); };
  EXPECT_EQ(count("jobPreparationTaskExecutionInfo/state eq 'running'"), 2U);
  EXPECT_EQ(count("jobPreparationTaskExecutionInfo/result eq 'failure'"), 1U);
  EXPECT_EQ(count("jobPreparationTaskExecutionInfo/exitCode gt 3 and poolId eq 'p'"), 1U);
  EXPECT_EQ(count("jobReleaseTaskExecutionInfo/state eq 'running'"), 0U);
  const std::string node = status()[2]["nodeId"];
  EXPECT_EQ(count("nodeId eq '" + node + "'"), 1U);
  Asked bad = of("j");
  bad.query = {{"$filter", "taskId eq 'x'"}};
  EXPECT_EQ(outcome("Job_ListPreparationAndReleaseTaskStatus", bad), "400 InvalidQueryParameterValue");
  const Document selected = status({{"$select", "nodeId"}});
  EXPECT_EQ(selected[2], Document({{"nodeId", node}}));
  Asked paged = of("j");
  paged.query = {{"maxresults", "2"}};
  const Document first = ask("Job_ListPreparationAndReleaseTaskStatus", paged).body;
  EXPECT_EQ(first["value"].size(), 2U);
  ASSERT_TRUE(first.contains("odata.nextLink"));
  paged.query.add("$skiptoken", "2");
  const Document second = ask("Job_ListPreparationAndReleaseTaskStatus", paged).body;
  EXPECT_EQ(second["value"].size(), 1U);
  EXPECT_FALSE(second.contains("odata.nextLink"));
}

TEST_F(JobNodesTest, AJobOnItsWayOutRefusesInItsOwnWords) {
  preparing(1);
  all_end();
  ask("Job_Terminate", of("j"));
  const std::vector<RunJobTaskOrder> releases = job_tasks();
  const auto expect_all = [&](const std::string& answer) {
    EXPECT_EQ(task_added("late"), answer);
    EXPECT_EQ(outcome("Task_Reactivate", {.path = {{"jobId", "j"}, {"taskId", "t0"}}, .body = nullptr}), answer);
    EXPECT_EQ(outcome("Job_Disable", of("j", {{"disableTasks", "wait"}})), answer);
    EXPECT_EQ(outcome("Job_Enable", of("j")), answer);
    EXPECT_EQ(outcome("Job_Terminate", of("j")), answer);
    EXPECT_EQ(outcome("Job_Patch", of("j", {{"priority", 1}})), answer);
    EXPECT_EQ(outcome("Job_Update", of("j", {{"poolInfo", {{"poolId", "p"}}}})), answer);
  };
  EXPECT_EQ(state(), "terminating");
  expect_all("409 JobBeingTerminated");
  EXPECT_EQ(added(job("j", "p")), "409 JobExists");
  EXPECT_EQ(outcome("Job_Delete", of("j")), "202");
  EXPECT_EQ(state(), "deleting");
  expect_all("409 JobBeingDeleted");
  EXPECT_EQ(added(job("j", "p")), "409 JobBeingDeleted");
  EXPECT_EQ(outcome("Job_Delete", of("j")), "409 JobBeingDeleted");
  ends(releases.at(0));
  EXPECT_EQ(outcome("Job_Get", of("j")), "404 JobNotFound");
}

TEST_F(JobNodesTest, ARestartForgetsNothing) {
  preparing(2);
  ends(job_tasks().at(0));
  Service again(store, files, host, {.account = "acct", .base_url = "http://batch"});
  const JobKey key{1};
  const auto& before = service.state().jobs.at(key).nodes;
  const auto& after = again.state().jobs.at(key).nodes;
  ASSERT_EQ(after.size(), before.size());
  for (const auto& [node, status] : before) {
    EXPECT_EQ(after.at(node).is_prepared, status.is_prepared);
    EXPECT_EQ(after.at(node).preparation.attempt, status.preparation.attempt);
    EXPECT_EQ(after.at(node).preparation.started, status.preparation.started);
  }
  again.happened({HostRestarted{}}, now);
  EXPECT_NO_THROW(check(again.state()));
}

TEST_F(JobNodesTest, ADeletedJobLeavesNoRowsAndNoFilesBehind) {
  preparing(1);
  all_end();
  ask("Job_Delete", of("j"));
  const std::vector<RunJobTaskOrder> releases = job_tasks();
  ends(releases.at(0));
  std::size_t rows = 0;
  store.each(Kind::JobNode, [&](const Row&) { ++rows; });
  EXPECT_EQ(rows, 0U);
  std::vector<std::string> removed;
  for (const HostOrder& order : host.orders) {
    if (const auto* remove = std::get_if<RemoveTaskFilesOrder>(&order)) removed.push_back(remove->directory);
  }
  EXPECT_EQ(removed, (std::vector<std::string>{"workitems/j/job-1/t0", "workitems/j/job-1/jobpreparation",
                                               "workitems/j/job-1/jobrelease"}));
}

TEST_F(JobNodesTest, WhatATaskWaitsForIsTold) {
  preparing(1);
  const std::string node = status()[0]["nodeId"];
  EXPECT_EQ(service.explain("j", "t0", now)[0]["message"],
            "the task is preparing: it waits for the job preparation task on node " + node);
  ends(job_tasks().at(0), 1);
  const Document reason = service.explain("j", "t0", now)[0];
  EXPECT_EQ(reason["reason"], "NodeBarred");
  EXPECT_EQ(reason["message"],
            "the job preparation task failed on node " + node + ": no task of the job runs there until it is reimaged");
}

}  // namespace
}  // namespace batchite
