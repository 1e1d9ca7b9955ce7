#include "emulator/blob/blob_endpoint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/query.h"
#include "core/blob/blob_xml.h"
#include "core/blob/checksums.h"
#include "core/blob/errors.h"
#include "emulator/blob/blob_batch.h"
#include "emulator/blob/blob_cors.h"
#include "emulator/blob/blob_list_body.h"
#include "emulator/blob/blob_routes.h"
#include "emulator/blob/blob_website.h"
#include "emulator/request_id.h"

namespace batchite {

using namespace blob_errors;

namespace {

constexpr std::string_view kNewestVersion = "2026-04-06";        // said to callers that name none
constexpr std::size_t kMaxDocumentBytes = std::size_t{8} << 20;  // 50,000 of the longest ids fit
constexpr std::size_t kMaxBatchBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxEcho = 1024;
constexpr ErrorCode kMissingContentLengthHeader{411, "MissingContentLengthHeader",
                                                "The Content-Length header was not specified."};
constexpr ErrorCode kSecondaryIsReadOnly{403, "InsufficientAccountPermissions",
                                         "Write operations to the secondary location are not allowed."};

bool is_version(const std::string& text) { return text.size() == 10 && parse_iso8601(text).has_value(); }

// The header, else what a signature says. Newer versions than known are served like the newest.
std::string version_of(const http::Request& request, const Parameters& query) {
  const std::string* header = request.headers.find("x-ms-version");
  if (!header) {
    const std::string version = query.get(query.has("api-version") ? "api-version" : "sv");
    return is_version(version) ? version : "";
  }
  if (is_version(*header)) return *header;
  throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-version"}, {"HeaderValue", *header}});
}

bool is_signature_override(std::string_view name) {
  const std::string folded = fold(name);
  return folded == "rscc" || folded == "rscd" || folded == "rsce" || folded == "rscl" || folded == "rsct";
}

std::string read_limited(const http::Request& request, ByteSource& body, std::size_t limit = kMaxDocumentBytes) {
  const Error too_large(kRequestBodyTooLarge, {{"MaxLimit", std::to_string(limit)}});
  if (request.length.value_or(0) > limit) throw too_large;
  std::string text;
  char buffer[16384];
  while (const std::size_t count = body.read(buffer)) {
    text.append(buffer, count);
    if (text.size() > limit) throw too_large;
  }
  return text;
}

// Checksums sent with a document are those of its XML, and so is the one answered to a block list.
Document receive_document(const http::Request& request, std::string_view root, Parameters& answer) {
  StringSource nothing("");
  const Expected expected = Expected::from(request.headers, false);
  CheckedSource body(request.body ? *request.body : nothing, expected, CheckedSource::Compute::WhatIsExpected);
  const std::string xml = read_limited(request, body);
  body.verify();
  if (root != "BlockList") return xml.empty() ? Document() : read_document(xml, root);
  if (const auto digest = body.md5()) {
    answer.add("Content-MD5", base64_encode(*digest));
  } else {
    answer.add("x-ms-content-crc64", crc64_text(crc64_nvme(0, xml)));
  }
  return read_block_list(xml);
}

// A reason phrase is one line of ASCII; the service gives its message there.
std::string reason_of(const std::string& message) {
  const bool fits = message.size() <= 256 && std::ranges::all_of(message, [](char c) { return c >= ' ' && c <= '~'; });
  return fits ? message : "";
}

http::Response error_response(const Error& error, const std::string& request_id, Time now) {
  http::Response response{.status = error.status(), .reason = reason_of(error.message())};
  response.headers.add("x-ms-error-code", error.code());
  if (error.is(kInvalidRange)) {
    for (const auto& [name, value] : error.values()) {
      if (name == "Content-Range") response.headers.add(name, value);
    }
  }
  if (error.status() == 401) {
    response.headers.add("WWW-Authenticate",
                         "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize "
                         "resource_id=https://storage.azure.com");
  }
  if (error.status() == 304) return response;
  response.headers.add("Content-Type", "application/xml");
  response.body = error_xml(error, request_id, iso8601_full(now));
  return response;
}

void add_echo(const http::Request& request, http::Response& response) {
  const std::string id = request.headers.get("x-ms-client-request-id");
  const bool is_printable = std::ranges::all_of(id, [](char c) { return c >= ' ' && c <= '~'; });
  if (!id.empty() && id.size() <= kMaxEcho && is_printable) response.headers.add("x-ms-client-request-id", id);
}

// A query without what says which operation it is.
std::string signature_in(const std::string& query) {
  std::string kept;
  for (const auto& [name, value] : parse_query(query)) {
    if (!same_id(name, "comp") && !same_id(name, "restype")) {
      kept += '&' + percent_encode(name) + '=' + percent_encode(value);
    }
  }
  return kept;
}

}  // namespace

struct BlobEndpoint::Exchange {
  const http::Request& request;
  Time now;
  Parameters query = {};  // decoded
  std::string version = {};
  BlobTarget target = {};
  const BlobOperationRow* route = nullptr;
  // Of a part of a batch: the path that its client may have signed instead, and the container that it must be about.
  bool is_part = false;
  std::string signed_path = {}, only_container = {};
};

BlobEndpoint::BlobEndpoint(Backend& backend, BlobOptions options) : backend_(backend), options_(std::move(options)) {}

http::Response BlobEndpoint::handle(const http::Request& request) {
  Exchange exchange{.request = request, .now = options_.clock()};
  return respond(exchange);
}

http::Response BlobEndpoint::respond(Exchange& exchange) {
  const http::Request& request = exchange.request;
  const std::string id = new_request_id(options_.entropy);
  http::Response response;
  try {
    response = answer(exchange);
  } catch (const Error& error) {
    response = error_response(error, id, exchange.now);
  } catch (const std::exception& error) {
    response = error_response(Error(kInternalError, {{"Reason", error.what()}}), id, exchange.now);
  }
  response.headers.set("Server", "Batchite-Blob/1.0");
  response.headers.set("x-ms-request-id", id);
  response.headers.set("x-ms-version", exchange.version.empty() ? std::string(kNewestVersion) : exchange.version);
  add_echo(request, response);
  add_cors(exchange, response);
  if (request.method == "HEAD") response.body.clear();
  return response;
}

// Refusals carry them, too: a browser would hide why else.
void BlobEndpoint::add_cors(const Exchange& exchange, http::Response& response) const {
  const http::Request& request = exchange.request;
  if (request.headers.get("Origin").empty() || !exchange.route || exchange.is_part) return;
  try {
    const Document properties = service_properties(exchange.target.account);
    for (const auto& [name, value] : cors_headers(properties, request.headers, request.method)) {
      response.headers.set(name, value);
    }
  } catch (const Error&) {  // the answer is given already
  }
}

bool BlobEndpoint::is_account(std::string_view name) const {
  return std::ranges::find(options_.accounts, name, &BlobAccount::name) != options_.accounts.end();
}

void BlobEndpoint::decode(Exchange& exchange) const {
  const http::Request& request = exchange.request;
  exchange.query = query_parameters(request.query);
  if (!exchange.is_part) exchange.version = version_of(request, exchange.query);
  exchange.target = blob_target(request, [this](std::string_view name) { return is_account(name); });
  if (request.method != "OPTIONS") exchange.route = &find_blob_route(request, exchange.query, exchange.target);
}

Document BlobEndpoint::service_properties(const std::string& account) const {
  return backend_.blob({.operation = BlobOperation::GetServiceProperties, .account = account}).body;
}

BlobAccess BlobEndpoint::authorize(const Exchange& exchange) const {
  const auto attempt = [&](const http::Request& request) {
    return authorize_blob({.request = request,
                           .query = exchange.query,
                           .target = exchange.target,
                           .route = *exchange.route,
                           .accounts = options_.accounts,
                           .mode = options_.auth,
                           .token_secret = options_.token_secret,
                           .version = exchange.version,
                           .now = exchange.now,
                           .acl = [this](const std::string& account, const std::string& container) {
                             return backend_.blob({.operation = BlobOperation::GetContainerAcl,
                                                   .account = account,
                                                   .container = container});
                           }});
  };
  if (!exchange.signed_path.empty()) {
    http::Request signed_request = exchange.request;
    signed_request.path = exchange.signed_path;
    try {
      return attempt(signed_request);
    } catch (const Error& error) {
      if (!error.is(kAuthenticationFailed)) throw;
    }
  }
  return attempt(exchange.request);
}

http::Response BlobEndpoint::answer(Exchange& exchange) {
  const http::Request& request = exchange.request;
  const auto knows = [this](std::string_view name) { return is_account(name); };
  if (const std::string account = website_account(request, knows); !account.empty()) {
    return answer_website(backend_, account, request);
  }
  decode(exchange);
  const bool tells_length = request.length || request.has_body;  // a chunked body tells its length in the end
  if (request.method == "PUT" && !tells_length && !exchange.is_part) throw Error(kMissingContentLengthHeader);
  if (request.method == "OPTIONS") {
    return {.headers = answer_preflight(service_properties(exchange.target.account), request.headers)};
  }
  const BlobAccess access = authorize(exchange);
  if (!exchange.only_container.empty() && exchange.target.container != exchange.only_container) {
    throw Error(kInvalidInput, {{"Reason", "A part of the batch is about another container."}});
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (exchange.target.is_secondary && !reads) throw Error(kSecondaryIsReadOnly);
  if (exchange.route->operation == BlobOperation::GetServiceStats && !exchange.target.is_secondary) {
    throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "comp"}, {"QueryParameterValue", "stats"}});
  }

  if (exchange.route->operation == BlobOperation::BlobBatch) return batch(exchange);
  BlobCall call{.operation = exchange.route->operation,
                .account = exchange.target.account,
                .container = exchange.target.container,
                .blob = exchange.target.blob,
                .query = access.may_override_headers ? exchange.query : exchange.query.without(is_signature_override),
                .headers = request.headers,
                .body = request.body,
                .may_overwrite = access.may_overwrite,
                .identity = access.identity,
                .token = access.token};
  Parameters more;
  if (!exchange.route->request.empty()) call.document = receive_document(request, exchange.route->request, more);
  if (call.operation == BlobOperation::ListBlobs) return list(exchange, std::move(call));
  BlobReply reply = backend_.blob(call);
  for (const auto& [name, value] : more) reply.headers.add(name, value);
  return encode(exchange, std::move(reply));
}

ListingHead BlobEndpoint::listing_head(const Exchange& exchange) const {
  return {.endpoint = exchange.target.endpoint,
          .container = exchange.target.container,
          .query = exchange.query,
          .version = exchange.version};
}

http::Response BlobEndpoint::list(const Exchange& exchange, BlobCall call) const {
  auto body = std::make_shared<BlobListBody>(backend_, std::move(call), listing_head(exchange));
  http::Response response{.status = body->first_reply().status};
  for (const auto& [name, value] : body->first_reply().headers) response.headers.add(name, value);
  response.headers.set("Content-Type", "application/xml");
  response.bytes = std::move(body);
  return response;
}

// Deletions or changes of tiers, one or the other.
http::Response BlobEndpoint::batch(const Exchange& exchange) {
  if (exchange.is_part || !exchange.request.body) throw Error(kInvalidInput);
  const std::string text = read_limited(exchange.request, *exchange.request.body, kMaxBatchBytes);
  std::vector<BatchPart> parts = read_batch(text, exchange.request.headers.get("Content-Type"));
  const auto kind = [](const BatchPart& part) {
    const bool sets_tier = fold(part.request.query).find("comp=tier") != std::string::npos;
    return part.request.method == "DELETE" ? 1 : part.request.method == "PUT" && sets_tier ? 2 : 0;
  };
  for (const BatchPart& one : parts) {
    if (kind(one) == 0 || kind(one) != kind(parts.front())) throw Error(kAllBatchSubRequestsShouldBeSameApi);
  }
  std::vector<BatchAnswer> answers;
  for (BatchPart& one : parts) answers.push_back({one.content_id, part(exchange, std::move(one.request))});
  const std::string boundary = "batchresponse_" + new_request_id(options_.entropy);
  http::Response response{.status = 202, .body = batch_body(answers, boundary)};
  response.headers.add("Content-Type", "multipart/mixed; boundary=" + boundary);
  return response;
}

// Clients write the URL of a part with or without the account that their endpoint has in its path, and sign it so or
// so.
http::Response BlobEndpoint::part(const Exchange& outer, http::Request request) {
  const http::Request& whole = outer.request;
  request.base = whole.base;
  request.address = whole.address;
  request.is_https = whole.is_https;
  if (!request.path.starts_with('/')) request.path.insert(0, 1, '/');
  const bool has_own_sas = request.query.find("sig=") != std::string::npos;
  if (!request.headers.has("Authorization") && !has_own_sas && whole.query.find("sig=") != std::string::npos) {
    request.query += signature_in(whole.query);
  }
  std::string signed_path;
  const std::string account = whole.path.substr(0, whole.path.find('/', 1));  // with its slash
  const bool is_path_style = outer.target.endpoint.ends_with(account + "/");
  if (is_path_style && !(request.path + "/").starts_with(account + "/")) {
    signed_path = std::exchange(request.path, account + request.path);
  }
  Exchange exchange{.request = request,
                    .now = outer.now,
                    .version = outer.version,
                    .is_part = true,
                    .signed_path = std::move(signed_path),
                    .only_container = outer.target.container};
  return respond(exchange);
}

http::Response BlobEndpoint::encode(const Exchange& exchange, BlobReply reply) const {
  const Document body = std::move(reply.body);
  http::Response response = to_response(std::move(reply), exchange.request.method == "HEAD");
  if (body.is_null()) return response;
  const ListingHead head = listing_head(exchange);
  response.headers.set("Content-Type", "application/xml");
  if (exchange.route->operation == BlobOperation::ListContainers) {
    response.body = container_list_xml(body, head);
  } else if (exchange.route->answer.empty()) {
    response.body = found_blobs_xml(body, head);
  } else {
    response.body = document_xml(exchange.route->answer, body);
  }
  return response;
}

}  // namespace batchite
