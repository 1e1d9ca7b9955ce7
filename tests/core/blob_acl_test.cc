#include "core/blob/acl.h"

#include "core/signing/sas.h"
#include "tests/core/blob_fixture.h"

namespace batchite::testing {
namespace {

class BlobAclTest : public BlobTest {
 protected:
  static Document identifier(const std::string& id, const std::string& permissions, const std::string& expiry = "") {
    return {{"Id", id}, {"AccessPolicy", {{"Permission", permissions}, {"Expiry", expiry}}}};
  }
  BlobCall set(const Document& identifiers, Parameters headers = {}) {
    BlobCall call = on(BlobOperation::SetContainerAcl, "", std::move(headers));
    if (!identifiers.is_null()) call.document = {{"SignedIdentifier", identifiers}};
    return call;
  }
  // "GetBlob by `query`": what a signature that names a policy is answered.
  std::string check(const std::string& query, BlobOperation operation = BlobOperation::GetBlob) {
    return outcome([&] {
      check_sas(query, *service_.account("acct"),
                {.operation = operation, .container = "data", .blob = "a", .now = now_, .policies = [&] {
                   return service_.policies({"acct", "data"});
                 }});
    });
  }
  static std::string signature(const std::string& policy, const std::string& permissions = "", Time expiry = kNever) {
    return signing::make_service_sas({.terms = {.permissions = permissions, .expiry = expiry},
                                      .account = "acct",
                                      .container = "data",
                                      .identifier = policy},
                                     *base64_decode(kKey));
  }
};

TEST_F(BlobAclTest, AccessAndPoliciesAreReplacedAsAWhole) {
  const BlobReply before = run(on(BlobOperation::GetContainerAcl, ""));
  EXPECT_EQ(before.body, Document::object());
  EXPECT_FALSE(before.headers.has("x-ms-blob-public-access"));
  run(set({identifier("one", "rl", "2030-01-01T00:00:00Z"), identifier("two", "")},
          {{"x-ms-blob-public-access", "blob"}}));
  const BlobReply acl = run(on(BlobOperation::GetContainerAcl, ""));
  EXPECT_EQ(acl.headers.get("x-ms-blob-public-access"), "blob");
  EXPECT_EQ(acl.body["SignedIdentifier"][0]["AccessPolicy"]["Expiry"], "2030-01-01T00:00:00.0000000Z");
  EXPECT_EQ(acl.body["SignedIdentifier"][1]["Id"], "two");
  EXPECT_EQ(run(on(BlobOperation::GetContainerProperties, "")).headers.get("x-ms-blob-public-access"), "blob");
  const Document page = run({.operation = BlobOperation::ListContainers, .account = "acct"}).body;
  EXPECT_EQ(page["Containers"][0]["Properties"]["PublicAccess"], "blob");
  run(set(nullptr));
  EXPECT_EQ(run(on(BlobOperation::GetContainerAcl, "")).body, Document::object());
  EXPECT_FALSE(run(on(BlobOperation::GetContainerAcl, "")).headers.has("x-ms-blob-public-access"));
}

TEST_F(BlobAclTest, PoliciesMustMakeSense) {
  Document six = Document::array();
  for (int i = 0; i < 6; ++i) six.push_back(identifier("p" + std::to_string(i), "r"));
  EXPECT_EQ(outcome(set(six)), "400 InvalidXmlDocument");
  EXPECT_EQ(outcome(set({identifier("a", "r"), identifier("a", "w")})), "400 InvalidXmlNodeValue");
  EXPECT_EQ(outcome(set(identifier("a", "Z"))), "400 InvalidXmlNodeValue");
  EXPECT_EQ(outcome(set(identifier("a", "r", "tomorrow"))), "400 InvalidXmlNodeValue");
  EXPECT_EQ(outcome(set(identifier(std::string(65, 'i'), "r"))), "400 InvalidXmlNodeValue");
  EXPECT_EQ(outcome(set(nullptr, {{"x-ms-blob-public-access", "everybody"}})), "400 InvalidHeaderValue");
  EXPECT_EQ(outcome(set(nullptr, {{"If-Match", "\"0x1\""}})), "400 ConditionHeadersNotSupported");
  EXPECT_EQ(outcome(set(identifier("a", "racwdl"))), "ok");
}

TEST_F(BlobAclTest, ASignatureMayLeaveItsTermsToAPolicy) {
  const std::string named = signature("readers");
  EXPECT_EQ(check(named), "403 AuthenticationFailed");
  run(set(identifier("readers", "r", iso8601(now_ + std::chrono::hours(1)))));
  EXPECT_EQ(check(named), "ok");
  EXPECT_EQ(check(named, BlobOperation::PutBlob), "403 AuthorizationPermissionMismatch");
  run(set(identifier("readers", "w", iso8601(now_ + std::chrono::hours(1)))));  // takes effect at once
  EXPECT_EQ(check(named), "403 AuthorizationPermissionMismatch");
  EXPECT_EQ(check(named, BlobOperation::PutBlob), "ok");
  run(set(identifier("readers", "r", iso8601(now_ - std::chrono::hours(1)))));
  EXPECT_EQ(check(named), "403 AuthenticationFailed");
  run(set(nullptr));
  EXPECT_EQ(check(named), "403 AuthenticationFailed");
}

TEST_F(BlobAclTest, EachTermComesFromOnePlace) {
  const Time later = now_ + std::chrono::hours(1);
  run(set(identifier("readers", "r")));
  EXPECT_EQ(check(signature("readers")), "403 AuthenticationFailed");  // no end anywhere
  EXPECT_EQ(check(signature("readers", "", later)), "ok");
  EXPECT_EQ(check(signature("readers", "r", later)), "400 InvalidQueryParameterValue");
  EXPECT_EQ(check(signature("others", "", later)), "403 AuthenticationFailed");
}

class DelegationTest : public BlobTest {
 protected:
  BlobCall ask(const std::string& start, const std::string& expiry) {
    return {
        .operation = BlobOperation::GetUserDelegationKey,
        .account = "acct",
        .headers = {{"x-ms-version", "2021-12-02"}},
        .document = {{"Start", start}, {"Expiry", expiry}},
        .identity = {{"oid", "11111111-1111-1111-1111-111111111111"}, {"tid", "22222222-2222-2222-2222-222222222222"}}};
  }
  std::string signature(const Document& key) {
    const auto text = [&](const char* name) { return key[name].get<std::string>(); };
    return signing::make_user_delegation_sas({.terms = {.permissions = "r", .expiry = now_ + std::chrono::minutes(30)},
                                              .account = "acct",
                                              .container = "data"},
                                             {.object_id = text("SignedOid"),
                                              .tenant_id = text("SignedTid"),
                                              .start = text("SignedStart"),
                                              .expiry = text("SignedExpiry"),
                                              .service = text("SignedService"),
                                              .version = text("SignedVersion"),
                                              .value = *base64_decode(text("Value"))});
  }
  std::string check(const std::string& query, BlobOperation operation = BlobOperation::GetBlob) {
    return outcome([&] {
      check_sas(query, *service_.account("acct"),
                {.operation = operation, .container = "data", .blob = "a", .now = now_});
    });
  }
};

TEST_F(DelegationTest, AKeySignsForItsTimeAndNothingElse) {
  const Document key = run(ask("2024-03-05T09:00:00Z", "2024-03-05T10:10:00Z")).body;
  EXPECT_EQ(key["SignedOid"], "11111111-1111-1111-1111-111111111111");
  EXPECT_EQ(key["SignedVersion"], "2021-12-02");
  const std::string query = signature(key);
  EXPECT_EQ(check(query), "ok");
  EXPECT_EQ(check(query, BlobOperation::PutBlob), "403 AuthorizationPermissionMismatch");
  Document longer = key;
  longer["SignedExpiry"] = "2024-03-06T10:10:00Z";
  EXPECT_EQ(check(signature(longer)), "403 AuthenticationFailed");
  now_ += std::chrono::minutes(20);
  EXPECT_EQ(check(query), "403 AuthenticationFailed");  // the signature lasts longer than its key
}

TEST_F(DelegationTest, OnlyTokensGetKeysAndForSevenDays) {
  BlobCall by_key = ask("2024-03-05T09:00:00Z", "2024-03-06T09:00:00Z");
  by_key.identity = {};
  EXPECT_EQ(outcome(by_key), "403 AuthenticationFailed");
  EXPECT_EQ(outcome(ask("2024-03-05T09:00:00Z", "2024-03-12T09:00:00Z")), "ok");
  EXPECT_EQ(outcome(ask("2024-03-05T09:00:00Z", "2024-03-12T09:00:01Z")), "400 InvalidXmlNodeValue");
  EXPECT_EQ(outcome(ask("2024-03-06T09:00:00Z", "2024-03-05T09:00:00Z")), "400 InvalidXmlNodeValue");
  EXPECT_EQ(outcome(ask("now", "2024-03-05T11:00:00Z")), "400 InvalidXmlNodeValue");
  EXPECT_EQ(outcome(ask("", "2024-03-05T11:00:00Z")), "ok");
}

}  // namespace
}  // namespace batchite::testing
