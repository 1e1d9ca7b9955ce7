#include "emulator/blob/blob_authorize.h"

#include "core/signing/bearer_token.h"
#include "tests/emulator/blob_fixture.h"

namespace batchite::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BlobAuthorizeTest : public BlobEndpointTest {
 protected:
  void SetUp() override {
    make_container();
    ASSERT_EQ(put("/data/a", "hello world").status, 201u);
  }
  static std::string part(const std::string& json) {
    std::string text = base64_encode(json);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text.substr(0, text.find('='));
  }
  static std::string token(const std::string& claims) {
    return "Bearer " + part(R"({"alg":"RS256","typ":"JWT"})") + "." + part(claims) + ".c2ln";
  }
  std::string with_token(const std::string& header) {
    return outcome(send_unsigned({.path = "/data/a", .headers = {{"Authorization", header}}}));
  }
};

// The worked examples were made with the service's own Python library.
TEST_F(BlobAuthorizeTest, SignaturesOfRealClientsPass) {
  make_container("videos");
  http::Request list{.method = "GET",
                     .path = "/devstoreaccount1/videos",
                     .query = "restype=container&comp=list&prefix=in%2F&include=metadata%2Csnapshots",
                     .headers = {{"x-ms-date", "Tue, 05 Mar 2024 10:00:00 GMT"}, {"x-ms-version", "2021-12-02"}},
                     .base = kHost};
  list.headers.add("Authorization", "SharedKey devstoreaccount1:Ru5pBplAzB8KIforIHiGj1y+IvjC4Hn3Gumq1v/x90U=");
  EXPECT_EQ(outcome(endpoint_.handle(list)), "200");

  http::Request lite{.method = "PUT",
                     .path = "/devstoreaccount1/videos/in/clip%201.mp4",
                     .query = "comp=metadata&timeout=30",
                     .headers = {{"Content-Type", "text/plain"},
                                 {"x-ms-date", "Tue, 05 Mar 2024 10:00:00 GMT"},
                                 {"x-ms-meta-m1", "v1"},
                                 {"x-ms-version", "2021-12-02"}},
                     .base = kHost,
                     .length = 0};
  lite.headers.add("Authorization", "SharedKeyLite devstoreaccount1:g46ZZ47/SYcujLa4i6M8Ik5OeQiE5ANtZkj7vEB+pvw=");
  EXPECT_EQ(outcome(endpoint_.handle(lite)), "404 BlobNotFound");  // so it was let in
}

TEST_F(BlobAuthorizeTest, BothSchemesPassAndAWrongKeyNever) {
  const std::string wrong = base64_encode("another key, as long as it likes");
  for (const bool is_lite : {false, true}) {
    EXPECT_EQ(outcome(send({.path = "/data/a", .is_lite = is_lite})), "200");
    EXPECT_EQ(outcome(send({.path = "/data/a", .key = wrong, .is_lite = is_lite})), "403 AuthenticationFailed");
  }
}

TEST_F(BlobAuthorizeTest, AnythingSignedThatIsChangedIsNoticed) {
  const Ask ask{.path = "/data/a?comp=metadata", .headers = {{"Range", "bytes=0-1"}}};
  const std::pair<std::string, std::function<void(http::Request&)>> cases[] = {
      {"method", [](http::Request& request) { request.method = "PUT"; }},
      {"path", [](http::Request& request) { request.path = "/devstoreaccount1/data/b"; }},
      {"escape", [](http::Request& request) { request.path = "/devstoreaccount1/data/%61"; }},
      {"query", [](http::Request& request) { request.query = ""; }},
      {"more query", [](http::Request& request) { request.query += "&prefix=x"; }},
      {"range", [](http::Request& request) { request.headers.set("Range", "bytes=0-9"); }},
      {"header", [](http::Request& request) { request.headers.add("x-ms-range", "bytes=0-9"); }},
      {"account", [](http::Request& request) { request.path = "/other/data/a"; }},
      {"length", [](http::Request& request) { request.headers.set("Content-Length", "7"); }},
  };
  for (const auto& [what, change] : cases) {
    http::Request request = wire(ask);
    sign(ask, request);
    change(request);
    EXPECT_EQ(outcome(endpoint_.handle(request)), "403 AuthenticationFailed") << what;
  }
}

TEST_F(BlobAuthorizeTest, AFailureShowsTheTextToSign) {
  const std::string body = send({.path = "/data/a", .key = base64_encode("wrong")}).body;
  EXPECT_THAT(body, HasSubstr("<AuthenticationErrorDetail>The MAC signature found in the HTTP request "));
  EXPECT_THAT(body, HasSubstr("x-ms-version:2021-12-02\n/devstoreaccount1/devstoreaccount1/data/a'"));
}

TEST_F(BlobAuthorizeTest, ClocksMayDifferByAQuarterOfAnHour) {
  using std::chrono::minutes, std::chrono::seconds;
  const struct {
    std::chrono::seconds skew;
    std::string expected;
  } cases[] = {
      {minutes(15), "200"},
      {-minutes(15), "200"},
      {minutes(15) + seconds(1), "403 AuthenticationFailed"},
      {-minutes(15) - seconds(1), "403 AuthenticationFailed"},
  };
  for (const auto& [skew, expected] : cases) {
    EXPECT_EQ(outcome(send({.path = "/data/a", .headers = {{"x-ms-date", http_date(now_ + skew)}}})), expected);
  }
  EXPECT_EQ(outcome(send({.path = "/data/a", .headers = {{"x-ms-date", "yesterday"}}})), "403 AuthenticationFailed");
  const Parameters old_date = {{"x-ms-date", ""}, {"Date", http_date(now_)}};  // an empty x-ms-date is still one
  EXPECT_EQ(outcome(send({.path = "/data/a", .headers = old_date})), "403 AuthenticationFailed");
}

TEST_F(BlobAuthorizeTest, HeadersThatAreNoAuthorizationAreRefused) {
  for (const char* header : {"", "SharedKey", "SharedKey devstoreaccount1", "Basic YTpi", "Digest a:b"}) {
    EXPECT_EQ(with_token(header), "400 InvalidAuthenticationInfo") << header;
  }
  EXPECT_EQ(with_token("SharedKey other:" + base64_encode("x")), "403 AuthenticationFailed");
}

TEST_F(BlobAuthorizeTest, NobodyComesInWithoutAnything) {
  const auto ask = [&](const std::string& version) {
    return send_unsigned({.path = "/data/a", .headers = {{"x-ms-version", version}}});
  };
  const http::Response refused = ask("2019-12-12");
  EXPECT_EQ(outcome(refused), "401 NoAuthenticationInformation");
  EXPECT_THAT(refused.headers.get("WWW-Authenticate"), HasSubstr("Bearer authorization_uri="));
  EXPECT_EQ(outcome(ask("2018-11-09")), "404 ResourceNotFound");
}

TEST_F(BlobAuthorizeTest, ASignatureOpensWhatItSays) {
  const struct {
    std::string method, path, sas, expected;
  } cases[] = {
      {"GET", "/data/a?", service_sas("r"), "200"},
      {"GET", "/data/a?", service_sas("r", "a"), "200"},
      {"HEAD", "/data/a?", service_sas("r", "a"), "200"},
      {"GET", "/data/a?", service_sas("w"), "403 AuthorizationPermissionMismatch"},
      {"GET", "/data/b?", service_sas("r", "a"), "403 AuthenticationFailed"},
      {"GET", "/data?restype=container&comp=list&", service_sas("l"), "200"},
      {"GET", "/data?restype=container&comp=list&", service_sas("r"), "403 AuthorizationPermissionMismatch"},
      {"PUT", "/data/new?", service_sas("c"), "201"},
      {"PUT", "/data/a?", service_sas("c"), "403 UnauthorizedBlobOverwrite"},
      {"PUT", "/data/a?", service_sas("w"), "201"},
      {"PUT", "/data/a?", service_sas("r"), "403 AuthorizationPermissionMismatch"},
      {"PUT", "/data/a?comp=lease&", service_sas("d"), "409 LeaseNotPresentWithLeaseOperation"},  // let in
      {"PUT", "/data/a?comp=lease&", service_sas("rl"), "403 AuthorizationPermissionMismatch"},
      {"PUT", "/data/a?comp=legalhold&", service_sas("rwd"), "403 AuthorizationPermissionMismatch"},
      {"DELETE", "/data/a?snapshot=2024-03-05T10:00:00.0000001Z&deletetype=permanent&", service_sas("d"),
       "403 AuthorizationPermissionMismatch"},
      {"DELETE", "/data/a?", service_sas("rw"), "403 AuthorizationPermissionMismatch"},
      {"DELETE", "/data/a?", service_sas("d"), "202"},
      {"PUT", "/data?restype=container&", service_sas("rwdl"), "403 AuthorizationFailure"},
      {"GET", "/data?restype=container&comp=acl&", service_sas("rwdl"), "403 AuthorizationFailure"},
      {"GET", "/data?restype=account&comp=properties&", service_sas("r"), "200"},
  };
  for (const auto& [method, path, sas, expected] : cases) {
    const Ask ask{.method = method,
                  .path = path + sas,
                  .headers = {{"x-ms-blob-type", "BlockBlob"}, {"x-ms-lease-action", "break"}}};
    EXPECT_EQ(outcome(send_unsigned(ask)), expected) << method << " " << path << sas;
  }
}

TEST_F(BlobAuthorizeTest, ASignatureIsHeldToItsTimeAndItsWords) {
  std::string sas = service_sas("r");
  EXPECT_EQ(outcome(send_unsigned({.path = "/data/a?" + sas})), "200");
  std::string widened = sas;
  widened.replace(widened.find("sp=r"), 4, "sp=rw");
  EXPECT_EQ(outcome(send_unsigned({.path = "/data/a?" + widened})), "403 AuthenticationFailed");
  now_ += std::chrono::hours(2);
  const http::Response late = send_unsigned({.path = "/data/a?" + sas});
  EXPECT_EQ(outcome(late), "403 AuthenticationFailed");
  EXPECT_THAT(late.body, HasSubstr("Signature not valid in the specified time frame"));
}

TEST_F(BlobAuthorizeTest, AnAccountSignatureReachesTheAccount) {
  const auto account_sas = [&](const std::string& types, const std::string& permissions) {
    return signing::make_account_sas({.terms = {.permissions = permissions, .expiry = now_ + std::chrono::hours(1)},
                                      .account = "devstoreaccount1",
                                      .resource_types = types},
                                     key_bytes());
  };
  EXPECT_EQ(outcome(send_unsigned({.path = "/?comp=list&" + account_sas("s", "l")})), "200");
  EXPECT_EQ(outcome(send_unsigned({.path = "/?comp=list&" + account_sas("o", "l")})),
            "403 AuthorizationResourceTypeMismatch");
  EXPECT_EQ(outcome(send_unsigned({.method = "PUT", .path = "/more?restype=container&" + account_sas("c", "c")})),
            "201");
  EXPECT_EQ(outcome(send_unsigned({.path = "/?restype=account&comp=properties&" + account_sas("o", "w")})), "200");
  EXPECT_EQ(outcome(send_unsigned({.path = "/?restype=service&comp=properties&" + account_sas("s", "r")})), "200");
}

TEST_F(BlobAuthorizeTest, OnlyASignatureThatCoversThemReplacesHeaders) {
  const std::string sas =
      signing::make_service_sas({.terms = {.permissions = "r", .expiry = now_ + std::chrono::hours(1)},
                                 .account = "devstoreaccount1",
                                 .container = "data",
                                 .overrides = {.content_type = "text/html"}},
                                key_bytes());
  EXPECT_EQ(send_unsigned({.path = "/data/a?" + sas}).headers.get("Content-Type"), "text/html");
  EXPECT_EQ(send({.path = "/data/a?rsct=text%2Fhtml"}).headers.get("Content-Type"), "application/octet-stream");
}

TEST_F(BlobAuthorizeTest, ASignatureForTheCopyDoesNotOpenItsSource) {
  put("/data/secret", "x");
  const auto copy = [&](const std::string& source_query) {
    return outcome(send_unsigned(
        {.method = "PUT",
         .path = "/data/b?" + service_sas("w"),
         .headers = {{"x-ms-copy-source", std::string(kHost) + "/devstoreaccount1/data/secret" + source_query}}}));
  };
  EXPECT_EQ(copy(""), "401 CannotVerifyCopySource");
  EXPECT_EQ(copy("?" + service_sas("w")), "403 CannotVerifyCopySource");
  EXPECT_EQ(outcome(send({.path = "/data/b"})), "404 BlobNotFound");
  EXPECT_EQ(copy("?" + service_sas("r")), "202");
  EXPECT_EQ(get("/data/b"), "x");
}

TEST_F(BlobAuthorizeTest, ATokenForTheSourceOpensAnotherAccount) {
  http::Request made = wire({.method = "PUT", .path = "/data?restype=container", .account = "other"});
  made.headers.add("Authorization", token("{}"));
  ASSERT_EQ(outcome(endpoint_.handle(made)), "201");
  Ask secret{.method = "PUT", .path = "/data/secret", .body = "x", .account = "other"};
  http::Request upload = wire(secret);
  upload.headers.add("x-ms-blob-type", "BlockBlob");
  upload.headers.add("Authorization", token("{}"));
  ASSERT_EQ(outcome(deliver(upload, secret.body)), "201");
  const auto copy = [&](const std::string& authorization, const std::string& sas = "") {
    Ask ask{
        .method = "PUT",
        .path = "/data/b" + sas,
        .headers = {{"x-ms-copy-source", std::string(kHost) + "/other/data/secret"}, {"x-ms-requires-sync", "true"}}};
    if (!authorization.empty()) ask.headers.add("x-ms-copy-source-authorization", authorization);
    return outcome(sas.empty() ? send(ask) : send_unsigned(ask));
  };
  EXPECT_EQ(copy(""), "401 CannotVerifyCopySource");
  EXPECT_EQ(copy(token(R"({"exp":1})")), "401 CannotVerifyCopySource");
  EXPECT_EQ(copy("Bearer abc"), "400 CannotVerifyCopySource");
  EXPECT_EQ(copy("Basic abc"), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(send({.path = "/data/b"})), "404 BlobNotFound");
  EXPECT_EQ(copy(token("{}")), "202");
  EXPECT_EQ(get("/data/b"), "x");
  EXPECT_EQ(copy(token("{}"), "?" + service_sas("w")), "202");
}

TEST_F(BlobAuthorizeTest, TokensAreTakenByTheirFormAndTime) {
  const std::string now = std::to_string(now_.time_since_epoch() / std::chrono::seconds(1));
  const std::string later = std::to_string(now_.time_since_epoch() / std::chrono::seconds(1) + 3600);
  const struct {
    std::string header, expected;
  } cases[] = {
      {token(R"({"aud":"https://storage.azure.com","exp":)" + later + "}"), "200"},
      {token("{}"), "200"},
      {token(R"({"exp":1})"), "401 InvalidAuthenticationInfo"},
      {token(R"({"nbf":)" + later + "}"), "401 InvalidAuthenticationInfo"},
      {token(R"({"nbf":)" + now + "}"), "200"},
      {token("[]"), "400 InvalidAuthenticationInfo"},
      {token("no json"), "400 InvalidAuthenticationInfo"},
      {"Bearer abc", "400 InvalidAuthenticationInfo"},
      {"Bearer a.b", "400 InvalidAuthenticationInfo"},
      {"Bearer a.b.c.d", "400 InvalidAuthenticationInfo"},
      {"Bearer ", "400 InvalidAuthenticationInfo"},
  };
  for (const auto& [header, expected] : cases) EXPECT_EQ(with_token(header), expected) << header;
}

TEST_F(BlobAuthorizeTest, TheModeDecidesAboutTokensButNeverAboutSignatures) {
  options_.auth = BlobAuth::Strict;
  options_.token_secret = "secret";
  BlobEndpoint strict(*this, options_);
  const auto with_own = [&](std::string_view secret) {
    const std::string own = BearerToken::issue(secret, "https://storage.azure.com/", now_, std::chrono::hours(1));
    return strict.handle(wire({.path = "/data/a", .headers = {{"Authorization", "Bearer " + own}}})).status;
  };
  EXPECT_EQ(with_own("secret"), 200U);
  EXPECT_EQ(with_own("another"), 401U);
  http::Request request = wire({.path = "/data/a", .headers = {{"Authorization", token("{}")}}});
  EXPECT_EQ(outcome(strict.handle(request)), "401 InvalidAuthenticationInfo");

  options_.auth = BlobAuth::Off;
  BlobEndpoint off(*this, options_);
  request = wire({.path = "/data/a"});
  EXPECT_EQ(outcome(off.handle(request)), "200");
}

TEST_F(BlobAuthorizeTest, TheSecondaryIsForReading) {
  const std::string secondary = "devstoreaccount1-secondary";
  EXPECT_EQ(outcome(send({.path = "/data/a", .account = secondary})), "200");
  EXPECT_EQ(outcome(send({.method = "DELETE", .path = "/data/a", .account = secondary})),
            "403 InsufficientAccountPermissions");
}

}  // namespace
}  // namespace batchite::testing
