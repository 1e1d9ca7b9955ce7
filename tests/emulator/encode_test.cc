#include "emulator/batch/encode.h"

#include <gtest/gtest.h>

#include "core/contract/error_codes.h"

namespace batchite::batch {
namespace {

constexpr const char* kBase = "https://acct.westeurope.batch.azure.com";

Call call_of(std::string_view operation) {
  Call call{.operation = *contract::find_operation(operation)};
  call.base = kBase;
  return call;
}

http::Response answer(std::string_view operation, Reply reply, const std::string& path = "/pools/p1/resize") {
  return encode(call_of(operation), std::move(reply), path);
}

std::string headers_of(const http::Response& response) {
  std::string text;
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\n";
  return text;
}

const Time kModified = *parse_iso8601("2026-03-14T20:33:31.278798Z");

TEST(Encode, PutsTheMetadataFirst) {
  const http::Response one = answer("Pool_Get", {.status = 200, .body = {{"id", "p1"}}, .modified = kModified});
  EXPECT_EQ(one.body,
            R"({"odata.metadata":"https://acct.westeurope.batch.azure.com/$metadata#pools/@Element","id":"p1"})");
  EXPECT_EQ(headers_of(one),
            "ETag: 0x8DE8208F4DEEA0C\nLast-Modified: Sat, 14 Mar 2026 20:33:31 GMT\n"
            "Content-Type: application/json;odata=minimalmetadata\n");
  EXPECT_TRUE(one.chunked);
  EXPECT_EQ(answer("Pool_Get", {.status = 200, .body = Document::object()}).body,
            R"({"odata.metadata":"https://acct.westeurope.batch.azure.com/$metadata#pools/@Element"})");
}

TEST(Encode, AnswersWithoutBodyHaveNoContentType) {
  const http::Response resized = answer("Pool_Resize", {.status = 202, .modified = kModified});
  EXPECT_EQ(resized.status, 202U);
  EXPECT_TRUE(resized.body.empty());
  EXPECT_FALSE(resized.headers.has("Content-Type"));
  EXPECT_TRUE(resized.chunked);
  EXPECT_FALSE(answer("Pool_UpdateProperties", {.status = 204}).chunked);  // a Content-Length of 0 instead
}

TEST(Encode, NamesTheResourceOfChangesOnly) {
  const struct {
    const char* operation;
    const char* expected;
  } cases[] = {
      {"Pool_Resize", "https://acct.westeurope.batch.azure.com/pools/p1/resize"},
      {"Pool_Patch", "https://acct.westeurope.batch.azure.com/pools/p1/resize"},
      {"Task_Update", "https://acct.westeurope.batch.azure.com/pools/p1/resize"},
      {"Pool_Get", ""},
      {"Pool_Exists", ""},
      {"Pool_Delete", ""},
      {"Task_Reactivate", ""},
      {"Task_AddCollection", ""},
      {"ComputeNode_UploadBatchServiceLogs", ""},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(answer(c.operation, {.status = 200}).headers.get("DataServiceId"), c.expected) << c.operation;
  }
}

TEST(Encode, NamesWhatWasAddedByItsLocation) {
  Reply reply{.status = 201};
  reply.headers.add("Location", "https://acct/pools/p1");
  EXPECT_EQ(headers_of(answer("Pool_Add", std::move(reply), "/pools")),
            "Location: https://acct/pools/p1\nDataServiceId: https://acct/pools/p1\n");
}

TEST(Encode, FilesHaveATimeButNoETag) {
  Reply reply{.status = 200, .modified = kModified};
  reply.headers.add("Content-Length", "13");
  const http::Response head = answer("File_GetPropertiesFromTask", std::move(reply));
  EXPECT_EQ(headers_of(head), "Last-Modified: Sat, 14 Mar 2026 20:33:31 GMT\nContent-Length: 13\n");
  EXPECT_FALSE(head.chunked);
}

TEST(Encode, TextThatIsNoUtf8IsMadeSo) {
  const http::Response response = answer("Pool_Get", {.status = 200, .body = {{"id", "a\xff"}}});
  EXPECT_NE(response.body.find("a\xEF\xBF\xBD"), std::string::npos);
}

class EncodeErrorTest : public ::testing::Test {
 protected:
  http::Response encoded(const Error& error) const { return encode_error(error, request, "the-id", kModified); }
  http::Request request{.method = "GET", .path = "/pools/p1", .base = kBase};
};

TEST_F(EncodeErrorTest, HasTheServicesForm) {
  const http::Response response =
      encoded(Error(errors::kInvalidQueryParameterValue,
                    {{"QueryParameterName", "maxresults"}, {"QueryParameterValue", "-5"}, {"Reason", "\"because\""}}));
  EXPECT_EQ(response.status, 400U);
  EXPECT_EQ(response.reason, "Value for one of the query parameters specified in the request URI is invalid.");
  EXPECT_FALSE(response.chunked);
  EXPECT_EQ(headers_of(response), "Content-Type: application/json;odata=minimalmetadata\n");
  EXPECT_EQ(Document::parse(response.body).dump(), Document::parse(R"({
        "odata.metadata": "https://acct.westeurope.batch.azure.com/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element",
        "code": "InvalidQueryParameterValue",
        "message": {
          "lang": "en-US",
          "value": "Value for one of the query parameters specified in the request URI is invalid.\nRequestId:the-id\nTime:2026-03-14T20:33:31.2787980Z"
        },
        "values": [
          {"key": "QueryParameterName", "value": "maxresults"},
          {"key": "QueryParameterValue", "value": "-5"},
          {"key": "Reason", "value": "\"because\""}
        ]
      })")
                                                       .dump());
}

TEST_F(EncodeErrorTest, HasNoValuesWhereThereIsNothingToAdd) {
  EXPECT_FALSE(Document::parse(encoded(Error(errors::kPoolNotFound)).body).contains("values"));
}

TEST_F(EncodeErrorTest, HasNoBodyForHeadAndNotModified) {
  EXPECT_TRUE(encoded(Error(errors::kNotModified)).body.empty());
  request.method = "HEAD";
  const http::Response response = encoded(Error(errors::kPoolNotFound));
  EXPECT_EQ(response.status, 404U);
  EXPECT_TRUE(response.body.empty());
  EXPECT_TRUE(response.headers.empty());
}

TEST_F(EncodeErrorTest, AsksForATokenWhenOneWasRefused) {
  EXPECT_EQ(encoded(Error(401, "AuthenticationFailed", "No.")).headers.get("WWW-Authenticate"),
            "Bearer realm=\"batchite\"");
  EXPECT_FALSE(encoded(Error(errors::kAuthenticationFailed)).headers.has("WWW-Authenticate"));
}

TEST_F(EncodeErrorTest, KeepsTheStatusLineOnOneLine) {
  EXPECT_EQ(encoded(Error(500, "InternalError", "one\r\nSet-Cookie: x\ttwo")).reason, "one  Set-Cookie: x two");
}

}  // namespace
}  // namespace batchite::batch
