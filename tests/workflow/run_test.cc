#include "core/workflow/run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/fake_backend.h"

namespace batchite::workflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Listener : public Observer {
 public:
  void on(const Event& event) override {
    events.push_back(event);
    if (const auto* notice = std::get_if<Notice>(&event)) notices.push_back(notice->text);
    if (const auto* stays = std::get_if<Kept>(&event)) kept.push_back(stays->what);
    if (const auto* task = std::get_if<TaskEnded>(&event)) ended.push_back(task->row.id);
    if (const auto* progress = std::get_if<Progress>(&event)) last = *progress;
  }
  std::vector<Event> events;
  std::vector<std::string> notices, ended, kept;
  Progress last;
};

// Five clips, one task each, on five nodes: clip-i.mp4 becomes clip-i.mp3.
class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    for (int i = 0; i < 5; ++i) files.inputs[fmt::format("in/clip-{}.mp4", i)] = fmt::format("movie {}", i);
    backend.on_task = [](const Document& task) {
      const std::string id = task["id"];
      return testing::FakeTask{.outputs = {{"fgrp-audio", "clip-" + id + ".mp3", "sound " + id}}};
    };
    settings.inputs = {{"fgrp-clips", "in/*"}};
  }

  Work plan(Storage& storage) {
    Work work;
    work.pool = {{"id", "pool"}, {"vmSize", "small"}, {"targetLowPriorityNodes", 5}};
    work.job = {{"id", "job"}, {"poolInfo", {{"poolId", "pool"}}}};
    storage.ensure_container("fgrp-audio");
    const std::string address = storage.container_url("fgrp-audio", Access::Write);
    int number = 0;
    for (const BlobItem& blob : storage.list("fgrp-clips", "")) {
      const std::string name = blob.name.substr(0, blob.name.find('.')) + ".mp3";
      work.tasks.push_back({{"id", std::to_string(number++)},
                            {"commandLine", "ffmpeg " + blob.name},
                            {"outputFiles",
                             {{{"filePattern", name},
                               {"destination", {{"container", {{"containerUrl", address}, {"path", name}}}}},
                               {"uploadOptions", {{"uploadCondition", "TaskSuccess"}}}}}}});
    }
    work.patch_after_tasks = {{"onAllTasksComplete", "terminatejob"}};
    return work;
  }

  RunResult go() {
    return run(backend, settings, [this](Storage& storage) { return adjust(plan(storage)); }, {files, pace, listener});
  }

  testing::FakeBackend backend;
  testing::FakePace pace{backend};
  testing::FakeFiles files;
  Listener listener;
  RunSettings settings{.id = "r1"};
  std::function<Work(Work)> adjust = [](Work work) { return work; };
};

TEST_F(RunTest, FiveFilesBecomeFiveFilesAndNothingStays) {
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::Succeeded) << result.cause;
  EXPECT_EQ(result.tasks.size(), 5u);
  EXPECT_EQ(result.outputs.size(), 5u);
  EXPECT_EQ(files.outputs.at("clip-3.mp3"), "sound 3");
  EXPECT_TRUE(backend.is_empty());
  EXPECT_TRUE(listener.notices.empty());
}

TEST_F(RunTest, ItCreatesInOrderAndDeletesInReverse) {
  go();
  std::vector<std::string> changes = backend.changes;
  std::erase_if(changes,
                [](const std::string& text) { return text.starts_with("PutBlob") || text.starts_with("GetBlob"); });
  EXPECT_THAT(changes,
              ElementsAre("CreateContainer fgrp-clips", "CreateContainer fgrp-audio", "Pool_Add pool-r1",
                          "Job_Add job-r1", "Task_AddCollection job-r1", "Job_Patch job-r1", "Job_Delete job-r1",
                          "Pool_Delete pool-r1", "DeleteContainer fgrp-audio", "DeleteContainer fgrp-clips"));
}

TEST_F(RunTest, ARequestThatWasGivenUpForCtrlCEndsItAsCtrlCDoes) {
  backend.on_call = [&](const std::string& call) {
    if (!call.starts_with("Task_AddCollection")) return;
    pace.is_cancelled = true;
    throw Error(429, "TooManyRequests", "Come again in five minutes.");
  };
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::Cancelled);
  EXPECT_EQ(result.cause, "TooManyRequests: Come again in five minutes.");
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, CtrlCEndsAFileThatIsOnItsWay) {
  backend.on_call = [&](const std::string& call) {
    if (call == "PutBlob fgrp-clips/clip-2.mp4") pace.is_cancelled = true;
  };
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::Cancelled);
  EXPECT_EQ(result.cause, "Cancelled: The transfer was given up. (File: in/clip-2.mp4)");
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, ARunWhoseOutputsWereNotAllFetchedHasNotSucceeded) {
  backend.on_call = [&](const std::string& call) {
    if (call == "GetBlob fgrp-audio/clip-1.mp3") pace.is_cancelled = true;
  };
  EXPECT_EQ(go().outcome, Outcome::Cancelled);
  EXPECT_EQ(files.outputs.size(), 1u);
  EXPECT_TRUE(backend.containers.contains("fgrp-audio")) << "what was on its way stays there";
}

TEST_F(RunTest, OneFailedTaskOfFiveIsToldAndTheOtherFourOutputsAreThere) {
  const auto good = backend.on_task;
  backend.on_task = [good](const Document& task) {
    if (task["id"] != "2") return good(task);
    return testing::FakeTask{.exit_code = 1, .stderr_text = "moov atom not found\n"};
  };
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::TasksFailed);
  EXPECT_EQ(files.outputs.size(), 4u);
  const auto row = std::ranges::find(result.tasks, std::string("2"), &TaskRow::id);
  ASSERT_NE(row, result.tasks.end());
  EXPECT_TRUE(row->failed);
  EXPECT_EQ(row->exit_code, 1);
  EXPECT_EQ(row->failure_code, "FailureExitCode");
  EXPECT_EQ(row->stderr_tail, "moov atom not found");
  EXPECT_EQ(row->took, Ticks(1500ms));
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, EveryTaskIsToldOnceWhenItEnds) {
  backend.on_task = [](const Document& task) {
    return testing::FakeTask{.ticks = 1 + std::stoi(task["id"].get<std::string>())};
  };
  go();
  EXPECT_THAT(listener.ended, ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_EQ(listener.last.tasks, (Counts{.succeeded = 5}));
}

TEST_F(RunTest, AStartTaskThatFailsOnAllNodesEndsItPromptlyWithItsStderr) {
  backend.node_state = "starttaskfailed";
  backend.start_task_info = {{"exitCode", 100}, {"failureInfo", {{"code", "FailureExitCode"}}}};
  backend.start_task_stderr = "apt-get install: not on this host: ffmpeg\n";
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::NoNode);
  EXPECT_LT(pace.pauses, 3);
  EXPECT_THAT(result.cause, HasSubstr("all 5 nodes of pool pool-r1 (exit code 100)"));
  EXPECT_THAT(result.cause, HasSubstr("not on this host: ffmpeg"));
  EXPECT_THAT(result.cause, HasSubstr("remedy:"));
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, ResizeErrorsEndItAsLackOfCapacity) {
  backend.nodes_come = false;
  backend.resize_errors = {{{"code", "AccountCoreQuotaReached"}, {"message", "The quota is used up."}}};
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::NoCapacity);
  EXPECT_THAT(result.cause, HasSubstr("AccountCoreQuotaReached: The quota is used up."));
}

TEST_F(RunTest, NodesThatAPoolDidNotGetAreToldWhileTheOthersWork) {
  backend.resize_errors = {{{"code", "AccountCoreQuotaReached"}, {"message", "The quota is used up."}}};
  EXPECT_EQ(go().outcome, Outcome::Succeeded);
  EXPECT_THAT(listener.notices, ElementsAre("pool pool-r1 did not get the nodes it is to have\n"
                                            "  AccountCoreQuotaReached: The quota is used up."));
}

TEST_F(RunTest, NodesThatAreLostAreToldWhileTheOthersWork) {
  backend.lost_nodes = 2;
  backend.start_task_info = {{"exitCode", 100}, {"failureInfo", {{"code", "FailureExitCode"}}}};
  backend.start_task_stderr = "no space left\n";
  EXPECT_EQ(go().outcome, Outcome::Succeeded);
  ASSERT_EQ(listener.notices.size(), 1u);
  EXPECT_THAT(listener.notices[0], HasSubstr("the start task failed on 2 of 5 nodes of pool pool-r1 (exit code 100); "
                                             "tasks run on the others"));
  EXPECT_THAT(listener.notices[0], HasSubstr("no space left"));
}

TEST_F(RunTest, AServiceThatWantsToBeAskedRarelyIs) {
  backend.has_manners = {.shortest_pause = 2s, .longest_pause = 10s};
  backend.on_task = [](const Document&) { return testing::FakeTask{.ticks = 600}; };
  std::map<std::string, int> calls;
  backend.on_call = [&](const std::string& call) { ++calls[call.substr(0, call.find(' '))]; };
  go();
  const auto told = std::ranges::count_if(listener.events,
                                          [](const Event& event) { return std::holds_alternative<Progress>(event); });
  EXPECT_GE(told, 500) << "that time passes is told every second";
  EXPECT_LE(calls["Job_GetTaskCounts"], 100) << "in ten minutes";
  EXPECT_LE(calls["ComputeNode_List"], 1);
  EXPECT_LE(calls["Pool_Get"], 5);
}

TEST_F(RunTest, APoolThatTakesLongToGoIsWaitedForAsLongAsTheServiceNeeds) {
  const auto notices_after = [this](Ticks patience) {
    testing::FakeBackend fresh;
    testing::FakePace fresh_pace(fresh);
    fresh.on_task = backend.on_task;
    fresh.has_manners.patience = patience;
    std::optional<Time> asked;
    fresh.on_call = [&](const std::string& call) {
      if (call == "Pool_Delete pool-r1") asked = fresh_pace.now();
      if (!asked) return;
      if (fresh_pace.now() - *asked < Ticks(3min))
        fresh.pools["pool-r1"] = {{"id", "pool-r1"}};
      else
        fresh.pools.erase("pool-r1");
    };
    listener.notices.clear();
    run(fresh, settings, [this](Storage& storage) { return plan(storage); }, {files, fresh_pace, listener});
    return listener.notices;
  };
  EXPECT_THAT(notices_after(15s), ElementsAre("pool pool-r1 is still being deleted"));
  EXPECT_THAT(notices_after(15min), ElementsAre());
}

TEST_F(RunTest, APoolWithoutNodesIsToldInsteadOfWaitedFor) {
  adjust = [](Work work) {
    work.pool["targetLowPriorityNodes"] = 0;
    return work;
  };
  EXPECT_EQ(go().outcome, Outcome::NoCapacity);
}

TEST_F(RunTest, TasksBehindAFailedOneEndIt) {
  backend.on_task = [](const Document& task) { return testing::FakeTask{.exit_code = task["id"] == "0" ? 3 : 0}; };
  adjust = [](Work work) {
    work.job["usesTaskDependencies"] = true;
    work.tasks[3]["dependsOn"] = {{"taskIds", {"0"}}};
    work.tasks[4]["dependsOn"] = {{"taskIds", {"3"}}};
    return work;
  };
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::TasksFailed);
  EXPECT_THAT(result.cause, HasSubstr("2 tasks were not run because a task they depend on failed, the first: 3"));
}

TEST_F(RunTest, TheTimeoutEndsItAndWhatIsDoneIsCollected) {
  const auto good = backend.on_task;
  backend.on_task = [good](const Document& task) {
    testing::FakeTask script = good(task);
    if (task["id"] == "4") script.ticks = 1'000'000;
    return script;
  };
  settings.timeout = 30s;
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::TimedOut);
  EXPECT_EQ(result.cause, "1 of 5 tasks had not ended when the time was up");
  EXPECT_EQ(files.outputs.size(), 4u);
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, CancellingWhileTasksRunTakesEverythingAway) {
  backend.on_task = [](const Document&) { return testing::FakeTask{.ticks = 1000}; };
  pace.cancel_at = 3;
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::Cancelled);
  EXPECT_TRUE(files.outputs.empty());
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, CancellingBetweenAnyTwoCallsLeavesNothing) {
  for (int at = 1; at < 40; ++at) {
    testing::FakeBackend fresh;
    testing::FakePace fresh_pace(fresh);
    int calls = 0;
    fresh.on_call = [&](const std::string&) { fresh_pace.is_cancelled = fresh_pace.is_cancelled || ++calls == at; };
    const RunResult result =
        run(fresh, settings, [this](Storage& storage) { return plan(storage); }, {files, fresh_pace, listener});
    EXPECT_TRUE(fresh.is_empty()) << "cancelled at call " << at;
    EXPECT_TRUE(result.outcome == Outcome::Cancelled || calls < at || result.tasks.size() == 5u) << at;
  }
}

TEST_F(RunTest, AnErrorInAnyCallIsThrownAndLeavesNothing) {
  for (const std::string failing :
       {"CreateContainer fgrp-audio", "Pool_Add pool-r1", "Job_Add job-r1", "Task_AddCollection job-r1",
        "Job_Patch job-r1", "Job_GetTaskCounts job-r1", "GetBlob fgrp-audio/clip-0.mp3"}) {
    testing::FakeBackend fresh;
    testing::FakePace fresh_pace(fresh);
    fresh.on_task = backend.on_task;
    fresh.on_call = [&](const std::string& call) {
      if (call == failing) throw Error(500, "InternalError", "No.");
    };
    EXPECT_THROW(
        run(fresh, settings, [this](Storage& storage) { return plan(storage); }, {files, fresh_pace, listener}), Error)
        << failing;
    EXPECT_TRUE(fresh.pools.empty() && fresh.jobs.empty()) << failing;
  }
}

TEST_F(RunTest, AFullDiskKeepsTheOutputContainer) {
  files.is_full = true;
  EXPECT_THROW(go(), Error);
  EXPECT_TRUE(backend.pools.empty());
  ASSERT_TRUE(backend.containers.contains("fgrp-audio"));
  EXPECT_FALSE(backend.containers.contains("fgrp-clips"));
  EXPECT_THAT(listener.notices, ElementsAre("the outputs stay in container fgrp-audio"));
  files.is_full = false;
  settings.is_alone = true;
  go();
  EXPECT_TRUE(backend.containers.contains("fgrp-audio"));
}

TEST_F(RunTest, WhatAKilledRunLeftIsTakenAwayByTheNext) {
  backend.pools["pool-r0"] = {{"id", "pool-r0"}, {"metadata", {{{"name", kRunMark}, {"value", "r0"}}}}};
  backend.jobs["job-r0"] = {
      {"id", "job-r0"}, {"poolInfo", {{"poolId", "pool-r0"}}}, {"metadata", {{{"name", kRunMark}, {"value", "r0"}}}}};
  backend.containers["fgrp-clips"].metadata.set(kRunMark, "r0");
  backend.containers["fgrp-clips"].blobs["old.mp4"] = {"old", 1};
  backend.containers["mine"];
  settings.is_alone = true;
  const RunResult result = go();
  EXPECT_EQ(result.outcome, Outcome::Succeeded);
  EXPECT_EQ(result.tasks.size(), 5u) << "the old input is not worked on again";
  EXPECT_EQ(backend.containers.size(), 1u);
  EXPECT_TRUE(backend.containers.contains("mine"));
}

TEST_F(RunTest, OthersOnASharedBackendAreLeftAlone) {
  backend.pools["pool-r0"] = {{"id", "pool-r0"}, {"metadata", {{{"name", kRunMark}, {"value", "r0"}}}}};
  go();
  EXPECT_TRUE(backend.pools.contains("pool-r0"));
}

TEST_F(RunTest, AContainerThatWasThereStaysAndItsOldBlobsAreNotOutputs) {
  backend.containers["fgrp-audio"].blobs["older.mp3"] = {"older", 0};
  const RunResult result = go();
  EXPECT_EQ(result.outputs.size(), 5u);
  EXPECT_FALSE(files.outputs.contains("older.mp3"));
  EXPECT_EQ(backend.containers.at("fgrp-audio").blobs.size(), 6u);
}

TEST_F(RunTest, KeepLeavesEverythingAndSaysSo) {
  settings.keep = true;
  const RunResult result = go();
  EXPECT_THAT(result.kept, ElementsAre("container fgrp-clips", "container fgrp-audio", "pool pool-r1", "job job-r1"));
  EXPECT_EQ(listener.kept, result.kept);
  EXPECT_FALSE(backend.pools.at("pool-r1").contains("metadata")) << "no later run takes it for a leftover";
}

TEST_F(RunTest, WhatIsKeptIsToldAlsoIfTheRunFails) {
  settings.keep = true;
  backend.on_call = [](const std::string& call) {
    if (call == "Job_Add job-r1") throw Error(403, "Forbidden", "No.");
  };
  EXPECT_THROW(go(), Error);
  EXPECT_THAT(listener.kept, ElementsAre("container fgrp-clips", "container fgrp-audio", "pool pool-r1"));
}

TEST_F(RunTest, WhatCannotBeDeletedIsTold) {
  backend.on_call = [](const std::string& call) {
    if (call == "Pool_Delete pool-r1") throw Error(403, "Forbidden", "No.");
  };
  EXPECT_THAT(go().kept, ElementsAre("pool pool-r1"));
  EXPECT_THAT(listener.kept, ElementsAre("pool pool-r1"));
}

TEST_F(RunTest, WhatMayHaveBeenMadeAlthoughTheServiceFailedIsDeleted) {
  for (const unsigned status : {408u, 500u, 503u}) {
    testing::FakeBackend fresh;
    testing::FakePace fresh_pace(fresh);
    fresh.on_call = [&](const std::string& call) {
      if (call != "Pool_Add pool-r1") return;
      fresh.pools["pool-r1"] = {{"id", "pool-r1"}};
      throw Error(status, "OutcomeUnknown", "Who knows.");
    };
    EXPECT_THROW(
        run(fresh, settings, [this](Storage& storage) { return plan(storage); }, {files, fresh_pace, listener}), Error);
    EXPECT_TRUE(fresh.is_empty()) << status;
  }
}

TEST_F(RunTest, APoolThatSomebodyElseMadeMeanwhileIsTheirs) {
  adjust = [](Work work) {
    work.pool_id_is_chosen = true;
    return work;
  };
  backend.on_call = [&](const std::string& call) {
    if (call == "Pool_Add pool") backend.pools["pool"] = {{"id", "pool"}};
  };
  EXPECT_THROW(go(), Error);
  EXPECT_TRUE(backend.pools.contains("pool"));
}

TEST_F(RunTest, AnImageThatTheAccountDoesNotOfferIsToldBeforeAnythingCostsMoney) {
  settings.checks_machines = true;
  adjust = [](Work work) {
    work.pool["virtualMachineConfiguration"] = {
        {"imageReference", {{"publisher", "Canonical"}, {"offer", "jammy"}, {"sku", "22"}}},
        {"nodeAgentSKUId", "u 22"}};
    return work;
  };
  EXPECT_THROW(go(), UsageError);
  EXPECT_TRUE(backend.is_empty());
  EXPECT_EQ(std::ranges::count(backend.changes, std::string("Pool_Add pool-r1")), 0);
  settings.checks_machines = false;
  EXPECT_EQ(go().outcome, Outcome::Succeeded);
}

TEST_F(RunTest, AnOutputPatternThatMatchedNothingIsWarnedOf) {
  const auto good = backend.on_task;
  backend.on_task = [good](const Document& task) { return task["id"] == "1" ? testing::FakeTask{} : good(task); };
  EXPECT_EQ(go().outcome, Outcome::Succeeded);
  EXPECT_THAT(listener.notices, ElementsAre("task 1: nothing it made matches its output pattern 'clip-1.mp3'"));
}

TEST_F(RunTest, AChosenPoolThatExistsAndDiffersIsRefusedUnlessReused) {
  adjust = [](Work work) {
    work.pool_id_is_chosen = true;
    return work;
  };
  backend.pools["pool"] = {{"id", "pool"}, {"vmSize", "large"}, {"targetLowPriorityNodes", 5}};
  try {
    go();
    FAIL() << "not refused";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("pool 'pool' exists and differs from the template in vmSize"));
    EXPECT_THAT(error.what(), HasSubstr("--reuse"));
  }
  settings.reuse = true;
  EXPECT_EQ(go().outcome, Outcome::Succeeded);
  EXPECT_TRUE(backend.pools.contains("pool")) << "a pool that was there is not deleted";
}

TEST_F(RunTest, APoolThatIsNotThereIsNamedBeforeAnythingRuns) {
  adjust = [](Work work) {
    work.pool = nullptr;
    return work;
  };
  try {
    go();
    FAIL() << "not refused";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("pool 'pool', on which the job is to run, does not exist"));
  }
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, TasksGoInHundredsAndFailuresOfTheServiceAreTriedAgain) {
  backend.server_errors = 3;
  adjust = [](Work work) {
    const Document task = work.tasks.front();
    work.tasks.clear();
    for (int i = 0; i < 250; ++i) {
      work.tasks.push_back(task);
      work.tasks.back()["id"] = std::to_string(i);
    }
    return work;
  };
  const RunResult result = go();
  EXPECT_EQ(result.tasks.size(), 250u);
  EXPECT_EQ(std::ranges::count(backend.changes, std::string("Task_AddCollection job-r1")), 3);
}

TEST_F(RunTest, ATaskThatTheServiceRefusesIsNamed) {
  adjust = [](Work work) {
    work.tasks[1].erase("commandLine");
    return work;
  };
  try {
    go();
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "MissingRequiredProperty");
    EXPECT_THAT(error.what(), HasSubstr("TaskId: 1"));
  }
  EXPECT_TRUE(backend.is_empty());
}

TEST_F(RunTest, AJobDeletedBySomebodyElseEndsIt) {
  backend.on_task = [](const Document&) { return testing::FakeTask{.ticks = 1000}; };
  backend.on_call = [this](const std::string& call) {
    if (call == "Job_GetTaskCounts job-r1" && pace.pauses == 3) {
      backend.jobs.erase("job-r1");
      backend.tasks.erase("job-r1");
    }
  };
  EXPECT_THROW(go(), Error);  // between two looks of the same moment
  EXPECT_TRUE(backend.is_empty());
}

TEST(Monitor, LooksAreSpacedByATwentiethOfTheTimePassed) {
  EXPECT_EQ(pause_after(0s, {}), Ticks(10ms));
  EXPECT_EQ(pause_after(1s, {}), Ticks(50ms));
  EXPECT_EQ(pause_after(10min, {}), Ticks(1s));
  EXPECT_EQ(pause_after(10min, {.longest_pause = 8s}), Ticks(8s));
}

TEST(Monitor, BlockedTasksAreFoundThroughOthersAndConditions) {
  const auto task = [](const char* id, const char* state, Document more) {
    Document document = {{"id", id}, {"state", state}};
    document.update(more);
    return document;
  };
  const Document failed = {{"executionInfo", {{"exitCode", 7}, {"result", "failure"}}}};
  Document forgiven = failed;
  forgiven["exitConditions"] = {{"exitCodes", {{{"code", 7}, {"exitOptions", {{"dependencyAction", "satisfy"}}}}}}};
  const std::vector<Document> tasks = {
      task("a", "completed", failed),
      task("b", "completed", forgiven),
      task("c", "active", {{"dependsOn", {{"taskIds", {"A"}}}}}),
      task("d", "active", {{"dependsOn", {{"taskIds", {"b"}}}}}),
      task("e", "active", {{"dependsOn", {{"taskIds", {"c", "d"}}}}}),
  };
  EXPECT_THAT(blocked_tasks(tasks), ElementsAre("c", "e"));
}

TEST(Monitor, BlockedTasksAreFoundThroughRangesHoweverMany) {
  std::vector<Document> tasks = {
      {{"id", "0000"}, {"state", "completed"}, {"executionInfo", {{"exitCode", 7}, {"result", "failure"}}}}};
  const auto after = [&](const std::string& id, int first, int last) {
    tasks.push_back(
        {{"id", id}, {"state", "active"}, {"dependsOn", {{"taskIdRanges", {{{"start", first}, {"end", last}}}}}}});
  };
  constexpr int kAll = 20'000;
  for (int id = 1; id < kAll; ++id) after(std::to_string(id), id - 1, id - 1);
  after("all", 0, 2'000'000'000);
  after("none", kAll, 2'000'000'000);
  EXPECT_EQ(blocked_tasks(tasks).size(), kAll);
  tasks.push_back({{"id", "0"}, {"state", "running"}});
  EXPECT_TRUE(blocked_tasks(tasks).empty()) << "another of the same number may still end well";
}

TEST(Monitor, WhatTheFirstConditionThatAppliesSaysDecides) {
  const Document satisfy = {{"dependencyAction", "satisfy"}};
  const Document unstarted = {{"failureInfo", {{"code", "BlobNotFound"}}}, {"result", "failure"}};
  const Document ended = {{"failureInfo", {{"code", "TaskEnded"}}}, {"result", "failure"}};
  const Document not_uploaded = {{"exitCode", 0}, {"failureInfo", {{"code", "X"}}}, {"result", "failure"}};
  struct {
    Document conditions, execution;
    bool blocks;
  } const cases[] = {
      {Document::object(), unstarted, true},
      {{{"preProcessingError", satisfy}}, unstarted, false},
      {{{"default", satisfy}}, unstarted, false},
      {{{"default", satisfy}}, ended, true},
      {{{"fileUploadError", satisfy}}, not_uploaded, false},
      {{{"default", satisfy}}, not_uploaded, false},
      {{{"preProcessingError", satisfy}}, not_uploaded, true},
      {{{"default", {{"dependencyAction", "block"}}}}, {{"exitCode", 0}, {"result", "success"}}, false},
  };
  for (const auto& [conditions, execution, blocks] : cases) {
    const std::vector<Document> tasks = {
        {{"id", "a"}, {"state", "completed"}, {"exitConditions", conditions}, {"executionInfo", execution}},
        {{"id", "b"}, {"state", "active"}, {"dependsOn", {{"taskIds", {"a"}}}}}};
    EXPECT_EQ(!blocked_tasks(tasks).empty(), blocks) << conditions.dump() << execution.dump();
  }
}

TEST(Client, TheTailOfATextBeginsWithALineAndHasNoControlCharacters) {
  StringSource text("first line\nsecond \x1b[31mred\nlast\n\n");
  EXPECT_EQ(tail_of(text, 24), "second [31mred\nlast");
  StringSource one("0123456789");
  EXPECT_EQ(tail_of(one, 4), "6789");
}

}  // namespace
}  // namespace batchite::workflow
