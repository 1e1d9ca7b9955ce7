// Jobs and tasks: what each operation does and refuses in which state. Facts are the service's recorded answers and its
// documented rules.
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class JobRulesTest : public ServiceTest {
 protected:
  static Asked of(const std::string& id, Document body = nullptr) {
    return {.path = {{"jobId", id}}, .body = std::move(body), .version = {20240701}};
  }
  Document shown(const std::string& id = "j") { return ask("Job_Get", of(id)).body; }
  void add_job(const std::string& id, Document more = Document::object()) {
    Document body = job(id, "p");
    body.update(more);
    ask("Job_Add", {.body = body});
  }
  void add_task(const std::string& id, Document more = Document::object(), const std::string& of = "j") {
    Document body = task(id);
    body.update(more);
    ask("Task_Add", {.path = {{"jobId", of}}, .body = body});
  }
  static Asked task_of(const std::string& id, Document body = nullptr) {
    return {.path = {{"jobId", "j"}, {"taskId", id}}, .body = std::move(body)};
  }
  Document task_shown(const std::string& id) { return ask("Task_Get", task_of(id)).body; }
  void passes(Ticks time) {
    now += time;
    happens(Tick{});
  }
  // Brings a fresh job of that name into the state.
  void job_in(const std::string& id, const std::string& state) {
    add_job(id);
    if (state == "disabled") ask("Job_Disable", of(id, {{"disableTasks", "requeue"}}));
    if (state == "disabling") {
      add_task("t", Document::object(), id);
      ask("Job_Disable", of(id, {{"disableTasks", "wait"}}));
    }
    if (state == "completed") ask("Job_Terminate", of(id));
    ASSERT_EQ(shown(id)["state"], state);
  }
};

TEST_F(JobRulesTest, AMinimalJobComesBackWithTheServicesDefaults) {
  add_job("j", {{"metadata", Document::array()}});
  const Document document = shown();
  EXPECT_EQ(document["priority"], 0);
  EXPECT_EQ(document["maxParallelTasks"], -1);
  EXPECT_EQ(document["usesTaskDependencies"], false);
  EXPECT_EQ(document["allowTaskPreemption"], false);
  EXPECT_EQ(document["constraints"].dump(),
            R"({"maxWallClockTime":"P10675199DT2H48M5.4775807S","maxTaskRetryCount":0})");
  EXPECT_EQ(document["onAllTasksComplete"], "noaction");
  EXPECT_EQ(document["onTaskFailure"], "noaction");
  EXPECT_EQ(document["executionInfo"]["poolId"], "p") << "though there is no such pool yet";
  EXPECT_FALSE(document.contains("metadata"));
  EXPECT_FALSE(document.contains("previousState"));
}

struct InState {
  const char* state;
  const char* disable;
  const char* enable;
  const char* terminate;
  const char* patch;
  const char* add_task;
  const char* add_again;
};

TEST_F(JobRulesTest, EachStateAllowsWhatItAllows) {
  one_node();
  ask("Job_Delete", of("j"));
  const char* invalid = "409 OperationInvalidForCurrentState";
  const char* completed = "409 JobCompleted";
  const InState states[] = {
      {"active", "202", invalid, "202", "200", "201", "409 JobExists"},
      {"disabling", "202", "202", "202", "200", "201", "409 JobExists"},
      {"disabled", "202", "202", "202", "200", "201", "409 JobExists"},
      {"completed", completed, completed, completed, completed, completed, completed},
  };
  int jobs = 0;
  const auto outcome_in = [&](const char* state, const char* operation, Document body) {
    const std::string id = "job" + std::to_string(++jobs);
    job_in(id, state);
    const std::string result = outcome(operation, of(id, std::move(body)));
    outcome("Job_Delete", of(id));  // it may be gone
    return result;
  };
  for (const InState& expected : states) {
    SCOPED_TRACE(expected.state);
    EXPECT_EQ(outcome_in(expected.state, "Job_Disable", {{"disableTasks", "terminate"}}), expected.disable);
    EXPECT_EQ(outcome_in(expected.state, "Job_Enable", nullptr), expected.enable);
    EXPECT_EQ(outcome_in(expected.state, "Job_Terminate", nullptr), expected.terminate);
    EXPECT_EQ(outcome_in(expected.state, "Job_Patch", {{"priority", 1}}), expected.patch);
    EXPECT_EQ(outcome_in(expected.state, "Task_Add", task("another")), expected.add_task);
    EXPECT_EQ(outcome_in(expected.state, "Job_Add", job("JOB" + std::to_string(jobs + 1), "p")), expected.add_again);
    EXPECT_EQ(outcome_in(expected.state, "Job_Delete", nullptr).substr(0, 3), "202");
    jobs += 10;
  }
}

TEST_F(JobRulesTest, APatchReplacesWhatItNamesAsAWhole) {
  add_job("j", {{"constraints", {{"maxTaskRetryCount", 5}}}, {"priority", 7}});
  EXPECT_EQ(outcome("Job_Patch", of("j", {{"constraints", {{"maxWallClockTime", "PT06M00S"}}}})), "200");
  EXPECT_EQ(shown()["constraints"].dump(), R"({"maxWallClockTime":"PT6M","maxTaskRetryCount":0})");
  EXPECT_EQ(shown()["priority"], 7);
}

TEST_F(JobRulesTest, AnUpdateResetsWhatItLeavesOut) {
  add_job("j", {{"constraints", {{"maxTaskRetryCount", 5}}},
                {"priority", 7},
                {"displayName", "kept"},
                {"metadata", {{{"name", "a"}, {"value", "1"}}}}});
  EXPECT_EQ(outcome("Job_Update", of("j", {{"priority", 3}})), "400 MissingRequiredProperty") << "poolInfo";
  EXPECT_EQ(outcome("Job_Update", of("j", {{"poolInfo", {{"poolId", "P"}}}})), "200") << "the same pool";
  EXPECT_EQ(shown()["priority"], 0);
  EXPECT_EQ(shown()["constraints"]["maxTaskRetryCount"], 0);
  EXPECT_EQ(shown()["displayName"], "kept") << "an update does not know it";
  EXPECT_FALSE(shown().contains("metadata"));
}

TEST_F(JobRulesTest, APoolIsChangedOnlyWhileTheJobIsDisabled) {
  add_job("j");
  const Document other = {{"poolInfo", {{"poolId", "other"}}}};
  EXPECT_EQ(outcome("Job_Patch", of("j", other)), "409 OperationInvalidForCurrentState");
  EXPECT_EQ(outcome("Job_Update", of("j", other)), "409 OperationInvalidForCurrentState");
  ask("Job_Disable", of("j", {{"disableTasks", "requeue"}}));
  EXPECT_EQ(outcome("Job_Patch", of("j", other)), "200");
  EXPECT_EQ(shown()["executionInfo"]["poolId"], "other");
}

TEST_F(JobRulesTest, AJobThatEndsWithItsTasksCannotBeMadeToStay) {
  ask("Pool_Add", {.body = pool("p", 0)});
  add_job("j");
  add_task("t");
  EXPECT_EQ(outcome("Job_Patch", of("j", {{"onAllTasksComplete", "terminatejob"}})), "200");
  EXPECT_EQ(outcome("Job_Patch", of("j", {{"onAllTasksComplete", "noaction"}})), "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("Job_Update", of("j", {{"poolInfo", {{"poolId", "p"}}}})), "400 InvalidPropertyValue")
      << "what is left out would be noaction";
  EXPECT_EQ(outcome("Job_Patch", of("j", {{"priority", 1}})), "200");
}

TEST_F(JobRulesTest, AnEmptyJobThatEndsWithItsTasksIsActiveForAMoment) {
  add_job("j", {{"onAllTasksComplete", "terminatejob"}});
  EXPECT_EQ(ask("Job_List").body["value"].size(), 1U);
  passes(seconds(1));
  EXPECT_EQ(shown()["state"], "completed");
  EXPECT_EQ(shown()["executionInfo"]["terminateReason"], "AllTasksComplete");
}

TEST_F(JobRulesTest, TheReasonOfAnEndIsTold) {
  one_node();
  EXPECT_EQ(outcome("Job_Terminate", of("j", {{"terminateReason", "enough"}})), "202");
  EXPECT_EQ(shown()["executionInfo"]["terminateReason"], "enough");
  EXPECT_EQ(shown()["previousState"], "active") << "terminating never becomes a previous state";
  EXPECT_TRUE(shown()["executionInfo"].contains("endTime"));
  add_job("plain");
  Asked forced = of("plain");
  forced.query = {{"force", "true"}};
  EXPECT_EQ(outcome("Job_Terminate", forced), "202");
  EXPECT_EQ(shown("plain")["executionInfo"]["terminateReason"], "UserTerminate");
  EXPECT_EQ(outcome("Job_Delete", forced), "202");
  add_job("late", {{"constraints", {{"maxWallClockTime", "PT1H"}}}});
  passes(hours(1));
  EXPECT_EQ(shown("late")["executionInfo"]["terminateReason"], "MaxWallClockTimeExpiry");
}

TEST_F(JobRulesTest, ATaskThatFailsEndsAJobThatActsOnFailures) {
  one_node();
  add_job("acts", {{"onTaskFailure", "performexitoptionsjobaction"}});
  add_task("good", Document::object(), "acts");
  add_task("bad", {{"constraints", {{"maxTaskRetryCount", 1}}}}, "acts");
  add_task("waits", Document::object(), "acts");
  ends(runs().at(0), 0);
  ends(runs().at(0), 1);
  EXPECT_EQ(shown("acts")["state"], "active") << "it is tried again first";
  ends(runs().at(0), 1);
  EXPECT_EQ(shown("acts")["state"], "completed");
  EXPECT_EQ(shown("acts")["executionInfo"]["terminateReason"], "TaskFailed");
  const Document waiting = ask("Task_Get", {.path = {{"jobId", "acts"}, {"taskId", "waits"}}}).body;
  EXPECT_EQ(waiting["state"], "active") << "what had not begun stays as it is";
}

TEST_F(JobRulesTest, ATaskIsTerminatedBeforeItRan) {
  add_job("j");
  add_task("t");
  EXPECT_EQ(outcome("Task_Terminate", task_of("t")), "204");
  const Document document = task_shown("t");
  EXPECT_EQ(document["state"], "completed");
  EXPECT_EQ(document["previousState"], "active");
  EXPECT_EQ(document["nodeInfo"], Document::object());
  EXPECT_EQ(document["executionInfo"]["failureInfo"]["code"], "TaskEnded");
  EXPECT_TRUE(document["executionInfo"].contains("endTime"));
  EXPECT_FALSE(document["executionInfo"].contains("startTime"));
  EXPECT_FALSE(document["executionInfo"].contains("exitCode"));
  EXPECT_EQ(outcome("Task_Terminate", task_of("t")), "409 TaskCompleted");
}

TEST_F(JobRulesTest, OnlyTasksThatFailedAreReactivated) {
  one_node();
  add_task("good");
  add_task("bad", {{"constraints", {{"maxTaskRetryCount", 1}}}});
  EXPECT_EQ(outcome("Task_Reactivate", task_of("bad")), "409 TaskNotCompleted");
  ends(runs().at(0), 0);
  EXPECT_EQ(outcome("Task_Reactivate", task_of("good")), "409 TaskSucceeded");
  ends(runs().at(0), 1);
  ends(runs().at(0), 1);
  const std::string tag = task_shown("bad")["eTag"];
  ask("Job_Disable", of("j", {{"disableTasks", "wait"}}));  // so that it stays active
  EXPECT_EQ(outcome("Task_Reactivate", task_of("bad")), "204");
  const Document document = task_shown("bad");
  EXPECT_EQ(document["state"], "active");
  EXPECT_EQ(document["previousState"], "completed");
  EXPECT_EQ(document["executionInfo"].dump(), R"({"retryCount":0,"requeueCount":0})");
  EXPECT_FALSE(document.contains("nodeInfo"));
  EXPECT_NE(document["eTag"], tag);
  ask("Job_Terminate", of("j"));
  EXPECT_EQ(outcome("Task_Reactivate", task_of("good")), "409 JobCompleted");
}

TEST_F(JobRulesTest, RetriesAreNoTripThroughActive) {
  one_node();
  add_task("t", {{"constraints", {{"maxTaskRetryCount", 2}}}});
  const std::string tag = task_shown("t")["eTag"];
  const std::string began = task_shown("t")["executionInfo"]["startTime"];
  for (int i = 0; i < 3; ++i) ends(runs().at(0), 2);
  const Document document = task_shown("t");
  EXPECT_EQ(document["previousState"], "running");
  EXPECT_EQ(document["previousStateTransitionTime"], began) << "of the first start";
  EXPECT_EQ(document["executionInfo"]["retryCount"], 2);
  EXPECT_EQ(document["executionInfo"]["exitCode"], 2);
  EXPECT_EQ(document["eTag"], tag);
}

TEST_F(JobRulesTest, AnUpdateOfATaskIsOfItsConstraints) {
  one_node();
  add_job("other", {{"constraints", {{"maxTaskRetryCount", 4}}}});
  add_task("t", {{"constraints", {{"maxTaskRetryCount", 1}, {"retentionTime", "PT1H"}}}}, "other");
  const Asked the_task{.path = {{"jobId", "other"}, {"taskId", "t"}}, .body = Document::object()};
  EXPECT_EQ(outcome("Task_Update", the_task), "200");
  EXPECT_EQ(ask("Task_Get", the_task).body["constraints"].dump(),
            R"({"maxWallClockTime":"P10675199DT2H48M5.4775807S","retentionTime":"P7D","maxTaskRetryCount":4})")
      << "what is left out is as if it had never been given";
  ends(runs().at(0), 0);
  EXPECT_EQ(outcome("Task_Update", the_task), "409 TaskCompleted");
}

TEST_F(JobRulesTest, TasksAreHeldToTheirRules) {
  one_node();
  const auto file = [](Document members) { return Document{{"resourceFiles", {members}}}; };
  const Document to = {{"container", {{"containerUrl", "http://x/c"}}}};
  const auto output = [](Document destination) {
    return Document{{"outputFiles",
                     {{{"filePattern", "*"},
                       {"destination", std::move(destination)},
                       {"uploadOptions", {{"uploadCondition", "tasksuccess"}}}}}}};
  };
  struct {
    Document more;
    std::string expected;
  } const cases[] = {
      {file({{"httpUrl", "http://x/a"}, {"filePath", "a"}}), "201"},
      {file({{"httpUrl", "http://x/a"}}), "400 MissingRequiredProperty"},
      {file({{"httpUrl", "no uri"}, {"filePath", "a"}}), "400 InvalidPropertyValue"},
      {file({{"httpUrl", "http://x/a"}, {"filePath", "a"}, {"blobPrefix", "b"}}), "400 InvalidPropertyValue"},
      {file({{"filePath", "a"}}), "400 InvalidPropertyValue"},
      {file({{"autoStorageContainerName", "c"}, {"storageContainerUrl", "http://x/c"}}), "400 InvalidPropertyValue"},
      {{{"userIdentity", {{"username", "u"}, {"autoUser", Document::object()}}}}, "400 InvalidPropertyValue"},
      {{{"dependsOn", {{"taskIds", {"a"}}}}}, "400 TaskDependenciesNotSpecifiedOnJob"},
      {{{"requiredSlots", 99}}, "201"},  // it never runs
      {output(to), "201"},
      {output(Document::object()), "400 MissingRequiredProperty"},
  };
  int tasks = 0;
  for (const auto& [more, expected] : cases) {
    Document body = task("t" + std::to_string(++tasks));
    body.update(more);
    EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", "j"}}, .body = body}), expected) << more.dump();
  }
  const Document shown = task_shown("t10");
  EXPECT_EQ(shown["outputFiles"][0]["uploadOptions"]["uploadCondition"], "TaskSuccess") << "as recorded";
  EXPECT_EQ(outcome("Task_AddCollection", {.path = {{"jobId", "j"}}, .body = {{"value", Document(101, task("x"))}}}),
            "400 InvalidPropertyValue");
}

TEST_F(JobRulesTest, DependenciesAndExitConditionsNeedAJobThatUsesThem) {
  one_node();
  add_job("uses", {{"usesTaskDependencies", true}});
  add_job("acts", {{"onTaskFailure", "performexitoptionsjobaction"}});
  const auto on = [](Document dependencies) { return Document{{"dependsOn", std::move(dependencies)}}; };
  const auto range = [&](int first, int last) { return on({{"taskIdRanges", {{{"start", first}, {"end", last}}}}}); };
  const auto exit = [](const char* name, Document value) { return Document{{"exitConditions", {{name, value}}}}; };
  const auto ids = [&](std::size_t count, std::size_t length) {
    return on({{"taskIds", Document(count, std::string(length, 'x'))}});
  };
  const Document terminate = {{"jobAction", "terminate"}}, satisfy = {{"dependencyAction", "satisfy"}};
  const auto code = [](int first, int last, const Document& options) {
    return Document::array({{{"start", first}, {"end", last}, {"exitOptions", options}}});
  };
  struct {
    const char* job;
    Document more;
    std::string expected;
  } const cases[] = {
      {"j", on({{"taskIds", {"a"}}}), "400 TaskDependenciesNotSpecifiedOnJob"},
      {"uses", on({{"taskIds", {"nobody", "NOBODY"}}}), "201"},
      {"uses", range(0, 17), "201"},
      {"uses", range(5, 5), "201"},
      {"uses", range(5, 4), "400 InvalidPropertyValue"},
      {"uses", range(-5, 4), "400 InvalidPropertyValue"},
      {"uses", ids(1000, 64), "201"},
      {"uses", ids(1001, 64), "400 TaskDependencyListTooLong"},
      {"uses", on({{"taskIdRanges", Document(4000, {{"start", 10000000}, {"end", 20000000}})}}), "201"},
      {"uses", on({{"taskIdRanges", Document(4001, {{"start", 10000000}, {"end", 20000000}})}}),
       "400 TaskDependencyRangesTooLong"},
      {"uses", exit("default", satisfy), "201"},
      {"uses", exit("default", terminate), "400 InvalidPropertyValue"},
      {"uses", exit("exitCodeRanges", code(1, 2, satisfy)), "201"},
      {"uses", exit("exitCodeRanges", code(1, 2, terminate)), "400 InvalidPropertyValue"},
      {"uses", exit("exitCodeRanges", code(2, 1, satisfy)), "400 InvalidPropertyValue"},
      {"acts", exit("fileUploadError", terminate), "201"},
      {"acts", exit("preProcessingError", satisfy), "400 InvalidPropertyValue"},
      {"acts", exit("exitCodes", {{{"code", 1}, {"exitOptions", terminate}}}), "201"},
      {"acts", exit("exitCodes", {{{"code", 1}}}), "400 MissingRequiredProperty"},
      {"j", Document{{"exitConditions", Document::object()}}, "201"},
  };
  int tasks = 0;
  for (const auto& [job, more, expected] : cases) {
    Document body = task("t" + std::to_string(++tasks));
    body.update(more);
    EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", job}}, .body = body}), expected) << more.dump().substr(0, 200);
  }
}

TEST_F(JobRulesTest, TasksRunAfterThoseTheyDependOnAlsoAfterARestart) {
  one_node();
  add_job("d", {{"usesTaskDependencies", true}});
  const Document conditions = {
      {"exitCodeRanges", {{{"start", 3}, {"end", 5}, {"exitOptions", {{"dependencyAction", "satisfy"}}}}}}};
  add_task("1", {{"exitConditions", conditions}}, "d");
  add_task("02", Document::object(), "d");
  add_task("End", {{"dependsOn", {{"taskIds", {"LAST"}}}}}, "d");
  add_task("Last", {{"dependsOn", {{"taskIdRanges", {{{"start", 1}, {"end", 2}}}}}}}, "d");
  Document why = service.explain("d", "end", now);
  EXPECT_EQ(why[0]["message"], "it waits for tasks that it depends on: last");
  ends(runs().at(0), 4);
  ASSERT_THROW(ask("Task_Add", {.path = {{"jobId", "d"}}, .body = task("1")}), Error);  // from the store again
  const auto next = runs();
  ends(next.at(0), 1);
  EXPECT_TRUE(runs().empty());
  why = service.explain("d", "end", now);
  EXPECT_EQ(why[0]["reason"], "DependencyBlocks");
  EXPECT_EQ(why[0]["message"],
            "it never runs: task 02, which it depends on, directly or not, ended without satisfying those that depend "
            "on it");
  ask("Task_Reactivate", {.path = {{"jobId", "d"}, {"taskId", "02"}}});
  ends(runs().at(0), 0);
  ends(runs().at(0), 0);
  EXPECT_EQ(runs().at(0).task_id, "End");
}

// --- files ----------------------------------------------------------------------------------------------------------

TEST_F(JobRulesTest, FilesAreThereWhileTheDirectoryIs) {
  one_node();
  const auto file = [&](const char* id) {
    return outcome("File_GetFromTask", {.path = {{"jobId", "j"}, {"taskId", id}, {"filePath", "stdout.txt"}}});
  };
  add_task("short", {{"constraints", {{"retentionTime", "PT1M"}}}});
  add_task("long");
  add_task("never");
  EXPECT_EQ(file("short"), "200");
  EXPECT_EQ(file("long"), "409 OperationInvalidForCurrentState") << "it has not begun";
  ends(runs().at(0), 0);
  ends(runs().at(0), 0);
  ask("Task_Terminate", task_of("never"));
  EXPECT_EQ(file("short"), "200");
  passes(std::chrono::minutes(2));
  EXPECT_EQ(file("short"), "409 TaskFilesCleanedup");
  EXPECT_EQ(file("long"), "200");
  const std::string node = task_shown("long")["nodeInfo"]["nodeId"];
  const Asked the_node{.path = {{"poolId", "p"}, {"nodeId", node}}, .version = {20240701}};
  ask("ComputeNode_Reimage", the_node);
  EXPECT_EQ(file("long"), "409 TaskFilesUnavailable") << "the node's disk is new";
  ask("Pool_Delete", {.path = {{"poolId", "p"}}});
  happens(NodeRemoved{NodeKey{1}});
  EXPECT_EQ(file("long"), "404 NodeNotFound");
}

TEST_F(JobRulesTest, RangesAreOfTheFormThatClientsSend) {
  one_node();
  add_task("t");
  files.size = 10;
  const auto ranged = [&](const char* range) {
    return outcome("File_GetFromTask", {.path = {{"jobId", "j"}, {"taskId", "t"}, {"filePath", "stdout.txt"}},
                                        .headers = {{"ocp-range", range}}});
  };
  for (const char* range : {"bytes=0-", "bytes=0-9", "bytes=9-9", "bytes=5-1000000", ""}) {
    EXPECT_EQ(ranged(range), "200") << range;
  }
  for (const char* range : {"bytes=10-", "bytes=5-4", "bytes=-5", "bytes=", "bytes=a-b", "0-9", "bytes=1"}) {
    EXPECT_EQ(ranged(range), "416 InvalidRange") << range;
  }
}

}  // namespace
}  // namespace batchite
