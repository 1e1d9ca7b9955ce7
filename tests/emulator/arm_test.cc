// Resource Manager's requests about applications, in the shapes that its clients send and expect.
#include "emulator/arm/arm_endpoint.h"

#include <gmock/gmock.h>

#include "core/base/document.h"
#include "emulator/arm/arm_documents.h"
#include "emulator/arm/arm_routes.h"
#include "tests/support/memory_backend.h"

namespace batchite::arm {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAccount = "/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Batch/batchAccounts/acct";

class ArmTest : public ::testing::Test {
 protected:
  http::Response send(const std::string& method, const std::string& path, const std::string& text = "") {
    StringSource body(text);
    http::Request request{.method = method, .path = path, .query = query, .headers = headers};
    if (with_token) {
      request.headers.add("Authorization", "Bearer " + authenticator.issue_token("https://management.azure.com/",
                                                                                 std::chrono::hours(1)));
    }
    request.base = "https://localhost:1";
    request.has_body = !text.empty();
    request.length = text.size();
    request.body = &body;
    return endpoint.handle(request);
  }
  // The answer's document, whose status has to be 200.
  Document ask(const std::string& method, const std::string& below, const Document& body = nullptr) {
    const http::Response response = send(method, kAccount + below, body.is_null() ? "" : body.dump());
    EXPECT_EQ(response.status, 200U) << response.body;
    return Document::parse(response.body, nullptr, false);
  }
  // "404 Code"
  std::string refused(const std::string& method, const std::string& path, const std::string& body = "") {
    const http::Response response = send(method, path, body);
    const Document document = Document::parse(response.body, nullptr, false);
    return std::to_string(response.status) + " " +
           (document.is_object() ? Reader(document).object("error").text("code") : "");
  }

  testing::MemoryBackend backend;
  batch::Authenticator authenticator{
      {"acct", {"a2V5"}}, batch::AuthMode::Strict, "secret", [this] { return backend.now; }};
  ArmEndpoint endpoint{backend,
                       authenticator,
                       {.account = {"acct", {"a2V5"}}, .clock = [this] { return backend.now; }, .warn = [](auto&) {}}};
  std::string query = "api-version=2022-10-01";
  Parameters headers;
  bool with_token = true;
};

TEST_F(ArmTest, AnApplicationIsMadeInTheStepsOfItsClients) {
  const Document made =
      ask("PUT", "/applications/tool", {{"properties", {{"displayName", "Tool"}, {"allowUpdates", true}}}});
  EXPECT_EQ(made["type"], "Microsoft.Batch/batchAccounts/applications");
  EXPECT_EQ(made["id"], std::string(kAccount) + "/applications/tool");
  EXPECT_EQ(made["name"], "tool");
  EXPECT_THAT(made["etag"].get<std::string>(), ::testing::MatchesRegex("W/\"0x[0-9A-F]+\""));
  EXPECT_EQ(made["properties"].dump(), R"({"displayName":"Tool","allowUpdates":true})");

  const Document package = ask("PUT", "/applications/tool/versions/1.0");
  EXPECT_EQ(package["type"], "Microsoft.Batch/batchAccounts/applications/versions");
  EXPECT_EQ(package["id"], std::string(kAccount) + "/applications/tool/versions/1.0");
  EXPECT_EQ(package["properties"]["state"], "Pending");
  EXPECT_TRUE(package["properties"].contains("storageUrl"));
  EXPECT_TRUE(parse_iso8601(package["properties"]["storageUrlExpiry"].get<std::string>()) > backend.now);

  const Document active = ask("POST", "/applications/tool/versions/1.0/activate", {{"format", "zip"}});
  EXPECT_EQ(active["properties"]["state"], "Active");
  EXPECT_EQ(active["properties"]["format"], "zip");
  EXPECT_TRUE(active["properties"].contains("lastActivationTime"));

  const Document changed = ask("PATCH", "/applications/tool", {{"properties", {{"defaultVersion", "1.0"}}}});
  EXPECT_EQ(changed["properties"]["defaultVersion"], "1.0");
  EXPECT_EQ(changed["properties"]["displayName"], "Tool");
  EXPECT_EQ(ask("GET", "/applications/tool/versions")["value"].size(), 1U);
  EXPECT_EQ(send("DELETE", std::string(kAccount) + "/applications/tool/versions/1.0").status, 200U);
  EXPECT_EQ(send("DELETE", std::string(kAccount) + "/applications/tool/versions/1.0").status, 204U) << "it is gone";
  EXPECT_EQ(send("DELETE", std::string(kAccount) + "/applications/tool").status, 200U);
  EXPECT_EQ(refused("GET", std::string(kAccount) + "/applications/tool"), "404 ApplicationNotFound");
}

TEST_F(ArmTest, OlderVersionsHaveThePropertiesAtTheTop) {
  query = "api-version=2017-09-01";
  EXPECT_EQ(ask("PUT", "/applications/old", {{"displayName", "Old"}})["properties"]["displayName"], "Old");
}

TEST_F(ArmTest, TheAccountIsFoundInAnySubscription) {
  const Document account = ask("GET", "");
  EXPECT_EQ(account["name"], "acct");
  EXPECT_EQ(account["properties"]["accountEndpoint"], "localhost:1");
  EXPECT_EQ(account["properties"]["provisioningState"], "Succeeded");
  EXPECT_THAT(account["properties"]["autoStorage"]["storageAccountId"].get<std::string>(), HasSubstr("/g1/"));
  EXPECT_EQ(ask("POST", "/listKeys").dump(), R"({"accountName":"acct","primary":"a2V5","secondary":"a2V5"})");
  for (const std::string path : {"/subscriptions/x/providers/Microsoft.Batch/batchAccounts",
                                 "/SUBSCRIPTIONS/x/resourcegroups/g/providers/microsoft.batch/batchaccounts"}) {
    const http::Response list = send("GET", path);
    ASSERT_EQ(list.status, 200U) << list.body;
    EXPECT_EQ(Document::parse(list.body)["value"][0]["name"], "acct");
  }
  EXPECT_EQ(Document::parse(send("GET", "/subscriptions/x").body)["subscriptionId"], "x");
  EXPECT_EQ(Document::parse(send("GET", "/subscriptions").body)["value"].size(), 1U);
}

TEST_F(ArmTest, ListsComeInPages) {
  for (const char* name : {"a1", "a2", "a3"}) ask("PUT", std::string("/applications/") + name);
  const std::size_t all = ask("GET", "/applications")["value"].size();
  std::size_t seen = 0;
  for (int pages = 1;; ++pages) {
    const Document page = ask("GET", "/applications");
    seen += page["value"].size();
    if (pages == 1) query += "&maxresults=2";
    if (pages == 1) seen = 0;
    if (pages > 1 && !page.contains("nextLink")) break;
    if (pages > 1) {
      const std::string link = page["nextLink"];
      EXPECT_THAT(link, HasSubstr("https://localhost:1/subscriptions/s1/"));
      query = link.substr(link.find('?') + 1);
    }
    ASSERT_LT(pages, 10);
  }
  EXPECT_EQ(seen, all);
}

TEST_F(ArmTest, SizesOfMachinesAreListed) {
  const std::string path = "/subscriptions/s1/providers/Microsoft.Batch/locations/westeurope/virtualMachineSkus";
  const Document sizes = Document::parse(send("GET", path).body)["value"];
  const Document expected =
      Document::parse(R"({"name": "Standard_D4s_v3", "capabilities": [{"name": "vCPUs", "value": "4"}]})");
  EXPECT_EQ(std::ranges::count(sizes, expected), 1);
  for (const Document& size : sizes) EXPECT_EQ(size["capabilities"].size(), 1U) << size;
  query += "&maxresults=5";
  const Document page = Document::parse(send("GET", path).body);
  EXPECT_EQ(page["value"].size(), 5U);
  EXPECT_TRUE(page.contains("nextLink"));
  query = "api-version=2024-07-01&%24filter=familyName%20eq%20%27x%27";
  EXPECT_EQ(refused("GET", path), "501 NotImplemented");
}

TEST_F(ArmTest, RefusesInResourceManagersOwnForm) {
  const std::string account = kAccount;
  const struct {
    const char* method;
    std::string path;
    std::string body;
    const char* expected;
  } cases[] = {
      {"GET", account + "/applications/none", "", "404 ApplicationNotFound"},
      {"GET", account + "/applications/ffmpeg/versions/9", "", "404 ApplicationPackageNotFound"},
      {"POST", account + "/applications/ffmpeg/versions/6.0/activate", "", "400 InvalidPropertyValue"},
      {"PUT", account + "/applications/a%2Fb", "", "400 InvalidPropertyValue"},
      {"PUT", account + "/applications/a", "{", "400 InvalidRequestContent"},
      {"PUT", account + "/applications/a", "[1]", "400 InvalidRequestContent"},
      {"PUT", account + "/applications/a", std::string(70'000, ' '), "413 RequestBodyTooLarge"},
      {"PUT", account + "/applications/a", R"({"properties":{"allowUpdates":"no"}})", "400 InvalidPropertyValue"},
      {"PATCH", account, "{}", "405 MethodNotAllowed"},
      {"GET", account + "x", "", "404 ResourceNotFound"},
      {"GET", account + "/pools", "", "404 InvalidResourceType"},
      {"GET", "/subscriptions/s/resourceGroups/g", "", "404 InvalidResourceType"},
  };
  for (const auto& each : cases) EXPECT_EQ(refused(each.method, each.path, each.body), each.expected) << each.path;
  const Document error = Document::parse(send("GET", account + "/applications/none").body)["error"];
  EXPECT_THAT(error["message"].get<std::string>(),
              ::testing::MatchesRegex("The specified application does not exist.\nRequestId:[0-9a-f-]+\nTime:.*Z"));
  query = "";
  EXPECT_EQ(refused("GET", account), "400 MissingApiVersionParameter");
}

TEST_F(ArmTest, TakesTokensOnly) {
  with_token = false;
  const http::Response response = send("GET", kAccount);
  EXPECT_EQ(response.status, 401U);
  EXPECT_THAT(response.headers.get("WWW-Authenticate"), HasSubstr("Bearer authorization_uri"));
  headers.add("Authorization", "SharedKey acct:c2ln");
  EXPECT_EQ(refused("GET", kAccount), "401 AuthenticationFailed");
  headers.set("Authorization", "Bearer forged");
  EXPECT_EQ(refused("PUT", std::string(kAccount) + "/applications/a"), "401 AuthenticationFailed");
}

TEST(ArmPaths, AreNoneOfTheBatchServices) {
  for (const std::string_view path : {"/subscriptions", "/subscriptions/x", "/SUBSCRIPTIONS/x"}) {
    EXPECT_TRUE(ArmEndpoint::is_arm(path)) << path;
  }
  for (const std::string_view path : {"/", "/pools", "/subscriptionsx", "/applications/subscriptions"}) {
    EXPECT_FALSE(ArmEndpoint::is_arm(path)) << path;
  }
}

TEST(HostStyle, PutsTheAccountIntoTheHostsName) {
  EXPECT_EQ(host_style("http://127.0.0.1:10000/acct/c/b%201?sv=1&sig=a/b"),
            "http://acct.blob.localhost:10000/c/b%201?sv=1&sig=a/b");
  EXPECT_EQ(host_style("https://localhost/acct/c/b"), "https://acct.blob.localhost/c/b");
}

}  // namespace
}  // namespace batchite::arm
