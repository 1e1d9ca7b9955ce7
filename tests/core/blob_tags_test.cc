#include "core/blob/tags.h"

#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

class TagsTest : public BlobTest {
 protected:
  BlobReply set(const std::string& blob, const Document& tags) {
    BlobCall call = on(BlobOperation::SetBlobTags, blob);
    call.document = {{"TagSet", {{"Tag", tags}}}};
    return run(call);
  }
  // "a b" of the container, or of the account as "data/a data/b"; "…" when there is more.
  std::string find(const std::string& where, bool in_container = true, Parameters more = {}) {
    more.add("where", where);
    BlobCall call = on(in_container ? BlobOperation::FindBlobsByTagsInContainer : BlobOperation::FindBlobsByTags, "",
                       {}, std::move(more));
    const Document page = run(call).body;
    std::string names;
    for (const Document& blob : page["Blobs"]) {
      names += names.empty() ? "" : " ";
      if (!in_container) names += blob["ContainerName"].get<std::string>() + "/";
      names += blob["Name"].get<std::string>();
    }
    return page["NextMarker"] == "" ? names : names + " …";
  }
};

TEST(TagConditionTest, IsAsTheServiceReadsIt) {
  const Parameters tags = {{"k", "b"}, {"n", "10"}};
  const struct {
    std::string text;
    bool holds;
  } cases[] = {
      {"k = 'b'", true},
      {"\"k\"='b'", true},
      {"k<>'b'", false},
      {"k>='a' AND k<'c'", true},
      {"k > 'b'", false},
      {"n < '9'", true},  // texts, not numbers
      {"missing = 'b'", false},
      {"missing <> 'b'", true},
      {"k='x' OR n='10'", true},
      {"k='x' AND n='10' OR k='b'", true},
      {"k='x' AND (n='10' OR k='b')", false},
      {"(k='x' or k='b') and n='10'", true},
      {"@container = 'data'", true},
  };
  for (const auto& [text, holds] : cases) {
    const TagCondition condition(text, TagCondition::Language::Condition, "x-ms-if-tags");
    EXPECT_EQ(condition.holds(tags, "data"), holds) << text;
  }
}

TEST(TagConditionTest, WhatIsNoneIsRefused) {
  for (const std::string text : {"", "k", "k =", "k = b", "k == 'b'", "= 'b'", "k='b' AND", "k='b' k='b'", "(k='b'",
                                 "k='b' OR k='c'", "k<>'b'", "'k'='b'", "k = 'b"}) {
    EXPECT_THROW(TagCondition(text, TagCondition::Language::Find, "where"), Error) << text;
  }
}

TEST_F(TagsTest, TagsComeWithTheBlobOrLaterAndChangeNoVersion) {
  put("a", "x", {{"x-ms-tags", "k%201=v%2F1&other="}});
  const BlobReply head = run(on(BlobOperation::GetBlobProperties, "a"));
  EXPECT_EQ(head.headers.get("x-ms-tag-count"), "2");
  EXPECT_EQ(run(on(BlobOperation::GetBlobTags, "a")).body.dump(),
            R"({"TagSet":{"Tag":[{"Key":"k 1","Value":"v/1"},{"Key":"other","Value":""}]}})");
  EXPECT_EQ(set("a", {{{"Key", "one"}, {"Value", "1"}}}).status, 204u);
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "a")).headers.get("ETag"), head.headers.get("ETag"));
  const Document blob = run(on(BlobOperation::ListBlobs, "", {}, {{"include", "tags"}})).body["Blobs"][0];
  EXPECT_EQ(blob["Tags"]["TagSet"]["Tag"][0]["Key"], "one");
  put("a", "again");
  EXPECT_EQ(run(on(BlobOperation::GetBlobTags, "a")).body.dump(), R"({"TagSet":{}})");
}

TEST_F(TagsTest, TagsMustMakeSense) {
  const std::pair<std::string, std::string> cases[] = {
      {"=v", "400 EmptyTagName"},
      {"k=1&k=2", "400 DuplicateTagNames"},
      {"k=1&K=2", "ok"},
      {"k=%22", "400 InvalidTag"},
      {std::string(129, 'k') + "=v", "400 TagsTooLarge"},
      {"k=" + std::string(257, 'v'), "400 TagsTooLarge"},
      {"a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=", "400 TagsTooLarge"},
  };
  for (const auto& [tags, expected] : cases) {
    EXPECT_EQ(outcome([&] { put("a", "x", {{"x-ms-tags", tags}}); }), expected) << tags;
  }
}

TEST_F(TagsTest, TagsAreConditions) {
  put("a", "x", {{"x-ms-tags", "state=new"}});
  const auto get_if = [&](const std::string& condition) {
    return outcome(on(BlobOperation::GetBlob, "a", {{"x-ms-if-tags", condition}}));
  };
  EXPECT_EQ(get_if("state='new'"), "ok");
  EXPECT_EQ(get_if("state='old'"), "412 ConditionNotMet");
  EXPECT_EQ(get_if("state="), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(on(BlobOperation::DeleteBlob, "a", {{"x-ms-if-tags", "state='old'"}})), "412 ConditionNotMet");
  EXPECT_EQ(outcome([&] { put("a", "y", {{"x-ms-if-tags", "state='old'"}}); }), "412 ConditionNotMet");
}

TEST_F(TagsTest, BlobsAreFoundByTheirTags) {
  run({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "more"});
  put("a", "x", {{"x-ms-tags", "n=1"}});
  put("b", "x", {{"x-ms-tags", "n=2"}});
  put("c", "x");
  run({.operation = BlobOperation::CopyBlob,
       .account = "acct",
       .container = "more",
       .blob = "d",
       .headers = {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/b"},
                   {"x-ms-copy-source-tag-option", "COPY"}}});
  EXPECT_EQ(find("n>='1'"), "a b");
  EXPECT_EQ(find("n='2'", false), "data/b more/d");
  EXPECT_EQ(find("@container='more' AND n='2'", false), "more/d");
  EXPECT_EQ(find("n>'0'", false, {{"maxresults", "2"}}), "data/a data/b …");
  EXPECT_EQ(find("n>'0'", false, {{"maxresults", "2"}, {"marker", base64_encode("more/d")}}), "more/d");
  EXPECT_EQ(outcome([&] { find("n<>'2'"); }), "400 InvalidQueryParameterValue");
  EXPECT_EQ(outcome([&] { find(""); }), "400 MissingRequiredQueryParameter");
}

class TierTest : public BlobTest {
 protected:
  unsigned set(const std::string& tier, const std::string& blob = "a") {
    return run(on(BlobOperation::SetBlobTier, blob, {{"x-ms-access-tier", tier}})).status;
  }
};

TEST_F(TierTest, ATierIsInferredUntilItIsSet) {
  put("a", "x");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "a")).headers.get("x-ms-access-tier-inferred"), "true");
  EXPECT_EQ(set("cool"), 200u);
  const BlobReply head = run(on(BlobOperation::GetBlobProperties, "a"));
  EXPECT_EQ(head.headers.get("x-ms-access-tier"), "Cool");
  EXPECT_TRUE(head.headers.has("x-ms-access-tier-change-time"));
  EXPECT_FALSE(head.headers.has("x-ms-access-tier-inferred"));
  EXPECT_EQ(run(on(BlobOperation::ListBlobs, "")).body["Blobs"][0]["Properties"]["AccessTier"], "Cool");
}

TEST_F(TierTest, AnArchivedBlobIsNotReadUntilItIsBack) {
  put("a", "x", {{"x-ms-access-tier", "Archive"}});
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a")), "409 BlobArchived");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlobProperties, "a")), "ok");
  const Parameters source = {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/a"}};
  EXPECT_EQ(outcome(on(BlobOperation::CopyBlob, "b", source)), "409 BlobArchived");
  Parameters to_hot = source;
  to_hot.add("x-ms-access-tier", "Hot");
  EXPECT_EQ(outcome(on(BlobOperation::CopyBlob, "b", to_hot)), "ok");
  EXPECT_EQ(get("b"), "x");
  EXPECT_EQ(set("Hot"), 202u);
  EXPECT_EQ(get("a"), "x");
}

TEST_F(TierTest, TypesHaveTheirOwnTiers) {
  put("a", "x");
  run(on(BlobOperation::PutBlob, "log", {{"x-ms-blob-type", "AppendBlob"}}));
  run(on(BlobOperation::PutBlob, "disk", {{"x-ms-blob-type", "PageBlob"}, {"x-ms-blob-content-length", "512"}}));
  EXPECT_EQ(outcome([&] { set("P10"); }), "400 AccessTierNotSupportedForBlobType");
  EXPECT_EQ(outcome([&] { set("Warm"); }), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome([&] { set("P10", "disk"); }), "ok");
  EXPECT_EQ(outcome([&] { set("Hot", "log"); }), "400 AccessTierNotSupportedForBlobType");
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobTier, "a")), "400 MissingRequiredHeader");
}

class FromUrlTest : public BlobTest {
 protected:
  FromUrlTest() { put("source", "0123456789", {{"x-ms-blob-content-type", "text/plain"}, {"x-ms-meta-k", "v"}}); }
  static Parameters from(const std::string& range = "", Parameters headers = {}) {
    headers.add("x-ms-copy-source", "http://127.0.0.1:10000/acct/data/source");
    if (!range.empty()) headers.add("x-ms-source-range", "bytes=" + range);
    return headers;
  }
};

TEST_F(FromUrlTest, BlobsBlocksAndPagesAreMadeOfOthers) {
  run(on(BlobOperation::PutBlobFromUrl, "whole", from("", {{"x-ms-blob-type", "BlockBlob"}})));
  EXPECT_EQ(get("whole"), "0123456789");
  const BlobReply whole = run(on(BlobOperation::GetBlobProperties, "whole"));
  EXPECT_EQ(whole.headers.get("Content-Type"), "text/plain");
  EXPECT_FALSE(whole.headers.has("x-ms-meta-k"));
  run(on(BlobOperation::PutBlockFromUrl, "blocks", from("2-4"), {{"blockid", base64_encode("a")}}));
  commit("blocks", "latest:a");
  EXPECT_EQ(get("blocks"), "234");
  run(on(BlobOperation::PutBlob, "log", {{"x-ms-blob-type", "AppendBlob"}}));
  run(on(BlobOperation::AppendBlockFromUrl, "log", from("8-")));
  EXPECT_EQ(get("log"), "89");
}

TEST_F(FromUrlTest, WhatComesMustBeWhatWasExpected) {
  const auto block = [&](Parameters headers) {
    return outcome(on(BlobOperation::PutBlockFromUrl, "b", std::move(headers), {{"blockid", base64_encode("a")}}));
  };
  EXPECT_EQ(block(from("", {{"x-ms-source-content-md5", base64_encode(std::string(16, 'x'))}})), "400 Md5Mismatch");
  EXPECT_EQ(block(from("", {{"x-ms-source-if-match", "\"0x1\""}})), "412 CannotVerifyCopySource");
  EXPECT_EQ(block(from("", {{"x-ms-source-if-modified-since", http_date(now_)}})), "304 CannotVerifyCopySource");
  EXPECT_EQ(outcome(on(BlobOperation::CopyBlob, "b", from("", {{"x-ms-source-if-match", "\"0x1\""}}))),
            "412 SourceConditionNotMet");
  EXPECT_EQ(block(from("5-2")), "400 InvalidHeaderValue");
  EXPECT_EQ(block(from("10-")), "416 InvalidRange");
  EXPECT_EQ(outcome(on(BlobOperation::AbortCopyBlob, "source", {}, {{"copyid", "x"}})), "409 NoPendingCopyOperation");
}

}  // namespace
}  // namespace batchite::testing
