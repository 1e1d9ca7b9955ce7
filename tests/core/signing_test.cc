#include <fstream>
#include <sstream>

#include "core/base/document.h"
#include "core/base/encoding.h"
#include "core/base/query.h"
#include "core/signing/sas.h"
#include "core/signing/shared_key.h"

namespace batchite::signing {
namespace {

Document fixture(const std::string& name) {
  std::ifstream file(std::string(BATCHITE_FIXTURES) + "/signing/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return parse_document(text.str(), name);
}

AccountKey key_of(const Document& vectors) {
  return account_key(Reader(vectors).text("account"), Reader(vectors).text("key")).value();
}

SignedRequest request(std::string method, std::string_view target, Parameters headers = {}) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  return {.method = std::move(method),
          .path = std::string(target.substr(0, mark)),
          .query = mark == target.size() ? "" : std::string(target.substr(mark + 1)),
          .headers = std::move(headers)};
}

Parameters parameters(const Document& object) {
  Parameters result;
  for (const auto& [name, value] : object.items()) result.add(name, value.get<std::string>());
  return result;
}

SignedRequest request_of(const Document& vector) {
  const Reader reader(vector);
  return request(reader.text("method"), reader.text("target"), parameters(vector.at("headers")));
}

// A signature over a text that a client made up in its own way.
Authorization signed_as(const AccountKey& key, std::string_view text, std::string scheme = "SharedKey") {
  return {std::move(scheme), key.account, sign(key.key, text)};
}

TEST(BatchSharedKey, SignsTheKnownVectors) {
  const Document vectors = fixture("batch_shared_key.json");
  const AccountKey key = key_of(vectors);
  ASSERT_EQ(vectors.at("cases").size(), 6U);
  for (const Document& vector : vectors.at("cases")) {
    const Reader reader(vector);
    EXPECT_EQ(batch_string_to_sign(key.account, request_of(vector)), reader.text("string_to_sign"))
        << reader.text("name");
    EXPECT_EQ(batch_authorization(key, request_of(vector)), "SharedKey batchite:" + reader.text("signature"));
    EXPECT_TRUE(verify_batch(key, request_of(vector), {"SharedKey", "batchite", reader.text("signature")}));
  }
}

TEST(BatchSharedKey, AcceptsWhatRealClientsSignDifferently) {
  const AccountKey key = key_of(fixture("batch_shared_key.json"));
  const std::string tail = "ocp-date:D\n/batchite/pools";
  const struct {
    SignedRequest request;
    std::string text;
  } cases[] = {
      // A Date that the HTTP stack added after signing.
      {request("GET", "/pools", {{"ocp-date", "D"}, {"Date", "E"}}), "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail},
      {request("GET", "/pools", {{"ocp-date", "D"}, {"Date", "E"}}), "GET\n\n\n\n\n\nE\n\n\n\n\n\n" + tail},
      // A Content-Length of 0 that came or went on the way.
      {request("POST", "/pools", {{"ocp-date", "D"}}), "POST\n\n\n0\n\n\n\n\n\n\n\n\n" + tail},
      {request("POST", "/pools", {{"ocp-date", "D"}, {"Content-Length", "0"}}), "POST\n\n\n\n\n\n\n\n\n\n\n\n" + tail},
      // Names in lower case; a repeated name joined, or only its first value; an empty value left out.
      {request("GET", "/pools?timeOut=3&api-version=1", {{"ocp-date", "D"}}),
       "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail + "\napi-version:1\ntimeout:3"},
      {request("GET", "/pools?timeOut=3&api-version=1", {{"ocp-date", "D"}}),
       "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail + "\napi-version:1\ntimeOut:3"},
      {request("GET", "/pools?a=2&a=1", {{"ocp-date", "D"}}), "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail + "\na:1,2"},
      {request("GET", "/pools?a=2&a=1", {{"ocp-date", "D"}}), "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail + "\na:2"},
      {request("GET", "/pools?a=&b=1", {{"ocp-date", "D"}}), "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail + "\nb:1"},
      // A raw '+' in the query, under both readings.
      {request("GET", "/pools?a=x+y", {{"ocp-date", "D"}}), "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail + "\na:x y"},
      {request("GET", "/pools?a=x+y", {{"ocp-date", "D"}}), "GET\n\n\n\n\n\n\n\n\n\n\n\n" + tail + "\na:x+y"},
  };
  for (const auto& c : cases) EXPECT_TRUE(verify_batch(key, c.request, signed_as(key, c.text))) << c.text;
}

TEST(BatchSharedKey, RefusesWhatWasChangedAfterSigning) {
  const AccountKey key = key_of(fixture("batch_shared_key.json"));
  const SignedRequest good = request("POST", "/pools?api-version=1", {{"ocp-date", "D"}, {"Content-Length", "5"}});
  const Authorization authorization = signed_as(key, batch_string_to_sign(key.account, good));
  ASSERT_TRUE(verify_batch(key, good, authorization));
  for (const SignedRequest& bad : {
           request("PUT", "/pools?api-version=1", {{"ocp-date", "D"}, {"Content-Length", "5"}}),
           request("POST", "/pools/x?api-version=1", {{"ocp-date", "D"}, {"Content-Length", "5"}}),
           request("POST", "/pools?api-version=2", {{"ocp-date", "D"}, {"Content-Length", "5"}}),
           request("POST", "/pools?api-version=1&x=1", {{"ocp-date", "D"}, {"Content-Length", "5"}}),
           request("POST", "/pools?api-version=1", {{"ocp-date", "E"}, {"Content-Length", "5"}}),
           request("POST", "/pools?api-version=1", {{"ocp-date", "D"}, {"Content-Length", "0"}}),
           request("POST", "/pools?api-version=1", {{"ocp-date", "D"}, {"Content-Length", "5"}, {"If-Match", "x"}}),
       }) {
    EXPECT_FALSE(verify_batch(key, bad, authorization)) << batch_string_to_sign(key.account, bad);
  }
  EXPECT_FALSE(verify_batch({key.account, "another key"}, good, authorization));
  EXPECT_FALSE(verify_batch(key, good, {"SharedKeyLite", key.account, authorization.signature}));
  EXPECT_FALSE(verify_batch(key, good, {"SharedKey", key.account, ""}));
}

TEST(StorageSharedKey, SignsTheKnownVectors) {
  const Document vectors = fixture("storage_shared_key.json");
  const AccountKey key = key_of(vectors);
  ASSERT_EQ(vectors.at("cases").size(), 12U);
  for (const Document& vector : vectors.at("cases")) {
    const Reader reader(vector);
    const SignedRequest signed_request = request_of(vector);
    const bool lite = reader.text("scheme") == "SharedKeyLite";
    const std::string text = lite ? storage_lite_string_to_sign(key.account, signed_request)
                                  : storage_string_to_sign(key.account, signed_request);
    EXPECT_EQ(text == reader.text("string_to_sign"), reader.get("published_form", true)) << reader.text("name") << text;
    EXPECT_EQ(sign(key.key, reader.text("string_to_sign")), reader.text("signature")) << reader.text("name");
    EXPECT_TRUE(verify_storage(key, signed_request, {reader.text("scheme"), key.account, reader.text("signature")}))
        << reader.text("name");
  }
}

TEST(StorageSharedKey, DropsEmptyHeadersForOldVersionsOnly) {
  const auto text = [](std::string_view version) {
    return storage_string_to_sign("a",
                                  request("GET", "/c", {{"x-ms-meta-e", ""}, {"x-ms-version", std::string(version)}}));
  };
  EXPECT_EQ(text("2015-12-11").find("x-ms-meta-e"), std::string::npos);
  EXPECT_NE(text("2016-05-31").find("x-ms-meta-e:\n"), std::string::npos);
}

TEST(StorageSharedKey, AcceptsHeadersOrderedByCulture) {
  const AccountKey key{"a", "k"};
  const SignedRequest signed_request =
      request("PUT", "/c/b", {{"x-ms-meta-b", "1"}, {"x-ms-metaa", "2"}, {"x-ms-meta-a  ", "3"}});
  const std::string start = "PUT\n\n\n\n\n\n\n\n\n\n\n\n";
  const SignedRequest two = request("PUT", "/c/b", {{"x-ms-metaa", "2"}, {"x-ms-meta-b", "1"}});
  EXPECT_TRUE(verify_storage(key, two, signed_as(key, start + "x-ms-meta-b:1\nx-ms-metaa:2\n/a/c/b")));
  EXPECT_TRUE(verify_storage(key, two, signed_as(key, start + "x-ms-metaa:2\nx-ms-meta-b:1\n/a/c/b")));
  EXPECT_FALSE(verify_storage(key, two, signed_as(key, start + "x-ms-meta-b:1\n/a/c/b")));
  EXPECT_FALSE(verify_storage(key, signed_request, signed_as(key, start + "x-ms-metaa:2\nx-ms-meta-b:1\n/a/c/b")));
}

TEST(StorageSharedKey, AcceptsBlanksInsideValuesSqueezedOrNot) {
  const AccountKey key{"a", "k"};
  const SignedRequest signed_request = request("GET", "/c", {{"x-ms-meta-t", "  one  two \"a  b\"  "}});
  const std::string start = "GET\n\n\n\n\n\n\n\n\n\n\n\n";
  EXPECT_TRUE(verify_storage(key, signed_request, signed_as(key, start + "x-ms-meta-t:one  two \"a  b\"\n/a/c")));
  EXPECT_TRUE(verify_storage(key, signed_request, signed_as(key, start + "x-ms-meta-t:one two \"a  b\"\n/a/c")));
  EXPECT_FALSE(verify_storage(key, signed_request, signed_as(key, start + "x-ms-meta-t:one two \"a b\"\n/a/c")));
}

TEST(StorageSharedKey, ASchemeIsNotAnother) {
  const AccountKey key{"a", "k"};
  const SignedRequest signed_request = request("GET", "/c/b", {{"x-ms-date", "D"}});
  EXPECT_FALSE(verify_storage(key, signed_request,
                              signed_as(key, storage_string_to_sign("a", signed_request), "SharedKeyLite")));
  EXPECT_FALSE(
      verify_storage(key, signed_request, signed_as(key, storage_string_to_sign("a", signed_request), "Bearer")));
  EXPECT_TRUE(verify_storage(key, signed_request,
                             signed_as(key, storage_lite_string_to_sign("a", signed_request), "SharedKeyLite")));
}

TEST(Authorization, IsSplitIntoSchemeAccountAndSignature) {
  const auto parsed = parse_authorization("SharedKey acct:ab+/=:x");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->scheme, "SharedKey");
  EXPECT_EQ(parsed->account, "acct");
  EXPECT_EQ(parsed->signature, "ab+/=:x");
  for (const std::string_view text :
       {"", "SharedKey", "SharedKey ", "SharedKey acct", "SharedKey acct:", "SharedKey :sig", " acct:sig"}) {
    EXPECT_FALSE(parse_authorization(text)) << text;
  }
  EXPECT_FALSE(account_key("a", "not base64"));
  EXPECT_FALSE(account_key("a", ""));
}

SasTarget target_of(const Document& vector, const std::string& account) {
  const Reader reader(vector.at("target"));
  return {.account = account,
          .container = reader.text("container"),
          .blob = reader.text("blob"),
          .time = reader.text("time")};
}

Sas sas_of(const Document& vector) {
  Parameters query;
  for (const auto& [name, value] : vector.at("parameters").items()) query.add(name, value.get<std::string>());
  return parse_sas(query).value();
}

TEST(Sas, TheKnownVectorsOfEveryVersionHold) {
  const Document vectors = fixture("sas.json");
  const AccountKey key = key_of(vectors);
  const std::string delegation_key = base64_decode(Reader(vectors).text("delegation_key")).value();
  ASSERT_EQ(vectors.at("cases").size(), 20U);
  for (const Document& vector : vectors.at("cases")) {
    const Reader reader(vector);
    const bool delegation = reader.text("kind") == "delegation";
    Sas sas = sas_of(vector);
    EXPECT_EQ(sas.kind, delegation                         ? SasKind::UserDelegation
                        : reader.text("kind") == "account" ? SasKind::Account
                                                           : SasKind::Service);
    const SasTarget target = target_of(vector, key.account);
    EXPECT_EQ(string_to_sign(sas, target), reader.text("string_to_sign")) << reader.text("name");
    const std::string& bytes = delegation ? delegation_key : key.key;
    EXPECT_TRUE(verify_sas(sas, target, bytes)) << reader.text("name");
    sas.parameters.set("sp", "racwd");
    EXPECT_FALSE(verify_sas(sas, target, bytes)) << reader.text("name");
  }
}

TEST(Sas, ASignatureIsForItsResourceOnly) {
  const Document vectors = fixture("sas.json");
  const AccountKey key = key_of(vectors);
  for (const Document& vector : vectors.at("cases")) {
    if (Reader(vector).text("kind") != "service") continue;
    const Sas sas = sas_of(vector);
    SasTarget target = target_of(vector, key.account);
    target.container = "other";
    EXPECT_FALSE(verify_sas(sas, target, key.key));
    target = target_of(vector, key.account);
    target.blob = "in2/clip 1.mp4";
    EXPECT_EQ(verify_sas(sas, target, key.key), sas.parameters.get("sr") == "c") << Reader(vector).text("name");
  }
}

TEST(Sas, WritesTheCompleteTokensOfTheReference) {
  const AccountKey key = key_of(fixture("sas.json"));
  const SasTerms terms = {.permissions = "ldwcar",
                          .start = *parse_iso8601("2024-03-05T10:00:00Z"),
                          .expiry = *parse_iso8601("2034-03-05T10:00:00Z"),
                          .protocol = "https,http"};
  EXPECT_EQ(make_service_sas({.terms = terms, .account = "devstoreaccount1", .container = "videos"}, key.key),
            "st=2024-03-05T10%3A00%3A00Z&se=2034-03-05T10%3A00%3A00Z&sp=racwdl&spr=https%2Chttp&sv=2021-12-02&sr=c&"
            "sig=86hnx2YuSCRVznBFu4dw59elIc5mz3%2FpxFIvCCEy2wE%3D");
  EXPECT_EQ(make_account_sas({.terms = terms, .account = "devstoreaccount1"}, key.key),
            "st=2024-03-05T10%3A00%3A00Z&se=2034-03-05T10%3A00%3A00Z&sp=rwdlac&spr=https%2Chttp&sv=2021-12-02&ss=b&"
            "srt=sco&sig=pqurFmCqQ6W4M4VAc7zAq29q2c9q3ft%2Fr9Us4gN4nQQ%3D");
}

TEST(Sas, WhatIsMadeIsReadAndHolds) {
  const SasTerms terms = {
      .permissions = "wr", .expiry = *parse_iso8601("2034-03-05T10:00:00.1234567Z"), .ip = "10.0.0.1"};
  const SasSpec blob = {.terms = terms,
                        .account = "a",
                        .container = "c",
                        .blob = "in/clip 1+2.mp4",
                        .identifier = "readers",
                        .overrides = {.content_type = "video/mp4"}};
  const auto sas = parse_sas(query_parameters(make_service_sas(blob, "key")));
  ASSERT_TRUE(sas);
  EXPECT_EQ(sas->parameters.get("se"), "2034-03-05T10:00:00Z");
  EXPECT_EQ(sas->parameters.get("sp"), "rw");
  EXPECT_EQ(sas->parameters.get("rsct"), "video/mp4");
  EXPECT_TRUE(verify_sas(*sas, {.account = "a", .container = "c", .blob = "in/clip 1+2.mp4"}, "key"));
  EXPECT_FALSE(verify_sas(*sas, {.account = "a", .container = "c", .blob = "in/clip 1+2.mp4"}, "another"));

  const DelegationKey delegation = {"oid",        "tid", "2024-03-05T09:00:00Z", "2024-03-06T09:00:00Z", "b",
                                    "2021-12-02", "v"};
  const auto delegated = parse_sas(query_parameters(make_user_delegation_sas(blob, delegation)));
  ASSERT_TRUE(delegated);
  EXPECT_EQ(delegated->kind, SasKind::UserDelegation);
  EXPECT_TRUE(verify_sas(*delegated, {.account = "a", .container = "c", .blob = "in/clip 1+2.mp4"}, "v"));
  EXPECT_FALSE(parse_sas(query_parameters("restype=container&comp=list")));
}

TEST(Sas, ADirectoryOpensWhatLiesInIt) {
  const SasSpec directory = {
      .terms = {.permissions = "r"}, .account = "a", .container = "c", .blob = "x/y", .resource = "d"};
  const auto sas = parse_sas(query_parameters(make_service_sas(directory, "key")));
  ASSERT_TRUE(sas);
  EXPECT_EQ(sas->parameters.get("sdd"), "2");
  const auto opens = [&](std::string_view blob) {
    return verify_sas(*sas, {.account = "a", .container = "c", .blob = std::string(blob)}, "key");
  };
  EXPECT_TRUE(opens("x/y"));
  EXPECT_TRUE(opens("x/y/z"));
  EXPECT_TRUE(opens("x/y/z/1"));
  EXPECT_FALSE(opens("x/yz"));
  EXPECT_FALSE(opens("x"));
  EXPECT_FALSE(opens("/x/y"));
}

TEST(Sas, BindsTheHeadersAndParametersItNames) {
  Sas sas = {SasKind::UserDelegation, {{"sv", "2026-04-06"}, {"sr", "b"}, {"srh", "x-ms-a,x-ms-b"}, {"srq", "comp"}}};
  Parameters headers = {{"x-ms-b", "2"}, {"x-ms-a", "1"}};
  const Parameters query = {{"comp", "tags"}};
  const SasTarget target = {.account = "a", .container = "c", .blob = "b", .headers = &headers, .query = &query};
  EXPECT_THAT(string_to_sign(sas, target), testing::HasSubstr("\nx-ms-a:1\nx-ms-b:2\n\n\ncomp:tags\n"));
  sas.parameters.add("sig", sign("key", string_to_sign(sas, target)));
  EXPECT_TRUE(verify_sas(sas, target, "key"));
  headers.set("x-ms-a", "3");
  EXPECT_FALSE(verify_sas(sas, target, "key"));
}

TEST(Sas, PermissionsHaveAnOrder) {
  EXPECT_EQ(order_permissions(SasKind::Service, "lwr"), "rwl");
  EXPECT_EQ(order_permissions(SasKind::Account, "crlw"), "rwlc");
  EXPECT_FALSE(order_permissions(SasKind::Service, "rz"));
  EXPECT_FALSE(order_permissions(SasKind::Service, "rr"));
  EXPECT_TRUE(permissions_are_ordered(SasKind::Service, "racwdl"));
  EXPECT_FALSE(permissions_are_ordered(SasKind::Service, "wr"));
  EXPECT_TRUE(permissions_are_ordered(SasKind::Account, "rwdlac"));
}

}  // namespace
}  // namespace batchite::signing
