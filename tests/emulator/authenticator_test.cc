#include "emulator/batch/authenticator.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/document.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/signing/shared_key.h"

namespace batchite::batch {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr const char* kBatch = "https://batch.core.windows.net/";

Document vectors() {
  std::ifstream file(std::string(BATCHITE_FIXTURES) + "/signing/batch_shared_key.json");
  return Document::parse(file);
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  Authenticator authenticator(AuthMode mode, const std::string& secret = "secret") const {
    return {{"batchite", {other_key, key}}, mode, secret, [this] { return now; }};
  }

  // "ok", or status, code and AuthenticationErrorDetail.
  static std::string verdict(const Authenticator& authenticator, const http::Request& request) {
    try {
      authenticator.check(request);
      return "ok";
    } catch (const Error& error) {
      const std::string detail = error.values().empty() ? "" : ": " + error.values()[0].value;
      return std::to_string(error.status()) + " " + error.code() + detail;
    }
  }
  std::string verdict(const http::Request& request) const { return verdict(authenticator(AuthMode::Strict), request); }

  static http::Request with_header(const std::string& authorization) {
    http::Request request{.method = "GET", .path = "/pools", .query = "api-version=2025-06-01"};
    request.headers.add("Authorization", authorization);
    return request;
  }
  static http::Request with_token(const std::string& token) { return with_header("Bearer " + token); }

  // Signed now, and as a client would.
  http::Request signed_request() const {
    http::Request request{.method = "POST", .path = "/jobs/j%201/tasks", .query = "api-version=2025-06-01&timeout=30"};
    request.headers = {{"Host", "127.0.0.1"},
                       {"ocp-date", http_date(now)},
                       {"Content-Type", "application/json; odata=minimalmetadata"},
                       {"Content-Length", "40"},
                       {"If-Match", "0x1"}};
    sign(request);
    return request;
  }
  void sign(http::Request& request) const {
    request.headers.set("Authorization",
                        signing::batch_authorization(*signing::account_key("batchite", key),
                                                     {request.method, request.path, request.query, request.headers}));
  }

  // A token of another issuer.
  static std::string token(const Document& claims, const std::string& signature = "c2ln") {
    const auto part = [](const Document& document) {
      std::string text = base64_encode(document.dump());
      std::replace(text.begin(), text.end(), '+', '-');
      std::replace(text.begin(), text.end(), '/', '_');
      std::erase(text, '=');
      return text;
    };
    return part({{"alg", "RS256"}}) + "." + part(claims) + "." + signature;
  }
  std::int64_t seconds_from_now(Ticks later) const {
    return std::chrono::duration_cast<std::chrono::seconds>((now + later).time_since_epoch()).count();
  }

  const std::string key = vectors().at("key");
  const std::string other_key = base64_encode("another key");
  Time now = *parse_http_date("Tue, 03 Jun 2025 09:10:11 GMT");
};

TEST_F(AuthenticatorTest, AcceptsTheKnownSignatures) {
  const Document all = vectors();
  for (const Document& vector : all.at("cases")) {
    const std::string target = vector.at("target");
    http::Request request{.method = vector.at("method"),
                          .path = target.substr(0, target.find('?')),
                          .query = target.substr(target.find('?') + 1)};
    for (const auto& [name, value] : vector.at("headers").items()) request.headers.add(name, value);
    request.headers.add("Authorization", "SharedKey batchite:" + vector.at("signature").get<std::string>());
    EXPECT_EQ(verdict(request), "ok") << vector.at("name");
    EXPECT_EQ(verdict(authenticator(AuthMode::Lenient), request), "ok");
  }
}

TEST_F(AuthenticatorTest, RefusesARequestThatWasChangedAfterItWasSigned) {
  const struct {
    const char* what;
    void (*change)(http::Request&);
  } cases[] = {
      {"method", [](http::Request& request) { request.method = "PUT"; }},
      {"path", [](http::Request& request) { request.path = "/jobs/j2/tasks"; }},
      {"encoding of the path", [](http::Request& request) { request.path = "/jobs/j 1/tasks"; }},
      {"query value", [](http::Request& request) { request.query = "api-version=2025-06-01&timeout=31"; }},
      {"one more in the query", [](http::Request& request) { request.query += "&force=true"; }},
      {"one less in the query", [](http::Request& request) { request.query = "api-version=2025-06-01"; }},
      {"body length", [](http::Request& request) { request.headers.set("Content-Length", "41"); }},
      {"no body", [](http::Request& request) { request.headers.set("Content-Length", "0"); }},
      {"content type", [](http::Request& request) { request.headers.set("Content-Type", "application/json"); }},
      {"condition", [](http::Request& request) { request.headers.set("If-Match", "*"); }},
      {"one more condition", [](http::Request& request) { request.headers.add("If-None-Match", "*"); }},
      {"range", [](http::Request& request) { request.headers.add("ocp-range", "bytes=0-1"); }},
  };
  ASSERT_EQ(verdict(signed_request()), "ok");
  for (const auto& c : cases) {
    http::Request request = signed_request();
    c.change(request);
    const std::string text = verdict(request);
    EXPECT_TRUE(text.starts_with("403 AuthenticationFailed: The MAC signature found in the HTTP request")) << c.what;
  }
}

TEST_F(AuthenticatorTest, LooksOnlyAtWhatIsSigned) {
  http::Request request = signed_request();
  request.headers.set("Host", "elsewhere");
  request.headers.add("User-Agent", "someone");
  request.headers.add("client-request-id", "1");
  EXPECT_EQ(verdict(request), "ok");
}

TEST_F(AuthenticatorTest, TellsWhatItWouldHaveSigned) {
  http::Request request{.method = "GET", .path = "/pools", .query = "api-version=2025-06-01"};
  request.headers = {{"ocp-date", http_date(now)}, {"Authorization", "SharedKey batchite:d3Jvbmc="}};
  EXPECT_EQ(verdict(request),
            "403 AuthenticationFailed: The MAC signature found in the HTTP request 'd3Jvbmc=' is not the same as any "
            "computed signature. Server used following string to sign: 'GET\n\n\n\n\n\n\n\n\n\n\n\n"
            "ocp-date:Tue, 03 Jun 2025 09:10:11 GMT\n/batchite/pools\napi-version:2025-06-01'.");
}

TEST_F(AuthenticatorTest, TakesRequestsOfAQuarterOfAnHour) {
  const struct {
    Ticks skew;
    bool accepted;
  } cases[] = {{minutes(-15), true},
               {minutes(15), true},
               {minutes(-15) - std::chrono::seconds(1), false},
               {minutes(15) + std::chrono::seconds(1), false},
               {hours(-24), false}};
  for (const auto& c : cases) {
    http::Request request = signed_request();
    request.headers.set("ocp-date", http_date(now + c.skew));
    sign(request);
    const std::string text = verdict(request);
    EXPECT_EQ(text == "ok", c.accepted) << text;
    if (!c.accepted) {
      EXPECT_NE(text.find("more than 15 minutes from the server's time Tue, 03 Jun 2025 09:10:11 GMT"),
                std::string::npos);
    }
  }
}

TEST_F(AuthenticatorTest, NeedsADate) {
  http::Request request{.method = "GET", .path = "/pools"};
  sign(request);
  EXPECT_EQ(verdict(request),
            "403 AuthenticationFailed: Neither an ocp-date nor a Date header says when the request was made.");
  request.headers.add("ocp-date", "yesterday");
  sign(request);
  EXPECT_EQ(verdict(request), "403 AuthenticationFailed: The date 'yesterday' is not in RFC 1123 form.");
  http::Request dated{.method = "GET", .path = "/pools", .headers = {{"Date", http_date(now)}}};
  sign(dated);
  EXPECT_EQ(verdict(dated), "ok");
  dated.headers.set("Date", http_date(now + minutes(1)));
  EXPECT_TRUE(verdict(dated).starts_with("403 AuthenticationFailed: The MAC signature"));
}

TEST_F(AuthenticatorTest, RefusesAnotherAccountAndAnotherKey) {
  http::Request request = signed_request();
  const std::string signature = request.headers.get("Authorization").substr(sizeof("SharedKey batchite:") - 1);
  request.headers.set("Authorization", "SharedKey someone:" + signature);
  EXPECT_EQ(verdict(request), "403 AuthenticationFailed: The account someone is not served here; it is batchite.");
  const Authenticator without({"batchite", {other_key}}, AuthMode::Lenient, "", [this] { return now; });
  EXPECT_TRUE(verdict(without, signed_request()).starts_with("403 AuthenticationFailed: The MAC signature"));
}

TEST_F(AuthenticatorTest, RefusesHeadersThatItCannotRead) {
  EXPECT_EQ(verdict(http::Request{.method = "GET", .path = "/pools"}), "400 MissingRequiredHeader: Authorization");
  for (const char* header :
       {"", " ", "SharedKey", "SharedKey ", "SharedKey batchite", "SharedKey batchite:", "SharedKey :c2ln",
        "SharedKeyLite batchite:c2ln", "Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "garbage", "\xff\xfe:"}) {
    EXPECT_EQ(verdict(with_header(header)), "400 InvalidAuthenticationInfo") << header;
  }
}

TEST_F(AuthenticatorTest, AcceptsItsOwnTokensInEveryMode) {
  for (const AuthMode mode : {AuthMode::Strict, AuthMode::Lenient}) {
    const Authenticator ours = authenticator(mode);
    EXPECT_EQ(verdict(ours, with_token(ours.issue_token(kBatch, hours(1)))), "ok");
    EXPECT_EQ(verdict(ours, with_header("bearer " + ours.issue_token(kBatch, hours(1)))), "ok");
  }
}

TEST_F(AuthenticatorTest, AcceptsOnlyItsOwnTokensWhenStrict) {
  const std::string foreign = token({{"aud", kBatch}, {"exp", seconds_from_now(hours(1))}});
  EXPECT_EQ(verdict(authenticator(AuthMode::Lenient), with_token(foreign)), "ok");
  const std::string refusal = "401 AuthenticationFailed: The bearer token was not issued by this emulator.";
  EXPECT_EQ(verdict(with_token(foreign)), refusal);
  EXPECT_EQ(verdict(with_token(authenticator(AuthMode::Strict, "another").issue_token(kBatch, hours(1)))), refusal);
  const std::string unsigned_token = token({{"aud", kBatch}, {"exp", seconds_from_now(hours(1))}}, "");
  EXPECT_EQ(verdict(authenticator(AuthMode::Lenient), with_token(unsigned_token)), "ok");
  EXPECT_EQ(verdict(with_token(unsigned_token)), refusal);
}

TEST_F(AuthenticatorTest, RefusesATokenWhoseClaimsWereChanged) {
  const Authenticator ours = authenticator(AuthMode::Strict);
  const std::string mine = ours.issue_token(kBatch, minutes(1));
  const std::string longer = token({{"aud", kBatch}, {"exp", seconds_from_now(hours(100))}});
  const std::string mixed = mine.substr(0, mine.find('.')) +
                            longer.substr(longer.find('.'), longer.rfind('.') - longer.find('.')) +
                            mine.substr(mine.rfind('.'));
  EXPECT_EQ(verdict(ours, with_token(mixed)),
            "401 AuthenticationFailed: The bearer token was not issued by this emulator.");
}

TEST_F(AuthenticatorTest, RefusesTokensOutOfTimeInEveryMode) {
  const std::string expired = "401 AuthenticationFailed: The bearer token has expired, or has no time of expiry.";
  const std::string early = "401 AuthenticationFailed: The bearer token is not valid yet.";
  const std::int64_t later = seconds_from_now(hours(1));
  const std::pair<Document, std::string> cases[] = {
      {{{"aud", kBatch}, {"exp", seconds_from_now(-minutes(1))}}, expired},
      {{{"aud", kBatch}}, expired},
      {{{"aud", kBatch}, {"exp", "tomorrow"}}, expired},
      {{{"aud", kBatch}, {"exp", -1e300}}, expired},
      {{{"aud", kBatch}, {"exp", 1e300}}, "ok"},
      {{{"aud", kBatch}, {"exp", later}, {"nbf", seconds_from_now(minutes(16))}}, early},
      {{{"aud", kBatch}, {"exp", later}, {"nbf", seconds_from_now(minutes(14))}}, "ok"},  // clocks differ
  };
  for (const auto& [claims, expected] : cases) {
    EXPECT_EQ(verdict(authenticator(AuthMode::Lenient), with_token(token(claims))), expected) << claims;
  }
  const Authenticator ours = authenticator(AuthMode::Strict);
  const std::string mine = ours.issue_token(kBatch, minutes(5));
  now += minutes(6);
  EXPECT_EQ(verdict(ours, with_token(mine)), expired);
}

TEST_F(AuthenticatorTest, KnowsTheAudiencesOfEveryCloud) {
  const std::int64_t later = seconds_from_now(hours(1));
  for (const char* audience :
       {"https://batch.core.windows.net/", "https://batch.core.windows.net", "https://batch.core.windows.net//",
        "https://batch.chinacloudapi.cn/", "https://batch.core.usgovcloudapi.net/", "https://management.azure.com/",
        "https://management.core.windows.net/"}) {
    EXPECT_EQ(verdict(authenticator(AuthMode::Lenient), with_token(token({{"aud", audience}, {"exp", later}}))), "ok")
        << audience;
  }
  for (const Document& audience : {Document("https://storage.azure.com/"), Document("https://graph.microsoft.com"),
                                   Document(""), Document(7), Document::array({kBatch})}) {
    const std::string text =
        verdict(authenticator(AuthMode::Lenient), with_token(token({{"aud", audience}, {"exp", later}})));
    EXPECT_TRUE(text.ends_with("not for https://batch.core.windows.net/.")) << text;
  }
  EXPECT_TRUE(verdict(authenticator(AuthMode::Lenient), with_token(token({{"exp", later}})))
                  .starts_with("401 AuthenticationFailed: The bearer token is for ''"));
}

TEST_F(AuthenticatorTest, RefusesWhatIsNoToken) {
  for (const char* text : {"x", "a.b", "a.b.c", "..", "e30.W10.c", "e30.!!!.c", "W10.e30.c", "e30.e30.e30.c"}) {
    EXPECT_EQ(
        verdict(authenticator(AuthMode::Lenient), with_token(text)),
        "401 AuthenticationFailed: A bearer token is a JWT: three parts with dots between them, the first two JSON "
        "objects.")
        << text;
  }
}

TEST_F(AuthenticatorTest, LooksAtNothingWhenOff) {
  const Authenticator off = authenticator(AuthMode::Off);
  EXPECT_EQ(verdict(off, http::Request{.method = "GET", .path = "/pools"}), "ok");
  EXPECT_EQ(verdict(off, with_header("garbage")), "ok");
}

TEST_F(AuthenticatorTest, TellsWhichTaskCallsInEveryMode) {
  const TaskCaller caller{.job = 3, .task = 7, .attempt = 2, .has_job_access = true};
  const std::string token = issue_task_token("secret", caller, now);
  for (const AuthMode mode : {AuthMode::Strict, AuthMode::Lenient}) {
    EXPECT_EQ(authenticator(mode).check(with_token(token)), caller);
    EXPECT_EQ(authenticator(mode).check(signed_request()), std::nullopt);
  }
}

TEST_F(AuthenticatorTest, ATasksTokenMustBeOursInEveryModeAndIsForBatchOnly) {
  const std::string token = issue_task_token("another", {.job = 3, .task = 7, .attempt = 2}, now);
  EXPECT_EQ(verdict(authenticator(AuthMode::Lenient), with_token(token)),
            "401 AuthenticationFailed: The bearer token was not issued by this emulator.");
  const std::string ours = issue_task_token("secret", {.job = 3, .task = 7, .attempt = 2}, now);
  EXPECT_THROW(authenticator(AuthMode::Lenient).check_bearer(with_token(ours)), Error);
  now += std::chrono::hours(24 * 181);
  EXPECT_EQ(verdict(authenticator(AuthMode::Strict), with_token(ours)),
            "401 AuthenticationFailed: The bearer token has expired, or has no time of expiry.");
}

}  // namespace
}  // namespace batchite::batch
