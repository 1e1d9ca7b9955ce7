#include "emulator/batch/encode.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/base/ids.h"

namespace batchite::batch {
namespace {

using contract::Method;

constexpr std::string_view kJson = "application/json;odata=minimalmetadata";
constexpr std::string_view kErrorMetadata =
    "/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element";

// Changes that recordings show without DataServiceId.
constexpr std::string_view kWithoutId[] = {"Task_Reactivate", "Task_AddCollection",
                                           "ComputeNode_UploadBatchServiceLogs"};

std::string dump(const Document& document) { return document.dump(-1, ' ', false, Document::error_handler_t::replace); }

void add_identity(http::Response& response, const Call& call, std::string_view path) {
  const Method method = call.operation.method;
  if (method == Method::Get || method == Method::Head || method == Method::Delete) return;
  if (std::find(std::begin(kWithoutId), std::end(kWithoutId), call.operation.id) != std::end(kWithoutId)) return;
  response.headers.add("DataServiceId", response.headers.get("Location", call.base + std::string(path)));
}

}  // namespace

http::Response encode(const Call& call, Reply reply, std::string_view path) {
  http::Response response{.status = reply.status};
  const bool is_file = call.operation.resource == "File";
  if (reply.modified) {
    if (!is_file) response.headers.add("ETag", etag(*reply.modified));
    response.headers.add("Last-Modified", http_date(*reply.modified));
  }
  for (const auto& [name, value] : reply.headers) response.headers.add(name, value);
  add_identity(response, call, path);
  response.chunked = reply.status != 204 && !response.headers.has("Content-Length");
  if (reply.bytes) {
    response.bytes = std::move(reply.bytes);
  } else if (!reply.body.is_null()) {
    response.headers.add("Content-Type", std::string(kJson));
    const std::string metadata = call.base + "/$metadata#" + std::string(call.operation.odata_metadata);
    std::string body = dump(reply.body);
    // First, before the members that are there.
    body.insert(1, "\"odata.metadata\":" + dump(metadata) + (reply.body.empty() ? "" : ","));
    response.body = std::move(body);
  }
  return response;
}

http::Response encode_error(const Error& error, const http::Request& request, const std::string& id, Time now) {
  http::Response response{.status = error.status(), .reason = error.message()};
  std::replace_if(
      response.reason.begin(), response.reason.end(), [](unsigned char c) { return c < ' '; }, ' ');
  if (error.status() == 401) response.headers.add("WWW-Authenticate", "Bearer realm=\"batchite\"");
  if (error.status() == 304 || request.method == "HEAD") return response;
  Document body = {
      {"odata.metadata", request.base + std::string(kErrorMetadata)},
      {"code", error.code()},
      {"message",
       {{"lang", "en-US"}, {"value", error.message() + "\nRequestId:" + id + "\nTime:" + iso8601_full(now)}}}};
  for (const ErrorValue& value : error.values()) {
    body["values"].push_back({{"key", value.key}, {"value", value.value}});
  }
  response.headers.add("Content-Type", std::string(kJson));
  response.body = dump(body);
  return response;
}

}  // namespace batchite::batch
