// What the process host makes of orders: environments, start tasks, time limits, ends of whole process trees,
// isolation.
#include "backends/local/process_host.h"

#include <gmock/gmock.h>

#include "backends/local/landlock.h"
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ProcessHostTest : public LocalBackendTest {
 protected:
  std::map<std::string, std::string> environment_of(const std::string& id) {
    std::map<std::string, std::string> environment;
    std::istringstream lines(task_file(id, "stdout.txt"));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t equals = line.find('=');
      environment[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return environment;
  }
  // A pool "p" of one node with this start task, and a job in it; the node need not be ready.
  void node_with(const Document& start_task) {
    ask("Pool_Add", {.body = pool_document("p", 1, {{"startTask", start_task}})});
    ask("Job_Add", {.body = job_document("j", "p")});
  }
  bool node_reaches(const std::string& wanted) {
    return eventually([&] { return node_states() == states(1, wanted); });
  }
};

// --- the environment ------------------------------------------------------------------------------------------------

TEST_F(ProcessHostTest, ATaskSeesTheServicesVariablesAndNothingOfOurs) {
  ::setenv("BATCHITE_TEST_SECRET", "leaks", 1);
  nodes(1);
  run(task_document("u", "/usr/bin/env"));
  ::unsetenv("BATCHITE_TEST_SECRET");
  std::map<std::string, std::string> found = environment_of("u");
  const std::string node = first_node();
  const std::string root = node_root(node).string();
  const std::string directory = root + "/workitems/j/job-1/u";
  const std::map<std::string, std::string> expected = {
      {"AZ_BATCH_ACCOUNT_NAME", "devbatchaccount"},
      {"AZ_BATCH_ACCOUNT_URL", "http://127.0.0.1:10010"},
      {"AZ_BATCH_CERTIFICATES_DIR", directory + "/certs"},
      {"AZ_BATCH_JOB_ID", "j"},
      {"AZ_BATCH_NODE_ID", node},
      {"AZ_BATCH_NODE_IS_DEDICATED", "false"},
      {"AZ_BATCH_NODE_MOUNTS_DIR", root + "/fsmounts"},
      {"AZ_BATCH_NODE_ROOT_DIR", root},
      {"AZ_BATCH_NODE_SHARED_DIR", root + "/shared"},
      {"AZ_BATCH_NODE_STARTUP_DIR", root + "/startup"},
      {"AZ_BATCH_POOL_ID", "p"},
      {"AZ_BATCH_TASK_DIR", directory},
      {"AZ_BATCH_TASK_ID", "u"},
      {"AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES", "1000000"},
      {"AZ_BATCH_TASK_WORKING_DIR", directory + "/wd"},
  };
  std::map<std::string, std::string> azure;
  std::set<std::string> others;
  for (const auto& [name, value] : found) {
    if (name.starts_with("AZ_BATCH_")) {
      azure[name] = value;
    } else {
      others.insert(name);
    }
  }
  EXPECT_EQ(azure, expected);
  EXPECT_THAT(others, ElementsAre("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "USER", "XDG_CACHE_HOME",
                                  "XDG_CONFIG_HOME"));
  EXPECT_EQ(found["HOME"], directory + "/wd");
  EXPECT_TRUE(fs::is_directory(found["TMPDIR"]));
  EXPECT_THAT(found["PATH"], HasSubstr("/bin"));
}

TEST_F(ProcessHostTest, ATasksSettingsWinOverItsJobsAndNobodyOverridesTheServices) {
  const auto setting = [](const char* name, const char* value) { return Document{{"name", name}, {"value", value}}; };
  nodes(1);
  Document job = job_document("k", "p");
  job["commonEnvironmentSettings"] = {setting("BOTH", "job"), setting("JOB", "$HOME literally"),
                                      setting("AZ_BATCH_POOL_ID", "job's")};
  ask("Job_Add", {.body = job});
  Document task = task_document("t", "/usr/bin/env");
  task["environmentSettings"] = {setting("BOTH", "task"), setting("TASK", "a=b"), setting("AZ_BATCH_TASK_ID", "other"),
                                 setting("HOME", "/tmp")};
  add(task, "k");
  ASSERT_TRUE(eventually([&] { return this->task("t", "k")["state"] == "completed"; }));
  const std::string text = read_text(node_root(first_node()) / "workitems/k/job-1/t/stdout.txt");
  EXPECT_THAT(text,
              AllOf(HasSubstr("\nBOTH=task\n"), HasSubstr("\nJOB=$HOME literally\n"), HasSubstr("\nTASK=a=b\n"),
                    HasSubstr("AZ_BATCH_TASK_ID=t\n"), HasSubstr("AZ_BATCH_POOL_ID=p\n"), HasSubstr("\nHOME=/tmp\n")));
}

// --- ends -----------------------------------------------------------------------------------------------------------

// A process, a child of it, and one that has left session and parent behind. Their numbers are in wd.
constexpr const char* kTree =
    "echo $$ > main; sleep 1000 & echo $! > child; "
    "(setsid sh -c \"echo \\$\\$ > daemon; exec sleep 1000\" &) ; wait";

TEST_F(ProcessHostTest, ATaskOverItsTimeIsEndedWithAllItStarted) {
  nodes(1);
  const Document info =
      run(shell("t", kTree, {{"constraints", {{"maxWallClockTime", "PT0.7S"}, {"maxTaskRetryCount", 5}}}}));
  EXPECT_EQ(info["failureInfo"]["code"], "TaskEnded");
  EXPECT_THAT(info["failureInfo"]["details"].dump(), HasSubstr("maximum execution time"));
  EXPECT_EQ(info["exitCode"], 137);
  EXPECT_EQ(info["retryCount"], 0);
  for (const char* name : {"main", "child", "daemon"}) EXPECT_TRUE(is_gone(pid_in("t", name))) << name;
}

TEST_F(ProcessHostTest, TerminatingARunningTaskEndsAllItStarted) {
  nodes(1);
  add(shell("t", kTree));
  ASSERT_TRUE(reaches("t", "running"));
  const pid_t tree[] = {pid_in("t", "main"), pid_in("t", "child"), pid_in("t", "daemon")};
  EXPECT_EQ(outcome("Task_Terminate", the_task("t")), "204");
  const Document info = result("t");
  EXPECT_EQ(info["failureInfo"]["code"], "TaskEnded");
  EXPECT_FALSE(info.contains("exitCode"));
  EXPECT_TRUE(eventually([&] { return std::all_of(std::begin(tree), std::end(tree), is_gone); }));
  EXPECT_EQ(outcome("Task_Terminate", the_task("t")), "409 TaskCompleted");
  EXPECT_EQ(run(shell("next", "true"))["exitCode"], 0) << "the node is free again";
}

TEST_F(ProcessHostTest, WhatATaskLeavesRunningEndsWithIt) {
  nodes(1);
  EXPECT_EQ(run(shell("t",
                      "(setsid sh -c \"echo \\$\\$ > daemon; exec sleep 1000\" &) ; "
                      "while ! test -s daemon; do sleep 0.01; done"))["exitCode"],
            0);
  EXPECT_TRUE(is_gone(pid_in("t", "daemon")));
}

TEST_F(ProcessHostTest, TasksWhoseLauncherWasKilledAreRecovered) {
  nodes(1);
  add(shell("t", "echo $PPID > launcher; test -e $AZ_BATCH_NODE_SHARED_DIR/go || exec sleep 1000"));
  ASSERT_TRUE(reaches("t", "running"));
  const pid_t launcher = pid_in("t", "launcher");
  std::ofstream(node_root(first_node()) / "shared/go");
  ASSERT_EQ(::kill(launcher, SIGKILL), 0);
  const Document info = result("t");
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(info["retryCount"], 0);
  EXPECT_EQ(run(shell("next", "true"))["exitCode"], 0);
}

// --- start tasks ----------------------------------------------------------------------------------------------------

TEST_F(ProcessHostTest, AStartTaskRunsAsAdministratorInStartupAndHoldsTasksBack) {
  node_with({{"commandLine",
              "/bin/sh -c 'pwd; grep NoNewPrivs /proc/self/status; env | grep -c AZ_BATCH_JOB_ID; "
              "while ! test -e $AZ_BATCH_NODE_SHARED_DIR/go; do sleep 0.01; done'"},
             {"userIdentity", {{"autoUser", {{"elevationLevel", "admin"}}}}},
             {"waitForSuccess", true}});
  ASSERT_TRUE(node_reaches("waitingforstarttask"));
  add(shell("t", "true"));
  const std::string node = first_node();
  const std::string place = node_root(node).string();
  EXPECT_TRUE(eventually([&] { return read_text(place + "/startup/stdout.txt").ends_with("\n0\n"); }));
  EXPECT_EQ(node_file(node, "startup/stdout.txt"), place + "/startup/wd\nNoNewPrivs:\t0\n0\n");
  EXPECT_EQ(state("t"), "active");
  EXPECT_EQ(node_list().at(0)["startTaskInfo"]["state"], "running");
  std::ofstream(place + "/shared/go");
  EXPECT_EQ(result("t")["exitCode"], 0);
  const Document info = node_list().at(0)["startTaskInfo"];
  EXPECT_EQ(info["state"], "completed");
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(info["result"], "success");
}

TEST_F(ProcessHostTest, ATaskNeedNotWaitForAStartTaskThatNobodyWaitsFor) {
  node_with({{"commandLine", "/bin/sleep 1000"}, {"waitForSuccess", false}});
  EXPECT_EQ(run(shell("t", "true"))["exitCode"], 0);
  EXPECT_EQ(node_list().at(0)["startTaskInfo"]["state"], "running");
}

TEST_F(ProcessHostTest, AFailedStartTaskKeepsTasksOffTheNodeUntilItsRebootMendsIt) {
  node_with({{"commandLine", "/bin/sh -c 'echo run >> ../runs; test -e $AZ_BATCH_NODE_SHARED_DIR/go || exit 7'"},
             {"maxTaskRetryCount", 1}});
  ASSERT_TRUE(node_reaches("starttaskfailed"));
  Document info = node_list().at(0)["startTaskInfo"];
  EXPECT_EQ(info["exitCode"], 7);
  EXPECT_EQ(info["retryCount"], 1);
  EXPECT_EQ(info["failureInfo"]["code"], "FailureExitCode");
  add(shell("t", "true"));
  EXPECT_EQ(state("t"), "active");
  const std::string node = first_node();
  std::ofstream(node_root(node) / "shared/go");
  EXPECT_EQ(outcome("ComputeNode_Reboot", {.path = {{"poolId", "p"}, {"nodeId", node}}}), "202");
  EXPECT_EQ(result("t")["exitCode"], 0);
  EXPECT_EQ(node_file(node, "startup/runs"), "run\nrun\nrun\n") << "its directories outlast the reboot";
}

TEST_F(ProcessHostTest, AReimagedNodeBeginsWithEmptyDirectories) {
  node_with({{"commandLine", "/bin/sh -c 'echo run >> $AZ_BATCH_NODE_SHARED_DIR/runs'"}});
  ASSERT_TRUE(node_reaches("idle"));
  run(shell("t", "true"));
  const std::string node = first_node();
  EXPECT_EQ(outcome("ComputeNode_Reimage", {.path = {{"poolId", "p"}, {"nodeId", node}}}), "202");
  ASSERT_TRUE(node_reaches("idle"));
  EXPECT_EQ(node_file(node, "shared/runs"), "run\n");
  EXPECT_FALSE(fs::exists(node_root(node) / "workitems/j"));
}

TEST_F(ProcessHostTest, AMissingPackageIsNamedInTheStartTasksOutput) {
  node_with({{"commandLine", "apt-get install -y no-such-package-anywhere"},
             {"userIdentity", {{"autoUser", {{"elevationLevel", "admin"}}}}}});
  ASSERT_TRUE(node_reaches("starttaskfailed"));
  EXPECT_EQ(node_list().at(0)["startTaskInfo"]["exitCode"], 100);
  EXPECT_THAT(node_file(first_node(), "startup/stderr.txt"), HasSubstr("no-such-package-anywhere"));
}

TEST_F(ProcessHostTest, AStartTaskWhoseFilesCannotBeHadHasNoExitCode) {
  make_container("input");
  Document file = {{"httpUrl", sas("input", "r", "missing")}, {"filePath", "f"}};
  node_with({{"commandLine", "/bin/true"}, {"resourceFiles", {file}}, {"maxTaskRetryCount", 3}});
  ASSERT_TRUE(node_reaches("starttaskfailed"));
  const Document info = node_list().at(0)["startTaskInfo"];
  EXPECT_EQ(info["failureInfo"]["code"], "BlobNotFound");
  EXPECT_FALSE(info.contains("exitCode"));
  EXPECT_EQ(info["retryCount"], 0);
}

// --- isolation ------------------------------------------------------------------------------------------------------

TEST_F(ProcessHostTest, UnderLandlockATaskWritesToItsNodeAndTmpAndNowhereElse) {
  if (landlock_abi() < kLandlockAbiNeeded) {
    GTEST_SKIP() << "this kernel has no Landlock for us: " << landlock_abi();
  }
  // Writable to us, and not below /tmp, which tasks may write to.
  std::string place = (fs::current_path() / "outside.XXXXXX").string();
  ASSERT_NE(::mkdtemp(place.data()), nullptr);
  LocalOptions with = options();
  with.isolation = "landlock";
  with.location = place + "/data";
  open(with);
  ask("Pool_Add", {.body = pool_document("p", 2)});
  ask("Job_Add", {.body = job_document("j", "p")});
  const std::string script = fmt::format(
      "can() {{ touch $1/landlock-test.$$ 2> /dev/null && rm $1/landlock-test.$$ && echo $2; }}; "
      "can {0} outside; can /etc etc; can /usr usr; can {0}/data data; can . wd; can $AZ_BATCH_NODE_SHARED_DIR shared; "
      "can $TMPDIR own; can /tmp tmp; for n in {0}/data/nodes/p/*; do can $n/shared node; done; exit 0",
      place);
  EXPECT_EQ(run(shell("t", script))["exitCode"], 0);
  EXPECT_EQ(task_file("t", "stdout.txt"), "wd\nshared\nown\ntmp\nnode\n");
  EXPECT_EQ(node_list().size(), 2U) << "of whose directories only its own took it";
  close();
  fs::remove_all(place);
}

}  // namespace
}  // namespace batchite
