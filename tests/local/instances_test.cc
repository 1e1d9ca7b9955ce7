// Multi-instance tasks as real processes on several nodes, Open MPI among them where it is installed.
#include "backends/local/instances.h"

#include <gmock/gmock.h>

#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class InstancesTest : public LocalBackendTest {
 protected:
  static constexpr const char* kRoot = "workitems/j/job-1/m";

  void given_nodes(int count) { nodes(count, {{"enableInterNodeCommunication", true}}); }
  // `coordination` and `script`: for a shell; without single quotes.
  static Document multi(int instances, const std::string& coordination, const std::string& script,
                        const Document& more = Document::object()) {
    Document task = shell("m", script);
    task["multiInstanceSettings"] = {{"numberOfInstances", instances},
                                     {"coordinationCommandLine", "/bin/sh -c '" + coordination + "'"}};
    task.merge_patch(more);
    return task;
  }
  Document subtasks() { return ask("Task_ListSubtasks", the_task("m")).body["value"]; }
  std::string subtask_file(int id, const std::string& name) {
    const Document info = subtasks().at(static_cast<std::size_t>(id - 1))["nodeInfo"];
    return node_file(info["nodeId"], info["taskRootDirectory"].get<std::string>() + "/" + name);
  }
  bool no_process_is_left() {
    return eventually([&] { return processes_at(place() / "nodes").empty(); });
  }
};

TEST_F(InstancesTest, EveryNodeIsCoordinatedAndTheFirstRunsTheCommand) {
  given_nodes(3);
  Document info = run(multi(3, "echo coordinate $AZ_BATCH_IS_CURRENT_NODE_MASTER; pwd > here",
                            "cat here; echo run; echo $AZ_BATCH_IS_CURRENT_NODE_MASTER"));
  EXPECT_EQ(info["exitCode"], 0) << info.dump(2);
  const Document node = task("m")["nodeInfo"];
  EXPECT_EQ(node["taskRootDirectory"], std::string(kRoot) + "/0");
  const std::string work = (node_root(node["nodeId"]) / kRoot / "0/wd").string();
  EXPECT_EQ(task_file("m", "stdout.txt"), "coordinate true\n" + work + "\nrun\ntrue\n");
  ASSERT_EQ(subtasks().size(), 2U);
  EXPECT_EQ(subtask_file(1, "stdout.txt"), "coordinate false\n");
  EXPECT_EQ(subtask_file(2, "stdout.txt"), "coordinate false\n");
  EXPECT_EQ(subtasks().at(1)["nodeInfo"]["taskRootDirectory"], std::string(kRoot) + "/2");
  EXPECT_EQ(subtasks().at(1)["state"], "completed");
  EXPECT_EQ(subtasks().at(1)["exitCode"], 0);
  EXPECT_EQ(subtasks().at(1)["result"], "success");
}

TEST_F(InstancesTest, AllKnowTheAddressesOfAll) {
  given_nodes(2);
  const std::string script =
      "echo $AZ_BATCH_HOST_LIST $AZ_BATCH_NODE_LIST $AZ_BATCH_MASTER_NODE $CCP_NODES, $CCP_NODES_CORES";
  run(multi(2, script, "true"));
  const std::string first = node_list().at(0)["ipAddress"], second = node_list().at(1)["ipAddress"];
  std::string master = first, other = second;
  if (task("m")["nodeInfo"]["nodeId"] != node_list().at(0)["id"]) std::swap(master, other);
  EXPECT_THAT(master, testing::StartsWith("127."));
  EXPECT_NE(first, second);
  const std::string said = fmt::format("{0},{1} {0};{1} {0}:6000 2 {0} 1 {1} 1, 2 {0} 1 {1} 1\n", master, other);
  EXPECT_EQ(task_file("m", "stdout.txt"), said);
  EXPECT_EQ(subtask_file(1, "stdout.txt"), said);
}

TEST_F(InstancesTest, CommonFilesGoToAllAndTheTasksOwnToThePrimary) {
  given_nodes(2);
  make_container("input");
  put_blob("input", "common", "for all\n");
  put_blob("input", "own", "for one\n");
  const Document common = {{{"httpUrl", sas("input", "r", "common")}, {"filePath", "data/common"}}};
  const Document own = {{{"httpUrl", sas("input", "r", "own")}, {"filePath", "own"}}};
  const Document info =
      run(multi(2, "cat $AZ_BATCH_TASK_SHARED_DIR/data/common; ls", "cat own ../../data/common",
                {{"resourceFiles", own}, {"multiInstanceSettings", {{"commonResourceFiles", common}}}}));
  EXPECT_EQ(info["exitCode"], 0) << info.dump(2) << task_file("m", "stderr.txt");
  EXPECT_EQ(task_file("m", "stdout.txt"), "for all\nfor one\nfor all\n");
  EXPECT_EQ(subtask_file(1, "stdout.txt"), "for all\n") << "common files are beside its working directory";
}

TEST_F(InstancesTest, WhatCoordinationLeavesRunningLivesAsLongAsThePrimary) {
  given_nodes(2);
  const std::string background = "sleep 1000 > /dev/null 2>&1 & setsid sleep 1000 & echo $! > daemon";
  add(multi(2, background, "kill -0 $(cat daemon) && echo there; until [ -e go ]; do sleep 0.01; done"));
  ASSERT_TRUE(reaches("m", "running"));
  ASSERT_TRUE(eventually([&] { return !subtasks().empty() && read_text(directory("m") / "stdout.txt") == "there\n"; }));
  EXPECT_EQ(subtasks().at(0)["state"], "running");
  const Document info = subtasks().at(0)["nodeInfo"];
  const fs::path wd = node_root(info["nodeId"]) / info["taskRootDirectory"].get<std::string>() / "wd";
  const pid_t daemon = std::atoi(read_text(wd / "daemon").c_str());  // NOLINT(cert-err34-c)
  EXPECT_TRUE(is_alive(daemon));
  std::ofstream(directory("m") / "wd/go") << "";
  EXPECT_EQ(result("m")["exitCode"], 0);
  EXPECT_TRUE(eventually([&] { return is_gone(daemon); }));
  EXPECT_TRUE(no_process_is_left());
}

TEST_F(InstancesTest, ACoordinationThatFailsFailsTheTaskAndEndsTheOthers) {
  given_nodes(3);
  Document info = run(multi(
      3, "[ $AZ_BATCH_IS_CURRENT_NODE_MASTER = true ] || exit 7; until false; do sleep 0.01; done", "echo never"));
  EXPECT_EQ(info["exitCode"], 7);
  EXPECT_EQ(info["failureInfo"]["code"], "FailureExitCode");
  EXPECT_EQ(info["result"], "failure");
  EXPECT_THAT(subtasks().dump(), HasSubstr("\"exitCode\":7"));
  EXPECT_TRUE(no_process_is_left());
}

TEST_F(InstancesTest, ARetryBeginsWithTheCoordinationOnAllNodes) {
  given_nodes(2);
  Document info = run(multi(2, "sleep 1000 & echo again >> times", "wc -l < times; [ $(wc -l < times) = 2 ]",
                            {{"constraints", {{"maxTaskRetryCount", 1}}}}));
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(info["retryCount"], 1);
  EXPECT_EQ(task_file("m", "stdout.txt"), "2\n");
  EXPECT_EQ(subtask_file(1, "wd/times"), "again\nagain\n");
}

TEST_F(InstancesTest, TerminatingEndsTheProcessesOfAllNodes) {
  given_nodes(2);
  add(multi(2, "sleep 1000 & true", "echo $$ > pid; sleep 1000"));
  ASSERT_TRUE(reaches("m", "running"));
  pid_in("m", "pid");
  EXPECT_EQ(outcome("Task_Terminate", the_task("m")), "204");
  EXPECT_EQ(state("m"), "completed");
  EXPECT_TRUE(no_process_is_left());
  const fs::path shared = directory("m").parent_path();
  EXPECT_EQ(outcome("Task_Delete", the_task("m")), "200");
  EXPECT_TRUE(eventually([&] { return !fs::exists(shared); }));
}

TEST_F(InstancesTest, SshRunsACommandAsOnAnotherNode) {
  given_nodes(2);
  Document info = run(multi(2, "echo here > file",
                            "other=${AZ_BATCH_HOST_LIST#*,}; "
                            "ssh -x -o BatchMode=yes user@$other \"cat file; echo \\$AZ_BATCH_NODE_ID; exit 5\"; "
                            "echo $?; ssh nowhere.invalid true 2> /dev/null; echo $?"));
  const std::string other = subtasks().at(0)["nodeInfo"]["nodeId"];
  EXPECT_EQ(task_file("m", "stdout.txt"), "here\n" + other + "\n5\n255\n") << task_file("m", "stderr.txt");
}

TEST_F(InstancesTest, ARunningTaskBeginsAnewAfterTheEmulatorWasClosed) {
  given_nodes(2);
  add(multi(2, "echo coordinated", "echo $$ > pid; [ -e $AZ_BATCH_NODE_SHARED_DIR/go ] || sleep 1000"));
  ASSERT_TRUE(reaches("m", "running"));
  pid_in("m", "pid");
  for (const Document& node : node_list()) std::ofstream(node_root(node["id"]) / "shared/go") << "";
  close();
  const Document info = result("m");
  EXPECT_EQ(info["exitCode"], 0);
  EXPECT_EQ(info["retryCount"], 0);
  EXPECT_EQ(subtasks().size(), 1U);
}

// As the tutorials have it: built by the coordination command, run by mpirun.
class MpiTest : public InstancesTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    if (::system("command -v mpirun mpicc > /dev/null 2>&1") != 0) GTEST_SKIP() << "Open MPI is not installed";
    LocalOptions with = options();
    with.isolation = GetParam();
    open(with);
  }
};

constexpr const char* kProgram = R"c(
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int count, char** arguments) {
  int rank, size, sum;
  FILE* file;
  MPI_Init(&count, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  printf("rank %d of %d on %s, sum %d\n", rank, size, getenv("AZ_BATCH_NODE_ID"), sum);
  file = fopen("written", "a");
  if (!file || fclose(file) != 0) return 3;
  file = fopen(getenv("TMPDIR"), "r");
  MPI_Finalize();
  return file ? 0 : 4;
}
)c";

TEST_P(MpiTest, RanksOfOneProgramRunOnAllNodes) {
  given_nodes(3);
  make_container("input");
  put_blob("input", "hello.c", kProgram);
  const Document common = {{{"httpUrl", sas("input", "r", "hello.c")}, {"filePath", "hello.c"}}};
  Document info = run(multi(3, "cd $AZ_BATCH_TASK_SHARED_DIR && mpicc hello.c -o hello",
                            "mpirun -np 3 -host $AZ_BATCH_HOST_LIST -wdir $AZ_BATCH_TASK_SHARED_DIR ./hello",
                            {{"multiInstanceSettings", {{"commonResourceFiles", common}}}}));
  const std::string said = task_file("m", "stdout.txt");
  EXPECT_EQ(info["exitCode"], 0) << said << task_file("m", "stderr.txt");
  EXPECT_THAT(said, HasSubstr("rank 0 of 3 on " + task("m")["nodeInfo"]["nodeId"].get<std::string>() + ", sum 3"));
  for (const Document& subtask : subtasks()) {
    const std::string node = subtask["nodeInfo"]["nodeId"];
    EXPECT_THAT(said, HasSubstr(fmt::format("rank {} of 3 on {}, sum 3", subtask["id"].get<int>(), node)));
  }
  EXPECT_TRUE(no_process_is_left());
}

TEST_P(MpiTest, NothingOfItOutlivesTheTask) {
  given_nodes(2);
  add(multi(2, "true", "mpirun -np 2 -host $AZ_BATCH_HOST_LIST sh -c \"echo up; sleep 1000\""));
  ASSERT_TRUE(reaches("m", "running"));
  ASSERT_TRUE(eventually([&] { return read_text(directory("m") / "stdout.txt") == "up\nup\n"; }));
  EXPECT_EQ(outcome("Task_Terminate", the_task("m")), "204");
  EXPECT_TRUE(no_process_is_left());
}

INSTANTIATE_TEST_SUITE_P(Isolation, MpiTest, testing::Values("process", "auto"));

TEST(InstanceVariables, AreTheServicesAndMakeOpenMpiAtHome) {
  const InstanceNodes two{.members = {{NodeKey{1}, "127.1.0.4"}, {NodeKey{2}, "127.1.0.5"}}, .cores = 4};
  const std::vector<std::string> variables =
      instance_variables({.nodes = two, .instance = 1, .shared = "/n/m", .hosts = "/h"});
  EXPECT_THAT(variables,
              testing::IsSupersetOf({"AZ_BATCH_HOST_LIST=127.1.0.4,127.1.0.5", "AZ_BATCH_NODE_LIST=127.1.0.4;127.1.0.5",
                                     "AZ_BATCH_MASTER_NODE=127.1.0.4:6000", "AZ_BATCH_IS_CURRENT_NODE_MASTER=false",
                                     "AZ_BATCH_TASK_SHARED_DIR=/n/m", "CCP_NODES=2 127.1.0.4 4 127.1.0.5 4"}));
}

}  // namespace
}  // namespace batchite
