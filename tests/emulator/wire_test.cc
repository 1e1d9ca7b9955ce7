// Golden exchanges of the Batch endpoint, in fixtures/wire; tests/support/wire_exchange.h tells their form. Here also:
//
//   ### wait PT5M                   time passes
//
// A request without api-version gets the newest of the dotted ones. {{node:p1}} is the id of a pool's first node,
// {{token:t1}} the token that task was given, {{etag}} the last ETag of an answer, {{next-link}} the last link to a
// next page, {{text:80}} that many letters;
// {{request-id}} stands for what differs from run to run. After "### stall" the host carries nothing out any more; with
// "### allocation-delay PT5S" pools take their time to get nodes.
#include "tests/support/wire_player.h"

namespace batchite {
namespace {

using testing::WireExchange;

const testing::WireFolder kFolder("wire");

class WireTest : public ::testing::TestWithParam<std::string> {};

TEST_P(WireTest, AnswersAreAsWritten) {
  kFolder.check(GetParam(), [](const WireExchange& exchange) { return testing::WirePlayer(exchange).play(exchange); });
}

INSTANTIATE_TEST_SUITE_P(Files, WireTest, ::testing::ValuesIn(kFolder.subjects()),
                         [](const auto& subject) { return subject.param; });

TEST(WireCoverageTest, EveryOperationHasAnExchange) {
  const batch::Router router;
  std::set<std::string_view> shown;
  for (const std::string& name : kFolder.names()) {
    std::string body;
    const http::Request request = testing::parse_request(kFolder.read(name).section("request").text, body);
    try {
      shown.insert(router.find(request.method, request.path).operation->id);
    } catch (const Error&) {  // some show how a wrong path is refused
    }
  }
  for (const contract::Operation& operation : contract::operations()) {
    EXPECT_TRUE(shown.contains(operation.id)) << operation.id << " has no file in fixtures/wire";
  }
}

}  // namespace
}  // namespace batchite
