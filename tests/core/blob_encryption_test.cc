#include "core/base/digest.h"
#include "core/blob/operation_table.h"
#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

std::string digest_of(char key) { return base64_encode(sha256(std::string(32, key))); }

// What a client sends of the key that is 32 times the letter.
Parameters with_key(char key, Parameters headers = {}, const std::string& prefix = "x-ms-") {
  headers.add(prefix + "encryption-key", base64_encode(std::string(32, key)));
  headers.add(prefix + "encryption-key-sha256", digest_of(key));
  headers.add(prefix + "encryption-algorithm", "AES256");
  return headers;
}

constexpr char kUses[] = "409 BlobUsesCustomerSpecifiedEncryption";
constexpr char kUsesNone[] = "409 BlobDoesNotUseCustomerSpecifiedEncryption";
constexpr char kMismatch[] = "409 BlobCustomerSpecifiedEncryptionMismatch";

class BlobEncryptionTest : public BlobTest {
 protected:
  std::string outcome_of(BlobOperation operation, const std::string& blob, Parameters headers, Parameters query = {},
                         const std::string& body = "") {
    StringSource bytes(body);
    BlobCall call = on(operation, blob, std::move(headers), std::move(query));
    call.body = &bytes;
    return outcome(call);
  }
  // Without a key, with the right one 'a' and with another.
  void expect_key_needed(BlobOperation operation, const std::string& blob, const Parameters& headers = {},
                         const std::string& body = "") {
    SCOPED_TRACE(std::string(blob_operation_row(operation).name));
    EXPECT_EQ(outcome_of(operation, blob, headers, {}, body), kUses);
    EXPECT_EQ(outcome_of(operation, blob, with_key('b', headers), {}, body), kMismatch);
    EXPECT_EQ(outcome_of(operation, blob, with_key('a', headers), {}, body), "ok");
  }
  BlobReply put_with(const std::string& blob, Parameters headers) { return put(blob, "text", std::move(headers)); }
  std::string put_block_with(const std::string& blob, const std::string& id, Parameters headers) {
    return outcome_of(BlobOperation::PutBlock, blob, std::move(headers), {{"blockid", base64_encode(id)}}, "block");
  }
};

TEST_F(BlobEncryptionTest, ABlobOfAKeyIsReadWithThatKeyOnly) {
  const BlobReply made = put_with("a", with_key('a'));
  EXPECT_EQ(made.headers.get("x-ms-encryption-key-sha256"), digest_of('a'));
  EXPECT_EQ(made.headers.get("x-ms-request-server-encrypted"), "true");
  EXPECT_FALSE(made.headers.has("x-ms-encryption-key"));
  for (const auto operation :
       {BlobOperation::GetBlob, BlobOperation::GetBlobProperties, BlobOperation::GetBlobMetadata}) {
    expect_key_needed(operation, "a");
    EXPECT_EQ(run(on(operation, "a", with_key('a'))).headers.get("x-ms-encryption-key-sha256"), digest_of('a'));
  }
  EXPECT_EQ(get("a", with_key('a')), "text");
}

TEST_F(BlobEncryptionTest, ItIsChangedWithThatKeyOnly) {
  put_with("a", with_key('a'));
  expect_key_needed(BlobOperation::SetBlobMetadata, "a", {{"x-ms-meta-k", "v"}});
  expect_key_needed(BlobOperation::SnapshotBlob, "a");
  run(on(BlobOperation::PutBlob, "log", with_key('a', {{"x-ms-blob-type", "AppendBlob"}})));
  expect_key_needed(BlobOperation::AppendBlock, "log", {}, "text");
  run(on(BlobOperation::PutBlob, "disk",
         with_key('a', {{"x-ms-blob-type", "PageBlob"}, {"x-ms-blob-content-length", "512"}})));
  expect_key_needed(BlobOperation::PutPage, "disk", {{"x-ms-page-write", "update"}, {"x-ms-range", "bytes=0-511"}},
                    std::string(512, 'p'));
}

TEST_F(BlobEncryptionTest, WhatNeedsNoKeyAtTheServiceNeedsNone) {
  put_with("a", with_key('a'));
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobProperties, "a", {{"x-ms-blob-content-type", "text/css"}})), "ok");
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobTier, "a", {{"x-ms-access-tier", "Cool"}})), "ok");
  EXPECT_EQ(get("a", with_key('a')), "text");
  put("a", "plain");  // replaces it, key and all
  EXPECT_EQ(get("a"), "plain");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", with_key('a'))), kUsesNone);
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobMetadata, "a", with_key('a'))), kUsesNone);
  EXPECT_EQ(outcome(on(BlobOperation::DeleteBlob, "a")), "ok");
}

TEST_F(BlobEncryptionTest, BlocksAndTheirListHaveOneKey) {
  EXPECT_EQ(put_block_with("a", "1", with_key('a')), "ok");
  EXPECT_EQ(put_block_with("a", "2", with_key('b')), kMismatch);
  EXPECT_EQ(put_block_with("a", "2", {}), kUses);
  EXPECT_EQ(put_block_with("a", "2", with_key('a')), "ok");
  EXPECT_EQ(outcome([&] { commit("a", "latest:1 latest:2"); }), kUses);
  EXPECT_EQ(outcome([&] { commit("a", "latest:1 latest:2", with_key('b')); }), kMismatch);
  EXPECT_EQ(outcome([&] { commit("a", "latest:1 latest:2", with_key('a')); }), "ok");
  EXPECT_EQ(get("a", with_key('a')), "blockblock");
  EXPECT_EQ(put_block_with("a", "3", {}), kUses);
  EXPECT_EQ(outcome([&] { commit("a", "committed:1"); }), kUses);
  EXPECT_EQ(outcome([&] { commit("a", "committed:1", with_key('a')); }), "ok");
  EXPECT_EQ(put_block_with("plain", "1", {}), "ok");
  EXPECT_EQ(put_block_with("plain", "2", with_key('a')), kUsesNone);
  EXPECT_EQ(outcome([&] { commit("plain", "latest:1", with_key('a')); }), kUsesNone);
}

TEST_F(BlobEncryptionTest, WhatIsNoKeyIsRefused) {
  const auto refused = [&](std::string_view header, const std::string& value) {
    Parameters headers = with_key('a');
    headers.set(header, value);
    return outcome([&] { put_with("a", headers); });
  };
  EXPECT_EQ(refused("x-ms-encryption-key", base64_encode("short")), "400 InvalidHeaderValue");
  EXPECT_EQ(refused("x-ms-encryption-key", "no base64!"), "400 InvalidHeaderValue");
  EXPECT_EQ(refused("x-ms-encryption-key-sha256", digest_of('b')), "400 InvalidHeaderValue");
  EXPECT_EQ(refused("x-ms-encryption-algorithm", "AES128"), "400 InvalidHeaderValue");
  for (const char* name : {"x-ms-encryption-key", "x-ms-encryption-key-sha256", "x-ms-encryption-algorithm"}) {
    EXPECT_EQ(refused(name, ""), "400 MissingRequiredHeader") << name;
  }
  EXPECT_EQ(refused("x-ms-encryption-scope", "both"), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome([&] { get("a"); }), "404 BlobNotFound");
}

TEST_F(BlobEncryptionTest, ARefusalNeverRepeatsAKey) {
  const std::string secret = base64_encode(std::string(31, 's'));
  Parameters headers = with_key('a');
  headers.set("x-ms-encryption-key", secret);
  try {
    put_with("a", headers);
    FAIL();
  } catch (const Error& error) {
    std::string all = error.message();
    for (const auto& [name, value] : error.values()) all += value;
    EXPECT_EQ(all.find(secret), std::string::npos) << all;
  }
}

TEST_F(BlobEncryptionTest, ACopyNeedsTheKeyOfItsSource) {
  put_with("a", with_key('a'));
  const auto copy = [&](BlobOperation operation, Parameters headers) {
    headers.add("x-ms-copy-source", "http://127.0.0.1:10000/acct/data/a");
    headers.add("x-ms-blob-type", "BlockBlob");
    return outcome(on(operation, "b", std::move(headers)));
  };
  for (const auto operation : {BlobOperation::CopyBlob, BlobOperation::PutBlobFromUrl}) {
    EXPECT_EQ(copy(operation, {}), kUses);
    EXPECT_EQ(copy(operation, with_key('b', {}, "x-ms-source-")), kMismatch);
    EXPECT_EQ(copy(operation, with_key('a', {}, "x-ms-source-")), "ok");
    EXPECT_EQ(get("b"), "text");
  }
  EXPECT_EQ(copy(BlobOperation::PutBlobFromUrl, with_key('c', with_key('a', {}, "x-ms-source-"))), "ok");
  EXPECT_EQ(outcome([&] { get("b"); }), kUses);
  EXPECT_EQ(get("b", with_key('c')), "text");
}

TEST_F(BlobEncryptionTest, SnapshotsKeepTheirKey) {
  put_with("a", with_key('a'));
  const std::string time = run(on(BlobOperation::SnapshotBlob, "a", with_key('a'))).headers.get("x-ms-snapshot");
  put("a", "plain");
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", {}, {{"snapshot", time}})), kUses);
  EXPECT_EQ(outcome(on(BlobOperation::GetBlob, "a", with_key('a'), {{"snapshot", time}})), "ok");
}

TEST_F(BlobEncryptionTest, AScopeIsKeptToldAndNotChanged) {
  const BlobReply made = put_with("a", {{"x-ms-encryption-scope", "one"}});
  EXPECT_EQ(made.headers.get("x-ms-encryption-scope"), "one");
  EXPECT_EQ(run(on(BlobOperation::GetBlobProperties, "a")).headers.get("x-ms-encryption-scope"), "one");
  EXPECT_EQ(get("a"), "text");  // read without saying so
  const auto edit = [&](const std::string& scope) {
    return outcome(on(BlobOperation::SetBlobMetadata, "a", {{"x-ms-encryption-scope", scope}}));
  };
  EXPECT_EQ(edit("two"), kMismatch);
  EXPECT_EQ(edit("one"), "ok");
  EXPECT_EQ(outcome(on(BlobOperation::SnapshotBlob, "a", {}, {{"ses", "two"}})), kMismatch);
  put("b", "text");
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobMetadata, "b", {{"x-ms-encryption-scope", "one"}})), kUsesNone);
}

TEST_F(BlobEncryptionTest, ListingsTellKeysAndScopes) {
  put_with("a", with_key('a'));
  put_with("b", {{"x-ms-encryption-scope", "one"}});
  const Document blobs = run(on(BlobOperation::ListBlobs, "")).body["Blobs"];
  EXPECT_EQ(blobs[0]["Properties"]["CustomerProvidedKeySha256"], digest_of('a'));
  EXPECT_EQ(blobs[1]["Properties"]["EncryptionScope"], "one");
}

class ContainerScopeTest : public BlobEncryptionTest {
 protected:
  std::string make(Parameters headers) {
    outcome({.operation = BlobOperation::DeleteContainer, .account = "acct", .container = "data"});
    return outcome({.operation = BlobOperation::CreateContainer,
                    .account = "acct",
                    .container = "data",
                    .headers = std::move(headers)});
  }
  std::string scope_of(const std::string& blob) {
    return run(on(BlobOperation::GetBlobProperties, blob)).headers.get("x-ms-encryption-scope", "none");
  }
};

TEST_F(ContainerScopeTest, ItIsToldAndIsThatOfBlobsThatNameNone) {
  ASSERT_EQ(make({{"x-ms-default-encryption-scope", "ours"}}), "ok");
  const Parameters told = run(on(BlobOperation::GetContainerProperties, "")).headers;
  EXPECT_EQ(told.get("x-ms-default-encryption-scope"), "ours");
  EXPECT_EQ(told.get("x-ms-deny-encryption-scope-override"), "false");
  const Document listed =
      run({.operation = BlobOperation::ListContainers, .account = "acct"}).body["Containers"][0]["Properties"];
  EXPECT_EQ(listed["DefaultEncryptionScope"], "ours");
  EXPECT_EQ(listed["DenyEncryptionScopeOverride"], false);

  EXPECT_EQ(put("a", "text").headers.get("x-ms-encryption-scope"), "ours");
  put_with("b", {{"x-ms-encryption-scope", "theirs"}});
  put_with("k", with_key('k'));
  put_block("c", "1", "text");
  EXPECT_EQ(put_block_with("c", "2", {{"x-ms-encryption-scope", "ours"}}), "ok");
  commit("c", "latest:1 latest:2");
  EXPECT_EQ(scope_of("a") + " " + scope_of("b") + " " + scope_of("c"), "ours theirs ours");
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobMetadata, "b")), "ok");
  EXPECT_EQ(outcome(on(BlobOperation::SetBlobMetadata, "a", {{"x-ms-encryption-scope", "ours"}})), "ok");
  EXPECT_EQ(scope_of("a"), "ours");
}

TEST_F(ContainerScopeTest, WhatItDeniesIsRefused) {
  ASSERT_EQ(make({{"x-ms-default-encryption-scope", "ours"}, {"x-ms-deny-encryption-scope-override", "true"}}), "ok");
  constexpr char kForbidden[] = "403 RequestForbiddenByContainerEncryptionPolicy";
  EXPECT_EQ(outcome([&] { put_with("a", {{"x-ms-encryption-scope", "theirs"}}); }), kForbidden);
  EXPECT_EQ(outcome([&] { put_with("a", with_key('a')); }), kForbidden);
  EXPECT_EQ(put_block_with("a", "1", {{"x-ms-encryption-scope", "theirs"}}), kForbidden);
  EXPECT_EQ(list({}), "");
  put_with("a", {{"x-ms-encryption-scope", "ours"}});
  EXPECT_EQ(scope_of("a"), "ours");
}

TEST_F(ContainerScopeTest, OnlyAScopeCanDenyOthers) {
  EXPECT_EQ(make({{"x-ms-deny-encryption-scope-override", "true"}}), "400 MissingRequiredHeader");
  EXPECT_EQ(
      outcome({.operation = BlobOperation::CreateContainer,
               .account = "acct",
               .container = "more",
               .headers = {{"x-ms-default-encryption-scope", "a"}, {"x-ms-deny-encryption-scope-override", "si"}}}),
      "400 InvalidHeaderValue");
  EXPECT_EQ(make({{"x-ms-default-encryption-scope", "$account-encryption-key"},
                  {"x-ms-deny-encryption-scope-override", "false"}}),
            "ok");
  put("a", "text");
  EXPECT_EQ(scope_of("a"), "none");
}

}  // namespace
}  // namespace batchite::testing
