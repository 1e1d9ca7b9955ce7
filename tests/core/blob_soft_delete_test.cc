#include "core/blob/retention.h"
#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

class BlobSoftDeleteTest : public BlobTest {
 protected:
  void keep_for_days(int days, bool may_end_early = false) {
    BlobCall call{.operation = BlobOperation::SetServiceProperties, .account = "acct"};
    call.document = {
        {"DeleteRetentionPolicy",
         {{"Enabled", days > 0 ? "true" : "false"}, {"AllowPermanentDelete", may_end_early ? "true" : "false"}}}};
    if (days > 0) call.document["DeleteRetentionPolicy"]["Days"] = std::to_string(days);
    run(call);
  }
  // What "x-ms-delete-type-permanent" says.
  std::string remove(const std::string& blob, const std::string& snapshots = "", const std::string& at = "") {
    Parameters headers, query;
    if (!snapshots.empty()) headers.add("x-ms-delete-snapshots", snapshots);
    if (!at.empty()) query.add("snapshot", at);
    return run(on(BlobOperation::DeleteBlob, blob, headers, query)).headers.get("x-ms-delete-type-permanent");
  }
  void undelete(const std::string& blob) { EXPECT_EQ(run(on(BlobOperation::UndeleteBlob, blob)).status, 200u); }
  std::string take(const std::string& blob) {
    return run(on(BlobOperation::SnapshotBlob, blob)).headers.get("x-ms-snapshot");
  }
  // "-a@ -a b@ b": snapshots with an @, deleted ones with a -.
  std::string everything(const std::string& include = "snapshots,deleted", Parameters query = {}) {
    query.add("include", include);
    std::string names;
    last_page_ = run(on(BlobOperation::ListBlobs, "", {}, query)).body;
    for (const Document& blob : last_page_["Blobs"]) {
      names += (names.empty() ? "" : " ") + std::string(blob.contains("Deleted") ? "-" : "") +
               blob["Name"].get<std::string>() + (blob.contains("Snapshot") ? "@" : "");
    }
    return names;
  }
  void pass(Ticks time) { now_ += time; }

  Document last_page_;
};

using std::chrono::hours;

TEST_F(BlobSoftDeleteTest, ADeletedBlobIsKeptForItsDays) {
  keep_for_days(7);
  put("a", "text", {{"x-ms-meta-k", "v"}, {"x-ms-tags", "t=1"}});
  const std::string etag = run(on(BlobOperation::GetBlobProperties, "a")).headers.get("ETag");
  EXPECT_EQ(remove("a"), "false");
  for (const auto operation :
       {BlobOperation::GetBlob, BlobOperation::GetBlobProperties, BlobOperation::DeleteBlob,
        BlobOperation::SetBlobMetadata, BlobOperation::GetBlobTags, BlobOperation::SnapshotBlob}) {
    EXPECT_EQ(outcome(on(operation, "a")), "404 BlobNotFound");
  }
  EXPECT_EQ(everything("snapshots"), "");
  EXPECT_EQ(everything("deleted"), "-a");
  EXPECT_EQ(last_page_["Blobs"][0]["Properties"]["RemainingRetentionDays"], 6);
  EXPECT_EQ(last_page_["Blobs"][0]["Properties"]["DeletedTime"], "Tue, 05 Mar 2024 10:00:00 GMT");
  EXPECT_FALSE(last_page_["Blobs"][0]["Properties"].contains("LeaseState"));
  pass(hours(7 * 24 - 1));
  EXPECT_EQ(everything("deleted"), "-a");
  EXPECT_EQ(last_page_["Blobs"][0]["Properties"]["RemainingRetentionDays"], 0);
  undelete("a");
  EXPECT_EQ(get("a"), "text");
  const BlobReply reply = run(on(BlobOperation::GetBlobProperties, "a"));
  EXPECT_EQ(reply.headers.get("x-ms-meta-k") + reply.headers.get("ETag"), "v" + etag);
  EXPECT_EQ(everything("deleted"), "a");
}

TEST_F(BlobSoftDeleteTest, AfterItsDaysItIsGoneAndCollected) {
  keep_for_days(1);
  put("a", "x");
  remove("a");
  pass(hours(24));
  EXPECT_EQ(store_.list({"acct", "data"}, {.snapshots = true, .deleted = true}).size(), 1u);
  EXPECT_EQ(outcome(on(BlobOperation::UndeleteBlob, "a")), "404 BlobNotFound");
  EXPECT_EQ(store_.list({"acct", "data"}, {.snapshots = true, .deleted = true}).size(), 0u);
}

TEST_F(BlobSoftDeleteTest, WhatIsOverwrittenIsKeptAsADeletedSnapshot) {
  keep_for_days(7);
  put("a", "one");
  put("a", "two");
  put_block("a", "1", "three");
  commit("a", "latest:1");
  EXPECT_EQ(everything(), "-a@ -a@ a");
  EXPECT_EQ(everything("deleted"), "a");
  const std::string time = (everything(), last_page_["Blobs"][0]["Snapshot"]);
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", {}, {{"snapshot", time}})), "404 BlobNotFound");
  undelete("a");  // a live blob's snapshots come back
  EXPECT_EQ(everything(), "a@ a@ a");
  EXPECT_EQ(read_all(*run(on(BlobOperation::GetBlob, "a", {}, {{"snapshot", time}})).bytes), "one");
  EXPECT_EQ(get("a"), "three");
}

TEST_F(BlobSoftDeleteTest, ANewBlobMakesTheDeletedOneASnapshot) {
  keep_for_days(7);
  put("a", "one");
  remove("a");
  put("a", "two");
  EXPECT_EQ(everything("deleted"), "a");
  EXPECT_EQ(everything(), "-a@ a");
  remove("a");
  EXPECT_EQ(everything("deleted"), "-a");
  EXPECT_EQ(everything(), "-a@ -a");
  undelete("a");
  EXPECT_EQ(get("a"), "two");
  EXPECT_EQ(everything(), "a@ a");
}

TEST_F(BlobSoftDeleteTest, SnapshotsAreKeptAndRestoredWithTheirBlob) {
  keep_for_days(7);
  put("a", "x");
  const std::string one = take("a");
  take("a");
  EXPECT_EQ(remove("a", "", one), "false");
  EXPECT_EQ(everything(), "-a@ a@ a");
  EXPECT_EQ(outcome([&] { remove("a", "", one); }), "404 BlobNotFound");
  EXPECT_EQ(outcome([&] { remove("a"); }), "409 SnapshotsPresent");
  remove("a", "only");
  EXPECT_EQ(everything(), "-a@ -a@ a");
  undelete("a");
  EXPECT_EQ(everything(), "a@ a@ a");
  remove("a", "include");
  EXPECT_EQ(everything(), "-a@ -a@ -a");
  EXPECT_EQ(everything("deleted"), "-a");
  undelete("a");
  EXPECT_EQ(everything(), "a@ a@ a");
  remove("a", "only");
  remove("a");  // deleted snapshots do not keep it
  EXPECT_EQ(everything("deleted"), "-a");
}

TEST_F(BlobSoftDeleteTest, PagesOfListingsHaveDeletedBlobsOnce) {
  keep_for_days(7);
  for (const char* name : {"a", "b", "c/1", "c/2"}) {
    put(name, "1");
    put(name, "2");
    remove(name);
  }
  put("b", "3");
  std::string all, marker;
  do {
    all += everything("deleted", {{"maxresults", "1"}, {"marker", marker}}) + ";";
    marker = last_page_["NextMarker"];
  } while (!marker.empty());
  EXPECT_EQ(all, "-a;b;-c/1;-c/2;");
  EXPECT_EQ(everything("deleted", {{"delimiter", "/"}}), "-a b");
  EXPECT_EQ(last_page_["BlobPrefixes"].size(), 1u);
  EXPECT_EQ(everything(""), "b");
}

TEST_F(BlobSoftDeleteTest, PermanentDeletionIsForDeletedSnapshotsWhereItIsAllowed) {
  keep_for_days(7);
  put("a", "x");
  const std::string one = take("a"), two = take("a");
  remove("a", "", one);
  const auto for_good = [&](const std::string& at) {
    return outcome(on(BlobOperation::DeleteBlobPermanently, "a", {}, {{"snapshot", at}, {"deletetype", "permanent"}}));
  };
  EXPECT_EQ(for_good(one), "400 InvalidQueryParameterValue");
  keep_for_days(7, true);
  EXPECT_EQ(for_good(two), "404 BlobNotFound");  // not deleted yet
  EXPECT_EQ(for_good(""), "400 InvalidQueryParameterValue");
  EXPECT_EQ(for_good(one), "ok");
  EXPECT_EQ(everything(), "a@ a");
}

TEST_F(BlobSoftDeleteTest, WithoutThePolicyNothingIsKeptButWhatWas) {
  keep_for_days(7);
  put("a", "x");
  put("a", "y");
  keep_for_days(0);
  put("a", "z");
  EXPECT_EQ(everything(), "-a@ a");
  EXPECT_EQ(remove("a"), "true");
  EXPECT_EQ(everything(), "-a");
  undelete("a");
  EXPECT_EQ(get("a"), "x");
  EXPECT_EQ(outcome(on(BlobOperation::UndeleteBlob, "nothing")), "404 BlobNotFound");
}

TEST_F(BlobSoftDeleteTest, ALeaseGuardsTheBlobAndGoesWithIt) {
  keep_for_days(7);
  put("a", "x");
  const std::string id =
      run(on(BlobOperation::LeaseBlob, "a", {{"x-ms-lease-action", "acquire"}, {"x-ms-lease-duration", "-1"}}))
          .headers.get("x-ms-lease-id");
  EXPECT_EQ(outcome([&] { remove("a"); }), "412 LeaseIdMissing");
  EXPECT_EQ(outcome(on(BlobOperation::DeleteBlob, "a", {{"x-ms-lease-id", id}})), "ok");
  undelete("a");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "a")).headers.get("x-ms-lease-state"), "available");
}

}  // namespace
}  // namespace batchite::testing
