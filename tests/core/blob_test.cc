#include "tests/core/blob_fixture.h"

#include "core/blob/blob_url.h"
#include "core/blob/checksums.h"
#include "core/blob/errors.h"
#include "core/blob/operation_table.h"
#include "core/signing/sas.h"

namespace batchite::testing {
namespace {

TEST_F(BlobTest, ABlobComesBackWithItsPropertiesAndMetadata) {
  put("in/clip 1.mp4", "hello world",
      {{"Content-Type", "video/mp4"}, {"x-ms-blob-cache-control", "no-cache"}, {"x-ms-meta-Color", " red "}});
  const BlobReply reply = run(on(BlobOperation::GetBlob, "in/clip 1.mp4"));
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(read_all(*reply.bytes), "hello world");
  EXPECT_EQ(reply.headers.get("Content-Type"), "video/mp4");
  EXPECT_EQ(reply.headers.get("Cache-Control"), "no-cache");
  EXPECT_EQ(reply.headers.get("x-ms-meta-color"), "red");
  EXPECT_EQ(reply.headers.get("Content-MD5"), "XrY7u+Ae7tCTyyK7j1rNww==");
  EXPECT_EQ(reply.headers.get("Content-Length"), "11");
  EXPECT_EQ(reply.headers.get("x-ms-access-tier"), "");  // only HEAD tells it
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "in/clip 1.mp4")).headers.get("x-ms-access-tier"), "Hot");
}

TEST_F(BlobTest, EveryWriteChangesTheEtagEvenWithinOneTick) {
  const std::string first = put("a", "1").headers.get("ETag");
  const std::string second = put("a", "2").headers.get("ETag");
  const std::string third = run(on(BlobOperation::SetBlobMetadata, "a")).headers.get("ETag");
  EXPECT_NE(first, second);
  EXPECT_NE(second, third);
  EXPECT_EQ(first.front(), '"');
  now_ -= std::chrono::hours(1);  // a clock set back
  EXPECT_GT(put("a", "3").headers.get("ETag"), third);
}

TEST_F(BlobTest, NamesAreCheckedOnEveryOperation) {
  const struct {
    std::string container, blob, expected;
  } cases[] = {
      {"data", "a", "404 BlobNotFound"},
      {"nothere", "a", "404 ContainerNotFound"},
      {"$root", "a", "404 ContainerNotFound"},
      {"Data", "a", "400 InvalidResourceName"},
      {"da--ta", "a", "400 InvalidResourceName"},
      {"-data", "a", "400 InvalidResourceName"},
      {"da", "a", "400 OutOfRangeInput"},
      {std::string(64, 'a'), "a", "400 OutOfRangeInput"},
      {"data", std::string(1024, 'x'), "404 BlobNotFound"},
      {"data", std::string(1025, 'x'), "400 OutOfRangeInput"},
      {"data", std::string(1025, '/'), "400 OutOfRangeInput"},
      {"data", "\xff", "400 InvalidResourceName"},
      {"data", "../../etc/passwd", "404 BlobNotFound"},
  };
  for (const auto& [container, blob, expected] : cases) {
    BlobCall call = on(BlobOperation::GetBlob, blob);
    call.container = container;
    EXPECT_EQ(outcome(call), expected) << container << " " << blob;
  }
}

TEST_F(BlobTest, ReadConditionsFollowTheServicesTable) {
  const std::string etag = put("a", "x").headers.get("ETag");
  const std::string bare = etag.substr(1, etag.size() - 2);
  const std::string before = http_date(kStart - std::chrono::hours(1)),
                    after = http_date(kStart + std::chrono::hours(1));
  const struct {
    Parameters headers;
    std::string blob, expected;
  } cases[] = {
      {{{"If-Match", etag}}, "a", "ok"},
      {{{"If-Match", bare}}, "a", "ok"},
      {{{"If-Match", "\"0x1\", " + etag}}, "a", "ok"},
      {{{"If-Match", "*"}}, "a", "ok"},
      {{{"If-Match", "W/" + etag}}, "a", "412 ConditionNotMet"},
      {{{"If-Match", ""}}, "a", "ok"},
      {{{"If-None-Match", etag}}, "a", "304 ConditionNotMet"},
      {{{"If-None-Match", "\"0x1\""}}, "a", "ok"},
      {{{"If-None-Match", "*"}}, "a", "400 UnsatisfiableCondition"},
      {{{"If-Modified-Since", before}}, "a", "ok"},
      {{{"If-Modified-Since", http_date(kStart)}}, "a", "304 ConditionNotMet"},
      {{{"If-Unmodified-Since", before}}, "a", "412 ConditionNotMet"},
      {{{"If-Unmodified-Since", after}}, "a", "ok"},
      {{{"If-None-Match", etag}, {"If-Modified-Since", before}}, "a", "ok"},  // one of the two suffices
      {{{"If-Match", etag}}, "missing", "404 BlobNotFound"},
  };
  for (const auto& [headers, blob, expected] : cases) {
    EXPECT_EQ(outcome(on(BlobOperation::GetBlobProperties, blob, headers)), expected) << headers.begin()->first;
    EXPECT_EQ(outcome(on(BlobOperation::GetBlob, blob, headers)), expected) << headers.begin()->first;
  }
}

TEST_F(BlobTest, WriteConditionsFollowTheServicesTable) {
  put("a", "x");
  const std::string before = http_date(kStart - std::chrono::hours(1));
  const auto try_put = [&](const std::string& blob, Parameters headers) {
    return outcome([&] { put(blob, "y", headers); });
  };
  EXPECT_EQ(try_put("a", {{"If-None-Match", "*"}}), "409 BlobAlreadyExists");
  EXPECT_EQ(try_put("new", {{"If-None-Match", "*"}}), "ok");
  EXPECT_EQ(try_put("missing", {{"If-Match", "*"}}), "412 ConditionNotMet");
  EXPECT_EQ(try_put("a", {{"If-Match", "\"0x1\""}}), "412 ConditionNotMet");
  EXPECT_EQ(try_put("a", {{"If-Unmodified-Since", before}}), "412 ConditionNotMet");
  EXPECT_EQ(try_put("a", {{"If-Match", "*"}, {"If-None-Match", "*"}}), "400 MultipleConditionHeadersNotSupported");
  EXPECT_EQ(get("a"), "x");
  EXPECT_EQ(outcome(on(BlobOperation::DeleteBlob, "missing", {{"If-Match", "*"}})), "404 BlobNotFound");
  EXPECT_EQ(outcome(on(BlobOperation::PutBlock, "a", {{"If-Match", "*"}}, {{"blockid", "YQ=="}})),
            "400 ConditionHeadersNotSupported");
  put_block("new2", "b1", "z");  // an uncommitted blob is none yet
  EXPECT_EQ(outcome([&] { commit("new2", "latest:b1", {{"If-None-Match", "*"}}); }), "ok");
}

TEST_F(BlobTest, RangesAreServedClippedOrIgnored) {
  put("a", "0123456789");
  put("empty", "");
  const struct {
    std::string range, blob, expected;
  } cases[] = {
      {"bytes=2-4", "a", "206 234 bytes 2-4/10"},
      {"bytes=7-", "a", "206 789 bytes 7-9/10"},
      {"bytes=0-99", "a", "206 0123456789 bytes 0-9/10"},
      {"bytes=-5", "a", "200 0123456789 "},
      {"bytes=0-1,4-5", "a", "200 0123456789 "},
      {"bytes=5-2", "a", "200 0123456789 "},
      {"lines=1-2", "a", "200 0123456789 "},
      {"bytes=10-", "a", "416 bytes */10"},
      {"bytes=0-0", "empty", "416 bytes */0"},
  };
  for (const auto& [range, blob, expected] : cases) {
    std::string actual;
    try {
      const BlobReply reply = run(on(BlobOperation::GetBlob, blob, {{"x-ms-range", range}, {"Range", "bytes=1-1"}}));
      actual = std::to_string(reply.status) + " " + read_all(*reply.bytes) + " " + reply.headers.get("Content-Range");
    } catch (const Error& error) {
      actual = std::to_string(error.status()) + " " + error.values().at(0).value;
    }
    EXPECT_EQ(actual, expected) << range;
  }
}

TEST_F(BlobTest, APartialAnswerCarriesTheMd5OfTheWholeUnderAnotherName) {
  put("a", "hello world");
  const BlobReply plain = run(on(BlobOperation::GetBlob, "a", {{"Range", "bytes=0-4"}}));
  EXPECT_FALSE(plain.headers.has("Content-MD5"));
  EXPECT_EQ(plain.headers.get("x-ms-blob-content-md5"), "XrY7u+Ae7tCTyyK7j1rNww==");
  const BlobReply asked =
      run(on(BlobOperation::GetBlob, "a", {{"Range", "bytes=0-4"}, {"x-ms-range-get-content-md5", "true"}}));
  EXPECT_EQ(asked.headers.get("Content-MD5"), base64_encode(md5("hello")));
  EXPECT_EQ(read_all(*asked.bytes), "hello");
}

TEST_F(BlobTest, ChecksumsAreVerifiedAndARefusedBodyLeavesNothing) {
  const struct {
    Parameters headers;
    std::string expected;
  } cases[] = {
      {{{"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="}}, "ok"},
      {{{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="}}, "400 Md5Mismatch"},
      {{{"Content-MD5", "abc"}}, "400 InvalidMd5"},
      {{{"x-ms-blob-content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="}}, "400 Md5Mismatch"},
      {{{"x-ms-content-crc64", "vo7q9sPVKY0="}}, "ok"},
      {{{"x-ms-content-crc64", "AAAAAAAAAAA="}}, "400 Crc64Mismatch"},
      {{{"x-ms-content-crc64", "vo7q9sPVKY0="}, {"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="}},
       "400 BothCrc64AndMd5HeaderPresent"},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const std::string blob = "b" + std::to_string(i);
    EXPECT_EQ(outcome([&] { put(blob, "hello world", cases[i].headers); }), cases[i].expected) << i;
    EXPECT_EQ(outcome(on(BlobOperation::GetBlob, blob)), cases[i].expected == "ok" ? "ok" : "404 BlobNotFound");
  }
}

TEST(Checksums, Crc64AgreesWithRecordedPairs) {
  const std::pair<std::string, std::string> cases[] = {{"", "AAAAAAAAAAA="},
                                                       {"123456789", "iJh5CoYUi64="},
                                                       {"hello world", "vo7q9sPVKY0="},
                                                       {std::string(1024, 'a'), "ov8U1LLnyKc="}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(crc64_text(crc64_nvme(0, text)), expected) << text;
  const std::string text = "hello world";
  const auto half = crc64_nvme(0, std::span(text).first(5));
  EXPECT_EQ(crc64_nvme(half, std::span(text).subspan(5)), crc64_nvme(0, text));
}

TEST_F(BlobTest, MetadataNamesAreIdentifiersAndLimited) {
  const struct {
    Parameters headers;
    std::string expected;
  } cases[] = {
      {{{"x-ms-meta-a_1", ""}}, "ok"},
      {{{"x-ms-meta-", "v"}}, "400 EmptyMetadataKey"},
      {{{"x-ms-meta-1a", "v"}}, "400 InvalidMetadata"},
      {{{"x-ms-meta-a-b", "v"}}, "400 InvalidMetadata"},
      {{{"x-ms-meta-a", "1"}, {"X-MS-META-A", "2"}}, "400 InvalidMetadata"},
      {{{"x-ms-meta-a", "\xc3\xa9"}}, "400 InvalidMetadata"},
      {{{"x-ms-meta-a", std::string(8191, 'v')}}, "ok"},
      {{{"x-ms-meta-a", std::string(8192, 'v')}}, "400 MetadataTooLarge"},
  };
  for (const auto& [headers, expected] : cases) EXPECT_EQ(outcome([&] { put("a", "x", headers); }), expected);
}

TEST_F(BlobTest, SettingPropertiesReplacesAllSixAndKeepsTheBytes) {
  put("a", "x", {{"Content-Type", "text/plain"}, {"x-ms-blob-content-language", "en"}, {"x-ms-meta-k", "v"}});
  run(on(BlobOperation::SetBlobProperties, "a", {{"x-ms-blob-content-encoding", "gzip"}}));
  const BlobReply reply = run(on(BlobOperation::GetBlobProperties, "a"));
  EXPECT_EQ(reply.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(reply.headers.get("Content-Language"), "");
  EXPECT_EQ(reply.headers.get("Content-Type"), "application/octet-stream");
  EXPECT_EQ(reply.headers.get("Content-MD5"), "");
  EXPECT_EQ(reply.headers.get("x-ms-meta-k"), "v");
  EXPECT_EQ(get("a"), "x");
}

TEST_F(BlobTest, BlocksAreInvisibleUntilCommittedInTheGivenOrder) {
  put_block("a", "b1", "world");
  put_block("a", "b2", "hello ");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a")), "404 BlobNotFound");
  EXPECT_EQ(list({}), "");
  EXPECT_EQ(list({{"include", "uncommittedblobs"}}), "a");
  commit("a", "latest:b2 uncommitted:b1 latest:b2",
         {{"x-ms-blob-content-type", "text/plain"}, {"Content-Type", "application/xml"}});
  EXPECT_EQ(get("a"), "hello worldhello ");
  const BlobReply reply = run(on(BlobOperation::GetBlobProperties, "a"));
  EXPECT_EQ(reply.headers.get("Content-Type"), "text/plain");
  EXPECT_FALSE(reply.headers.has("Content-MD5"));
}

TEST_F(BlobTest, ACommitDropsEveryBlockItDoesNotName) {
  put_block("a", "b1", "1");
  put_block("a", "b2", "2");
  put_block("a", "b3", "3");
  commit("a", "latest:b1 latest:b2");
  put_block("a", "b2", "two");
  commit("a", "committed:b2 latest:b2 committed:b1");
  EXPECT_EQ(get("a"), "2two1");
  const Document lists = run(on(BlobOperation::GetBlockList, "a", {}, {{"blocklisttype", "all"}})).body;
  EXPECT_EQ(lists["CommittedBlocks"]["Block"].size(), 3u);
  EXPECT_EQ(lists["UncommittedBlocks"].size(), 0u);
  EXPECT_EQ(outcome([&] { commit("a", "latest:b3"); }), "400 InvalidBlockList");
  EXPECT_EQ(outcome([&] { commit("a", "uncommitted:b1"); }), "400 InvalidBlockList");
  EXPECT_EQ(get("a"), "2two1");
  commit("a", "");
  EXPECT_EQ(get("a"), "");
}

TEST_F(BlobTest, ACommitThatReusesContentStartsAgainWhenTheContentChangedMeanwhile) {
  put_block("a", "b1", "old");
  commit("a", "latest:b1");
  store_.before_assemble = [&] {
    put_block("a", "b1", "new");
    commit("a", "latest:b1");
  };
  commit("a", "committed:b1 committed:b1");
  EXPECT_EQ(get("a"), "newnew");
}

TEST_F(BlobTest, BlockIdsAreBase64OfOneLength) {
  const auto try_id = [&](const std::string& id) {
    StringSource body("x");
    BlobCall call = on(BlobOperation::PutBlock, "a", {}, {{"blockid", id}});
    call.body = &body;
    return outcome(call);
  };
  EXPECT_EQ(try_id(""), "400 MissingRequiredQueryParameter");
  EXPECT_EQ(try_id("not base64!"), "400 InvalidBlockId");
  EXPECT_EQ(try_id(base64_encode(std::string(65, 'x'))), "400 InvalidQueryParameterValue");
  EXPECT_EQ(try_id(base64_encode("01")), "ok");
  EXPECT_EQ(try_id(base64_encode("001")), "400 InvalidBlobOrBlock");
  put("a", "x");  // drops the blocks, and with them the length
  EXPECT_EQ(try_id(base64_encode("001")), "ok");
}

TEST_F(BlobTest, ListingGroupsByDelimiterAndPagesByName) {
  for (const char* name : {"a", "a/1", "a/2", "b--x", "b--y", "c/d/e", "c/f", "d"}) put(name, "x");
  EXPECT_EQ(list({}), "a a/1 a/2 b--x b--y c/d/e c/f d");
  EXPECT_EQ(list({{"delimiter", "/"}}), "a a/* b--x b--y c/* d");
  EXPECT_EQ(list({{"delimiter", "--"}}), "a a/1 a/2 b--* c/d/e c/f d");
  EXPECT_EQ(list({{"prefix", "c/"}, {"delimiter", "/"}}), "c/d/* c/f");
  EXPECT_EQ(list({{"prefix", "a"}}), "a a/1 a/2");
  for (const std::string delimiter : {"", "/"}) {
    std::string marker, all;
    int pages = 0;
    do {
      const std::string page = list({{"delimiter", delimiter}, {"maxresults", "2"}, {"marker", marker}}, &marker);
      all += (all.empty() ? "" : " ") + page.substr(0, page.find(" …"));
      if (++pages == 1) run(on(BlobOperation::DeleteBlob, "b--x"));  // deleting between pages shifts nothing
    } while (!marker.empty() && pages < 10);
    EXPECT_EQ(all, delimiter.empty() ? "a a/1 a/2 b--y c/d/e c/f d" : "a a/* b--y c/* d");
    put("b--x", "x");
  }
}

TEST_F(BlobTest, AGroupOfManyBlobsIsSteppedOverNotWalkedThrough) {
  for (int i = 0; i < 3000; ++i) put("big/" + std::to_string(i), "x");
  put("z", "x");
  store_.listings = 0;
  EXPECT_EQ(list({{"delimiter", "/"}}), "big/* z");
  EXPECT_LE(store_.listings, 3);
}

TEST_F(BlobTest, PageSizesAndMarkersAreChecked) {
  const std::pair<Parameters, std::string> cases[] = {
      {{{"maxresults", "1"}}, "ok"},
      {{{"maxresults", "999999"}}, "ok"},
      {{{"maxresults", "99999999999999999999"}}, "ok"},
      {{{"maxresults", "0"}}, "400 OutOfRangeQueryParameterValue"},
      {{{"maxresults", "-1"}}, "400 OutOfRangeQueryParameterValue"},
      {{{"maxresults", "many"}}, "400 InvalidQueryParameterValue"},
      {{{"marker", "nonsense"}}, "400 OutOfRangeInput"},
  };
  for (const auto& [query, expected] : cases) {
    EXPECT_EQ(outcome(on(BlobOperation::ListBlobs, "", {}, query)), expected) << query.begin()->second;
  }
}

TEST_F(BlobTest, ContainersAreCreatedListedAndDeleted) {
  const auto container = [&](BlobOperation operation, const std::string& name, Parameters headers = {}) {
    return BlobCall{.operation = operation, .account = "acct", .container = name, .headers = std::move(headers)};
  };
  EXPECT_EQ(outcome(container(BlobOperation::CreateContainer, "data")), "409 ContainerAlreadyExists");
  EXPECT_EQ(outcome(container(BlobOperation::CreateContainer, "more", {{"x-ms-meta-a", "b"}})), "ok");
  EXPECT_EQ(run(container(BlobOperation::GetContainerProperties, "more")).headers.get("x-ms-meta-a"), "b");
  BlobCall listing{.operation = BlobOperation::ListContainers, .account = "acct", .query = {{"maxresults", "1"}}};
  Document page = run(listing).body;
  EXPECT_EQ(page["Containers"][0]["Name"], "data");
  EXPECT_EQ(page["NextMarker"], "/acct/more");
  listing.query.add("marker", page["NextMarker"]);
  page = run(listing).body;
  EXPECT_EQ(page["Containers"][0]["Name"], "more");
  EXPECT_EQ(page["NextMarker"], "");
  EXPECT_EQ(outcome(container(BlobOperation::DeleteContainer, "more", {{"If-Match", "*"}})),
            "400 ConditionHeadersNotSupported");
  EXPECT_EQ(outcome(container(BlobOperation::DeleteContainer, "more")), "ok");
  EXPECT_EQ(outcome(container(BlobOperation::DeleteContainer, "more")), "404 ContainerNotFound");
}

TEST_F(BlobTest, AListingBeginsWhereItIsAskedTo) {
  for (const char* name : {"a", "b", "c"}) put(name, "x");
  EXPECT_EQ(list({{"startFrom", "b"}}), "b c");
  EXPECT_EQ(list({{"startFrom", "aa"}, {"prefix", "c"}}), "c");
  std::string marker;
  EXPECT_EQ(list({{"startFrom", "b"}, {"maxresults", "1"}}, &marker), "b …");
  EXPECT_EQ(list({{"startFrom", "b"}, {"marker", marker}}), "c");
}

TEST_F(BlobTest, ACopyOfAnAppendBlobIsSealedOnRequest) {
  run(on(BlobOperation::PutBlob, "log", {{"x-ms-blob-type", "AppendBlob"}}));
  put("plain", "x");
  const auto copy = [&](const std::string& source) {
    return outcome(
        on(BlobOperation::CopyBlob, "sealed",
           {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/" + source}, {"x-ms-seal-blob", "true"}}));
  };
  EXPECT_EQ(copy("plain"), "409 InvalidBlobType");
  EXPECT_EQ(copy("log"), "ok");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "sealed")).headers.get("x-ms-blob-sealed"), "true");
  EXPECT_FALSE(run(on(BlobOperation::GetBlobProperties, "log")).headers.has("x-ms-blob-sealed"));
}

TEST_F(BlobTest, HowMuchComesAtOnceDependsOnTheVersion) {
  run(on(BlobOperation::PutBlob, "log", {{"x-ms-blob-type", "AppendBlob"}}));
  const struct {
    BlobOperation operation;
    const char *blob, *version;
    std::uint64_t mib;  // of the largest that is taken
  } cases[] = {
      {BlobOperation::PutBlob, "a", "2015-12-11", 64},       {BlobOperation::PutBlob, "a", "2018-11-09", 256},
      {BlobOperation::PutBlob, "a", "2021-12-02", 5000},     {BlobOperation::PutBlob, "a", "", 5000},
      {BlobOperation::PutBlock, "a", "2015-12-11", 4},       {BlobOperation::PutBlock, "a", "2018-11-09", 100},
      {BlobOperation::PutBlock, "a", "2021-12-02", 4000},    {BlobOperation::AppendBlock, "log", "2021-12-02", 4},
      {BlobOperation::AppendBlock, "log", "2022-11-02", 100}};
  for (const auto& one : cases) {
    SCOPED_TRACE(std::string(blob_operation_row(one.operation).name) + " " + one.version);
    const auto with = [&](std::uint64_t mib) {
      ClaimedSource body(mib);
      BlobCall call = on(one.operation, one.blob, {{"x-ms-version", one.version}, {"x-ms-blob-type", "BlockBlob"}},
                         {{"blockid", base64_encode("1")}});
      call.body = &body;
      return outcome(call);
    };
    EXPECT_EQ(with(one.mib + 1), "413 RequestBodyTooLarge");
    EXPECT_NE(with(one.mib), "413 RequestBodyTooLarge");
  }
}

TEST_F(BlobTest, ACopyTakesContentPropertiesAndMetadata) {
  put("a", "hello", {{"Content-Type", "text/plain"}, {"x-ms-meta-k", "v"}});
  const BlobReply reply = run(
      on(BlobOperation::CopyBlob, "b", {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/a?sv=1&sig=secret"}}));
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(reply.headers.get("x-ms-copy-status"), "success");
  const BlobReply copy = run(on(BlobOperation::GetBlob, "b"));
  EXPECT_EQ(read_all(*copy.bytes), "hello");
  EXPECT_EQ(copy.headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(copy.headers.get("x-ms-meta-k"), "v");
  EXPECT_EQ(copy.headers.get("x-ms-copy-progress"), "5/5");
  EXPECT_EQ(copy.headers.get("x-ms-copy-source"), "http://127.0.0.1:10000/acct/data/a");
  put("b", "later");
  EXPECT_FALSE(run(on(BlobOperation::GetBlobProperties, "b")).headers.has("x-ms-copy-id"));
}

TEST_F(BlobTest, ACopyWithoutAUsableSourceIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"http://127.0.0.1:10000/acct/data/missing", "404 CannotVerifyCopySource"},
      {"http://example.org/x", "403 CannotVerifyCopySource"},
      {"ftp://example.org/x", "400 InvalidHeaderValue"},
      {"http://127.0.0.1:10000/other/data/a", "401 CannotVerifyCopySource"},
      {"", "400 MissingRequiredHeader"},
  };
  for (const auto& [url, expected] : cases) {
    EXPECT_EQ(outcome(on(BlobOperation::CopyBlob, "b", {{"x-ms-copy-source", url}})), expected) << url;
  }
}

TEST_F(BlobTest, WhatIsNotImplementedIsRefusedByName) {
  const std::pair<Parameters, std::string> cases[] = {
      {{{"x-ms-blob-type", "Nonsense"}}, "400 InvalidHeaderValue"},
      {{}, "400 MissingRequiredHeader"},
      {{{"x-ms-blob-type", "BlockBlob"}, {"x-ms-structured-body", "true"}}, "400 UnsupportedHeader"},
      {{{"x-ms-blob-type", "BlockBlob"}, {"x-ms-lease-id", "11111111-2222-3333-4444-555555555555"}},
       "412 LeaseNotPresentWithBlobOperation"},
  };
  for (const auto& [headers, expected] : cases) {
    EXPECT_EQ(outcome(on(BlobOperation::PutBlob, "a", headers)), expected);
  }
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", {}, {{"versionid", "2024-03-05T10:00:00.0000000Z"}})),
            "400 UnsupportedQueryParameter");
}

TEST_F(BlobTest, ACreateOnlyRightDoesNotReplace) {
  const auto try_put = [&](const std::string& blob) {
    StringSource body("x");
    BlobCall call = on(BlobOperation::PutBlob, blob, {{"x-ms-blob-type", "BlockBlob"}});
    call.may_overwrite = false;
    call.body = &body;
    return outcome([&] { service_.call(call); });
  };
  EXPECT_EQ(try_put("a"), "ok");
  EXPECT_EQ(try_put("a"), "403 UnauthorizedBlobOverwrite");
}

class SasAccessTest : public BlobTest {
 protected:
  static std::string key() { return *base64_decode(kKey); }
  static std::string service(const std::string& permissions, const std::string& blob = "") {
    return signing::make_service_sas({.terms = {.permissions = permissions, .expiry = kStart + std::chrono::hours(1)},
                                      .account = "acct",
                                      .container = "data",
                                      .blob = blob},
                                     key());
  }
  std::string check(const std::string& query, SasUse use) {
    return outcome([&] {
      if (!check_sas(query, *service_.account("acct"), use).may_overwrite) throw Error(200, "CreateOnly", "");
    });
  }
  std::string check(const std::string& query, BlobOperation operation, const std::string& blob = "a") {
    return check(query, SasUse{.operation = operation, .container = "data", .blob = blob, .now = now_});
  }
};

TEST_F(SasAccessTest, AServiceSignatureAllowsWhatItsLettersSay) {
  using enum BlobOperation;
  EXPECT_EQ(check(service("r"), GetBlob), "ok");
  EXPECT_EQ(check(service("r", "a"), GetBlob), "ok");
  EXPECT_EQ(check(service("r", "a"), GetBlob, "b"), "403 AuthenticationFailed");
  EXPECT_EQ(check(service("r"), PutBlob), "403 AuthorizationPermissionMismatch");
  EXPECT_EQ(check(service("w"), PutBlob), "ok");
  EXPECT_EQ(check(service("c"), PutBlob), "200 CreateOnly");
  EXPECT_EQ(check(service("c"), PutBlock), "403 AuthorizationPermissionMismatch");
  EXPECT_EQ(check(service("l"), ListBlobs, ""), "ok");
  EXPECT_EQ(check(service("racwdl"), DeleteContainer, ""), "403 AuthorizationFailure");
  EXPECT_EQ(check("sv=2021-12-02&sr=c", GetBlob), "401 NoAuthenticationInformation");
}

TEST_F(SasAccessTest, TimeAddressAndProtocolAreEnforced) {
  now_ = kStart + std::chrono::hours(2);
  EXPECT_EQ(check(service("r"), BlobOperation::GetBlob), "403 AuthenticationFailed");
  now_ = kStart;
  const std::string query = signing::make_service_sas({.terms = {.permissions = "r",
                                                                 .expiry = kStart + std::chrono::hours(1),
                                                                 .ip = "10.0.0.1-10.0.0.9",
                                                                 .protocol = "https"},
                                                       .account = "acct",
                                                       .container = "data"},
                                                      key());
  SasUse use{.operation = BlobOperation::GetBlob, .container = "data", .blob = "a", .now = now_};
  EXPECT_EQ(check(query, use), "403 AuthorizationProtocolMismatch");
  use.is_https = true;
  EXPECT_EQ(check(query, use), "ok");
  use.address = "10.0.0.5";
  EXPECT_EQ(check(query, use), "ok");
  use.address = "10.0.0.10";
  EXPECT_EQ(check(query, use), "403 AuthorizationSourceIPMismatch");
}

TEST_F(SasAccessTest, AnAccountSignatureNamesServiceAndResourceTypes) {
  const auto account = [&](const std::string& services, const std::string& types) {
    return signing::make_account_sas({.terms = {.permissions = "rwdl", .expiry = kStart + std::chrono::hours(1)},
                                      .account = "acct",
                                      .services = services,
                                      .resource_types = types},
                                     key());
  };
  using enum BlobOperation;
  EXPECT_EQ(check(account("b", "sco"), DeleteContainer, ""), "ok");
  EXPECT_EQ(check(account("b", "o"), DeleteContainer, ""), "403 AuthorizationResourceTypeMismatch");
  EXPECT_EQ(check(account("q", "sco"), GetBlob), "403 AuthorizationServiceMismatch");
}

TEST_F(SasAccessTest, AChangedSignatureNeverPasses) {
  std::string query = service("r");
  const auto letters = query.find("sp=r");
  ASSERT_NE(letters, std::string::npos);
  query.replace(letters, 4, "sp=rw");
  EXPECT_EQ(check(query, BlobOperation::GetBlob), "403 AuthenticationFailed");
}

TEST(BlobUrl, IsReadInPathAndHostStyle) {
  const auto is_account = [](std::string_view name) { return name == "acct"; };
  const struct {
    std::string url, expected;
  } cases[] = {
      {"http://127.0.0.1:10000/acct/data/in/clip%201.mp4?sv=1&sig=a%2Fb", "acct|data|in/clip 1.mp4|sv=1&sig=a%2Fb"},
      {"https://acct.blob.core.windows.net/data/a", "acct|data|a|"},
      {"HTTP://ACCT.blob.localhost:10000/data//x/../y", "acct|data|/x/../y|"},
      {"http://acct-secondary.blob.localhost/data/a", "acct|data|a|"},
      {"http://azurite.mynet.local/acct/data/a", "acct|data|a|"},
      {"http://localhost/acct", "acct|||"},
      {"http://localhost/acct/data/a\\b", "acct|data|a/b|"},
      {"https://other.blob.core.windows.net/data/a", "none"},
      {"file:///acct/data/a", "none"},
      {"", "none"},
  };
  for (const auto& [url, expected] : cases) {
    const auto parsed = parse_blob_url(url, is_account);
    EXPECT_EQ(parsed ? parsed->account + "|" + parsed->container + "|" + parsed->blob + "|" + parsed->query : "none",
              expected)
        << url;
  }
}

}  // namespace
}  // namespace batchite::testing
