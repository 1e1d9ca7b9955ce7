#include "emulator/own/token_pages.h"

#include <gtest/gtest.h>

#include "core/base/document.h"
#include "core/base/error.h"

namespace batchite {
namespace {

class TokenPagesTest : public ::testing::Test {
 protected:
  std::optional<http::Response> ask(const std::string& method, const std::string& path, const std::string& form = "") {
    StringSource body(form);
    http::Request request{.method = method, .path = path, .base = "https://localhost:1"};
    request.length = form.size();
    request.body = &body;
    return token_page(request, issuer);
  }

  Time now = *parse_iso8601("2026-03-14T20:33:31Z");
  batch::Authenticator issuer{{"acct", {}}, batch::AuthMode::Strict, "secret", [this] { return now; }};
};

TEST_F(TokenPagesTest, ATokenForBatchOpensTheStrictEndpoint) {
  const auto answer = ask("POST", "/tenant/oauth2/v2.0/token",
                          "grant_type=client_credentials&client_id=a&client_secret=b&"
                          "scope=https%3A%2F%2Fbatch.core.windows.net%2F%2F.default");
  ASSERT_TRUE(answer && answer->status == 200);
  const std::string token = Document::parse(answer->body)["access_token"].get<std::string>();
  http::Request request{.method = "GET", .path = "/pools", .headers = {{"Authorization", "Bearer " + token}}};
  EXPECT_NO_THROW(issuer.check(request));
  now += std::chrono::hours(2);
  EXPECT_THROW(issuer.check(request), Error) << "it does not last for ever";
}

TEST_F(TokenPagesTest, AnIncompleteRequestIsRefusedInTheProtocolsOwnForm) {
  EXPECT_EQ(ask("POST", "/t/oauth2/token", "grant_type=client_credentials")->status, 400U);
  EXPECT_EQ(Document::parse(ask("GET", "/t/oauth2/token")->body)["error"], "invalid_request");
}

TEST_F(TokenPagesTest, ClientsFindTheTokenEndpoint) {
  const auto answer = ask("GET", "/tenant/v2.0/.well-known/openid-configuration");
  EXPECT_EQ(Document::parse(answer->body)["token_endpoint"], "https://localhost:1/tenant/oauth2/v2.0/token");
}

TEST_F(TokenPagesTest, OtherPathsAreTheServices) { EXPECT_FALSE(ask("GET", "/pools")); }

}  // namespace
}  // namespace batchite
