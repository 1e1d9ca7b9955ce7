// Logs of nodes in the containers of real requests.
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

class LocalNodeLogsTest : public LocalBackendTest {
 protected:
  Asking asking(const std::string& url) {
    return {.path = {{"poolId", "p"}, {"nodeId", first_node()}},
            .body = {{"containerUrl", url}, {"startTime", "2020-01-01T00:00:00Z"}}};
  }
  std::string container_url(const std::string& container, const std::string& permissions) {
    return backend().sas_url(
        {.container = container,
         .permissions = permissions,
         .expiry = std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now()) + std::chrono::hours(1)});
  }
};

TEST_F(LocalNodeLogsTest, AreInTheContainerWhenTheAnswerIsThere) {
  nodes(1);
  make_container("logs");
  run(shell("t", "exit 4"));
  const Reply reply = ask("ComputeNode_UploadBatchServiceLogs", asking(container_url("logs", "w")));
  EXPECT_EQ(reply.body["numberOfFilesUploaded"], 2);
  const std::string directory = reply.body["virtualDirectoryName"];
  EXPECT_NE(blob_text("logs", directory + "/agent.log").find("agent up after boot"), std::string::npos);
  EXPECT_NE(blob_text("logs", directory + "/tasks.log").find("task j/t ended: exit code 4"), std::string::npos);
}

TEST_F(LocalNodeLogsTest, AreRefusedByContainersThatAreNotThereOrNotAllowed) {
  nodes(1);
  make_container("logs");
  const auto refused = [&](const std::string& url) {
    try {
      ask("ComputeNode_UploadBatchServiceLogs", asking(url));
      return std::string("uploaded");
    } catch (const Error& error) {
      return error.code() + ": " + error.values().back().value;
    }
  };
  EXPECT_EQ(refused(container_url("none", "w")), "InvalidPropertyValue: The container does not exist");
  EXPECT_EQ(refused(container_url("logs", "r")),
            "InvalidPropertyValue: The URL does not allow to write to the container");
}

}  // namespace
}  // namespace batchite
