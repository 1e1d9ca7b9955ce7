#include "emulator/blob/blob_endpoint.h"

#include <regex>

#include "core/blob/checksums.h"

#include "tests/emulator/blob_fixture.h"

namespace batchite::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(BlobEndpointTest, EveryAnswerSaysWhoAnswersAndWhom) {
  const std::string uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
  for (const char* path : {"/?comp=list", "/nothing/here", "/data?comp=nonsense"}) {
    const http::Response response = send({.path = path, .headers = {{"x-ms-client-request-id", "my-1"}}});
    EXPECT_TRUE(std::regex_match(response.headers.get("x-ms-request-id"), std::regex(uuid))) << path;
    EXPECT_EQ(response.headers.get("x-ms-version"), "2021-12-02");
    EXPECT_EQ(response.headers.get("x-ms-client-request-id"), "my-1");
    EXPECT_THAT(response.headers.get("Server"), StartsWith("Batchite"));
  }
  const http::Response one = send({.path = "/?comp=list"}), other = send({.path = "/?comp=list"});
  EXPECT_NE(one.headers.get("x-ms-request-id"), other.headers.get("x-ms-request-id"));
  for (const std::string& bad : {std::string(1025, 'x'), std::string("a\r\nSet-Cookie: x"), std::string("ä")}) {
    EXPECT_FALSE(send({.path = "/?comp=list", .headers = {{"x-ms-client-request-id", bad}}})
                     .headers.has("x-ms-client-request-id"));
  }
}

TEST_F(BlobEndpointTest, AnUploadTellsItsLengthOrComesInChunks) {
  make_container();
  Ask ask{.method = "PUT", .path = "/data/a", .headers = {{"x-ms-blob-type", "BlockBlob"}}, .is_chunked = true};
  EXPECT_EQ(outcome(send(ask)), "411 MissingContentLengthHeader");  // neither
  EXPECT_EQ(outcome(send({.path = "/data/a"})), "404 BlobNotFound");
  ask.body = "text";
  EXPECT_EQ(outcome(send(ask)), "201");
  ask.body.clear();
  ask.is_chunked = false;
  EXPECT_EQ(outcome(send(ask)), "201");
}

TEST_F(BlobEndpointTest, AnyWellFormedVersionOfTheServiceWorks) {
  for (const char* version : {"2009-09-19", "2018-11-09", "2026-12-06", "2199-01-01"}) {
    const http::Response response = send({.path = "/?comp=list", .headers = {{"x-ms-version", version}}});
    EXPECT_EQ(outcome(response), "200") << version;
    EXPECT_EQ(response.headers.get("x-ms-version"), version);
  }
  for (const char* version : {"", "2021", "2021-13-45", "latest", "2021-12-02T00:00Z"}) {
    const http::Response response = send({.path = "/?comp=list", .headers = {{"x-ms-version", version}}});
    EXPECT_EQ(outcome(response), "400 InvalidHeaderValue") << version;
    EXPECT_THAT(response.body, HasSubstr("<HeaderName>x-ms-version</HeaderName>"));
  }
  make_container();
  put("/data/a", "x");
  http::Request request = wire({.path = "/data/a?" + service_sas("r")});
  request.headers = {};
  const http::Response response = endpoint_.handle(request);
  EXPECT_EQ(outcome(response), "200");
  EXPECT_EQ(response.headers.get("x-ms-version"), "2021-12-02");  // the signature's
}

TEST_F(BlobEndpointTest, AnErrorIsXmlAndItsMessageIsTheReason) {
  make_container();
  const http::Response response = send({.path = "/data/none"});
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(response.reason, "The specified blob does not exist.");
  EXPECT_EQ(response.headers.get("x-ms-error-code"), "BlobNotFound");
  EXPECT_EQ(response.headers.get("Content-Type"), "application/xml");
  EXPECT_THAT(response.body, HasSubstr("<Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.\n"
                                       "RequestId:" +
                                       response.headers.get("x-ms-request-id") +
                                       "\nTime:2024-03-05T10:00:00.0000000Z</Message></Error>"));
}

TEST_F(BlobEndpointTest, HeadAndNotModifiedHaveNoBodyButTheCode) {
  make_container();
  const std::string tag = put("/data/a", "x").headers.get("ETag");
  const http::Response head = send({.method = "HEAD", .path = "/data/none"});
  EXPECT_EQ(outcome(head), "404 BlobNotFound");
  EXPECT_THAT(head.body, IsEmpty());
  const http::Response same = send({.path = "/data/a", .headers = {{"If-None-Match", tag}}});
  EXPECT_EQ(outcome(same), "304 ConditionNotMet");
  EXPECT_THAT(text_of(same), IsEmpty());
}

TEST_F(BlobEndpointTest, ABlobGoesInAndComesOut) {
  make_container();
  const http::Response made =
      put("/data/in/clip%201.mp4", "hello world", {{"Content-Type", "video/mp4"}, {"x-ms-meta-Color", "red"}});
  EXPECT_EQ(outcome(made), "201");
  EXPECT_EQ(made.headers.get("Content-MD5"), "XrY7u+Ae7tCTyyK7j1rNww==");
  EXPECT_THAT(made.headers.get("ETag"), MatchesRegex("\"0x[0-9A-F]+\""));

  const http::Response got = send({.path = "/data/in/clip%201.mp4"});
  EXPECT_EQ(text_of(got), "hello world");
  EXPECT_EQ(got.headers.get("ETag"), made.headers.get("ETag"));
  EXPECT_EQ(got.headers.get("Content-Type"), "video/mp4");
  EXPECT_EQ(got.headers.get("x-ms-meta-Color"), "red");
  EXPECT_FALSE(got.headers.has("Content-Length"));  // the server says it

  const http::Response head = send({.method = "HEAD", .path = "/data/in/clip%201.mp4"});
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.headers.get("Content-Length"), "11");
  EXPECT_EQ(head.bytes, nullptr);

  EXPECT_EQ(outcome(send({.method = "DELETE", .path = "/data/in/clip%201.mp4"})), "202");
  EXPECT_EQ(outcome(send({.path = "/data/in/clip%201.mp4"})), "404 BlobNotFound");
}

TEST_F(BlobEndpointTest, ABodyMayComeWithoutItsLengthOrNotAtAll) {
  make_container();
  const Parameters type = {{"x-ms-blob-type", "BlockBlob"}};
  EXPECT_EQ(outcome(send({.method = "PUT", .path = "/data/a", .headers = type, .body = "abc", .is_chunked = true})),
            "201");
  EXPECT_EQ(get("/data/a"), "abc");
  EXPECT_EQ(outcome(send({.method = "PUT", .path = "/data/a", .headers = type})), "201");
  EXPECT_EQ(get("/data/a"), "");
}

TEST_F(BlobEndpointTest, RangesAreAnsweredAsClientsExpectThem) {
  make_container();
  put("/data/a", "hello world");
  put("/data/empty", "");
  const struct {
    std::string path;
    Parameters headers;
    std::string expected, content_range, text;
  } cases[] = {
      {"/data/a", {{"x-ms-range", "bytes=0-4"}}, "206", "bytes 0-4/11", "hello"},
      {"/data/a", {{"x-ms-range", "bytes=6-"}, {"Range", "bytes=0-0"}}, "206", "bytes 6-10/11", "world"},
      {"/data/a", {{"Range", "bytes=0-33554431"}}, "206", "bytes 0-10/11", "hello world"},
      {"/data/a", {{"Range", "bytes=-5"}}, "200", "", "hello world"},
      {"/data/a", {{"x-ms-range", "bytes=11-"}}, "416 InvalidRange", "bytes */11", ""},
      {"/data/empty", {{"x-ms-range", "bytes=0-33554431"}}, "416 InvalidRange", "bytes */0", ""},
  };
  for (const auto& [path, headers, expected, content_range, text] : cases) {
    const http::Response response = send({.path = path, .headers = headers});
    EXPECT_EQ(outcome(response), expected);
    EXPECT_EQ(response.headers.get("Content-Range"), content_range);
    if (response.status < 300) {
      EXPECT_EQ(text_of(response), text);
    }
  }
}

TEST_F(BlobEndpointTest, BlocksBecomeABlob) {
  make_container();
  const auto block = [&](const std::string& id, const std::string& text) {
    return outcome(send({.method = "PUT", .path = "/data/a?comp=block&blockid=" + percent_encode(id), .body = text}));
  };
  EXPECT_EQ(block("QQ==", "one "), "201");
  EXPECT_EQ(block("Qg==", "two"), "201");
  EXPECT_EQ(outcome(send({.path = "/data/a"})), "404 BlobNotFound");
  EXPECT_THAT(
      send({.path = "/data/a?comp=blocklist&blocklisttype=all"}).body,
      HasSubstr("<BlockList><CommittedBlocks /><UncommittedBlocks><Block><Name>QQ==</Name><Size>4</Size></Block>"
                "<Block><Name>Qg==</Name><Size>3</Size></Block></UncommittedBlocks></BlockList>"));
  const std::string xml = "<BlockList><Latest>QQ==</Latest><Latest>Qg==</Latest></BlockList>";
  const http::Response done = send({.method = "PUT",
                                    .path = "/data/a?comp=blocklist",
                                    .headers = {{"x-ms-blob-content-type", "text/plain"}},
                                    .body = xml});
  EXPECT_EQ(outcome(done), "201");
  EXPECT_EQ(done.headers.get("x-ms-content-crc64"), crc64_text(crc64_nvme(0, xml)));
  EXPECT_FALSE(done.headers.has("Content-MD5"));
  EXPECT_EQ(get("/data/a"), "one two");
  EXPECT_EQ(send({.path = "/data/a"}).headers.get("Content-Type"), "text/plain");
}

TEST_F(BlobEndpointTest, ABlockListIsCheckedAndBounded) {
  make_container();
  const auto commit = [&](const std::string& xml, Parameters headers = {}) {
    return send({.method = "PUT", .path = "/data/a?comp=blocklist", .headers = std::move(headers), .body = xml});
  };
  EXPECT_EQ(outcome(commit("")), "400 InvalidXmlDocument");
  EXPECT_EQ(outcome(commit("<BlockList><Latest>QQ==</Latest></BlockList>")), "400 InvalidBlockList");
  EXPECT_EQ(outcome(commit("<BlockList/>", {{"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="}})), "400 Md5Mismatch");
  const std::string large = "<BlockList>" + std::string((8u << 20) + 1, ' ');
  EXPECT_EQ(outcome(commit(large)), "413 RequestBodyTooLarge");
  EXPECT_EQ(outcome(send({.method = "PUT", .path = "/data/a?comp=blocklist", .body = large, .is_chunked = true})),
            "413 RequestBodyTooLarge");
  const http::Response fits = commit("<BlockList/>");
  EXPECT_EQ(outcome(fits), "201");
}

TEST_F(BlobEndpointTest, ContainersAreListedWithTheirProperties) {
  make_container("one");
  make_container("two");
  const http::Response page = send({.path = "/?comp=list&maxresults=1"});
  EXPECT_EQ(page.headers.get("Content-Type"), "application/xml");
  EXPECT_THAT(page.body, HasSubstr("<EnumerationResults ServiceEndpoint=\"http://127.0.0.1:10000/devstoreaccount1/\">"
                                   "<MaxResults>1</MaxResults><Containers><Container><Name>one</Name><Properties>"
                                   "<Last-Modified>Tue, 05 Mar 2024 10:00:00 GMT</Last-Modified><Etag>&quot;0x"));
  EXPECT_THAT(page.body, HasSubstr("<NextMarker>/devstoreaccount1/two</NextMarker>"));
  const std::string rest = send({.path = "/?comp=list&marker=%2Fdevstoreaccount1%2Ftwo"}).body;
  EXPECT_THAT(rest, HasSubstr("<Name>two</Name>"));
  EXPECT_THAT(rest, Not(HasSubstr("<Name>one</Name>")));
}

TEST_F(BlobEndpointTest, BlobsAreListedByNameAndDelimiter) {
  make_container();
  for (const char* name : {"/data/a", "/data/b/1", "/data/b/2", "/data/c%26"}) put(name, "x", {{"x-ms-meta-k", "v"}});
  const std::string xml = text_of(send({.path = "/data?restype=container&comp=list&delimiter=%2F&include=metadata"}));
  EXPECT_THAT(xml, HasSubstr("ContainerName=\"data\"><Delimiter>/</Delimiter><Blobs><Blob><Name>a</Name><Properties>"));
  EXPECT_THAT(xml, HasSubstr("</Blob><BlobPrefix><Name>b/</Name></BlobPrefix><Blob><Name>c&amp;</Name>"));
  EXPECT_THAT(xml, HasSubstr("<Content-Length>1</Content-Length><Content-Type>application/octet-stream</Content-Type>"
                             "<Content-Encoding /><Content-Language />"));
  EXPECT_THAT(xml, HasSubstr("<Metadata><k>v</k></Metadata><OrMetadata /></Blob>"));
  const std::string below = text_of(send({.path = "/data?restype=container&comp=list&prefix=b%2F&delimiter=%2F"}));
  EXPECT_THAT(below, HasSubstr("<Name>b/1</Name>"));
  EXPECT_THAT(below, Not(HasSubstr("<Name>a</Name>")));
}

TEST_F(BlobEndpointTest, MetadataPropertiesAndCopiesGoByTheirRoutes) {
  make_container();
  put("/data/a", "x");
  EXPECT_EQ(outcome(send({.method = "PUT", .path = "/data/a?comp=metadata", .headers = {{"x-ms-meta-k", "v"}}})),
            "200");
  const http::Response metadata = send({.path = "/data/a?comp=metadata"});
  EXPECT_EQ(metadata.headers.get("x-ms-meta-k"), "v");
  EXPECT_THAT(text_of(metadata), IsEmpty());
  EXPECT_EQ(
      outcome(send(
          {.method = "PUT", .path = "/data/a?comp=properties", .headers = {{"x-ms-blob-content-type", "text/plain"}}})),
      "200");
  const http::Response copied =
      send({.method = "PUT",
            .path = "/data/b",
            .headers = {{"x-ms-copy-source", std::string(kHost) + "/devstoreaccount1/data/a"}}});
  EXPECT_EQ(outcome(copied), "202");
  EXPECT_EQ(copied.headers.get("x-ms-copy-status"), "success");
  EXPECT_EQ(send({.method = "HEAD", .path = "/data/b"}).headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(outcome(send({.method = "PUT", .path = "/data?restype=container&comp=metadata"})), "200");
  EXPECT_EQ(outcome(send({.method = "HEAD", .path = "/data?restype=container"})), "200");
  EXPECT_EQ(outcome(send({.method = "DELETE", .path = "/data?restype=container"})), "202");
}

TEST_F(BlobEndpointTest, QuestionsAboutTheAccountAreAnswered) {
  make_container();
  const http::Response information = send({.method = "HEAD", .path = "/?restype=account&comp=properties"});
  EXPECT_EQ(outcome(information), "200");
  EXPECT_EQ(information.headers.get("x-ms-account-kind"), "StorageV2");
  EXPECT_THAT(send({.path = "/?restype=service&comp=properties"}).body,
              HasSubstr("<StorageServiceProperties><Logging><Version>1.0</Version><Read>false</Read>"));
  EXPECT_THAT(send({.path = "/data?restype=container&comp=acl"}).body, HasSubstr("<SignedIdentifiers />"));
  EXPECT_EQ(outcome(send({.path = "/none?restype=container&comp=acl"})), "404 ContainerNotFound");
}

TEST_F(BlobEndpointTest, HostStyleAddressesTheSameBlobs) {
  make_container();
  put("/data/a", "x");
  const Ask ask{.path = "/data/a", .account = "", .base = "http://devstoreaccount1.blob.localhost:10000"};
  EXPECT_EQ(text_of(send(ask)), "x");
  Ask list = ask;
  list.path = "/?comp=list";
  EXPECT_THAT(send(list).body, HasSubstr("ServiceEndpoint=\"http://devstoreaccount1.blob.localhost:10000/\""));
}

TEST_F(BlobEndpointTest, HostilePathsStayNames) {
  make_container();
  const struct {
    std::string path, expected;
  } cases[] = {
      {"/data/../../etc/passwd", "404 BlobNotFound"},
      {"/data/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "404 BlobNotFound"},
      {"/../data/a", "400 OutOfRangeInput"},
      {"/..%2Fdata/a", "400 InvalidResourceName"},
      {"/data/a%00b", "400 InvalidResourceName"},
      {"/data/%ff%fe", "400 InvalidResourceName"},
      {"/data/" + std::string(1025, 'x'), "400 OutOfRangeInput"},
      {"/DATA/a", "400 InvalidResourceName"},
      {"//data/a", "400 InvalidUri"},
  };
  for (const auto& [path, expected] : cases) EXPECT_EQ(outcome(send({.path = path})), expected) << path;
}

TEST_F(BlobEndpointTest, BrowsersOfOtherOriginsAreNotLetIn) {
  const Parameters headers = {{"Origin", "http://example.org"}, {"Access-Control-Request-Method", "GET"}};
  EXPECT_EQ(outcome(send_unsigned({.method = "OPTIONS", .path = "/data/a", .headers = headers})),
            "403 CorsPreflightFailure");
  EXPECT_EQ(outcome(send_unsigned({.method = "OPTIONS", .path = "/data/a"})), "400 InvalidHeaderValue");
}

TEST_F(BlobEndpointTest, ABodyThatBreaksOffLeavesNothing) {
  make_container();
  struct Broken : ByteSource {
    std::size_t read(std::span<char>) override { throw Error(400, "RequestAborted", "The client stopped sending."); }
  } broken;
  const Ask ask{.method = "PUT", .path = "/data/a", .headers = {{"x-ms-blob-type", "BlockBlob"}}, .body = "abc"};
  http::Request request = wire(ask);
  sign(ask, request);
  request.body = &broken;
  EXPECT_EQ(outcome(endpoint_.handle(request)), "400 RequestAborted");
  EXPECT_EQ(outcome(send({.path = "/data/a"})), "404 BlobNotFound");
}

TEST_F(BlobEndpointTest, AnUnexpectedFailureIsTheServersFault) {
  make_container();
  struct Failing : ByteSource {
    std::size_t read(std::span<char>) override { throw std::runtime_error("the disk is gone"); }
  } failing;
  const Ask ask{.method = "PUT", .path = "/data/a", .headers = {{"x-ms-blob-type", "BlockBlob"}}, .body = "abc"};
  http::Request request = wire(ask);
  sign(ask, request);
  request.body = &failing;
  const http::Response response = endpoint_.handle(request);
  EXPECT_EQ(outcome(response), "500 InternalError");
  EXPECT_THAT(response.body, HasSubstr("<Reason>the disk is gone</Reason>"));
}

}  // namespace
}  // namespace batchite::testing
