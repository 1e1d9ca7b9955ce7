// The azure backend says to the Blob service what it is told, and hears all of the answer: golden exchanges of the
// emulator come out the same when it talks to the service through the azure backend and another emulator.
#include "backends/azure/azure_backend.h"
#include "core/accounts.h"
#include "tests/support/blob_wire_player.h"
#include "tests/support/loop_transport.h"

namespace batchite {
namespace {

using testing::WireExchange;

const testing::WireFolder kFolder("blob_wire");

// The azure backend before an emulator that checks its signatures.
class BlobChain {
 public:
  BlobChain(Backend& service, const Clock& clock)
      : endpoint_(service, {.accounts = {{"acct", {std::string(kStorageKey)}}}, .clock = clock, .token_secret = "s"}),
        azure_(open_azure_backend({.storage = {"http://127.0.0.1:10000/acct", "acct", std::string(kStorageKey)},
                                   .retry = {.attempts = 1},
                                   .clock = clock,
                                   .transport = std::make_shared<testing::LoopTransport>(endpoint_)})) {}

  Backend* front() { return azure_.get(); }

 private:
  BlobEndpoint endpoint_;
  std::unique_ptr<Backend> azure_;
};

class AzureBlobWireTest : public ::testing::TestWithParam<std::string> {};

// Asked at another host, and by tokens only.
bool is_elsewhere(const std::string& subject) {
  return subject == "GetBlobServiceStats" || subject == "GetUserDelegationKey";
}

TEST_P(AzureBlobWireTest, AnswersAreTheSameThroughTheAzureBackend) {
  for (const std::string& name : kFolder.names()) {
    if (testing::WireFolder::subject_of(name) != GetParam() || is_elsewhere(GetParam())) continue;
    SCOPED_TRACE(name);
    const WireExchange exchange = kFolder.read(name);
    const auto through = [](Backend& service, const Clock& clock) {
      const auto chain = std::make_shared<BlobChain>(service, clock);
      return std::shared_ptr<Backend>(chain, chain->front());
    };
    EXPECT_EQ(testing::BlobWirePlayer(through).play(exchange), exchange.section("answer").text);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, AzureBlobWireTest, ::testing::ValuesIn(kFolder.subjects()),
                         [](const auto& subject) { return subject.param; });

}  // namespace
}  // namespace batchite
