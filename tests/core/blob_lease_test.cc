#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

using std::chrono::seconds;

// Two lease ids, short in the stories: A and B.
constexpr char kA[] = "aaaaaaaa-0000-0000-0000-000000000000", kB[] = "bbbbbbbb-0000-0000-0000-000000000000";

std::string id_of(char name) { return name == 'A' ? kA : kB; }

class BlobLeaseTest : public BlobTest {
 protected:
  BlobLeaseTest() { put("a", "hello"); }

  BlobCall lease(const std::string& blob, Parameters headers) {
    BlobCall call = on(blob.empty() ? BlobOperation::LeaseContainer : BlobOperation::LeaseBlob, blob);
    call.headers = std::move(headers);
    return call;
  }

  // "acquire 15 A", "acquire -1", "renew A", "change A B", "release A", "break", "break 10": as they are asked of
  // `blob`; "wait 15" lets time pass.
  Parameters headers_of(const std::string& story) {
    std::istringstream words(story);
    std::string action, first, second;
    words >> action >> first >> second;
    Parameters headers = {{"x-ms-lease-action", action}};
    if (action == "acquire") {
      headers.add("x-ms-lease-duration", first);
      if (!second.empty()) headers.add("x-ms-proposed-lease-id", id_of(second[0]));
    } else if (action == "break") {
      if (!first.empty()) headers.add("x-ms-lease-break-period", first);
    } else {
      headers.add("x-ms-lease-id", id_of(first[0]));
      if (!second.empty()) headers.add("x-ms-proposed-lease-id", id_of(second[0]));
    }
    return headers;
  }

  // The outcome and the state after it: "ok leased", "409 LeaseAlreadyPresent leased".
  std::string step(const std::string& story, const std::string& blob = "a") {
    if (story.starts_with("wait ")) {
      now_ += seconds(std::stol(story.substr(5)));
      return state(blob);
    }
    const std::string came = outcome(lease(blob, headers_of(story)));
    return came + " " + state(blob);
  }
  // Whatever the case before left.
  void start_again(const std::string& blob) {
    outcome(lease(blob, headers_of("break 0")));
    run(on(blob.empty() ? BlobOperation::DeleteContainer : BlobOperation::DeleteBlob, blob));
    if (blob.empty()) {
      run(on(BlobOperation::CreateContainer, ""));
    } else {
      put(blob, "hello");
    }
  }
  std::string state(const std::string& blob = "a") {
    const auto operation = blob.empty() ? BlobOperation::GetContainerProperties : BlobOperation::GetBlobProperties;
    return run(on(operation, blob)).headers.get("x-ms-lease-state");
  }
};

struct Case {
  std::string before, then, expected;
};

// The service's table of outcomes, row by row; `before` is told in steps divided by commas.
TEST_F(BlobLeaseTest, ActionsEndAsTheServicesTableSays) {
  const std::string leased = "acquire 30 A", breaking = "acquire 30 A,break 10", broken = "acquire 30 A,break 0",
                    expired = "acquire 30 A,wait 30";
  const Case cases[] = {
      {"", "acquire 30", "ok leased"},
      {leased, "acquire 30", "409 LeaseAlreadyPresent leased"},
      {breaking, "acquire 30", "409 LeaseAlreadyPresent breaking"},
      {broken, "acquire 30", "ok leased"},
      {expired, "acquire 30", "ok leased"},
      {leased, "acquire -1 A", "ok leased"},
      {breaking, "acquire 30 A", "409 LeaseIsBreakingAndCannotBeAcquired breaking"},
      {leased, "acquire 30 B", "409 LeaseAlreadyPresent leased"},
      {breaking, "acquire 30 B", "409 LeaseAlreadyPresent breaking"},
      {expired, "acquire 30 B", "ok leased"},
      {"", "renew A", "409 LeaseIdMismatchWithLeaseOperation available"},
      {leased, "renew A", "ok leased"},
      {breaking, "renew A", "409 LeaseIsBrokenAndCannotBeRenewed breaking"},
      {broken, "renew A", "409 LeaseIsBrokenAndCannotBeRenewed broken"},
      {expired, "renew A", "ok leased"},
      {expired, "renew B", "409 LeaseIdMismatchWithLeaseOperation expired"},
      {"", "change A B", "409 LeaseNotPresentWithLeaseOperation available"},
      {leased, "change A B", "ok leased"},
      {leased, "change B A", "ok leased"},  // asked again, and done already
      {breaking, "change A B", "409 LeaseIsBreakingAndCannotBeChanged breaking"},
      {breaking, "change B A", "409 LeaseIdMismatchWithLeaseOperation breaking"},
      {broken, "change A B", "409 LeaseNotPresentWithLeaseOperation broken"},
      {expired, "change A B", "409 LeaseNotPresentWithLeaseOperation expired"},
      {"", "release A", "409 LeaseIdMismatchWithLeaseOperation available"},
      {leased, "release A", "ok available"},
      {breaking, "release A", "ok available"},
      {expired, "release A", "ok available"},
      {leased, "release B", "409 LeaseIdMismatchWithLeaseOperation leased"},
      {"", "break 0", "409 LeaseNotPresentWithLeaseOperation available"},
      {leased, "break 0", "ok broken"},
      {leased, "break 10", "ok breaking"},
      {leased, "break", "ok breaking"},  // runs on to its end
      {"acquire -1 A", "break", "ok broken"},
      {breaking, "break 0", "ok broken"},
      {expired, "break 10", "ok broken"},
      {breaking, "wait 10", "broken"},
      {leased, "wait 29", "leased"},
      {leased, "wait 30", "expired"},
      {"acquire -1 A", "wait 100000", "leased"},
  };
  for (const std::string blob : {"a", ""}) {
    for (const Case& one : cases) {
      start_again(blob);
      std::istringstream steps(one.before);
      for (std::string each; std::getline(steps, each, ',');) step(each, blob);
      EXPECT_EQ(step(one.then, blob), one.expected) << (blob.empty() ? "container" : "blob") << ": " << one.before;
    }
  }
}

TEST_F(BlobLeaseTest, ABreakTellsHowLongItTakesAndIsOnlyShortened) {
  const auto time_left = [&](const std::string& story) {
    return run(lease("a", headers_of(story))).headers.get("x-ms-lease-time");
  };
  step("acquire 60 A");
  EXPECT_EQ(time_left("break 30"), "30");
  EXPECT_EQ(time_left("break 50"), "30");
  step("wait 10");
  EXPECT_EQ(time_left("break"), "20");
  EXPECT_EQ(time_left("break 5"), "5");
  step("wait 5");
  EXPECT_EQ(time_left("break"), "0");
}

TEST_F(BlobLeaseTest, LeasingLeavesTheVersionAlone) {
  const auto etag = [&] { return run(on(BlobOperation::GetBlobProperties, "a")).headers.get("ETag"); };
  const std::string before = etag();
  step("wait 60");
  const BlobReply reply = run(lease("a", headers_of("acquire 15 A")));
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.headers.get("ETag"), before);
  EXPECT_EQ(reply.headers.get("x-ms-lease-id"), kA);
  EXPECT_EQ(etag(), before);
}

TEST_F(BlobLeaseTest, WritesOfALeasedBlobNeedItsId) {
  const auto write = [&](const std::string& id) {
    Parameters headers;
    if (!id.empty()) headers.add("x-ms-lease-id", id);
    return outcome(on(BlobOperation::SetBlobMetadata, "a", headers));
  };
  EXPECT_EQ(write(kA), "412 LeaseNotPresentWithBlobOperation");
  step("acquire 30 A");
  EXPECT_EQ(write(""), "412 LeaseIdMissing");
  EXPECT_EQ(write(kB), "412 LeaseIdMismatchWithBlobOperation");
  EXPECT_EQ(write("{AAAAAAAA-0000-0000-0000-000000000000}"), "ok");
  EXPECT_EQ(write("nonsense"), "400 InvalidHeaderValue");
  step("wait 30");
  EXPECT_EQ(write(kA), "412 LeaseLost");
  EXPECT_EQ(state(), "expired");
  EXPECT_EQ(write(""), "ok");
  EXPECT_EQ(state(), "available");  // written since: it cannot be renewed any more
  EXPECT_EQ(step("renew A"), "409 LeaseIdMismatchWithLeaseOperation available");
}

TEST_F(BlobLeaseTest, EveryKindOfWriteIsHeldOff) {
  step("acquire -1 A");
  const auto with = [&](BlobOperation operation, Parameters headers, Parameters query = {}) {
    StringSource body("x");
    BlobCall call = on(operation, "a", headers, query);
    call.body = &body;
    call.document = Document::array();
    return outcome(call);
  };
  using enum BlobOperation;
  const std::tuple<BlobOperation, Parameters, Parameters> cases[] = {
      {PutBlob, {{"x-ms-blob-type", "BlockBlob"}}, {}},
      {PutBlock, {}, {{"blockid", "QQ=="}}},
      {PutBlockList, {}, {}},
      {SetBlobProperties, {}, {}},
      {SetBlobMetadata, {}, {}},
      {CopyBlob, {{"x-ms-copy-source", "http://127.0.0.1:10000/acct/data/a"}}, {}},
      {DeleteBlob, {}, {}},
  };
  for (auto [operation, headers, query] : cases) {
    EXPECT_EQ(with(operation, headers, query), "412 LeaseIdMissing") << static_cast<int>(operation);
    headers.add("x-ms-lease-id", kA);
    EXPECT_EQ(with(operation, headers, query), "ok") << static_cast<int>(operation);
  }
  EXPECT_EQ(outcome(on(GetBlob, "a")), "404 BlobNotFound");
  EXPECT_EQ(with(PutBlob, {{"x-ms-blob-type", "BlockBlob"}, {"x-ms-lease-id", kA}}),
            "412 LeaseNotPresentWithBlobOperation");
}

TEST_F(BlobLeaseTest, ReadersNeedNoIdButOneThatIsGivenMustFit) {
  step("acquire -1 A");
  EXPECT_EQ(get("a"), "hello");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", {{"x-ms-lease-id", kA}})), "ok");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", {{"x-ms-lease-id", kB}})), "412 LeaseIdMismatchWithBlobOperation");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "a")).headers.get("x-ms-lease-duration"), "infinite");
}

TEST_F(BlobLeaseTest, AnOverwriteKeepsTheLease) {
  step("acquire -1 A");
  put("a", "again", {{"x-ms-lease-id", kA}});
  EXPECT_EQ(state(), "leased");
}

TEST_F(BlobLeaseTest, AContainersLeaseGuardsItsDeletionOnly) {
  step("acquire -1 A", "");
  put("b", "x");
  EXPECT_EQ(outcome(on(BlobOperation::SetContainerMetadata, "")), "ok");
  EXPECT_EQ(outcome(on(BlobOperation::SetContainerMetadata, "", {{"x-ms-lease-id", kB}})),
            "412 LeaseIdMismatchWithContainerOperation");
  EXPECT_EQ(outcome(on(BlobOperation::DeleteContainer, "")), "412 LeaseIdMissing");
  EXPECT_EQ(outcome(on(BlobOperation::DeleteContainer, "", {{"x-ms-lease-id", kA}})), "ok");
}

TEST_F(BlobLeaseTest, ListingsShowLeases) {
  step("acquire 30 A");
  step("acquire -1 B", "");
  const Document blob = run(on(BlobOperation::ListBlobs, "")).body["Blobs"][0]["Properties"];
  EXPECT_EQ(blob["LeaseStatus"], "locked");
  EXPECT_EQ(blob["LeaseState"], "leased");
  EXPECT_EQ(blob["LeaseDuration"], "fixed");
  const Document page = run({.operation = BlobOperation::ListContainers, .account = "acct"}).body;
  EXPECT_EQ(page["Containers"][0]["Properties"]["LeaseDuration"], "infinite");
}

TEST_F(BlobLeaseTest, WhatIsAskedMustMakeSense) {
  const std::pair<Parameters, std::string> cases[] = {
      {{}, "400 MissingRequiredHeader"},
      {{{"x-ms-lease-action", "borrow"}}, "400 InvalidHeaderValue"},
      {{{"x-ms-lease-action", "acquire"}}, "400 MissingRequiredHeader"},
      {{{"x-ms-lease-action", "acquire"}, {"x-ms-lease-duration", "14"}}, "400 InvalidHeaderValue"},
      {{{"x-ms-lease-action", "acquire"}, {"x-ms-lease-duration", "61"}}, "400 InvalidHeaderValue"},
      {{{"x-ms-lease-action", "acquire"}, {"x-ms-lease-duration", "15"}, {"x-ms-proposed-lease-id", "1"}},
       "400 InvalidHeaderValue"},
      {{{"x-ms-lease-action", "break"}, {"x-ms-lease-break-period", "61"}}, "400 InvalidHeaderValue"},
      {{{"x-ms-lease-action", "renew"}}, "400 MissingRequiredHeader"},
      {{{"x-ms-lease-action", "acquire"}, {"x-ms-lease-duration", "15"}, {"If-Match", "\"0x1\""}},
       "412 ConditionNotMet"},
  };
  for (const auto& [headers, expected] : cases) EXPECT_EQ(outcome(lease("a", headers)), expected);
  EXPECT_EQ(outcome(lease("missing", headers_of("acquire 15"))), "404 BlobNotFound");
}

}  // namespace
}  // namespace batchite::testing
