// Golden exchanges of the Blob endpoint, in fixtures/blob_wire; tests/support/wire_exchange.h tells their form. Paths
// begin with the account, "acct"; nothing need be signed. Here also:
//
//   ### wait PT15S                  time passes
//
// A request without x-ms-version gets 2021-12-02. {{last:etag}} is the last answer's header of that name;
// {{request-id}} stands for what differs from run to run. XML is shown with a line for each element, and {{bom}} for
// its byte order mark.
#include "tests/support/blob_wire_player.h"

namespace batchite {
namespace {

using testing::WireExchange;

const testing::WireFolder kFolder("blob_wire");

class BlobWireTest : public ::testing::TestWithParam<std::string> {};

TEST_P(BlobWireTest, AnswersAreAsWritten) {
  kFolder.check(GetParam(), [](const WireExchange& exchange) { return testing::BlobWirePlayer().play(exchange); });
}

INSTANTIATE_TEST_SUITE_P(Files, BlobWireTest, ::testing::ValuesIn(kFolder.subjects()),
                         [](const auto& subject) { return subject.param; });

TEST(BlobWireCoverageTest, EveryOperationThatIsThereHasAnExchange) {
  const std::set<std::string> shown = kFolder.subjects();
  for (const BlobOperationRow& row : blob_operation_rows()) {
    if (!row.run) continue;
    EXPECT_TRUE(shown.contains(std::string(row.name))) << row.name << " has no file in fixtures/blob_wire";
  }
}

}  // namespace
}  // namespace batchite
