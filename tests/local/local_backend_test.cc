// Tasks, pools and files as clients of the local backend see them.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST_F(LocalBackendTest, ATaskIsAProcessWhoseOutputAndExitCodeAreKept) {
  nodes(1);
  const Document info = run(shell("t", "pwd; echo oops >&2; exit 3"));
  EXPECT_EQ(info["exitCode"], 3);
  EXPECT_EQ(info["result"], "failure");
  EXPECT_EQ(info["failureInfo"]["code"], "FailureExitCode");
  EXPECT_LE(info["startTime"].get<std::string>(), info["endTime"].get<std::string>());
  EXPECT_EQ(task_file("t", "stdout.txt"), (directory("t") / "wd").string() + "\n");
  EXPECT_EQ(task_file("t", "stderr.txt"), "oops\n");
  EXPECT_EQ(task("t")["nodeInfo"]["taskRootDirectory"], "workitems/j/job-1/t");
  EXPECT_EQ(task("t")["nodeInfo"]["nodeId"], first_node());
}

TEST_F(LocalBackendTest, ATaskHasItsWorkingDirectoryCertsAndNothingElse) {
  nodes(1);
  run(shell("t", "true"));
  std::set<std::string> names;
  Asking asking = the_task("t");
  asking.query = {{"recursive", "true"}};
  const Document listed = ask("File_ListFromTask", asking).body["value"];
  for (const Document& file : listed) names.insert(file["name"].get<std::string>());
  EXPECT_THAT(names, UnorderedElementsAre("stdout.txt", "stderr.txt", "wd", "certs"));
}

TEST_F(LocalBackendTest, AProgramThatIsNotThereIsNoExitCodeAndNoRetry) {
  nodes(1);
  const Document info = run(task_document("t", "cmd /c echo hello", {{"constraints", {{"maxTaskRetryCount", 3}}}}));
  EXPECT_FALSE(info.contains("exitCode"));
  EXPECT_EQ(info["failureInfo"]["code"], "CommandProgramNotFound");
  EXPECT_EQ(info["failureInfo"]["category"], "UserError");
  EXPECT_EQ(info["failureInfo"]["message"], "The specified command program is not found");
  EXPECT_EQ(info["failureInfo"]["details"].dump(),
            R"([{"name":"Message","value":"The system cannot find the file specified"}])");
  EXPECT_EQ(info["retryCount"], 0);
  EXPECT_EQ(task_file("t", "stdout.txt"), "");
  EXPECT_EQ(task_file("t", "stderr.txt"), "");
  EXPECT_TRUE(fs::is_directory(directory("t") / "wd"));
}

TEST_F(LocalBackendTest, AFailedTaskRunsAgainInItsDirectoryUntilItsRetriesAreSpent) {
  nodes(1);
  const Document info =
      run(shell("t", "echo x >> runs; cat runs; exit 2", {{"constraints", {{"maxTaskRetryCount", 3}}}}));
  EXPECT_EQ(info["exitCode"], 2);
  EXPECT_EQ(info["retryCount"], 3);
  EXPECT_TRUE(info.contains("lastRetryTime"));
  EXPECT_EQ(task_file("t", "wd/runs"), "x\nx\nx\nx\n");
  EXPECT_EQ(task_file("t", "stdout.txt"), "x\nx\nx\nx\n") << "of the last run only";
}

TEST_F(LocalBackendTest, ARetryThatSucceedsIsASuccess) {
  nodes(1);
  const Document info =
      run(shell("t", "echo x >> runs; test $(wc -l < runs) -eq 2", {{"constraints", {{"maxTaskRetryCount", 3}}}}));
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(info["retryCount"], 1);
  EXPECT_EQ(info["result"], "success");
}

// It sleeps until something is there, then ends well.
constexpr const char* kUntilGo = "echo $$ > main; test -e $AZ_BATCH_NODE_SHARED_DIR/go || exec sleep 1000";

TEST_F(LocalBackendTest, ADisabledJobGivesItsRunningTaskBackAndRunsItAgainOnceEnabled) {
  nodes(1);
  add(shell("t", kUntilGo));
  ASSERT_TRUE(reaches("t", "running"));
  const pid_t main = pid_in("t", "main");
  EXPECT_EQ(outcome("Job_Disable", {.path = {{"jobId", "j"}}, .body = {{"disableTasks", "requeue"}}}), "202");
  EXPECT_TRUE(reaches("t", "active"));
  EXPECT_EQ(task("t")["executionInfo"]["requeueCount"], 1);
  EXPECT_EQ(task("t")["executionInfo"]["retryCount"], 0);
  EXPECT_TRUE(eventually([&] { return is_gone(main); }));
  EXPECT_TRUE(eventually([&] { return ask("Job_Get", {.path = {{"jobId", "j"}}}).body["state"] == "disabled"; }));
  std::ofstream(node_root(first_node()) / "shared/go");
  EXPECT_EQ(outcome("Job_Enable", {.path = {{"jobId", "j"}}}), "202");
  EXPECT_EQ(result("t")["exitCode"], 0);
}

TEST_F(LocalBackendTest, ATaskThatRunsAgainAtOnceHasAFreshDirectoryThatStays) {
  nodes(1);
  add(shell("t", "test ! -e mark && touch mark && echo ran >> $AZ_BATCH_NODE_SHARED_DIR/runs && exec sleep 1000"));
  const auto runs = [&, log = node_root(first_node()) / "shared/runs"] {
    std::ifstream file(log);
    return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  };
  const auto again = [&] {
    ask("Job_Disable", {.path = {{"jobId", "j"}}, .body = {{"disableTasks", "requeue"}}});
    ask("Job_Enable", {.path = {{"jobId", "j"}}});
  };
  for (int round = 1; round <= 5; ++round) {  // each run under way
    ASSERT_TRUE(eventually([&] { return runs() == round; })) << task("t").dump(2);
    again();
  }
  for (int round = 0; round < 20; ++round) {  // each at another moment of its beginning
    ASSERT_TRUE(reaches("t", "running")) << task("t").dump(2);
    again();
  }
  EXPECT_EQ(outcome("Task_Delete", the_task("t")), "200");
  add(shell("t", "test ! -e mark && echo new > mark && exec sleep 1000"));  // in the same place
  const auto is_new = [&] {
    std::string line;
    return std::getline(std::ifstream(directory("t") / "wd/mark"), line) && line == "new";
  };
  ASSERT_TRUE(eventually(is_new)) << task("t").dump(2);
  const auto inode = [&] {
    struct stat status {};
    ::stat((directory("t") / "wd/mark").c_str(), &status);
    return status.st_ino;
  };
  const auto before = inode();
  EXPECT_EQ(outcome("Task_Add", {.path = {{"jobId", "j"}}, .body = shell("next", "true")}), "201");
  ask("Task_Terminate", the_task("t"));
  result("next");  // what was under way for the runs before is over by now
  EXPECT_EQ(inode(), before);
}

TEST_F(LocalBackendTest, AReactivatedTaskForgetsHowItEnded) {
  nodes(1);
  const std::string script = "echo x >> runs; cat runs; test -e $AZ_BATCH_NODE_SHARED_DIR/go";
  EXPECT_EQ(run(shell("t", script))["exitCode"], 1);
  const Document before = task("t");
  std::ofstream(node_root(first_node()) / "shared/go");
  EXPECT_EQ(outcome("Task_Reactivate", the_task("t")), "204");
  const Document info = result("t");
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(info["retryCount"], 0);
  EXPECT_FALSE(info.contains("failureInfo"));
  EXPECT_EQ(task_file("t", "stdout.txt"), "x\n") << "its directory was made anew";
  EXPECT_NE(task("t")["eTag"], before["eTag"]);
  EXPECT_EQ(outcome("Task_Reactivate", the_task("t")), "409 TaskSucceeded");
}

TEST_F(LocalBackendTest, ADeletedTaskTakesItsProcessAndDirectoryAlong) {
  nodes(1);
  add(shell("t", kUntilGo));
  ASSERT_TRUE(reaches("t", "running"));
  const pid_t main = pid_in("t", "main");
  const fs::path place = directory("t");
  EXPECT_EQ(outcome("Task_Delete", the_task("t")), "200");
  EXPECT_EQ(outcome("Task_Get", the_task("t")), "404 TaskNotFound");
  EXPECT_TRUE(eventually([&] { return is_gone(main) && !fs::exists(place); }));
  EXPECT_TRUE(eventually([&] { return !fs::exists(place.parent_path().parent_path()); })) << "the job's, once empty";
}

TEST_F(LocalBackendTest, ATaskThatIsDeletedAtOnceLeavesNothing) {
  nodes(1);
  const std::string node = first_node();
  for (int round = 0; round < 30; ++round) {
    add(shell("t", "exec sleep 1000"));
    ASSERT_EQ(outcome("Task_Delete", the_task("t")), "200");
  }
  add(shell("last", "true"));
  result("last");
  EXPECT_TRUE(eventually([&] { return !fs::exists(node_root(node) / "workitems/j/job-1/t"); }));
  EXPECT_TRUE(eventually([&] { return processes_at(place() / "nodes").empty(); }));
  EXPECT_TRUE(fs::exists(directory("last") / "wd"));
}

TEST_F(LocalBackendTest, ATaskAddedAfterItsNamesakeWasDeletedStartsInAFreshDirectory) {
  nodes(1);
  const Document task = shell("t", "echo $$ > pid; test ! -e mark && touch mark && test -e pid");
  for (int round = 0; round < 30; ++round) {
    ASSERT_EQ(run(task)["exitCode"], 0) << "round " << round;
    ASSERT_EQ(task_file("t", "stdout.txt"), "");
    ASSERT_EQ(outcome("Task_Delete", the_task("t")), "200");
  }
  ASSERT_EQ(run(task)["exitCode"], 0);
  ask("Job_Delete", {.path = {{"jobId", "j"}}});
  ASSERT_TRUE(eventually([&] { return outcome("Job_Get", {.path = {{"jobId", "j"}}}) == "404 JobNotFound"; }));
  ask("Job_Add", {.body = job_document("j", "p")});
  EXPECT_EQ(run(task)["exitCode"], 0);
}

TEST_F(LocalBackendTest, ADirectoryGoesWhenItsRetentionTimeIsOver) {
  nodes(1);
  run(shell("long", "true"));
  add(shell("short", "true", {{"constraints", {{"retentionTime", "PT0.3S"}}}}));
  result("short");
  const fs::path place = directory("short");
  EXPECT_TRUE(eventually([&] { return !fs::exists(place); }));
  Asking file = the_task("short");
  file.path.add("filePath", "stdout.txt");
  EXPECT_TRUE(eventually([&] { return outcome("File_GetFromTask", file) == "409 TaskFilesCleanedup"; }));
  EXPECT_EQ(state("short"), "completed");
  EXPECT_EQ(task_file("long", "stdout.txt"), "");
}

// What the kernel counted of real processes.
TEST_F(LocalBackendTest, StatisticsTellWhatProcessesTook) {
  nodes(1);
  add(shell("t", "i=0; while test $i -lt 200000; do i=$((i+1)); done; sleep 0.1"));
  ASSERT_EQ(result("t")["exitCode"], 0);
  Asking of_task = the_task("t");
  of_task.query = {{"$expand", "stats"}};
  const auto seconds_of = [](const Document& stats, const char* member) {
    return std::chrono::duration<double>(*parse_duration(stats[member].get<std::string>())).count();
  };
  const Document task = ask("Task_Get", of_task).body["stats"];
  EXPECT_GT(seconds_of(task, "userCPUTime") + seconds_of(task, "kernelCPUTime"), 0.01);
  EXPECT_GT(seconds_of(task, "wallClockTime"), 0.1);
  const Document job = ask("Job_Get", {.path = {{"jobId", "j"}}, .query = {{"$expand", "stats"}}}).body["stats"];
  EXPECT_EQ(job["numSucceededTasks"], "1");
  EXPECT_NEAR(seconds_of(job, "userCPUTime"), seconds_of(task, "userCPUTime"), 1e-4);
  const Document pool = ask("Pool_Get", {.path = {{"poolId", "p"}}, .query = {{"$expand", "stats"}}}).body["stats"];
  EXPECT_GT(pool["resourceStats"]["peakMemoryGiB"].get<double>(), 0.0);
}

TEST_F(LocalBackendTest, ADeallocatedNodeHasNothingLeftAndStartsAnew) {
  nodes(1);
  run(shell("before", "echo something > $AZ_BATCH_NODE_SHARED_DIR/left"));
  add(shell("long", "sleep 1000"));
  ASSERT_TRUE(eventually([&] { return state("long") == "running"; }));
  const std::string node = ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"][0]["id"];
  const Asking the_node{.path = {{"poolId", "p"}, {"nodeId", node}}};
  const auto node_state = [&] {
    contract::Version newer{20240701};
    const Call call{.operation = *contract::find_operation("ComputeNode_Get"), .path = the_node.path, .version = newer};
    return backend().call(call).body["state"].get<std::string>();
  };
  EXPECT_EQ(outcome("ComputeNode_Deallocate", the_node), "202");
  EXPECT_TRUE(eventually([&] { return node_state() == "deallocated"; })) << node_state();
  EXPECT_TRUE(eventually([&] { return processes_at(place() / "nodes").empty(); }));
  EXPECT_FALSE(fs::exists(place() / "nodes" / "p" / node));
  EXPECT_EQ(state("long"), "active");
  Asking file = the_task("before");
  file.path.add("filePath", "stdout.txt");
  EXPECT_EQ(outcome("File_GetFromTask", file), "409 TaskFilesUnavailable");
  close();
  EXPECT_EQ(node_state(), "deallocated") << "also after a restart";
  EXPECT_EQ(outcome("ComputeNode_Start", the_node), "202");
  EXPECT_TRUE(eventually([&] { return state("long") == "running"; }));
  EXPECT_FALSE(fs::exists(place() / "nodes" / "p" / node / "shared" / "left"));
  ask("Task_Terminate", the_task("long"));
}

// --- files in and out -----------------------------------------------------------------------------------------------

Document resources(std::initializer_list<Document> files) { return {{"resourceFiles", files}}; }

TEST_F(LocalBackendTest, ResourceFilesAreThereBeforeTheProcessStarts) {
  nodes(1);
  make_container("input");
  put_blob("input", "film/a.txt", "one");
  put_blob("input", "film/b/c.txt", "two");
  put_blob("input", "other.txt", "three");
  const Document info = run(
      shell("t", "find . -type f | sort; cat x/other.txt",
            resources({{{"httpUrl", sas("input", "r", "other.txt")}, {"filePath", "x/other.txt"}, {"fileMode", "0640"}},
                       {{"storageContainerUrl", sas("input", "rl")}, {"blobPrefix", "film/"}, {"filePath", "d"}},
                       {{"autoStorageContainerName", "input"}, {"blobPrefix", "film/b"}}})));
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(task_file("t", "stdout.txt"), "./d/film/a.txt\n./d/film/b/c.txt\n./film/b/c.txt\n./x/other.txt\nthree");
  const auto mode = [&](const char* name) {
    return static_cast<unsigned>(fs::status(directory("t") / "wd" / name).permissions());
  };
  EXPECT_EQ(mode("x/other.txt"), 0640U);
  EXPECT_EQ(mode("d/film/a.txt"), 0770U);
}

TEST_F(LocalBackendTest, AResourceFileThatCannotBeHadEndsTheTaskBeforeItRuns) {
  nodes(1);
  make_container("input");
  make_container("secret");
  put_blob("input", "there", "text");
  put_blob("secret", "there", "text");
  std::string elsewhere = sas("input", "r", "there");
  elsewhere.replace(elsewhere.find("/input/"), 7, "/secret/");  // signed for another container
  struct Case {
    std::string url, code;
  };
  const Case cases[] = {{sas("input", "r", "missing"), "BlobNotFound"}, {elsewhere, "BlobAccessDenied"}};
  int count = 0;
  for (const Case& one : cases) {
    const std::string id = "t" + std::to_string(++count);
    Document task = shell(id, "echo ran", resources({{{"httpUrl", one.url}, {"filePath", "f"}}}));
    task["constraints"] = {{"maxTaskRetryCount", 2}};
    const Document info = run(task);
    EXPECT_EQ(info["failureInfo"]["code"], one.code) << info.dump(2);
    EXPECT_FALSE(info.contains("exitCode"));
    EXPECT_EQ(info["retryCount"], 0) << "nothing that ran has failed";
    EXPECT_TRUE(info.contains("startTime"));
  }
}

Document output(const std::string& pattern, const std::string& container_url, const std::string& path,
                const std::string& condition = "taskcompletion") {
  Document container = {{"containerUrl", container_url}};
  if (!path.empty()) container["path"] = path;
  return {{"filePattern", pattern},
          {"destination", {{"container", std::move(container)}}},
          {"uploadOptions", {{"uploadCondition", condition}}}};
}

TEST_F(LocalBackendTest, OutputFilesGoToTheirContainersWhenTheirConditionHolds) {
  nodes(1);
  make_container("output");
  const std::string url = sas("output", "rwl");
  const auto with = [&](const std::string& id, const std::string& script) {
    return shell(id, script,
                 {{"outputFiles",
                   {output("*.mp4", url, id + "/films"), output("../std*.txt", url, id + "/log"),
                    output("why", url, id + "/why", "taskfailure"), output("best", url, id + "/best", "tasksuccess"),
                    output("nothing/*.zip", url, id)}}});
  };
  EXPECT_EQ(run(with("good", "echo a > a.mp4; echo b > b.mp4; touch why best; echo said"))["result"], "success");
  EXPECT_EQ(blob_names("output"),
            "good/best good/films/a.mp4 good/films/b.mp4 good/log/stderr.txt good/log/stdout.txt ");
  EXPECT_EQ(blob_text("output", "good/log/stdout.txt"), "said\n");
  EXPECT_EQ(blob_text("output", "good/films/b.mp4"), "b\n");

  const Document info = run(with("bad", "touch why best; exit 4"));
  EXPECT_EQ(info["exitCode"], 4);
  EXPECT_EQ(info["failureInfo"]["code"], "FailureExitCode");
  EXPECT_THAT(blob_names("output"), HasSubstr("bad/log/stderr.txt bad/log/stdout.txt bad/why "));
  EXPECT_EQ(blob_names("output").find("bad/best"), std::string::npos);
}

TEST_F(LocalBackendTest, AnUploadThatFailsFailsATaskThatExitedWell) {
  nodes(1);
  const std::string url = sas("nowhere", "rwl");
  Document task = shell("t", "echo x >> f", {{"outputFiles", {output("f", url, "f")}}});
  task["constraints"] = {{"maxTaskRetryCount", 2}};
  Document info = run(task);
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(info["result"], "failure");
  EXPECT_EQ(info["failureInfo"]["code"], "FileUploadContainerNotFound");
  EXPECT_EQ(info["retryCount"], 0);
  info = run(shell("u", "touch f; exit 9", {{"outputFiles", {output("f", url, "f")}}}));
  EXPECT_EQ(info["failureInfo"]["code"], "FailureExitCode") << "the process's own failure comes first";
}

TEST_F(LocalBackendTest, ExitConditionsTellStartUploadAndExitApart) {
  nodes(1);
  const std::string url = sas("nowhere", "rwl");
  ask("Job_Add", {.body = {{"id", "d"}, {"poolInfo", {{"poolId", "p"}}}, {"usesTaskDependencies", true}}});
  const Document satisfy = {{"dependencyAction", "satisfy"}};
  const auto forgiving = [&](const char* condition) { return Document{{condition, satisfy}}; };
  const Document upload = {output("f", url, "f")};
  const struct {
    Document task;
    const char* condition;
    bool satisfies;
  } cases[] = {
      {task_document("1", "no-such-program"), "preProcessingError", true},
      {task_document("2", "true", {{"resourceFiles", {{{"httpUrl", url}, {"filePath", "a"}}}}}), "preProcessingError",
       true},
      {shell("3", "touch f", {{"outputFiles", upload}}), "fileUploadError", true},
      {shell("4", "touch f; exit 9", {{"outputFiles", upload}}), "fileUploadError", true},
      {shell("5", "exit 9"), "fileUploadError", false},
      {shell("6", "exit 9"), "default", true},
      {shell("7", "exit 9"), "preProcessingError", false},
      {shell("8", "true"), "default", true},
  };
  for (const auto& [task, condition, satisfies] : cases) {
    Document body = task;
    const std::string id = body["id"];
    body["exitConditions"] = forgiving(condition);
    ask("Task_Add", {.path = {{"jobId", "d"}}, .body = body});
    ask("Task_Add",
        {.path = {{"jobId", "d"}}, .body = task_document("after-" + id, "true", {{"dependsOn", {{"taskIds", {id}}}}})});
  }
  for (const auto& [task, condition, satisfies] : cases) {
    const std::string id = task["id"];
    const auto state = [&](const std::string& of) {
      return ask("Task_Get", {.path = {{"jobId", "d"}, {"taskId", of}}}).body["state"];
    };
    EXPECT_TRUE(eventually([&] { return state(id) == "completed"; })) << id;
    if (satisfies) {
      EXPECT_TRUE(eventually([&] { return state("after-" + id) == "completed"; })) << id;
    } else {
      EXPECT_EQ(state("after-" + id), "active") << id;
    }
  }
}

// --- pools and nodes ------------------------------------------------------------------------------------------------

TEST_F(LocalBackendTest, SpotNodesAreCalledSoAndHaveTheServicesLayout) {
  nodes(5, {{"targetDedicatedNodes", 0}});
  const Document list = node_list();
  ASSERT_EQ(list.size(), 5U);
  std::set<std::string> ids;
  for (const Document& node : list) {
    const std::string id = node["id"];
    ids.insert(id);
    EXPECT_THAT(id, ::testing::MatchesRegex("tvmps_[0-9a-f]{64}_p"));
    EXPECT_EQ(node["isDedicated"], false);
    std::set<std::string> directories;
    for (const auto& entry : fs::directory_iterator(node_root(id))) directories.insert(entry.path().filename());
    EXPECT_THAT(directories,
                UnorderedElementsAre("applications", "fsmounts", "shared", "startup", "volatile", "workitems"));
  }
  EXPECT_EQ(ids.size(), 5U);
  ask("Pool_Add", {.body = pool_document("d", 0, {{"targetDedicatedNodes", 1}})});
  EXPECT_THAT(node_list("d").at(0)["id"].get<std::string>(), EndsWith("_d"));
}

TEST_F(LocalBackendTest, FilesOfANodeAreListedReadInPartAndDeleted) {
  nodes(1);
  run(shell("t", "echo 0123456789; mkdir -p sub/deep; echo x > sub/deep/f; ln -s f sub/link"));
  const std::string node = first_node();
  const auto at = [&](const std::string& path, Parameters headers = {}) {
    return Asking{.path = {{"poolId", "p"}, {"nodeId", node}, {"filePath", path}}, .headers = std::move(headers)};
  };
  const std::string task = "workitems/j/job-1/t/";
  EXPECT_EQ(node_file(node, task + "stdout.txt"), "0123456789\n");
  const auto part = [&](const std::string& range) {
    return read_all(*ask("File_GetFromComputeNode", at(task + "stdout.txt", {{"ocp-range", range}})).bytes);
  };
  EXPECT_EQ(part("bytes=0-0"), "0");
  EXPECT_EQ(part("bytes=3-5"), "345");
  EXPECT_EQ(part("bytes=8-"), "89\n");
  EXPECT_EQ(part("bytes=8-1000"), "89\n");
  EXPECT_EQ(outcome("File_GetFromComputeNode", at(task + "stdout.txt", {{"ocp-range", "bytes=11-"}})),
            "416 InvalidRange");
  const Reply properties = ask("File_GetPropertiesFromComputeNode", at(task + "stdout.txt"));
  EXPECT_EQ(properties.headers.get("Content-Length"), "11");
  EXPECT_EQ(properties.headers.get("ocp-batch-file-mode"), "0o100644");
  EXPECT_EQ(properties.headers.get("ocp-batch-file-isdirectory"), "False");

  Asking all{.path = {{"poolId", "p"}, {"nodeId", node}}};
  EXPECT_EQ(ask("File_ListFromComputeNode", all).body["value"].size(), 6U);
  all.query = {{"recursive", "true"}};
  const Document listed = ask("File_ListFromComputeNode", all).body["value"];
  EXPECT_TRUE(std::any_of(listed.begin(), listed.end(),
                          [&](const Document& file) { return file["name"] == task + "wd/sub/deep/f"; }));

  EXPECT_EQ(outcome("File_DeleteFromComputeNode", at(task + "wd/sub")), "409 OperationInvalidForCurrentState");
  Asking recursive = at(task + "wd/sub");
  recursive.query = {{"recursive", "true"}};
  EXPECT_EQ(outcome("File_DeleteFromComputeNode", recursive), "200");
  EXPECT_EQ(outcome("File_DeleteFromComputeNode", at(task + "stdout.txt")), "200");
  EXPECT_EQ(outcome("File_GetFromComputeNode", at(task + "stdout.txt")), "404 FileNotFound");
  EXPECT_EQ(outcome("File_DeleteFromComputeNode", at(task + "stdout.txt")), "404 FileNotFound");
}

TEST_F(LocalBackendTest, FilesOfATaskEndAtItsDirectory) {
  nodes(1);
  run(shell("other", "echo private"));
  run(shell("t", "ln -s /etc out; ln -s ../../../../../shared in; echo s > $AZ_BATCH_NODE_SHARED_DIR/s"));
  const auto get = [&](const std::string& path) {
    Asking asking = the_task("t");
    asking.path.add("filePath", path);
    return outcome("File_GetFromTask", asking);
  };
  EXPECT_EQ(get("stdout.txt"), "200");
  for (const char* path : {"../other/stdout.txt", "wd/../../other/stdout.txt", "../../../../../../../../etc/passwd",
                           "/etc/passwd", "wd/out/passwd", "..", "%2e%2e/other/stdout.txt", "..%2fother/stdout.txt"}) {
    EXPECT_EQ(get(path), "404 FileNotFound") << path;
  }
}

TEST_F(LocalBackendTest, NodesThatLeaveTakeTheirDirectoriesAlong) {
  nodes(3);
  run(shell("t", "true"));
  EXPECT_EQ(outcome("Pool_Resize", {.path = {{"poolId", "p"}}, .body = {{"targetLowPriorityNodes", 1}}}), "202");
  const auto count = [&] {
    std::error_code error;
    return std::distance(fs::directory_iterator(place() / "nodes/p", error), fs::directory_iterator());
  };
  EXPECT_TRUE(eventually([&] { return count() == 1 && node_list().size() == 1; }));
  EXPECT_TRUE(eventually([&] {
    return ask("Pool_Get", {.path = {{"poolId", "p"}}}).body["allocationState"] == "steady";
  }));
  EXPECT_TRUE(fs::exists(node_root(first_node())));

  EXPECT_EQ(outcome("Pool_Delete", {.path = {{"poolId", "p"}}}), "202");
  EXPECT_TRUE(eventually([&] { return outcome("Pool_Get", {.path = {{"poolId", "p"}}}) == "404 PoolNotFound"; }));
  EXPECT_FALSE(fs::exists(place() / "nodes/p"));
  EXPECT_TRUE(eventually([&] { return fs::is_empty(place() / "nodes/.removed"); }));
}

TEST_F(LocalBackendTest, ANodeThatTakesNoTasksIsOfflineUntilItDoesAgain) {
  nodes(1);
  const Asking node{.path = {{"poolId", "p"}, {"nodeId", first_node()}}};
  EXPECT_EQ(outcome("ComputeNode_DisableScheduling", node), "200");
  EXPECT_EQ(outcome("ComputeNode_DisableScheduling", node), "409 NodeAlreadyInTargetSchedulingState");
  EXPECT_TRUE(eventually([&] { return node_states() == states(1, "offline"); }));
  add(shell("t", "true"));
  EXPECT_EQ(state("t"), "active");
  EXPECT_EQ(outcome("ComputeNode_EnableScheduling", node), "200");
  EXPECT_EQ(result("t")["exitCode"], 0);
}

TEST_F(LocalBackendTest, TenThousandTasksOnFourNodesAllEnd) {
  nodes(4);
  constexpr int kTasks = 10'000;
  for (int first = 0; first < kTasks; first += 100) {
    Document value = Document::array();
    for (int i = first; i < first + 100; ++i) value.push_back(task_document(fmt::format("t{:05}", i), "/bin/true"));
    const Reply reply = ask("Task_AddCollection", {.path = {{"jobId", "j"}}, .body = {{"value", std::move(value)}}});
    ASSERT_EQ(reply.body["value"][99]["status"], "Success");
  }
  const auto counts = [&] { return ask("Job_GetTaskCounts", {.path = {{"jobId", "j"}}}).body["taskCounts"]; };
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(100);
  while (counts()["completed"] != kTasks && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(counts().dump(), R"({"active":0,"running":0,"completed":10000,"succeeded":10000,"failed":0})");
  std::int64_t run = 0;
  for (const Document& node : node_list()) {
    EXPECT_EQ(node["state"], "idle");
    EXPECT_EQ(node["runningTasksCount"], 0);
    run += node["totalTasksSucceeded"].get<std::int64_t>();
  }
  EXPECT_EQ(run, kTasks);
}

// --- opening and closing --------------------------------------------------------------------------------------------

TEST_F(LocalBackendTest, ClosingLeavesNoProcess) {
  nodes(2);
  add(shell("a", "(setsid sleep 1000 &) ; echo $$ > main; sleep 1000"));
  add(shell("b", "echo $$ > main; trap : TERM; sleep 1000; sleep 1000"));
  ASSERT_TRUE(reaches("a", "running") && reaches("b", "running"));
  const pid_t a = pid_in("a", "main"), b = pid_in("b", "main");
  close();
  EXPECT_TRUE(is_gone(a) && is_gone(b));
  EXPECT_THAT(processes_at(place()), ElementsAre());
}

TEST_F(LocalBackendTest, AnEphemeralDirectoryIsGoneAfterwards) {
  ::setenv("TMPDIR", root().c_str(), 1);
  open({.ephemeral = true, .isolation = "process", .launcher = BATCHITE_PROGRAM});
  ::unsetenv("TMPDIR");
  EXPECT_FALSE(fs::is_empty(root()));
  nodes(1);
  run(shell("t", "mkdir locked; touch locked/f; chmod 0 locked"));
  close();
  EXPECT_TRUE(fs::is_empty(root()));
}

TEST_F(LocalBackendTest, ADirectoryHasOneHolderAtATime) {
  backend();
  try {
    open_local_backend(options());
    FAIL() << "a second one got in";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("pid " + std::to_string(::getpid())));
    EXPECT_THAT(error.what(), HasSubstr(place().string()));
  }
  EXPECT_EQ(outcome("Pool_List"), "200") << "the holder does not notice";
  close();
  EXPECT_EQ(outcome("Pool_List"), "200") << "the next one may have it";
}

}  // namespace
}  // namespace batchite
