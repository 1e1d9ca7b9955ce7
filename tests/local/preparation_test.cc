// Job preparation and release tasks as real processes.
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

class PreparationTest : public LocalBackendTest {
 protected:
  // A pool "p" of idle nodes, and job "j" in it.
  void given(int nodes, const std::string& preparation, const std::string& release,
             const Document& more = Document::object()) {
    ask("Pool_Add", {.body = pool_document("p", nodes, {{"taskSlotsPerNode", 4}})});
    EXPECT_TRUE(eventually([&] { return node_states() == states(nodes, "idle"); }));
    Document job = job_document("j", "p");
    job["jobPreparationTask"] = {{"commandLine", "/bin/sh -c '" + preparation + "'"}};
    if (!release.empty()) job["jobReleaseTask"] = {{"commandLine", "/bin/sh -c '" + release + "'"}};
    job.merge_patch(more);
    ask("Job_Add", {.body = job});
  }
  std::string job_state() { return ask("Job_Get", {.path = {{"jobId", "j"}}}).body["state"]; }
  bool job_reaches(const std::string& state) {
    return eventually([&] { return job_state() == state; });
  }
  Document status() { return ask("Job_ListPreparationAndReleaseTaskStatus", {.path = {{"jobId", "j"}}}).body["value"]; }
  void terminate() { ASSERT_EQ(outcome("Job_Terminate", {.path = {{"jobId", "j"}}}), "202"); }
  std::string shared(const std::string& name) { return read_text(node_root(first_node()) / "shared" / name); }
};

TEST_F(PreparationTest, ItWritesAFileThatTheTasksRead) {
  given(1, "echo ran >> runs; echo prepared > data; echo $AZ_BATCH_TASK_ID $AZ_BATCH_JOB_PREP_DIR", "");
  run(shell("t", "cat $AZ_BATCH_JOB_PREP_WORKING_DIR/data; echo $AZ_BATCH_JOB_PREP_DIR"));
  run(shell("u", "cat $AZ_BATCH_JOB_PREP_WORKING_DIR/runs"));
  const std::string directory = (node_root(first_node()) / "workitems/j/job-1/jobpreparation").string();
  EXPECT_EQ(task_file("t", "stdout.txt"), "prepared\n" + directory + "\n");
  EXPECT_EQ(task_file("u", "stdout.txt"), "ran\n") << "once for all tasks";
  EXPECT_EQ(node_file(first_node(), "workitems/j/job-1/jobpreparation/stdout.txt"), "jobpreparation\n")
      << "it is not told of itself";
  const Document info = status().at(0)["jobPreparationTaskExecutionInfo"];
  EXPECT_EQ(info["result"], "success");
  EXPECT_EQ(info["exitCode"], 0);
}

TEST_F(PreparationTest, ItHasResourceFilesAndTheJobsEnvironment) {
  make_container("input");
  put_blob("input", "data", "from a blob\n");
  given(1, "cat data; echo $COMMON $OWN; cat data > $AZ_BATCH_NODE_SHARED_DIR/data", "",
        {{"commonEnvironmentSettings", {{{"name", "COMMON"}, {"value", "c"}}, {{"name", "OWN"}, {"value", "c"}}}},
         {"jobPreparationTask",
          {{"id", "setup"},
           {"environmentSettings", {{{"name", "OWN"}, {"value", "o"}}}},
           {"resourceFiles", {{{"httpUrl", sas("input", "r", "data")}, {"filePath", "data"}}}}}}});
  run(shell("t", "cat $AZ_BATCH_NODE_SHARED_DIR/data; basename $AZ_BATCH_JOB_PREP_DIR"));
  EXPECT_EQ(task_file("t", "stdout.txt"), "from a blob\nsetup\n");
  EXPECT_EQ(node_file(first_node(), "workitems/j/job-1/setup/stdout.txt"), "from a blob\nc o\n");
}

TEST_F(PreparationTest, ReleaseTasksRunOnEveryPreparedNodeWhenTheJobEnds) {
  given(2, "true", "cat $AZ_BATCH_JOB_PREP_DIR/../t*/wd/out > $AZ_BATCH_NODE_SHARED_DIR/released; exit 3");
  add(shell("t1", "echo one > out"));
  add(shell("t2", "echo two > out"));
  result("t1"), result("t2");
  terminate();
  ASSERT_TRUE(job_reaches("completed"));
  for (const Document& node : status()) {
    const Document release = node["jobReleaseTaskExecutionInfo"];
    EXPECT_EQ(release["exitCode"], 3) << "it does not matter";
    EXPECT_EQ(release["result"], "failure");
    EXPECT_FALSE(read_text(node_root(node["nodeId"]) / "shared/released").empty());
  }
}

TEST_F(PreparationTest, ADeletedJobReleasesAndLeavesNoDirectory) {
  given(1, "true", "ls -d $AZ_BATCH_JOB_PREP_DIR/../t/wd && echo released > $AZ_BATCH_NODE_SHARED_DIR/released");
  run(shell("t", "true"));
  const std::string node = first_node();
  ASSERT_EQ(outcome("Job_Delete", {.path = {{"jobId", "j"}}}), "202");
  ASSERT_TRUE(eventually([&] { return outcome("Job_Get", {.path = {{"jobId", "j"}}}) == "404 JobNotFound"; }));
  EXPECT_EQ(shared("released"), "released\n");
  EXPECT_TRUE(eventually([&] { return !fs::exists(node_root(node) / "workitems/j"); }));
}

TEST_F(PreparationTest, AReleaseTaskThatTakesTooLongIsEnded) {
  given(1, "true", "exec sleep 1000", {{"jobReleaseTask", {{"maxWallClockTime", "PT0.3S"}}}});
  run(shell("t", "true"));
  terminate();
  ASSERT_TRUE(job_reaches("completed"));
  EXPECT_EQ(status().at(0)["jobReleaseTaskExecutionInfo"]["failureInfo"]["code"], "TaskEnded");
}

TEST_F(PreparationTest, WhatCannotBePreparedDoesNotRun) {
  given(1, "exit 5", "", {{"jobPreparationTask", {{"constraints", {{"maxTaskRetryCount", 2}}}}}});
  add(shell("t", "true"));
  ASSERT_TRUE(eventually([&] {
    const Document nodes = status();
    return nodes.size() == 1 && nodes[0]["jobPreparationTaskExecutionInfo"]["state"] == "completed";
  }));
  const Document info = status()[0]["jobPreparationTaskExecutionInfo"];
  EXPECT_EQ(info["exitCode"], 5);
  EXPECT_EQ(info["retryCount"], 2);
  EXPECT_EQ(info["failureInfo"]["code"], "FailureExitCode");
  EXPECT_EQ(state("t"), "active");
  EXPECT_EQ(job_state(), "active");
  EXPECT_EQ(backend().explain("j", "t")[0]["reason"], "NodeBarred");
  ask("ComputeNode_Reimage", {.path = {{"poolId", "p"}, {"nodeId", first_node()}}});
  EXPECT_TRUE(eventually([&] {
    return status()[0]["jobPreparationTaskExecutionInfo"]["startTime"] > info["startTime"];
  })) << "a new disk is another try";
}

TEST_F(PreparationTest, APreparationUnderWayEndsWithItsJob) {
  given(1, "exec sleep 1000", "true");
  add(shell("t", "true"));
  ASSERT_TRUE(reaches("t", "preparing"));
  const fs::path wd = node_root(first_node()) / "workitems/j/job-1/jobpreparation/wd";
  ASSERT_TRUE(eventually([&] { return processes_at(wd).size() == 1; }));
  terminate();
  EXPECT_TRUE(job_reaches("completed"));
  EXPECT_TRUE(eventually([&] { return processes_at(wd).empty(); }));
  EXPECT_EQ(result("t")["failureInfo"]["code"], "TaskEnded");
}

TEST_F(PreparationTest, ARestartedProgramPreparesAndReleasesAgain) {
  given(1, "echo run >> $AZ_BATCH_NODE_SHARED_DIR/prepared",
        "echo run >> $AZ_BATCH_NODE_SHARED_DIR/released; "
        "test $(wc -l < $AZ_BATCH_NODE_SHARED_DIR/released) -ge 2 || exec sleep 1000");
  run(shell("t", "true"));
  EXPECT_EQ(shared("prepared"), "run\n");
  close();
  run(shell("u", "true"));
  EXPECT_EQ(shared("prepared"), "run\nrun\n") << "the node has booted since";
  terminate();
  ASSERT_TRUE(eventually([&] { return shared("released") == "run\n"; }));
  EXPECT_EQ(job_state(), "terminating");
  close();
  EXPECT_TRUE(job_reaches("completed"));
  EXPECT_EQ(shared("released"), "run\nrun\n");
}

}  // namespace
}  // namespace batchite
