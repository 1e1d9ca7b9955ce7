// Job managers as real processes.
#include <fstream>

#include "core/signing/task_token.h"
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

class LocalJobManagerTest : public LocalBackendTest {
 protected:
  void given(int nodes, int slots) {
    ask("Pool_Add", {.body = pool_document("p", nodes, {{"taskSlotsPerNode", slots}})});
    ASSERT_TRUE(eventually([&] { return node_states() == states(nodes, "idle"); }));
  }
  void add_job(const std::string& script, const Document& more = Document::object()) {
    Document job = job_document("j", "p");
    job["commonEnvironmentSettings"] = {{{"name", "COMMON"}, {"value", "common"}}};
    job["jobManagerTask"] = {{"id", "boss"}, {"commandLine", "/bin/sh -c '" + script + "'"}};
    job["jobManagerTask"].update(more);
    ask("Job_Add", {.body = job});
  }
  Document job() { return ask("Job_Get", {.path = {{"jobId", "j"}}}).body; }
};

TEST_F(LocalJobManagerTest, ItHasEverythingThatATaskHas) {
  make_container("input");
  put_blob("input", "data", "from a blob\n");
  make_container("output");
  given(1, 2);
  add_job("cat data; echo $AZ_BATCH_JOB_ID $AZ_BATCH_TASK_ID $COMMON $OWN; echo made > out",
          {{"environmentSettings", {{{"name", "OWN"}, {"value", "own"}}}},
           {"resourceFiles", {{{"httpUrl", sas("input", "r", "data")}, {"filePath", "data"}}}},
           {"outputFiles",
            {{{"filePattern", "out"},
              {"destination", {{"container", {{"containerUrl", sas("output", "w")}}}}},
              {"uploadOptions", {{"uploadCondition", "tasksuccess"}}}}}}});
  ASSERT_TRUE(eventually([&] { return job()["state"] == "completed"; }));
  EXPECT_EQ(job()["executionInfo"]["terminateReason"], "JMComplete");
  EXPECT_EQ(task_file("boss", "stdout.txt"), "from a blob\nj boss common own\n");
  EXPECT_EQ(blob_text("output", "out"), "made\n");
}

TEST_F(LocalJobManagerTest, ItsFailureAfterItsRetriesEndsTheJobAndItsTasks) {
  given(2, 1);
  add_job(
      "echo again >> $AZ_BATCH_NODE_SHARED_DIR/tries; "
      "until [ -e $AZ_BATCH_NODE_SHARED_DIR/go ]; do sleep 0.01; done; exit 4",
      {{"constraints", {{"maxTaskRetryCount", 2}}}});
  add(shell("t", "sleep 1000"));
  ASSERT_TRUE(eventually([&] { return task("t")["state"] == "running"; }));
  const std::string node = task("boss")["nodeInfo"]["nodeId"];
  std::ofstream(node_root(node) / "shared/go") << "go";
  ASSERT_TRUE(eventually([&] { return job()["state"] == "completed"; }));
  EXPECT_EQ(job()["executionInfo"]["terminateReason"], "JMComplete");
  EXPECT_EQ(task("t")["executionInfo"]["failureInfo"]["code"], "TaskEnded");
  EXPECT_EQ(read_text(node_root(node) / "shared/tries"), "again\nagain\nagain\n");
}

TEST_F(LocalJobManagerTest, ItFindsATokenOfItsOwnAndOthersDoNot) {
  LocalOptions with = options();
  with.token_secret = "secret";
  close();
  open(with);
  given(2, 1);
  add_job("echo $AZ_BATCH_AUTHENTICATION_TOKEN; until [ -e $AZ_BATCH_NODE_SHARED_DIR/go ]; do sleep 0.01; done",
          {{"authenticationTokenSettings", {{"access", {"job"}}}}});
  run(shell("t", "echo $AZ_BATCH_AUTHENTICATION_TOKEN"));
  EXPECT_EQ(task_file("t", "stdout.txt"), "\n");
  std::string text;
  ASSERT_TRUE(eventually([&] { return (text = task_file("boss", "stdout.txt")).ends_with("\n"); }));
  text.pop_back();
  const auto token = BearerToken::parse(text);
  ASSERT_TRUE(token && token->is_signed_with("secret"));
  EXPECT_TRUE(task_caller(*token)->has_job_access);
  Call call{.operation = *contract::find_operation("Job_Get"), .path = {{"jobId", "j"}}};
  call.caller = task_caller(*token);
  EXPECT_EQ(backend().call(call).status, 200U);
}

TEST_F(LocalJobManagerTest, ATaskThatMakesRoomRunsAgain) {
  given(1, 1);
  Document low = job_document("low", "p");
  low["priority"] = -1;
  low["allowTaskPreemption"] = true;
  ask("Job_Add", {.body = low});
  Document slow = shell(
      "slow",
      "echo run >> $AZ_BATCH_NODE_SHARED_DIR/runs; [ $(wc -l < $AZ_BATCH_NODE_SHARED_DIR/runs) = 2 ] || sleep 1000");
  ask("Task_Add", {.path = {{"jobId", "low"}}, .body = slow});
  const auto slow_task = [&] { return ask("Task_Get", {.path = {{"jobId", "low"}, {"taskId", "slow"}}}).body; };
  ASSERT_TRUE(eventually([&] { return read_text(node_root(first_node()) / "shared/runs") == "run\n"; }));
  add_job("true");
  ASSERT_TRUE(eventually([&] { return job()["state"] == "completed"; }));
  ASSERT_TRUE(eventually([&] { return slow_task()["state"] == "completed"; }));
  EXPECT_EQ(slow_task()["executionInfo"]["exitCode"], 0);
  EXPECT_EQ(slow_task()["executionInfo"]["retryCount"], 0);
}

}  // namespace
}  // namespace batchite
