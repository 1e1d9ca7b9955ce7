#include "emulator/batch/batch_endpoint.h"

#include "core/base/ids.h"
#include "core/base/query.h"
#include "core/contract/error_codes.h"
#include "emulator/batch/decode.h"
#include "emulator/batch/encode.h"
#include "emulator/batch/older_names.h"
#include "emulator/own/token_pages.h"
#include "emulator/request_id.h"

namespace batchite::batch {
namespace {

void add_common_headers(http::Response& response, const http::Request& request, const std::string& id) {
  response.headers.add("Server", "Microsoft-HTTPAPI/2.0");
  response.headers.add("request-id", id);
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("DataServiceVersion", "3.0");
  const std::string* client_id = request.headers.find("client-request-id");
  if (client_id && same_id(request.headers.get("return-client-request-id"), "true")) {
    response.headers.add("client-request-id", *client_id);
  }
}

}  // namespace

BatchEndpoint::BatchEndpoint(Backend& backend, Metrics& metrics, BatchOptions options)
    : backend_(backend),
      metrics_(metrics),
      options_(std::move(options)),
      versions_(options_.strict_version, options_.warn),
      authenticator_(options_.account, options_.auth, options_.token_secret, options_.clock) {}

http::Response BatchEndpoint::handle(const http::Request& request) {
  if (auto page = token_page(request, authenticator_)) return *std::move(page);
  const Metrics::Clock::time_point begun = Metrics::Clock::now();
  const std::string id = new_request_id(options_.entropy);
  std::string_view operation_id = "unknown";
  http::Response response;
  try {
    response = answer(request, operation_id);
  } catch (const Error& error) {
    response = encode_error(error, request, id, options_.clock());
  } catch (const std::exception& error) {
    options_.warn("request " + id + " (" + std::string(operation_id) + ") failed: " + error.what());
    response = encode_error(Error(errors::kInternalError), request, id, options_.clock());
  }
  add_common_headers(response, request, id);
  metrics_.count(operation_id, response.status, Metrics::Clock::now() - begun);
  return response;
}

// The order of the checks is the service's: a version is missed before a signature is.
http::Response BatchEndpoint::answer(const http::Request& request, std::string_view& operation_id) {
  Parameters query = query_parameters(request.query);
  const contract::Version version = versions_.of(query);
  const std::optional<TaskCaller> caller = authenticator_.check(request);
  Route route = router_.find(request.method, request.path);
  operation_id = route.operation->id;
  if (!route.operation->exists_in(version)) {
    throw Error(errors::kResourceNotFound,
                {{"Reason", std::string(operation_id) + " does not exist in api-version " + query.get("api-version")}});
  }
  Call call = decode(request, std::move(route), std::move(query), version);
  to_current_names(call);
  call.caller = caller;
  call.token = authenticator_.foreign_token(request);
  // Asked first, so that what changes meanwhile makes the kept answer old rather than wrong.
  const std::uint64_t revision = AnswerCache::may_keep(call) ? backend_.revision() : 0;
  const std::string key = revision == 0 ? std::string() : request.base + request.path + "?" + request.query;
  if (revision != 0) {
    if (auto kept = cache_.find(key, revision)) return *std::move(kept);
  }
  Reply reply = backend_.call(call);
  to_names_of(call, reply.body);
  http::Response response = encode(call, std::move(reply), request.path);
  if (revision != 0) cache_.keep(key, revision, response);
  return response;
}

}  // namespace batchite::batch
