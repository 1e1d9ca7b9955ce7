// What concerns an account as a whole: its properties, rules for browsers, batches.
#include "tests/emulator/blob_fixture.h"

namespace batchite::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BlobServiceTest : public BlobEndpointTest {
 protected:
  std::string set(const std::string& sections) {
    return outcome(send({.method = "PUT",
                         .path = "?restype=service&comp=properties",
                         .body = "<StorageServiceProperties>" + sections + "</StorageServiceProperties>"}));
  }
  std::string properties() { return get("?restype=service&comp=properties"); }
  http::Response from(const std::string& origin, Ask ask) {
    ask.headers.add("Origin", origin);
    return send(std::move(ask));
  }
  static std::string rule(const std::string& origins, const std::string& methods, const std::string& headers = "") {
    return "<Cors><CorsRule><AllowedMethods>" + methods + "</AllowedMethods><AllowedOrigins>" + origins +
           "</AllowedOrigins><AllowedHeaders>" + headers +
           "</AllowedHeaders><ExposedHeaders>x-ms-*</ExposedHeaders><MaxAgeInSeconds>60</MaxAgeInSeconds>" +
           "</CorsRule></Cors>";
  }
};

TEST_F(BlobServiceTest, OnlySectionsThatAreSentAreReplaced) {
  EXPECT_EQ(set(rule("http://a", "GET")), "202");
  EXPECT_EQ(set("<DefaultServiceVersion>2019-12-12</DefaultServiceVersion>"), "202");
  EXPECT_THAT(properties(), HasSubstr("<AllowedOrigins>http://a</AllowedOrigins>"));
  EXPECT_THAT(properties(), HasSubstr("<DefaultServiceVersion>2019-12-12</DefaultServiceVersion>"));
  EXPECT_THAT(properties(), HasSubstr("<Logging><Version>1.0</Version>"));
  EXPECT_EQ(set("<Cors />"), "202");
  EXPECT_THAT(properties(), HasSubstr("<Cors />"));
}

TEST_F(BlobServiceTest, WhatCannotBeIsRefused) {
  EXPECT_EQ(set("<Nonsense>1</Nonsense>"), "400 UnsupportedXmlNode");
  EXPECT_EQ(set("<Cors><CorsRule /></Cors>"), "400 InvalidXmlNodeValue");
  EXPECT_EQ(
      set("<HourMetrics><RetentionPolicy><Enabled>true</Enabled><Days>366</Days></RetentionPolicy></HourMetrics>"),
      "400 InvalidXmlNodeValue");
  EXPECT_EQ(set("<DeleteRetentionPolicy><Enabled>true</Enabled></DeleteRetentionPolicy>"), "400 InvalidXmlNodeValue");
  EXPECT_EQ(set("<DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days></DeleteRetentionPolicy>"), "202");
  EXPECT_EQ(set("<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"), "202");
}

TEST_F(BlobServiceTest, StatisticsAreTheSecondarys) {
  EXPECT_EQ(outcome(send({.path = "?restype=service&comp=stats"})), "400 InvalidQueryParameterValue");
  Ask ask{.path = "/?restype=service&comp=stats"};
  ask.account = "devstoreaccount1-secondary";
  EXPECT_THAT(text_of(send(ask)), HasSubstr("<GeoReplication><Status>live</Status>"));
}

TEST_F(BlobServiceTest, BrowsersAreLetInByRules) {
  make_container();
  put("/data/a", "x");
  const auto preflight = [&](const std::string& origin, const std::string& method, const std::string& headers = "") {
    Ask ask{.method = "OPTIONS", .path = "/data/a", .headers = {{"Access-Control-Request-Method", method}}};
    if (!headers.empty()) ask.headers.add("Access-Control-Request-Headers", headers);
    ask.key.clear();
    return from(origin, ask);
  };
  EXPECT_EQ(outcome(preflight("http://a", "GET")), "403 CorsPreflightFailure");
  set(rule("http://a, http://b", "GET,PUT", "x-ms-meta-*,content-type"));
  const http::Response allowed = preflight("http://b", "PUT", "Content-Type, x-ms-meta-color");
  EXPECT_EQ(allowed.status, 200u);
  EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Origin"), "http://b");
  EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Headers"), "Content-Type, x-ms-meta-color");
  EXPECT_EQ(allowed.headers.get("Access-Control-Max-Age"), "60");
  EXPECT_EQ(outcome(preflight("http://c", "GET")), "403 CorsPreflightFailure");
  EXPECT_EQ(outcome(preflight("http://a", "DELETE")), "403 CorsPreflightFailure");
  EXPECT_EQ(outcome(preflight("http://a", "GET", "x-other")), "403 CorsPreflightFailure");
  EXPECT_EQ(outcome(preflight("http://a", "")), "400 InvalidHeaderValue");

  EXPECT_EQ(from("http://a", {.path = "/data/a"}).headers.get("Access-Control-Allow-Origin"), "http://a");
  EXPECT_EQ(from("http://a", {.path = "/data/missing"}).headers.get("Access-Control-Expose-Headers"), "x-ms-*");
  const http::Response other = from("http://c", {.path = "/data/a"});
  EXPECT_FALSE(other.headers.has("Access-Control-Allow-Origin"));
  EXPECT_EQ(other.headers.get("Vary"), "Origin");
  EXPECT_FALSE(send({.path = "/data/a"}).headers.has("Access-Control-Allow-Origin"));
}

class BlobBatchTest : public BlobEndpointTest {
 protected:
  void SetUp() override {
    make_container();
    for (const char* path : {"/data/a", "/data/b"}) put(path, "x");
  }
  // A part that deletes `path`, signed with `signed_path` as the client believes it.
  std::string part(const std::string& path, const std::string& signed_path, const std::string& key = kKey) {
    http::Request request{.method = "DELETE", .path = signed_path, .headers = {{"x-ms-date", http_date(now_)}}};
    if (!key.empty()) sign({.key = key}, request);
    std::string text =
        "--b\r\nContent-Type: application/http\r\nContent-ID: " + path + "\r\n\r\nDELETE " + path + " HTTP/1.1\r\n";
    for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
    return text + "\r\n\r\n";
  }
  std::string send_batch(const std::string& parts, const std::string& path = "?comp=batch") {
    return text_of(send({.method = "POST",
                         .path = path,
                         .headers = {{"Content-Type", "multipart/mixed; boundary=b"}},
                         .body = parts + "--b--\r\n"}));
  }
};

TEST_F(BlobBatchTest, EveryWayOfWritingAPartIsUnderstood) {
  EXPECT_THAT(send_batch(part("/devstoreaccount1/data/a", "/devstoreaccount1/data/a")), HasSubstr("HTTP/1.1 202"));
  // Python leaves the account out, and signs the path so.
  EXPECT_THAT(send_batch(part("/data/b", "/data/b")), HasSubstr("HTTP/1.1 202 Accepted"));
  put("/data/a", "x");
  EXPECT_THAT(send_batch(part("devstoreaccount1/data/a", "/devstoreaccount1/data/a")), HasSubstr("HTTP/1.1 202"));
}

TEST_F(BlobBatchTest, EveryPartNeedsItsOwnRight) {
  const std::string wrong = base64_encode("another key, as long as it likes");
  const std::string answer = send_batch(part("/data/a", "/data/a", wrong) + part("/data/b", "/data/b"));
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 403"));
  EXPECT_THAT(answer, HasSubstr("x-ms-error-code: AuthenticationFailed"));
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 202"));
  EXPECT_EQ(outcome(send({.method = "HEAD", .path = "/data/a"})), "200");
  EXPECT_EQ(outcome(send({.method = "HEAD", .path = "/data/b"})), "404 BlobNotFound");
}

TEST_F(BlobBatchTest, ASignatureOfTheWholeServesItsParts) {
  const auto batch_by = [&](const std::string& permissions) {
    return text_of(send_unsigned({.method = "POST",
                                  .path = "/data?restype=container&comp=batch&" + service_sas(permissions),
                                  .headers = {{"Content-Type", "multipart/mixed; boundary=\"b\""}},
                                  .body = part("/data/a", "", "") + "--b--"}));
  };
  EXPECT_THAT(batch_by("r"), HasSubstr("AuthorizationPermissionMismatch"));
  EXPECT_THAT(batch_by("d"), HasSubstr("HTTP/1.1 202 Accepted"));
}

TEST_F(BlobBatchTest, AContainersBatchStaysInIt) {
  make_container("more");
  EXPECT_THAT(send_batch(part("/data/a", "/data/a"), "/more?restype=container&comp=batch"), HasSubstr("InvalidInput"));
  EXPECT_EQ(outcome(send({.method = "HEAD", .path = "/data/a"})), "200");
}

TEST_F(BlobBatchTest, WhatIsNoBatchIsRefused) {
  EXPECT_THAT(send_batch(""), HasSubstr("<Code>InvalidInput</Code>"));
  EXPECT_THAT(send_batch("--b\r\n\r\nnonsense\r\n"), HasSubstr("<Code>InvalidInput</Code>"));
  std::string many;
  for (int i = 0; i < 257; ++i) many += part("/data/a", "/data/a", "");
  EXPECT_THAT(send_batch(many), HasSubstr("<Code>ExceedsMaxBatchRequestCount</Code>"));
  EXPECT_EQ(outcome(send({.method = "POST", .path = "?comp=batch", .body = "x"})), "400 InvalidHeaderValue");
}

}  // namespace
}  // namespace batchite::testing
