// Copies from elsewhere, with a reader that tells what it was asked and answers what a test wants.
#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

class CannedReader : public SourceReader {
 public:
  SourceAnswer get(const std::string& url, const Parameters& headers) override {
    asked = url;
    for (const auto& [name, value] : headers) {
      if (name != "x-ms-version") asked += " | " + name + ": " + value;
    }
    SourceAnswer given = answer;
    given.bytes = bytes ? bytes : std::make_shared<StringSource>(body);
    return given;
  }

  std::string asked;
  SourceAnswer answer = {.status = 200, .reason = "OK"};
  std::string body = "0123456789";
  std::shared_ptr<ByteSource> bytes = nullptr;  // instead of the body
};

class RemoteSourceTest : public BlobTest {
 protected:
  static constexpr auto kUrl = "https://elsewhere.example/acct/data/a?sig=secret";

  BlobCall from_url(BlobOperation operation, const std::string& blob, Parameters headers = {}, Parameters query = {}) {
    headers.add("x-ms-copy-source", kUrl);
    return on(operation, blob, std::move(headers), std::move(query));
  }
  BlobCall block(Parameters headers = {}) {
    return from_url(BlobOperation::PutBlockFromUrl, "b", std::move(headers), {{"blockid", base64_encode("a")}});
  }
  // The message too.
  std::string refusal(const BlobCall& call) {
    try {
      service_.call(call);
      return "ok";
    } catch (const Error& error) {
      std::string text = std::to_string(error.status()) + " " + error.code() + ": " + error.message();
      for (const auto& [name, value] : error.values()) text += " " + name + "=" + value;
      return text;
    }
  }
  Parameters properties(const std::string& blob) { return run(on(BlobOperation::GetBlobProperties, blob)).headers; }

  CannedReader reader_;
  BlobService service_{store_,
                       [this] { return now_; },
                       {{"acct", {kKey}}, {"other", {kKey}}},
                       {.own = {"127.0.0.1:10000", "blob.localhost:10000"}, .elsewhere = &reader_}};
};

TEST_F(RemoteSourceTest, ACopyKeepsWhatItsSourceSaysOfItself) {
  reader_.answer.headers = {{"content-type", "text/css"},
                            {"Cache-Control", "no-cache"},
                            {"X-Ms-Meta-Kind", "far"},
                            {"Content-MD5", "not one"},
                            {"x-ms-lease-status", "locked"},
                            {"Server", "nginx"},
                            {"x-ms-copy-id", "of an earlier copy"}};
  service_.call(from_url(BlobOperation::CopyBlob, "b"));
  EXPECT_EQ(reader_.asked, kUrl);
  EXPECT_EQ(get("b"), "0123456789");
  const Parameters copy = properties("b");
  EXPECT_EQ(copy.get("Content-Type"), "text/css");
  EXPECT_EQ(copy.get("Cache-Control"), "no-cache");
  EXPECT_EQ(copy.get("x-ms-meta-kind"), "far");
  EXPECT_EQ(copy.get("x-ms-copy-status"), "success");
  EXPECT_EQ(copy.get("x-ms-copy-progress"), "10/10");
  EXPECT_EQ(copy.get("x-ms-copy-source"), "https://elsewhere.example/acct/data/a");
  EXPECT_EQ(copy.get("x-ms-lease-status"), "unlocked");
  EXPECT_FALSE(copy.has("Content-MD5"));
}

TEST_F(RemoteSourceTest, ASynchronousCopyIsOf256MiBAtMost) {
  const Parameters sync = {{"x-ms-requires-sync", "true"}};
  reader_.bytes = std::make_shared<ClaimedSource>(257);
  EXPECT_EQ(outcome([&] { service_.call(from_url(BlobOperation::CopyBlobFromUrl, "b", sync)); }),
            "409 CannotVerifyCopySource");
  EXPECT_EQ(outcome([&] { get("b"); }), "404 BlobNotFound");
  reader_.bytes = std::make_shared<ClaimedSource>(256);
  EXPECT_EQ(outcome([&] { service_.call(from_url(BlobOperation::CopyBlobFromUrl, "b", sync)); }), "ok");
  reader_.bytes = std::make_shared<ClaimedSource>(257);
  EXPECT_EQ(outcome([&] { service_.call(from_url(BlobOperation::CopyBlob, "b")); }), "ok");
}

TEST_F(RemoteSourceTest, ACopyIsOfTheTypeOfItsSource) {
  reader_.answer.headers = {{"x-ms-blob-type", "AppendBlob"}, {"x-ms-blob-committed-block-count", "3"}};
  service_.call(from_url(BlobOperation::CopyBlob, "log"));
  EXPECT_EQ(properties("log").get("x-ms-blob-type"), "AppendBlob");
  EXPECT_EQ(properties("log").get("x-ms-blob-committed-block-count"), "3");
  reader_.body = std::string(512, 'p');
  reader_.answer.headers = {{"x-ms-blob-type", "PageBlob"}, {"x-ms-blob-sequence-number", "7"}};
  service_.call(from_url(BlobOperation::CopyBlob, "disk"));
  EXPECT_EQ(properties("disk").get("x-ms-blob-sequence-number"), "7");
  EXPECT_EQ(run(on(BlobOperation::GetPageRanges, "disk")).body.at("PageRange").dump(), R"([{"Start":0,"End":511}])");
}

TEST_F(RemoteSourceTest, WhatIsMeantForTheSourceGoesThere) {
  reader_.answer = {.status = 206, .headers = {{"Content-Range", "bytes 2-4/10"}}};
  reader_.body = "234";
  service_.call(block({{"x-ms-source-range", "bytes=2-4"},
                       {"x-ms-source-if-match", "\"0x1\""},
                       {"x-ms-copy-source-authorization", "Bearer t"},
                       {"Authorization", "SharedKey acct:ours"}}));
  EXPECT_EQ(reader_.asked, std::string(kUrl) + " | Range: bytes=2-4 | If-Match: \"0x1\" | Authorization: Bearer t");
  commit("b", "latest:a");
  EXPECT_EQ(get("b"), "234");
}

TEST_F(RemoteSourceTest, APartIsThatPartAlsoFromSourcesWithoutRanges) {
  service_.call(block({{"x-ms-source-range", "bytes=2-4"}}));
  commit("b", "latest:a");
  EXPECT_EQ(get("b"), "234");
  reader_.answer = {.status = 206, .headers = {{"Content-Range", "bytes 0-9/10"}}};
  EXPECT_EQ(refusal(block({{"x-ms-source-range", "bytes=2-4"}})),
            "500 CannotVerifyCopySource: The copy source gives another range than asked for.");
}

TEST_F(RemoteSourceTest, ASourceThatRefusesIsToldWithItsOwnStatus) {
  reader_.body =
      "<Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.\nRequestId:1</Message></Error>";
  reader_.answer = {.status = 404, .reason = "Not Found"};
  EXPECT_EQ(refusal(block()),
            "404 CannotVerifyCopySource: The specified blob does not exist. CopySourceStatusCode=404 "
            "CopySourceErrorCode=BlobNotFound");
  reader_.body = "<html>";
  reader_.answer.status = 403;
  reader_.answer.reason = "Forbidden";
  EXPECT_EQ(refusal(block()), "403 CannotVerifyCopySource: Forbidden CopySourceStatusCode=403");
  reader_.answer.status = 302;  // and no Location
  EXPECT_EQ(outcome([&] { service_.call(block()); }), "500 CannotVerifyCopySource");
  reader_.answer.status = 412;
  EXPECT_EQ(outcome([&] { service_.call(block()); }), "412 CannotVerifyCopySource");
  EXPECT_EQ(outcome([&] { service_.call(from_url(BlobOperation::CopyBlob, "b")); }), "412 SourceConditionNotMet");
  EXPECT_EQ(outcome([&] { get("b"); }), "404 BlobNotFound");
}

TEST_F(RemoteSourceTest, TheAddressTellsWhoseBlobItIs) {
  put("a", "ours");
  const auto copied_from = [&](const std::string& url, const std::string& host) {
    reader_.asked.clear();
    service_.call(on(BlobOperation::CopyBlob, "b", {{"x-ms-copy-source", url}, {"Host", host}}));
    return reader_.asked.empty() ? "here" : "elsewhere";
  };
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"http://127.0.0.1:10000/acct/data/a", "127.0.0.1:10000", "here"},
      {"http://127.0.0.1:10001/acct/data/a", "127.0.0.1:10000", "elsewhere"},
      {"http://azurite:10000/acct/data/a", "azurite:10000", "here"},
      {"http://azurite:10000/acct/data/a", "127.0.0.1:10000", "elsewhere"},
      {"http://acct.blob.localhost:10000/data/a", "127.0.0.1:10000", "here"},
      {"http://acct.blob.localhost:10001/data/a", "127.0.0.1:10000", "elsewhere"},
      {"http://acct.azurite.internal:80/data/a", "acct.azurite.internal:80", "here"},
      {"https://acct.blob.core.windows.net/data/a", "127.0.0.1:10000", "here"},
      {"https://stranger.blob.core.windows.net/data/a", "acct.blob.core.windows.net", "elsewhere"},
  };
  for (const auto& [url, host, where] : cases) EXPECT_EQ(copied_from(url, host), where) << url << " at " << host;
}

}  // namespace
}  // namespace batchite::testing
