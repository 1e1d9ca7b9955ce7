// The logs of a node that clients ask to be uploaded.
#include "core/contract/error_codes.h"
#include "tests/support/service_fixture.h"

#include <gmock/gmock.h>

namespace batchite {
namespace {

class NodeLogsTest : public ServiceTest {
 protected:
  Asked asked(const std::string& start, const Document& more = Document::object()) {
    const std::string node = ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"].at(0)["id"];
    Document body = {{"containerUrl", "http://blobs/logs?sig=secret"}, {"startTime", start}};
    body.update(more);
    return {.path = {{"poolId", "p"}, {"nodeId", node}}, .body = body};
  }
  Reply upload(const std::string& start, const Document& more = Document::object()) {
    return ask("ComputeNode_UploadBatchServiceLogs", asked(start, more));
  }
  std::string refused(const std::string& start, const Document& more = Document::object()) {
    return outcome("ComputeNode_UploadBatchServiceLogs", asked(start, more));
  }
  // "agent.log starttask.log"
  std::string names() const {
    std::string text;
    for (const auto& blob : host.uploads.back().blobs) text += blob.name.substr(blob.name.rfind('/') + 1) + " ";
    return text;
  }
};

TEST_F(NodeLogsTest, TellWhatHappenedOnTheNode) {
  ask("Pool_Add", {.body = pool("p", 1, {{"startTask", {{"commandLine", "x"}}}})});
  ask("Job_Add", {.body = job("j", "p")});
  boot_nodes();
  const NodeKey node{1};
  happens(StartTaskExited{node, 1, 1, {.exit_code = 0, .failure = std::nullopt, .may_retry = true, .started = now}});
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("done")});
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("runs")});
  ends(runs().at(0), 3);

  const Reply reply = upload("2026-03-14");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body["numberOfFilesUploaded"], 3);
  EXPECT_EQ(names(), "agent.log starttask.log tasks.log ");
  const TextUpload& sent = host.uploads.back();
  EXPECT_EQ(sent.container_url, "http://blobs/logs?sig=secret");
  EXPECT_FALSE(sent.has_identity);
  const std::string directory = reply.body["virtualDirectoryName"];
  EXPECT_THAT(directory, ::testing::MatchesRegex("acct-[0-9a-f]{16}/p/tvmps_[0-9a-f]{64}_p/[0-9a-f-]{36}"));
  EXPECT_EQ(sent.blobs[0].name, directory + "/agent.log");
  EXPECT_NE(sent.blobs[0].text.find("agent up after boot 1"), std::string::npos) << sent.blobs[0].text;
  EXPECT_NE(sent.blobs[1].text.find("start task ended: exit code 0"), std::string::npos) << sent.blobs[1].text;
  EXPECT_NE(sent.blobs[2].text.find("task j/done ended: exit code 3, FailureExitCode"), std::string::npos);
  EXPECT_NE(sent.blobs[2].text.find("task j/runs started, attempt 1"), std::string::npos) << sent.blobs[2].text;
  EXPECT_NE(upload("2026-03-14").body["virtualDirectoryName"], directory) << "every upload has its own place";
}

TEST_F(NodeLogsTest, HoldFilesWithMessagesOfTheTimeAskedFor) {
  one_node();
  EXPECT_EQ(upload("2026-03-14").body["numberOfFilesUploaded"], 1) << "no start task, no tasks";
  EXPECT_EQ(upload("2026-03-15").body["numberOfFilesUploaded"], 0);
  EXPECT_EQ(upload("2026-03-01", {{"endTime", "2026-03-02"}}).body["numberOfFilesUploaded"], 0);
  EXPECT_EQ(upload("2026-03-01", {{"endTime", "2026-03-15"}}).body["numberOfFilesUploaded"], 1);
  EXPECT_EQ(refused("2026-03-02", {{"endTime", "2026-03-01"}}), "400 InvalidPropertyValue");
  EXPECT_EQ(refused("2026-03-02", {{"startTime", nullptr}}), "400 MissingRequiredProperty");
  EXPECT_EQ(refused("2026-03-02", {{"containerUrl", nullptr}}), "400 MissingRequiredProperty");
  EXPECT_EQ(refused("lately"), "400 InvalidPropertyValue");
}

TEST_F(NodeLogsTest, MayBeBroughtByTheNodesIdentity) {
  one_node();
  upload("2026-03-14", {{"identityReference", {{"resourceId", "/x"}}}});
  EXPECT_TRUE(host.uploads.back().has_identity);
}

TEST_F(NodeLogsTest, AContainerThatCannotBeWrittenToIsTheClientsError) {
  one_node();
  host.upload_failure = Failure{.category = Category::UserError,
                                .code = std::string(failures::kFileUploadContainerNotFound.code),
                                .message = "x",
                                .details = {}};
  try {
    upload("2026-03-14");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), 400U);
    EXPECT_EQ(error.code(), "InvalidPropertyValue");
    const std::vector<ErrorValue> expected = {{"PropertyName", "containerUrl"},
                                              {"PropertyValue", "http://blobs/logs"},
                                              {"Reason", "The container does not exist"}};
    EXPECT_EQ(error.values(), expected) << "and the signature is not told on";
  }
}

TEST_F(NodeLogsTest, NeedANodeThatWasUp) {
  ask("Pool_Add", {.body = pool("p", 1)});
  EXPECT_EQ(refused("2026-03-14"), "409 NodeBeingCreated");
  boot_nodes();
  happens(NodeLost{NodeKey{1}, NodeState::Unusable, Failure{Category::ServerError, "DiskFull", "full", {}}});
  EXPECT_EQ(upload("2026-03-14").status, 200U) << "that is what logs are for";
  EXPECT_NE(host.uploads.back().blobs[0].text.find("DiskFull: full"), std::string::npos);
}

}  // namespace
}  // namespace batchite
