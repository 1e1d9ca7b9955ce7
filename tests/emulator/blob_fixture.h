// The Blob endpoint over the service's own rules and a store in memory, spoken to without sockets.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/base/encoding.h"
#include "core/blob/blob_service.h"
#include "core/signing/sas.h"
#include "core/signing/shared_key.h"
#include "emulator/blob/blob_endpoint.h"
#include "tests/support/memory_blob_store.h"

namespace batchite::testing {

class BlobEndpointTest : public ::testing::Test, protected Backend {
 protected:
  static constexpr auto kKey =
      "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
  static constexpr auto kHost = "http://127.0.0.1:10000";

  struct Ask {
    std::string method = "GET";
    std::string path = {};  // below the account, as on the wire, with its query
    Parameters headers = {};
    std::string body = {};
    std::string key = kKey;  // empty: not signed
    std::string account = "devstoreaccount1";
    std::string base = kHost;
    bool is_lite = false;
    bool is_chunked = false;
  };

  // Signed with the account's key, unless the headers say otherwise.
  http::Response send(Ask ask) {
    http::Request request = wire(ask);
    if (!ask.key.empty()) sign(ask, request);
    return deliver(request, ask.body);
  }
  // With a query that authorises, or with nothing.
  http::Response send_unsigned(Ask ask) {
    ask.key.clear();
    return send(std::move(ask));
  }

  http::Response put(const std::string& path, const std::string& body, Parameters headers = {}) {
    headers.set("x-ms-blob-type", "BlockBlob");
    return send({.method = "PUT", .path = path, .headers = std::move(headers), .body = body});
  }
  std::string get(const std::string& path) { return text_of(send({.path = path})); }

  void make_container(const std::string& name = "data") {
    ASSERT_EQ(send({.method = "PUT", .path = "/" + name + "?restype=container"}).status, 201u);
  }

  static std::string text_of(const http::Response& response) {
    return response.bytes ? read_all(*response.bytes) : response.body;
  }
  // "201", or "404 BlobNotFound".
  static std::string outcome(const http::Response& response) {
    const std::string code = response.headers.get("x-ms-error-code");
    return std::to_string(response.status) + (code.empty() ? "" : " " + code);
  }

  static std::string key_bytes() { return *base64_decode(kKey); }
  std::string service_sas(const std::string& permissions, const std::string& blob = "") const {
    return signing::make_service_sas({.terms = {.permissions = permissions, .expiry = now_ + std::chrono::hours(1)},
                                      .account = "devstoreaccount1",
                                      .container = "data",
                                      .blob = blob},
                                     key_bytes());
  }

  http::Request wire(const Ask& ask) const {
    const std::string prefix = ask.account.empty() ? "" : "/" + ask.account;
    const auto mark = ask.path.find('?');
    http::Request request{.method = ask.method,
                          .path = prefix + ask.path.substr(0, mark),
                          .query = mark == std::string::npos ? "" : ask.path.substr(mark + 1),
                          .headers = ask.headers,
                          .base = ask.base,
                          .address = "127.0.0.1"};
    if (!request.headers.has("x-ms-version")) request.headers.add("x-ms-version", "2021-12-02");
    if (!request.headers.has("x-ms-date")) request.headers.add("x-ms-date", http_date(now_));
    request.has_body = !ask.body.empty();
    if (!ask.is_chunked) {
      request.length = ask.body.size();
      request.headers.add("Content-Length", std::to_string(ask.body.size()));
    }
    return request;
  }

  static void sign(const Ask& ask, http::Request& request) {
    const auto key = signing::account_key("devstoreaccount1", ask.key);
    const signing::SignedRequest text{request.method, request.path, request.query, request.headers};
    const std::string value =
        ask.is_lite ? "SharedKeyLite devstoreaccount1:" +
                          signing::sign(key->key, signing::storage_lite_string_to_sign(key->account, text))
                    : signing::storage_authorization(*key, text);
    request.headers.add("Authorization", value);
  }

  http::Response deliver(http::Request& request, const std::string& body) {
    StringSource source(body);
    if (request.has_body) request.body = &source;
    return endpoint_.handle(request);
  }

  Time now_ = *parse_iso8601("2024-03-05T10:00:00Z");
  BlobOptions options_{.accounts = {{"devstoreaccount1", {kKey}}, {"other", {kKey}}}, .clock = [this] { return now_; }};
  Manners manners_;
  MemoryBlobStore store_;
  BlobService service_{store_, [this] { return now_; }, options_.accounts, {.own = {"127.0.0.1:10000"}}};
  BlobEndpoint endpoint_{*this, options_};

 private:
  Reply call(const Call&) override { throw Error(501, "NotImplemented", "only blobs here"); }
  BlobReply blob(const BlobCall& call) override { return service_.call(call); }
  std::string sas_url(const SasRequest&) override { return {}; }
  const std::string& storage_account() const override { return options_.accounts.front().name; }
  Manners manners() const override { return manners_; }
};

}  // namespace batchite::testing
