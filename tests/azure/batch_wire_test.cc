// The azure backend says to the service what it is told, and hears all of the answer: golden exchanges of the emulator
// come out the same when the emulator talks to the service through the azure backend and another emulator.
#include "backends/azure/azure_backend.h"
#include "core/accounts.h"
#include "tests/support/loop_transport.h"
#include "tests/support/wire_player.h"

namespace batchite {
namespace {

using testing::WireExchange;

const testing::WireFolder kFolder("wire");

// The azure backend before an emulator that checks its signatures.
class Chain {
 public:
  explicit Chain(testing::MemoryBackend& service)
      : endpoint_(service, metrics_,
                  {.account = {"acct", {std::string(kBatchKey)}},
                   .auth = batch::AuthMode::Strict,
                   .clock = [&service] { return service.now; },
                   .warn = [](const std::string&) {}}),
        azure_(open_azure_backend({.batch = {std::string(testing::kBase), "acct", std::string(kBatchKey)},
                                   .retry = {.attempts = 1},
                                   .clock = [&service] { return service.now; },
                                   .transport = std::make_shared<testing::LoopTransport>(endpoint_)})) {}

  Backend* front() { return azure_.get(); }

 private:
  Metrics metrics_;
  batch::BatchEndpoint endpoint_;
  std::unique_ptr<Backend> azure_;
};

class AzureWireTest : public ::testing::TestWithParam<std::string> {};

TEST_P(AzureWireTest, AnswersAreTheSameThroughTheAzureBackend) {
  for (const std::string& name : kFolder.names()) {
    if (testing::WireFolder::subject_of(name) != GetParam()) continue;
    const WireExchange exchange = kFolder.read(name);
    // Who calls by the token of a task is known where the token is checked, not behind.
    if (exchange.section("request").text.find("Authorization: ") != std::string::npos) continue;
    SCOPED_TRACE(name);
    const auto through = [](testing::MemoryBackend& service) {
      const auto chain = std::make_shared<Chain>(service);
      return std::shared_ptr<Backend>(chain, chain->front());
    };
    EXPECT_EQ(testing::WirePlayer(exchange, through).play(exchange), exchange.section("answer").text);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, AzureWireTest, ::testing::ValuesIn(kFolder.subjects()),
                         [](const auto& subject) { return subject.param; });

}  // namespace
}  // namespace batchite
