#include "backends/azure/entra.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>

#include "core/base/digest.h"
#include "core/signing/bearer_token.h"
#include "tests/support/local_backend_fixture.h"
#include "tests/support/rsa_certificate.h"
#include "tests/support/scripted_web.h"

namespace batchite::azure {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedWeb;
using testing::token_answer;

constexpr const char* kResource = "https://storage.azure.com";

class EntraTest : public ::testing::Test {
 protected:
  // The token's text, or what went wrong.
  std::string ask(const FetchToken& fetch, const std::string& resource = kResource) {
    try {
      return fetch(resource).text;
    } catch (const CredentialUnavailable& unavailable) {
      return std::string("unavailable: ") + unavailable.what();
    } catch (const Error& error) {
      return fmt::format("{} {}", error.status(), error.what());
    } catch (const UsageError& error) {
      return error.what();
    }
  }

  // A file with that in it.
  std::string file(const std::string& text, const std::string& name = "file") {
    const std::string path = place_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  // What a program would print.
  EntraWorld with_az(const ProgramEnd& end) {
    EntraWorld world = web_.world();
    world.run = [this, end](const std::vector<std::string>& command, Ticks) {
      command_ = command;
      return end;
    };
    std::filesystem::permissions(file("", "az"), std::filesystem::perms::owner_all);
    settings_.path = "/nonexistent:" + place_.path().string();
    return world;
  }

  TemporaryDirectory place_;
  ScriptedWeb web_;
  std::vector<std::string> command_;
  EntraSettings settings_{
      .authority = "https://login.example", .tenant = "contoso", .client = "app", .client_secret = "hush hush"};
};

TEST_F(EntraTest, ASecretBuysAToken) {
  web_.answers = {token_answer("t1", 600)};
  const AccessToken token = by_client_secret(settings_, web_.world())(kResource);
  EXPECT_EQ(token.text, "t1");
  EXPECT_EQ(token.expires, web_.now + 600s);
  EXPECT_EQ(web_.requests[0].method + " " + web_.requests[0].url,
            "POST https://login.example/contoso/oauth2/v2.0/token");
  EXPECT_EQ(web_.requests[0].body,
            "client_id=app&grant_type=client_credentials&scope=https%3A%2F%2Fstorage.azure.com%2F.default&"
            "client_secret=hush%20hush");
}

TEST_F(EntraTest, AScopeKeepsTheSlashOfItsResource) {
  web_.answers = {token_answer("t")};
  ask(by_client_secret(settings_, web_.world()), "https://batch.core.windows.net/");
  EXPECT_EQ(web_.field("scope"), "https://batch.core.windows.net//.default");
}

TEST_F(EntraTest, WhatIsNotSetMakesTheSecretUnavailable) {
  for (auto [member, name] :
       {std::pair{&EntraSettings::client_secret, "AZURE_CLIENT_SECRET"},
        std::pair{&EntraSettings::tenant, "AZURE_TENANT_ID"}, std::pair{&EntraSettings::client, "AZURE_CLIENT_ID"}}) {
    EntraSettings settings = settings_;
    settings.*member = "";
    EXPECT_EQ(ask(by_client_secret(settings, web_.world())), fmt::format("unavailable: {} is not set", name));
  }
  EXPECT_TRUE(web_.requests.empty());
}

TEST_F(EntraTest, ARefusalIsNamedWithoutTheSecret) {
  web_.answers = {{.status = 401,
                   .body = Document{{"error", "invalid_client"},
                                    {"error_description",
                                     "AADSTS7000215: Invalid client secret 'hush hush' provided. Trace ID: 1b2c "
                                     "Correlation ID: 3d Timestamp: 2026-03-14 20:00:00Z"}}
                               .dump()}};
  const std::string told = ask(by_client_secret(settings_, web_.world()));
  EXPECT_EQ(told.substr(0, told.find(" (")), "401 AADSTS7000215: Invalid client secret '…' provided.");
  EXPECT_THAT(told, HasSubstr("contoso"));
  EXPECT_THAT(told, Not(HasSubstr("hush")));
}

TEST_F(EntraTest, ARefusalInAnyOtherFormIsToldAsWell) {
  web_.answers = {{.status = 400, .body = "<html>"}, {.status = 400, .body = R"({"error":"unauthorized_client"})"}};
  const FetchToken fetch = by_client_secret(settings_, web_.world());
  EXPECT_THAT(ask(fetch), HasSubstr("401 TokenRefused: The token service answered 400."));
  EXPECT_THAT(ask(fetch), HasSubstr("401 unauthorized_client: The token service answered 400."));
}

TEST_F(EntraTest, AnAnswerWithoutATokenIsNone) {
  for (const char* body : {"", "[]", "{}", R"({"access_token":"t"})", R"({"access_token":7,"expires_in":1})",
                           R"({"access_token":"t","expires_in":"soon"})"}) {
    web_.answers = {{.status = 200, .body = body}};
    EXPECT_THAT(ask(by_client_secret(settings_, web_.world())), HasSubstr("503 TokenUnreadable")) << body;
  }
}

TEST_F(EntraTest, AServiceThatIsBusyIsAskedAgain) {
  web_.answers = {{.status = 429, .headers = {{"Retry-After", "7"}}}, {.status = 503}, token_answer("t")};
  EXPECT_EQ(ask(by_client_secret(settings_, web_.world())), "t");
  EXPECT_GE(web_.now, *parse_iso8601("2026-03-14T20:00:07Z"));
}

TEST_F(EntraTest, ASecretGoesToHttpsAndThisMachineOnly) {
  for (const char* authority : {"http://login.example", "http://127.evil.example:80", "http://localhost.example",
                                "http://localhost:1@evil.example", "http://127.0.0.1@evil", "ftp://localhost", ""}) {
    settings_.authority = authority;
    EXPECT_THAT(ask(by_client_secret(settings_, web_.world())), HasSubstr("secrets go to https only")) << authority;
  }
  EXPECT_TRUE(web_.requests.empty());
  for (const char* authority : {"http://127.0.0.1:5", "http://localhost", "http://localhost:5", "http://[::1]:5"}) {
    settings_.authority = authority;
    web_.answers = {token_answer("t")};
    EXPECT_EQ(ask(by_client_secret(settings_, web_.world())), "t") << authority;
  }
}

const testing::RsaCertificate& certificate() {
  static const testing::RsaCertificate one;
  return one;
}

std::string decoded(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return base64_decode(text).value_or("");
}

TEST_F(EntraTest, ACertificateSignsWhatTheClientSaysOfItself) {
  settings_.certificate =
      file(testing::RsaCertificate().certificate_pem() + certificate().certificate_pem() + certificate().key_pem());
  web_.answers = {token_answer("t")};
  EXPECT_EQ(ask(by_client_certificate(settings_, web_.world())), "t");
  EXPECT_EQ(web_.field("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  EXPECT_EQ(web_.field("client_secret"), "");
  const std::string assertion = web_.field("client_assertion");
  const std::size_t first = assertion.find('.'), last = assertion.rfind('.');
  EXPECT_EQ(decoded(assertion.substr(0, first)), R"({"typ":"JWT","alg":"PS256","x5t#S256":")" +
                                                     to_base64url(sha256(certificate().certificate_der())) + "\"}");
  const auto token = BearerToken::parse(assertion);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->claims()["aud"], "https://login.example/contoso/oauth2/v2.0/token");
  EXPECT_EQ(token->claims()["iss"], "app");
  EXPECT_EQ(token->claims()["sub"], "app");
  EXPECT_EQ(token->claims()["jti"], "07070707-0707-4707-8707-070707070707");
  EXPECT_EQ(token->begins(), web_.now);
  EXPECT_EQ(token->expires(), web_.now + 10min);
  EXPECT_TRUE(certificate().has_signed(assertion.substr(0, last), decoded(assertion.substr(last + 1))));
  EXPECT_FALSE(certificate().has_signed("another text", decoded(assertion.substr(last + 1))));
}

TEST_F(EntraTest, ACertificatesKeyMayBeEncrypted) {
  settings_.certificate = file(certificate().key_pem("open sesame") + certificate().certificate_pem());
  const FetchToken without = by_client_certificate(settings_, web_.world());
  EXPECT_THAT(ask(without), HasSubstr("its private key is encrypted, and no password is given"));
  settings_.certificate_password = "open";
  const std::string told = ask(by_client_certificate(settings_, web_.world()));
  EXPECT_THAT(told, HasSubstr("its private key cannot be decrypted with the password"));
  EXPECT_TRUE(web_.requests.empty());
  settings_.certificate_password = "open sesame";
  web_.answers = {token_answer("t")};
  EXPECT_EQ(ask(by_client_certificate(settings_, web_.world())), "t");
}

TEST_F(EntraTest, KeyAndCertificateMayComeAsPkcs12) {
  settings_.certificate = file(certificate().pfx("open sesame"));
  EXPECT_THAT(ask(by_client_certificate(settings_, web_.world())),
              HasSubstr("it is encrypted (PKCS #12), and no password is given"));
  settings_.certificate_password = "open";
  EXPECT_THAT(ask(by_client_certificate(settings_, web_.world())),
              HasSubstr("it cannot be decrypted with the password (PKCS #12)"));
  settings_.certificate_password = "open sesame";
  web_.answers = {token_answer("t"), token_answer("t")};
  EXPECT_EQ(ask(by_client_certificate(settings_, web_.world())), "t");
  const std::string assertion = web_.field("client_assertion");
  const std::size_t last = assertion.rfind('.');
  EXPECT_THAT(decoded(assertion.substr(0, assertion.find('.'))),
              HasSubstr(to_base64url(sha256(certificate().certificate_der()))));
  EXPECT_TRUE(certificate().has_signed(assertion.substr(0, last), decoded(assertion.substr(last + 1))));
  settings_.certificate = file(certificate().pfx(""));
  settings_.certificate_password = "";
  EXPECT_EQ(ask(by_client_certificate(settings_, web_.world())), "t");
}

TEST_F(EntraTest, WhatIsNoCertificateIsToldByItsFile) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "it holds no private key (PEM)"},
      {certificate().certificate_pem(), "it holds no private key (PEM)"},
      {certificate().key_pem(), "it holds no certificate of its private key (PEM)"},
      {certificate().key_pem() + testing::RsaCertificate().certificate_pem(),
       "it holds no certificate of its private key (PEM)"},
      {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "its private key cannot be read"}};
  for (const auto& [text, complaint] : cases) {
    settings_.certificate = file(text);
    EXPECT_EQ(ask(by_client_certificate(settings_, web_.world())),
              "AZURE_CLIENT_CERTIFICATE_PATH: " + settings_.certificate + ": " + complaint);
  }
  settings_.certificate = "/nonexistent";
  EXPECT_EQ(ask(by_client_certificate(settings_, web_.world())),
            "AZURE_CLIENT_CERTIFICATE_PATH: /nonexistent: No such file or directory");
  settings_.certificate = "";
  EXPECT_EQ(ask(by_client_certificate(settings_, web_.world())),
            "unavailable: AZURE_CLIENT_CERTIFICATE_PATH is not set");
}

TEST_F(EntraTest, TheFileOfAWorkloadIsReadEachTime) {
  settings_.token_file = file("first.jwt.x\n");
  const FetchToken fetch = by_workload_identity(settings_, web_.world());
  web_.answers = {token_answer("t1"), token_answer("t2")};
  EXPECT_EQ(ask(fetch), "t1");
  EXPECT_EQ(web_.field("client_assertion"), "first.jwt.x");
  file("second.jwt.x");
  EXPECT_EQ(ask(fetch), "t2");
  EXPECT_EQ(web_.field("client_assertion"), "second.jwt.x");
  file(" \n");
  EXPECT_THAT(ask(fetch), HasSubstr("AZURE_FEDERATED_TOKEN_FILE: " + settings_.token_file + ": there is no token"));
  settings_.token_file = "";
  EXPECT_EQ(ask(by_workload_identity(settings_, web_.world())), "unavailable: AZURE_FEDERATED_TOKEN_FILE is not set");
}

TEST_F(EntraTest, AMachineOfAzureHasAnIdentity) {
  web_.answers = {
      {.status = 200, .body = R"({"access_token":"t","expires_in":"86399","expires_on":"1773522000","resource":"r"})"}};
  settings_.client = "";
  const AccessToken token = by_managed_identity(settings_, web_.world())("https://batch.core.windows.net/");
  EXPECT_EQ(token.text, "t");
  EXPECT_EQ(token.expires, *parse_iso8601("2026-03-14T21:00:00Z"));
  EXPECT_EQ(web_.requests[0].method + " " + web_.requests[0].url,
            "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
            "resource=https%3A%2F%2Fbatch.core.windows.net%2F");
  EXPECT_EQ(web_.requests[0].headers.get("Metadata"), "true");
  EXPECT_TRUE(web_.requests[0].is_next_door);
}

TEST_F(EntraTest, AnAssignedIdentityIsNamed) {
  settings_.metadata_host = "http://127.0.0.1:7";
  web_.answers = {token_answer("t")};
  ask(by_managed_identity(settings_, web_.world()));
  EXPECT_THAT(web_.requests[0].url, ::testing::StartsWith("http://127.0.0.1:7/metadata/identity/oauth2/token?"));
  EXPECT_THAT(web_.requests[0].url, ::testing::EndsWith("&client_id=app"));
}

TEST_F(EntraTest, AnyOtherMachineHasNoIdentity) {
  EXPECT_EQ(ask(by_managed_identity(settings_, web_.world())),
            "unavailable: nothing answers at http://169.254.169.254, so this is no machine of Azure");
  EXPECT_EQ(web_.requests.size(), 1u);
  web_.answers = {{.status = 400, .body = R"({"error":"invalid_request","error_description":"Identity not found"})"}};
  EXPECT_EQ(ask(by_managed_identity(settings_, web_.world())),
            "unavailable: this machine has none that fits: Identity not found");
  web_.answers = {{.status = 403}};
  EXPECT_EQ(ask(by_managed_identity(settings_, web_.world())), "401 ManagedIdentityRefused: it answered 403");
  web_.answers = {{.status = 429}, token_answer("t")};
  EXPECT_EQ(ask(by_managed_identity(settings_, web_.world())), "t");
}

TEST_F(EntraTest, AMetadataServiceThatIsUpdatedIsAskedAgain) {
  const auto times = [](std::size_t count, unsigned status) {
    std::deque<HttpAnswer> answers(count, HttpAnswer{.status = status});
    answers.push_back(token_answer("t"));
    return answers;
  };
  const struct {
    std::deque<HttpAnswer> answers;
    const char* expected;
    Ticks waited;
  } cases[] = {{times(3, 404), "t", 7s},
               {times(4, 404), "401 ManagedIdentityRefused: it answered 404", 7s},
               {times(7, 410), "t", 70s},
               {times(8, 410), "401 ManagedIdentityRefused: it answered 410", 70s},
               {times(1, 500), "t", 1s}};
  for (const auto& [answers, expected, waited] : cases) {
    web_.answers = answers;
    const Time begun = web_.now;
    EXPECT_EQ(ask(by_managed_identity(settings_, web_.world())), expected);
    EXPECT_EQ(web_.now - begun, waited) << expected;
  }
}

TEST_F(EntraTest, AppServiceHasAnEndpointOfItsOwn) {
  settings_.identity_endpoint = "http://169.254.129.2:8081/msi/token";
  settings_.identity_header = "hush";
  web_.answers = {token_answer("t")};
  ASSERT_EQ(ask(by_managed_identity(settings_, web_.world())), "t");
  EXPECT_EQ(web_.requests[0].url,
            "http://169.254.129.2:8081/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com&"
            "client_id=app");
  EXPECT_EQ(web_.requests[0].headers.get("X-IDENTITY-HEADER"), "hush");
  settings_.identity_endpoint = "http://elsewhere.example/token";
  EXPECT_THAT(ask(by_managed_identity(settings_, web_.world())), HasSubstr("secrets go to https only"));
}

TEST_F(EntraTest, AzPrintsATokenOfWhoIsLoggedIn) {
  const FetchToken fetch = by_az(settings_, web_.world());
  EXPECT_EQ(ask(fetch), "unavailable: az is not on PATH");
  const EntraWorld world = with_az({.out = R"({"accessToken":"t","expiresOn":"x","expires_on":1773522000})"});
  const AccessToken token = by_az(settings_, world)(kResource);
  EXPECT_EQ(token.text, "t");
  EXPECT_EQ(token.expires, *parse_iso8601("2026-03-14T21:00:00Z"));
  EXPECT_THAT(command_, ::testing::ElementsAre(place_.path().string() + "/az", "account", "get-access-token",
                                               "--output", "json", "--resource", kResource));
}

TEST_F(EntraTest, AnOlderAzTellsTheTimeOfThisMachine) {
  const Time expires = *parse_iso8601("2026-03-14T21:00:00Z");
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count();
  char local[32];
  std::tm parts{};
  std::strftime(local, sizeof local, "%Y-%m-%d %H:%M:%S.000000", localtime_r(&seconds, &parts));
  const EntraWorld world = with_az({.out = Document{{"accessToken", "t"}, {"expiresOn", local}}.dump()});
  EXPECT_EQ(by_az(settings_, world)(kResource).expires, expires);
}

TEST_F(EntraTest, WhatAzCannotDoIsTold) {
  const std::pair<ProgramEnd, const char*> cases[] = {
      {{.exit_code = 1, .err = "ERROR: Please run 'az login' to setup account.\n"},
       "unavailable: nobody is logged in: run `az login`"},
      {{.exit_code = 1, .err = "ERROR: AADSTS70043: The refresh token has expired.\n"},
       "401 AzRefused: ERROR: AADSTS70043: The refresh token has expired."},
      {{.exit_code = 127}, "401 AzRefused: It does not say why."},
      {{.in_time = false}, "gave no token within 30 seconds."},
      {{.out = "{}"}, "printed is no token."},
      {{.out = R"({"accessToken":"t","expiresOn":"soon"})"}, "printed is no token."}};
  for (const auto& [end, complaint] : cases) {
    const EntraWorld world = with_az(end);
    EXPECT_THAT(ask(by_az(settings_, world)), HasSubstr(complaint));
  }
}

TEST_F(EntraTest, TheOrderIsThatOfAzureIdentity) {
  const EntraWorld world = web_.world();
  std::string names;
  for (const Credential& one : credentials_of(settings_, world)) names += one.name + "; ";
  EXPECT_EQ(names, "client secret; client certificate; workload identity; managed identity; az; ");
}

}  // namespace
}  // namespace batchite::azure
