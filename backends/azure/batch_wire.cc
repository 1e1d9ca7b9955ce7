#include "backends/azure/batch_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/contract/request.h"

namespace batchite::azure {
namespace {

using contract::Method;

constexpr std::string_view kMetadata = "odata.metadata";
constexpr unsigned kNotFound = 404;
constexpr unsigned kInternalError = 500;
constexpr Ticks kDotNetEpoch = Ticks(621'355'968'000'000'000);  // 1970 in ticks since year 1

// Headers of answers that belong to the reply; the others are the exchange's. The length of bytes that come is theirs
// to say.
bool is_of_reply(std::string_view name, const contract::Operation& operation) {
  const bool tells_of_file = operation.resource == "File" && operation.method == Method::Head;
  const std::string folded = fold(name);
  if (folded == "location" || folded.starts_with("ocp-")) return true;
  return (folded == "content-type" && (tells_of_file || operation.answers_bytes)) ||
         (folded == "content-length" && tells_of_file);
}

// ETags are instants to the tick, where Last-Modified is cut to seconds. kNever: neither is there.
std::optional<Time> modified_of(const Parameters& headers) {
  const std::string text = headers.get("ETag");
  if (text.starts_with("0x")) {
    std::int64_t ticks = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), ticks, 16);
    if (error == std::errc() && end == text.data() + text.size()) return Time(Ticks(ticks) - kDotNetEpoch);
  }
  return parse_http_date(headers.get("Last-Modified"));
}

// What an answer without a body stands for: one to HEAD, or "not modified".
Error error_without_body(const Call& call, unsigned status) {
  const std::string missing = std::string(call.operation.resource) + "NotFound";
  for (const ErrorCode* known : errors::kAll) {
    if (known->status == status && (status != kNotFound || known->code == missing)) return Error(*known);
  }
  return Error(status, fmt::format("Http{}", status), fmt::format("The service answered {}.", status));
}

Error error_of(const Call& call, const HttpAnswer& answer) {
  Document body = Document::parse(answer.body, nullptr, false);
  // Azure's newer services, and what stands before them, put it one deeper.
  if (body.is_object() && body.contains("error")) body = Document(body["error"]);
  const Reader error(body);
  if (!body.is_object() || !error.has("code")) return error_without_body(call, answer.status);
  const Document* message = error.find("message");
  std::string text = message && message->is_object()   ? Reader(*message).text("value")
                     : message && message->is_string() ? message->get<std::string>()
                                                       : "";
  text.resize(std::min(text.find("\nRequestId:"), text.size()));
  std::vector<ErrorValue> values;
  for (const Document& value : error.array("values")) {
    values.push_back({Reader(value).text("key"), Reader(value).text("value")});
  }
  // What a person would tell Azure's support.
  if (answer.status == kInternalError) values.push_back({"RequestId", answer.headers.get("request-id")});
  return Error(answer.status, error.text("code"), text, std::move(values));
}

}  // namespace

HttpRequest batch_request(const Call& call, const std::string& endpoint) {
  const contract::Operation& operation = call.operation;
  const std::string version(contract::version_name(call.version));
  Query query;
  for (const auto& [name, value] : call.query) {
    query.emplace_back(name, same_id(name, "api-version") ? version : value);
  }
  if (!call.query.has("api-version")) query.emplace_back("api-version", version);
  HttpRequest request{
      .method = std::string(contract::to_string(operation.method)),
      .url = fmt::format("{}{}?{}", endpoint, contract::request_path(operation, call.path), format_query(query)),
      .operation = std::string(operation.id)};
  request.headers.add("Accept", "application/json");
  for (const std::string_view name : contract::kCallHeaders) {
    if (const std::string* value = call.headers.find(name)) request.headers.add(std::string(name), *value);
  }
  if (!call.body.is_null()) {
    request.headers.add("Content-Type", "application/json; odata=minimalmetadata; charset=utf-8");
    request.body = call.body.dump(-1, ' ', false, Document::error_handler_t::replace);
  }
  const bool takes_body = operation.method != Method::Get && operation.method != Method::Head;
  if (takes_body) request.headers.add("Content-Length", std::to_string(request.body.size()));
  return request;
}

Reply batch_reply(const Call& call, HttpAnswer answer) {
  if (answer.status < 200 || answer.status >= 300) throw error_of(call, answer);
  Reply reply{.status = answer.status, .modified = modified_of(answer.headers)};
  for (const auto& [name, value] : answer.headers) {
    if (is_of_reply(name, call.operation)) reply.headers.add(name, value);
  }
  if (call.operation.answers_bytes) {
    reply.bytes = std::make_shared<StringSource>(std::move(answer.body));
  } else if (!answer.body.empty() || !call.operation.odata_metadata.empty()) {
    reply.body = Document::parse(answer.body, nullptr, false);
    if (reply.body.is_discarded()) {
      throw Error(502, "InvalidAnswer",
                  fmt::format("The answer to {} is no JSON, or only a part of it.", call.operation.id));
    }
    if (reply.body.is_object()) reply.body.erase(std::string(kMetadata));
  }
  return reply;
}

}  // namespace batchite::azure
