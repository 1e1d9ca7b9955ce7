#include "core/blob/errors.h"
#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

class BlobSnapshotTest : public BlobTest {
 protected:
  // Its time, as the service writes it.
  std::string take(const std::string& blob, Parameters headers = {}) {
    return run(on(BlobOperation::SnapshotBlob, blob, std::move(headers))).headers.get("x-ms-snapshot");
  }
  std::string get_at(const std::string& blob, const std::string& time) {
    return read_all(*run(on(BlobOperation::GetBlob, blob, {}, {{"snapshot", time}})).bytes);
  }
  // "a@ a b": snapshots with an @.
  std::string everything(Parameters query = {}) {
    query.add("include", "snapshots");
    std::string names;
    const Document page = run(on(BlobOperation::ListBlobs, "", {}, query)).body;
    for (const Document& blob : page["Blobs"]) {
      names += (names.empty() ? "" : " ") + blob["Name"].get<std::string>() + (blob.contains("Snapshot") ? "@" : "");
    }
    return names;
  }
};

TEST_F(BlobSnapshotTest, ASnapshotStaysWhatTheBlobWas) {
  put("a", "first", {{"x-ms-meta-k", "v"}, {"x-ms-blob-content-type", "text/plain"}});
  const std::string one = take("a"), two = take("a");
  EXPECT_LT(one, two);
  put("a", "second");
  EXPECT_EQ(get("a"), "second");
  EXPECT_EQ(get_at("a", one), "first");
  const BlobReply reply = run(on(BlobOperation::GetBlobProperties, "a", {}, {{"snapshot", two}}));
  EXPECT_EQ(reply.headers.get("x-ms-meta-k"), "v");
  EXPECT_EQ(reply.headers.get("Content-Type"), "text/plain");
  EXPECT_FALSE(reply.headers.has("x-ms-lease-state"));
}

TEST_F(BlobSnapshotTest, ItIsTheBlobsVersionUnlessItHasMetadataOfItsOwn) {
  put("a", "x", {{"x-ms-meta-k", "v"}});
  const std::string etag = run(on(BlobOperation::GetBlobProperties, "a")).headers.get("ETag");
  const BlobReply plain = run(on(BlobOperation::SnapshotBlob, "a"));
  EXPECT_EQ(plain.status, 201u);
  EXPECT_EQ(plain.headers.get("ETag"), etag);
  const std::string time = take("a", {{"x-ms-meta-other", "w"}});
  const BlobReply own = run(on(BlobOperation::GetBlobMetadata, "a", {}, {{"snapshot", time}}));
  EXPECT_NE(own.headers.get("ETag"), etag);
  EXPECT_EQ(own.headers.get("x-ms-meta-other"), "w");
  EXPECT_FALSE(own.headers.has("x-ms-meta-k"));
}

TEST_F(BlobSnapshotTest, ABlobWithSnapshotsIsDeletedByWhoSaysSo) {
  put("a", "x");
  const std::string one = take("a"), two = take("a");
  const auto remove = [&](const std::string& snapshots, Parameters query = {}) {
    Parameters headers;
    if (!snapshots.empty()) headers.add("x-ms-delete-snapshots", snapshots);
    return outcome(on(BlobOperation::DeleteBlob, "a", headers, query));
  };
  EXPECT_EQ(remove(""), "409 SnapshotsPresent");
  EXPECT_EQ(remove("", {{"snapshot", one}}), "ok");
  EXPECT_EQ(remove("include", {{"snapshot", two}}), "400 InvalidHeaderValue");
  EXPECT_EQ(everything(), "a@ a");
  EXPECT_EQ(remove("only"), "ok");
  EXPECT_EQ(everything(), "a");
  take("a");
  EXPECT_EQ(remove("include"), "ok");
  EXPECT_EQ(everything(), "");
  put("a", "again");
  EXPECT_EQ(everything(), "a");
}

TEST_F(BlobSnapshotTest, ListingsShowThemOldestFirstAndPageThroughThem) {
  put("a", "x");
  put("b", "x");
  for (int i = 0; i < 3; ++i) take("a");
  take("b");
  EXPECT_EQ(everything(), "a@ a@ a@ a b@ b");
  EXPECT_EQ(list({}), "a b");
  std::string all, marker;
  do {
    const Document page =
        run(on(BlobOperation::ListBlobs, "", {}, {{"include", "snapshots"}, {"maxresults", "2"}, {"marker", marker}}))
            .body;
    for (const Document& blob : page["Blobs"]) {
      all += blob["Name"].get<std::string>() + (blob.contains("Snapshot") ? "@ " : " ");
    }
    marker = page["NextMarker"];
  } while (!marker.empty());
  EXPECT_EQ(all, "a@ a@ a@ a b@ b ");
  EXPECT_EQ(outcome(on(BlobOperation::ListBlobs, "", {}, {{"include", "snapshots"}, {"delimiter", "/"}})),
            "400 InvalidQueryParameterValue");
}

TEST_F(BlobSnapshotTest, SnapshotsAreReadOnly) {
  put("a", "x");
  const std::string time = take("a");
  for (const auto operation : {BlobOperation::SetBlobMetadata, BlobOperation::PutBlob, BlobOperation::LeaseBlob}) {
    EXPECT_EQ(outcome(on(operation, "a", {}, {{"snapshot", time}})), "400 InvalidQueryParameterValue");
  }
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", {}, {{"snapshot", "1"}})), "400 InvalidQueryParameterValue");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", {}, {{"snapshot", "2020-01-01T00:00:00.0000000Z"}})),
            "404 BlobNotFound");
}

TEST_F(BlobSnapshotTest, CopyingOneOverItsBlobBringsTheBlobBack) {
  put("a", "first");
  const std::string time = take("a");
  put("a", "second");
  run(on(BlobOperation::CopyBlob, "a", {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/a?snapshot=" + time}}));
  EXPECT_EQ(get("a"), "first");
  EXPECT_EQ(everything(), "a@ a");
}

TEST_F(BlobSnapshotTest, ConditionsAndLeasesAreLookedAt) {
  put("a", "x");
  EXPECT_EQ(outcome(on(BlobOperation::SnapshotBlob, "missing")), "404 BlobNotFound");
  EXPECT_EQ(outcome(on(BlobOperation::SnapshotBlob, "a", {{"If-Match", "\"0x1\""}})), "412 ConditionNotMet");
  EXPECT_EQ(outcome(on(BlobOperation::SnapshotBlob, "a", {{"x-ms-lease-id", "aaaaaaaa-0000-0000-0000-000000000000"}})),
            "412 LeaseNotPresentWithBlobOperation");
}

class AppendBlobTest : public BlobTest {
 protected:
  AppendBlobTest() { run(on(BlobOperation::PutBlob, "log", {{"x-ms-blob-type", "AppendBlob"}})); }
  BlobReply append(const std::string& text, Parameters headers = {}) {
    StringSource body(text);
    BlobCall call = on(BlobOperation::AppendBlock, "log", std::move(headers));
    call.body = &body;
    return run(call);
  }
  std::string try_append(Parameters headers, const std::string& text = "x") {
    return outcome([&] { append(text, headers); });
  }
};

TEST_F(AppendBlobTest, BlocksFollowEachOther) {
  EXPECT_EQ(append("one,").headers.get("x-ms-blob-append-offset"), "0");
  const BlobReply reply = append("two");
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.headers.get("x-ms-blob-append-offset"), "4");
  EXPECT_EQ(reply.headers.get("x-ms-blob-committed-block-count"), "2");
  EXPECT_EQ(get("log"), "one,two");
  const BlobReply blob = run(on(BlobOperation::GetBlobProperties, "log"));
  EXPECT_EQ(blob.headers.get("x-ms-blob-type"), "AppendBlob");
  EXPECT_EQ(blob.headers.get("x-ms-blob-committed-block-count"), "2");
  EXPECT_EQ(blob.headers.get("ETag"), reply.headers.get("ETag"));
  EXPECT_FALSE(blob.headers.has("x-ms-access-tier"));
}

TEST_F(AppendBlobTest, PositionAndSizeMayBeConditions) {
  append("12345");
  EXPECT_EQ(try_append({{"x-ms-blob-condition-appendpos", "4"}}), "412 AppendPositionConditionNotMet");
  EXPECT_EQ(try_append({{"x-ms-blob-condition-appendpos", "5"}}), "ok");
  EXPECT_EQ(try_append({{"x-ms-blob-condition-maxsize", "6"}}), "412 MaxBlobSizeConditionNotMet");
  EXPECT_EQ(try_append({{"x-ms-blob-condition-maxsize", "7"}}), "ok");
  EXPECT_EQ(try_append({{"If-None-Match", "*"}}), "412 ConditionNotMet");
  EXPECT_EQ(try_append({{"Content-MD5", base64_encode(std::string(16, 'x'))}}), "400 Md5Mismatch");
  EXPECT_EQ(try_append({}, ""), "400 InvalidHeaderValue");
  EXPECT_EQ(get("log"), "12345xx");
}

TEST_F(AppendBlobTest, ASealedBlobTakesNoMore) {
  append("x");
  EXPECT_EQ(run(on(BlobOperation::AppendBlobSeal, "log")).headers.get("x-ms-blob-sealed"), "true");
  EXPECT_EQ(outcome(on(BlobOperation::AppendBlobSeal, "log")), "ok");
  EXPECT_EQ(try_append({}), "409 BlobIsSealed");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "log")).headers.get("x-ms-blob-sealed"), "true");
}

TEST_F(AppendBlobTest, TypesKeepApart) {
  put("block", "x");
  BlobCall call = on(BlobOperation::AppendBlock, "block");
  StringSource body("x");
  call.body = &body;
  EXPECT_EQ(outcome(call), "409 InvalidBlobType");
  EXPECT_EQ(outcome([&] { put_block("log", "a", "x"); }), "409 InvalidBlobType");
  EXPECT_EQ(outcome([&] { commit("log", ""); }), "409 InvalidBlobType");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlockList, "log")), "409 InvalidBlobType");
  EXPECT_EQ(outcome(on(BlobOperation::GetPageRanges, "log")), "409 InvalidBlobType");
  StringSource again("x");
  call.body = &again;
  call.blob = "missing";
  EXPECT_EQ(outcome(call), "404 BlobNotFound");
}

TEST_F(AppendBlobTest, ACopyIsOfTheSameType) {
  append("text");
  run(on(BlobOperation::CopyBlob, "copy", {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/log"}}));
  EXPECT_EQ(get("copy"), "text");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "copy")).headers.get("x-ms-blob-type"), "AppendBlob");
  put("block", "x");
  EXPECT_EQ(
      outcome(on(BlobOperation::CopyBlob, "block", {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/log"}})),
      "409 InvalidBlobType");
}

class PageBlobTest : public BlobTest {
 protected:
  PageBlobTest() { create("disk", "2048"); }
  BlobReply create(const std::string& blob, const std::string& size) {
    return run(on(BlobOperation::PutBlob, blob, {{"x-ms-blob-type", "PageBlob"}, {"x-ms-blob-content-length", size}}));
  }
  std::string page(const std::string& write, const std::string& range, const std::string& text,
                   Parameters headers = {}) {
    StringSource body(text);
    headers.add("x-ms-page-write", write);
    headers.add("x-ms-range", "bytes=" + range);
    BlobCall call = on(BlobOperation::PutPage, "disk", std::move(headers));
    call.body = &body;
    return outcome(call);
  }
  std::string update(std::uint64_t at, std::size_t pages, char fill = 'x') {
    return page("update", std::to_string(at) + "-" + std::to_string(at + pages * 512 - 1),
                std::string(pages * 512, fill));
  }
  // "0-511 1024-1535"
  std::string ranges(Parameters headers = {}, Parameters query = {}, const std::string& kind = "PageRange") {
    std::string text;
    const Document body = run(on(BlobOperation::GetPageRanges, "disk", headers, query)).body;
    for (const Document& range : Reader(body).array(kind)) {
      text += (text.empty() ? "" : " ") + range["Start"].dump() + "-" + range["End"].dump();
    }
    return text;
  }
  std::string take(const std::string& blob = "disk") {
    return run(on(BlobOperation::SnapshotBlob, blob)).headers.get("x-ms-snapshot");
  }
  // The copy's snapshot.
  std::string copy_incrementally(const std::string& source) {
    const std::string url = "http://127.0.0.1:10000/acct/data/" + source;
    run(on(BlobOperation::IncrementalCopyBlob, "backup", {{"x-ms-copy-source", url}}));
    return run(on(BlobOperation::GetBlobProperties, "backup")).headers.get("x-ms-copy-destination-snapshot");
  }
};

TEST_F(PageBlobTest, WhatChangedSinceASnapshotIsTold) {
  update(0, 3, 'a');
  const std::string before = take();
  update(512, 1, 'b');
  update(1536, 1, 'b');
  page("clear", "0-511", "");
  EXPECT_EQ(ranges({}, {{"prevsnapshot", before}}), "512-1023 1536-2047");
  EXPECT_EQ(ranges({}, {{"prevsnapshot", before}}, "ClearRange"), "0-511");
  EXPECT_EQ(ranges({{"x-ms-range", "bytes=1024-2047"}}, {{"prevsnapshot", before}}), "1536-2047");
  const std::string after = take();
  update(0, 4, 'c');
  EXPECT_EQ(ranges({}, {{"snapshot", after}, {"prevsnapshot", before}}), "512-1023 1536-2047");
  const std::string url = "http://127.0.0.1:10000/acct/data/disk?snapshot=" + after;
  EXPECT_EQ(ranges({{"x-ms-previous-snapshot-url", url}}), "0-2047");
  const auto refusal = [&](Parameters query) {
    return outcome(on(BlobOperation::GetPageRanges, "disk", {}, std::move(query)));
  };
  EXPECT_EQ(refusal({{"snapshot", before}, {"prevsnapshot", after}}), "400 PreviousSnapshotCannotBeNewer");
  EXPECT_EQ(refusal({{"prevsnapshot", "2024-01-01T00:00:00.0000000Z"}}), "409 PreviousSnapshotNotFound");
  EXPECT_EQ(refusal({{"prevsnapshot", "yesterday"}}), "400 InvalidQueryParameterValue");
}

TEST_F(PageBlobTest, AnIncrementalCopyFollowsTheSnapshotsOfItsSource) {
  update(0, 1, 'a');
  const std::string one = take();
  update(0, 1, 'b');
  const std::string two = take();
  const std::string copied = copy_incrementally("disk?snapshot=" + one);
  EXPECT_EQ(get("backup").substr(0, 512), std::string(512, 'a'));
  copy_incrementally("disk?snapshot=" + two);
  const BlobReply first = run(on(BlobOperation::GetBlob, "backup", {}, {{"snapshot", copied}}));
  EXPECT_EQ(read_all(*first.bytes).substr(0, 512), std::string(512, 'a'));
  EXPECT_EQ(get("backup").substr(0, 512), std::string(512, 'b'));
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "backup")).headers.get("x-ms-incremental-copy"), "true");
  const auto refusal = [&](const std::string& source) { return outcome([&] { copy_incrementally(source); }); };
  EXPECT_EQ(refusal("disk"), "409 IncrementalCopySourceMustBeSnapshot");
  EXPECT_EQ(refusal("disk?snapshot=" + one), "409 IncrementalCopyOfEarlierVersionSnapshotNotAllowed");
  create("other", "512");
  EXPECT_EQ(refusal("other?snapshot=" + take("other")), "409 IncrementalCopyBlobMismatch");
}

TEST_F(PageBlobTest, PagesAreWrittenAndClearedInPlace) {
  EXPECT_EQ(get("disk"), std::string(2048, '\0'));
  EXPECT_EQ(ranges(), "");
  EXPECT_EQ(update(512, 1), "ok");
  EXPECT_EQ(ranges(), "512-1023");
  EXPECT_EQ(update(1024, 1, 'y'), "ok");
  EXPECT_EQ(ranges(), "512-1535");
  EXPECT_EQ(get("disk"),
            std::string(512, '\0') + std::string(512, 'x') + std::string(512, 'y') + std::string(512, '\0'));
  EXPECT_EQ(page("clear", "512-1023", ""), "ok");
  EXPECT_EQ(ranges(), "1024-1535");
  EXPECT_EQ(get("disk").substr(512, 512), std::string(512, '\0'));
  EXPECT_EQ(ranges({{"x-ms-range", "bytes=0-1023"}}), "");
}

TEST_F(PageBlobTest, RangesAreOfWholePagesInsideTheBlob) {
  const std::tuple<std::string, std::string, std::size_t, std::string> cases[] = {
      {"update", "0-510", 511, "416 InvalidPageRange"},     {"update", "1-512", 512, "416 InvalidPageRange"},
      {"update", "2048-2559", 512, "416 InvalidPageRange"}, {"update", "0-511", 511, "400 InvalidHeaderValue"},
      {"update", "0-1023", 512, "400 InvalidHeaderValue"},  {"clear", "0-511", 512, "400 InvalidHeaderValue"},
      {"scratch", "0-511", 512, "400 InvalidHeaderValue"},
  };
  for (const auto& [write, range, size, expected] : cases) {
    EXPECT_EQ(page(write, range, std::string(size, 'x')), expected) << write << " " << range;
  }
  EXPECT_EQ(outcome([&] { create("odd", "513"); }), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(on(BlobOperation::PutBlob, "odd", {{"x-ms-blob-type", "PageBlob"}})), "400 MissingRequiredHeader");
}

TEST_F(PageBlobTest, SequenceNumbersAreSetAndAreConditions) {
  const auto set = [&](Parameters headers) {
    return run(on(BlobOperation::SetBlobProperties, "disk", std::move(headers)))
        .headers.get("x-ms-blob-sequence-number");
  };
  EXPECT_EQ(set({{"x-ms-sequence-number-action", "update"}, {"x-ms-blob-sequence-number", "7"}}), "7");
  EXPECT_EQ(set({{"x-ms-sequence-number-action", "max"}, {"x-ms-blob-sequence-number", "3"}}), "7");
  EXPECT_EQ(set({{"x-ms-sequence-number-action", "increment"}}), "8");
  const std::string text(512, 'x');
  EXPECT_EQ(page("update", "0-511", text, {{"x-ms-if-sequence-number-lt", "8"}}), "412 SequenceNumberConditionNotMet");
  EXPECT_EQ(page("update", "0-511", text, {{"x-ms-if-sequence-number-le", "8"}}), "ok");
  EXPECT_EQ(page("update", "0-511", text, {{"x-ms-if-sequence-number-eq", "9"}}), "412 SequenceNumberConditionNotMet");
}

TEST_F(PageBlobTest, ASmallerBlobLosesItsTailForGood) {
  update(0, 4);
  run(on(BlobOperation::SetBlobProperties, "disk", {{"x-ms-blob-content-length", "1024"}}));
  EXPECT_EQ(ranges(), "0-1023");
  run(on(BlobOperation::SetBlobProperties, "disk", {{"x-ms-blob-content-length", "2048"}}));
  EXPECT_EQ(ranges(), "0-1023");
  EXPECT_EQ(get("disk"), std::string(1024, 'x') + std::string(1024, '\0'));
}

TEST_F(PageBlobTest, SnapshotsKeepTheirPages) {
  update(0, 1);
  const std::string time = run(on(BlobOperation::SnapshotBlob, "disk")).headers.get("x-ms-snapshot");
  update(1024, 1);
  EXPECT_EQ(ranges(), "0-511 1024-1535");
  EXPECT_EQ(ranges({}, {{"snapshot", time}}), "0-511");
}

}  // namespace
}  // namespace batchite::testing
