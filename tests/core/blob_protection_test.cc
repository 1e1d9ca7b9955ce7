// Policies and holds that protect a blob, and the end of one that expires.
#include "core/blob/immutability.h"
#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

constexpr char kTomorrow[] = "Wed, 06 Mar 2024 10:00:00 GMT", kLater[] = "Thu, 07 Mar 2024 10:00:00 GMT";

class BlobProtectionTest : public BlobTest {
 protected:
  BlobCall policy(const std::string& until, const std::string& mode = "Unlocked") {
    return on(BlobOperation::SetBlobImmutabilityPolicy, "a",
              {{std::string(kPolicyUntil), until}, {std::string(kPolicyMode), mode}});
  }
  BlobCall hold(const std::string& value) {
    return on(BlobOperation::SetBlobLegalHold, "a", {{std::string(kLegalHold), value}});
  }
  // What all ways to change the blob come to: the one outcome they share, or all of them.
  std::string changes() {
    std::set<std::string> outcomes = {
        outcome([&] { put("a", "new"); }),
        outcome([&] { commit("a", ""); }),
        outcome(on(BlobOperation::SetBlobMetadata, "a", {{"x-ms-meta-k", "v"}})),
        outcome(on(BlobOperation::SetBlobProperties, "a", {{"x-ms-blob-content-type", "text/plain"}})),
        outcome(on(BlobOperation::CopyBlob, "a", {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/b"}})),
        outcome(on(BlobOperation::DeleteBlob, "a", {{"x-ms-delete-snapshots", "include"}}))};
    std::string all;
    for (const std::string& one : outcomes) all += (all.empty() ? "" : ", ") + one;
    return all;
  }
  std::string header(std::string_view name) { return run(on(BlobOperation::GetBlobProperties, "a")).headers.get(name); }
  Document listed(const std::string& include) {
    return run(on(BlobOperation::ListBlobs, "", {}, {{"prefix", "a"}, {"include", include}})).body["Blobs"];
  }
};

TEST_F(BlobProtectionTest, APolicyProtectsUntilItsDate) {
  put("a", "x");
  put("b", "y");
  EXPECT_EQ(run(policy(kTomorrow)).headers.get(kPolicyMode), "unlocked");
  EXPECT_EQ(changes(), "409 BlobImmutableDueToPolicy");
  EXPECT_EQ(header(kPolicyUntil), kTomorrow);
  EXPECT_EQ(listed("immutabilitypolicy")[0]["Properties"]["ImmutabilityPolicyMode"], "unlocked");
  EXPECT_FALSE(listed("")[0]["Properties"].contains("ImmutabilityPolicyMode"));
  for (const auto operation : {BlobOperation::GetBlob, BlobOperation::SnapshotBlob}) {
    EXPECT_EQ(outcome(on(operation, "a")), "ok");  // neither changes it
  }
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobTier, "a", {{"x-ms-access-tier", "Cool"}})), "ok");
  now_ += std::chrono::hours(24);
  EXPECT_EQ(changes(), "ok");
}

TEST_F(BlobProtectionTest, AnUnlockedPolicyIsChangedAndDeletedALockedOneExtended) {
  put("a", "x");
  run(policy(kLater));
  EXPECT_EQ(outcome(policy(kTomorrow)), "ok");
  EXPECT_EQ(outcome(on(BlobOperation::DeleteBlobImmutabilityPolicy, "a")), "ok");
  EXPECT_EQ(header(kPolicyUntil), "");
  EXPECT_EQ(outcome(policy(kTomorrow, "Locked")), "ok");
  EXPECT_EQ(outcome(policy(kTomorrow, "Unlocked")), "409 BlobImmutableDueToPolicy");
  EXPECT_EQ(outcome(policy(kLater, "Locked")), "ok");
  EXPECT_EQ(outcome(policy(kTomorrow, "Locked")), "409 BlobImmutableDueToPolicy");
  EXPECT_EQ(outcome(on(BlobOperation::DeleteBlobImmutabilityPolicy, "a")),
            "409 ImmutabilityPolicyDeleteOnLockedPolicy");
}

TEST_F(BlobProtectionTest, AHoldProtectsUntilItIsTakenOff) {
  put("a", "x");
  put("b", "y");
  run(hold("true"));
  EXPECT_EQ(changes(), "409 BlobImmutableDueToLegalHold");
  EXPECT_EQ(listed("legalhold")[0]["Properties"]["LegalHold"], "true");
  run(hold("false"));
  EXPECT_EQ(header(kLegalHold), "false");
  EXPECT_EQ(changes(), "ok");
}

TEST_F(BlobProtectionTest, UploadsBringTheirProtection) {
  const Parameters headers = {{std::string(kPolicyUntil), kTomorrow}, {std::string(kLegalHold), "true"}};
  put("b", "y");
  put("a", "x", headers);
  EXPECT_EQ(header(kPolicyMode) + header(kLegalHold), "unlockedtrue");
  EXPECT_EQ(changes(), "409 BlobImmutableDueToLegalHold");
  EXPECT_EQ(run(on(BlobOperation::SnapshotBlob, "a")).status, 201u);
  EXPECT_FALSE(listed("snapshots,legalhold")[0]["Properties"].contains("LegalHold"));
}

TEST_F(BlobProtectionTest, RefusalsOfWhatMakesNoSense) {
  put("a", "x");
  EXPECT_EQ(outcome(policy("Mon, 04 Mar 2024 10:00:00 GMT")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(policy("tomorrow")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(policy(kTomorrow, "Mutable")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(policy("")), "400 MissingRequiredHeader");
  EXPECT_EQ(outcome(hold("maybe")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(hold("")), "400 MissingRequiredHeader");
}

class BlobExpiryTest : public BlobTest {
 protected:
  BlobCall expiry(const std::string& option, const std::string& time = "") {
    return on(BlobOperation::SetBlobExpiry, "a", {{"x-ms-expiry-option", option}, {"x-ms-expiry-time", time}});
  }
  std::string expiry_time() { return run(on(BlobOperation::GetBlobProperties, "a")).headers.get("x-ms-expiry-time"); }
};

TEST_F(BlobExpiryTest, TheFourOptions) {
  put("a", "x");
  now_ += std::chrono::seconds(10);
  EXPECT_EQ(outcome(expiry("Absolute", kTomorrow)), "ok");
  EXPECT_EQ(expiry_time(), kTomorrow);
  EXPECT_EQ(outcome(expiry("RelativeToNow", "1500")), "ok");
  EXPECT_EQ(expiry_time(), "Tue, 05 Mar 2024 10:00:12 GMT");
  EXPECT_EQ(outcome(expiry("RelativeToCreation", "60000")), "ok");
  EXPECT_EQ(expiry_time().substr(0, 22), "Tue, 05 Mar 2024 10:01");
  EXPECT_EQ(outcome(expiry("NeverExpire")), "ok");
  EXPECT_EQ(expiry_time(), "");
}

TEST_F(BlobExpiryTest, ABlobThatHasExpiredIsNotThereAndIsCollected) {
  put("a", "x", {{"x-ms-tags", "t=1"}});
  run(expiry("RelativeToNow", "60000"));
  EXPECT_EQ(list({}), "a");
  now_ += std::chrono::seconds(60);
  const BlobCall find{.operation = BlobOperation::FindBlobsByTags, .account = "acct", .query = {{"where", "t='1'"}}};
  for (int attempt = 0; attempt < 2; ++attempt) {  // before and after it is collected
    EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a")), "404 BlobNotFound");
    EXPECT_EQ(outcome(on(BlobOperation::SetBlobMetadata, "a")), "404 BlobNotFound");
    EXPECT_EQ(list({}), "");
    EXPECT_EQ(run(find).body["Blobs"].size(), 0u);
    now_ += std::chrono::seconds(60);
  }
  EXPECT_EQ(store_.list({"acct", "data"}, {}).size(), 0u);
  put("a", "new");
  EXPECT_EQ(get("a") + expiry_time(), "new");
}

TEST_F(BlobExpiryTest, AProtectedBlobOutlivesItsExpiry) {
  put("a", "x", {{std::string(kPolicyUntil), kTomorrow}});
  run(expiry("RelativeToNow", "60000"));
  now_ += std::chrono::hours(23);
  EXPECT_EQ(get("a"), "x");
  run(on(BlobOperation::SetBlobLegalHold, "a", {{std::string(kLegalHold), "true"}}));
  now_ += std::chrono::hours(1);
  EXPECT_EQ(get("a"), "x");
  run(on(BlobOperation::SetBlobLegalHold, "a", {{std::string(kLegalHold), "false"}}));
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a")), "404 BlobNotFound");
}

TEST_F(BlobExpiryTest, Refusals) {
  put("a", "x");
  EXPECT_EQ(outcome(expiry("Absolute", "Mon, 04 Mar 2024 10:00:00 GMT")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(expiry("Absolute", "60")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(expiry("RelativeToNow", "0")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(expiry("RelativeToNow")), "400 MissingRequiredHeader");
  EXPECT_EQ(outcome(expiry("Sometimes", "1")), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(expiry("")), "400 MissingRequiredHeader");
}

}  // namespace
}  // namespace batchite::testing
