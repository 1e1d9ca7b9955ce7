#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

// The account "acct" keeps deleted containers for seven days, "other" does not.
class BlobContainerRetentionTest : public BlobTest {
 protected:
  void remove(const std::string& container = "data", const std::string& account = "acct") {
    EXPECT_EQ(run({.operation = BlobOperation::DeleteContainer, .account = account, .container = container}).status,
              202u);
  }
  void create(const std::string& container = "data", Parameters headers = {}) {
    run({.operation = BlobOperation::CreateContainer,
         .account = "acct",
         .container = container,
         .headers = std::move(headers)});
  }
  std::string restore(const std::string& name, const std::string& version, const std::string& as = "data") {
    return outcome({.operation = BlobOperation::RestoreContainer,
                    .account = "acct",
                    .container = as,
                    .headers = {{"x-ms-deleted-container-name", name}, {"x-ms-deleted-container-version", version}}});
  }
  Document listed(Parameters query, const std::string& account = "acct") {
    return run({.operation = BlobOperation::ListContainers, .account = account, .query = std::move(query)}).body;
  }
  // "data -data": those that are deleted with a -.
  std::string containers(Parameters query = {{"include", "deleted"}}, const std::string& account = "acct") {
    std::string names;
    const Document page = listed(std::move(query), account);
    for (const Document& one : page["Containers"]) {
      names +=
          (names.empty() ? "" : " ") + std::string(one.contains("Deleted") ? "-" : "") + one["Name"].get<std::string>();
    }
    return names;
  }
  std::string version(std::size_t at = 0) {
    return listed({{"include", "deleted"}})["Containers"][at].value("Version", "none");
  }
};

TEST_F(BlobContainerRetentionTest, ADeletedContainerIsKeptAndComesBackWithAllInIt) {
  put("a", "text", {{"x-ms-meta-k", "v"}});
  run(on(BlobOperation::SnapshotBlob, "a"));
  remove();
  EXPECT_EQ(outcome([&] { get("a"); }), "404 ContainerNotFound");
  EXPECT_EQ(containers({}), "");
  EXPECT_EQ(containers(), "-data");
  EXPECT_EQ(restore("data", version()), "ok");
  EXPECT_EQ(containers(), "data");
  EXPECT_EQ(get("a"), "text");
  EXPECT_EQ(list({{"include", "snapshots"}}), "a a");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "a")).headers.get("x-ms-meta-k"), "v");
}

TEST_F(BlobContainerRetentionTest, ListingsTellTheDeletionAsRecorded) {
  remove();
  const Document one = listed({{"include", "deleted,metadata"}})["Containers"][0];
  EXPECT_EQ(one["Deleted"], true);
  EXPECT_EQ(one["Version"], "01DA6EE3E2A5D001");  // 2024-03-05T10:00:00Z as a FILETIME, and a tick
  const Document properties = one["Properties"];
  EXPECT_EQ(properties["LeaseState"], "expired");
  EXPECT_EQ(properties["DeletedTime"], "Tue, 05 Mar 2024 10:00:00 GMT");
  EXPECT_EQ(properties["RemainingRetentionDays"], 7);
  now_ += std::chrono::minutes(30);
  EXPECT_EQ(listed({{"include", "deleted"}})["Containers"][0]["Properties"]["RemainingRetentionDays"], 6);
}

TEST_F(BlobContainerRetentionTest, TheNameIsFreeAtOnceAndOthersMayBeTaken) {
  put("a", "first");
  remove();
  create();
  put("a", "second");
  EXPECT_EQ(restore("data", version(1)), "409 ContainerAlreadyExists");
  EXPECT_EQ(get("a"), "second");
  remove();
  EXPECT_EQ(containers(), "-data -data");
  const std::string first = version(0), second = version(1);
  EXPECT_EQ(restore("data", first), "ok");
  EXPECT_EQ(restore("data", second, "elsewhere"), "ok");
  EXPECT_EQ(get("a"), "first");
  BlobCall elsewhere = on(BlobOperation::GetBlob, "a");
  elsewhere.container = "elsewhere";
  EXPECT_EQ(read_all(*run(elsewhere).bytes), "second");
  EXPECT_EQ(containers(), "data elsewhere");
}

TEST_F(BlobContainerRetentionTest, WhatIsNotThereIsNotRestored) {
  remove();
  const std::string there = version();
  EXPECT_EQ(restore("data", "01DA6EE3E2A5D000"), "404 ContainerNotFound");
  EXPECT_EQ(restore("date", there), "404 ContainerNotFound");
  EXPECT_EQ(restore("", there), "400 MissingRequiredHeader");
  EXPECT_EQ(restore("data", ""), "400 MissingRequiredHeader");
  EXPECT_EQ(restore("data", there, "no name"), "400 InvalidResourceName");
  EXPECT_EQ(restore("data", there), "ok");
  EXPECT_EQ(restore("data", there, "again"), "404 ContainerNotFound");
}

TEST_F(BlobContainerRetentionTest, AfterItsDaysItIsGoneAndCollected) {
  remove();
  const std::string kept = version();
  now_ += std::chrono::days(7);
  EXPECT_EQ(store_.list_containers("acct", {.deleted = true}).size(), 1u);
  EXPECT_EQ(restore("data", kept), "404 ContainerNotFound");
  EXPECT_EQ(store_.list_containers("acct", {.deleted = true}).size(), 0u);
}

TEST_F(BlobContainerRetentionTest, ALeaseGuardsTheContainerAndGoesWithTheDeletion) {
  BlobCall lease{.operation = BlobOperation::LeaseContainer,
                 .account = "acct",
                 .container = "data",
                 .headers = {{"x-ms-lease-action", "acquire"}, {"x-ms-lease-duration", "-1"}}};
  const std::string id = run(lease).headers.get("x-ms-lease-id");
  BlobCall call{.operation = BlobOperation::DeleteContainer, .account = "acct", .container = "data"};
  EXPECT_EQ(outcome(call), "412 LeaseIdMissing");
  call.headers.add("x-ms-lease-id", id);
  EXPECT_EQ(outcome(call), "ok");
  EXPECT_EQ(listed({{"include", "deleted"}})["Containers"][0]["Properties"]["LeaseState"], "leased");
  EXPECT_EQ(restore("data", version()), "ok");
  EXPECT_EQ(listed({})["Containers"][0]["Properties"]["LeaseState"], "available");
}

TEST_F(BlobContainerRetentionTest, PagesHaveEachDeletedContainerOnce) {
  for (int round = 0; round < 3; ++round) {
    if (round > 0) create();
    remove();
  }
  create();
  create("data-x");
  std::string all, marker;
  do {
    const Document page = listed({{"include", "deleted"}, {"maxresults", "2"}, {"marker", marker}});
    for (const Document& one : page["Containers"]) {
      all += one["Name"].get<std::string>() + (one.contains("Deleted") ? "- " : " ");
    }
    marker = page["NextMarker"];
  } while (!marker.empty());
  EXPECT_EQ(all, "data data- data- data- data-x ");
  EXPECT_EQ(containers({{"include", "deleted"}, {"prefix", "data-"}}), "data-x");
}

TEST_F(BlobContainerRetentionTest, AnAccountWithoutRetentionKeepsNothing) {
  run({.operation = BlobOperation::CreateContainer, .account = "other", .container = "data"});
  remove("data", "other");
  EXPECT_EQ(containers({{"include", "deleted"}}, "other"), "");
  EXPECT_TRUE(store_.list_containers("other", {.deleted = true}).empty());
}

}  // namespace
}  // namespace batchite::testing
