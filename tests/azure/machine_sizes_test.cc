#include "backends/azure/machine_sizes.h"

#include <gtest/gtest.h>

#include "emulator/arm/arm_endpoint.h"
#include "tests/support/loop_transport.h"
#include "tests/support/memory_backend.h"
#include "tests/support/scripted_web.h"

namespace batchite::azure {
namespace {

constexpr const char* kHost = "https://management.azure.com";
const AzureManagement kPlace = {.endpoint = kHost, .resource = kHost, .subscription = "sub", .location = "westeurope"};

// "A B", or why nothing is known.
std::string told(const VmSizes& sizes) {
  std::string names;
  for (const std::string& name : sizes.names) names += (names.empty() ? "" : " ") + name;
  return names + sizes.unknown_because;
}

HttpAnswer page(const Document& names, const std::string& next = "") {
  Document body = {{"value", Document::array()}};
  for (const Document& name : names) body["value"].push_back({{"name", name}, {"familyName", "f"}});
  if (!next.empty()) body["nextLink"] = next;
  return {.status = 200, .body = body.dump()};
}

class MachineSizesTest : public ::testing::Test {
 protected:
  std::string ask(const AzureManagement& place = kPlace) {
    return told(ask_machine_sizes(place, web_.world().seams, tokens_));
  }

  testing::ScriptedWeb web_;
  std::shared_ptr<Tokens> tokens_ = std::make_shared<Tokens>(
      std::vector<Credential>{{"test",
                               [](const std::string& resource) {
                                 return AccessToken{"token for " + resource, *parse_iso8601("2030-01-01T00:00:00Z")};
                               }}},
      [this] { return web_.now; });
};

TEST_F(MachineSizesTest, AllPagesAreAskedWithATokenForResourceManager) {
  const std::string next = std::string(kHost) + "/more?page=2";
  web_.answers = {page({"Standard_A1_v2"}, next), page({"Standard_A2_v2"})};
  EXPECT_EQ(ask(), "Standard_A1_v2 Standard_A2_v2");
  ASSERT_EQ(web_.requests.size(), 2u);
  EXPECT_EQ(web_.requests[0].url,
            std::string(kHost) +
                "/subscriptions/sub/providers/Microsoft.Batch/locations/westeurope/virtualMachineSkus"
                "?api-version=2024-07-01");
  EXPECT_EQ(web_.requests[1].url, next);
  EXPECT_EQ(web_.requests[1].headers.get("Authorization"), "Bearer token for https://management.azure.com");
}

TEST_F(MachineSizesTest, WhyNothingIsKnownIsTold) {
  const struct {
    HttpAnswer answer;
    const char* expected;
  } cases[] = {
      {{.status = 403, .body = R"({"error":{"code":"AuthorizationFailed","message":"The client may not."}})"},
       "https://management.azure.com answered 403: AuthorizationFailed: The client may not."},
      {{.status = 404, .body = "<html>"}, "https://management.azure.com answered 404"},
      {{.status = 0, .error = "no such host", .failure = HttpFailure::Hopeless},
       "ServiceUnreachable: GET https://management.azure.com/subscriptions/sub/providers/Microsoft.Batch/locations/"
       "westeurope/virtualMachineSkus: no such host"},
      {page(Document::array()), "https://management.azure.com lists none in westeurope"},
      {page({"A"}, "https://management.azure.com.evil.example/more"),
       "https://management.azure.com names another place for the next page"},
  };
  for (const auto& [answer, expected] : cases) {
    web_.answers = {answer};
    EXPECT_EQ(ask(), expected);
  }
}

TEST_F(MachineSizesTest, WithoutWhatItTakesItIsNotAsked) {
  EXPECT_EQ(ask({.endpoint = kHost, .location = "westeurope"}), "AZURE_SUBSCRIPTION_ID is not set");
  EXPECT_EQ(ask({.endpoint = kHost, .subscription = "sub"}), "the URL of the Batch account does not name its region");
  tokens_ = nullptr;
  EXPECT_EQ(ask(), "the accounts' keys are used, and Resource Manager takes tokens of Entra ID only");
  EXPECT_TRUE(web_.requests.empty());
}

TEST_F(MachineSizesTest, TheEmulatorIsAskedAsAzureIs) {
  testing::MemoryBackend backend;
  const auto clock = [&] { return backend.now; };
  const batch::Authenticator authenticator({"acct", {"a2V5"}}, batch::AuthMode::Strict, "secret", clock);
  arm::ArmEndpoint endpoint(backend, authenticator,
                            {.account = {"acct", {"a2V5"}}, .clock = clock, .warn = [](auto&) {}});
  tokens_ = std::make_shared<Tokens>(
      std::vector<Credential>{{"test",
                               [&](const std::string& resource) {
                                 return AccessToken{authenticator.issue_token(resource, std::chrono::hours(1)),
                                                    backend.now + std::chrono::hours(1)};
                               }}},
      clock);
  Seams seams = web_.world().seams;
  seams.transport = std::make_shared<testing::LoopTransport>(endpoint);
  const VmSizes sizes = ask_machine_sizes(kPlace, seams, tokens_);
  EXPECT_EQ(sizes.unknown_because, "");
  EXPECT_EQ(std::ranges::count(sizes.names, "Standard_D2s_v3"), 1);
}

}  // namespace
}  // namespace batchite::azure
