// The Blob service over HTTP, on any backend: routes, authorisation, XML. What an operation does is the backend's
// (core/blob); bodies stream through.
// Sources: the reference of the Blob service, and recordings of it; headers that clients insist on are in
// tests/emulator/blob_endpoint_test.cc.
// Any thread.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "backends/system/real.h"
#include "core/backend.h"
#include "core/blob/blob_xml.h"
#include "emulator/blob/blob_authorize.h"
#include "emulator/http/message.h"

namespace batchite {

struct BlobOptions {
  std::vector<BlobAccount> accounts;
  Clock clock;
  Entropy entropy = random_bytes;  // of request ids
  BlobAuth auth = BlobAuth::Lenient;
  std::string token_secret = {};  // what tokens are signed with
};

class BlobEndpoint : public http::Endpoint {
 public:
  // The backend outlives the endpoint.
  BlobEndpoint(Backend& backend, BlobOptions options);

  http::Response handle(const http::Request& request) override;

 private:
  struct Exchange;  // one request on its way

  http::Response respond(Exchange& exchange);
  http::Response answer(Exchange& exchange);
  void decode(Exchange& exchange) const;
  BlobAccess authorize(const Exchange& exchange) const;
  http::Response list(const Exchange& exchange, BlobCall call) const;
  http::Response batch(const Exchange& exchange);
  http::Response part(const Exchange& outer, http::Request request);
  ListingHead listing_head(const Exchange& exchange) const;
  bool is_account(std::string_view name) const;
  Document service_properties(const std::string& account) const;
  void add_cors(const Exchange& exchange, http::Response& response) const;
  http::Response encode(const Exchange& exchange, BlobReply reply) const;

  Backend& backend_;
  BlobOptions options_;
};

}  // namespace batchite
