#include "backends/azure/blob_wire.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/blob/blob_url.h"
#include "core/blob/blob_xml.h"
#include "core/blob/operation_table.h"

namespace batchite::azure {
namespace {

constexpr std::string_view kVersion = "2021-12-02";  // unless the call names one
constexpr unsigned kInternalError = 500;

const BlobOperationRow& row_of(BlobOperation operation) {
  return *std::ranges::find(blob_operation_rows(), operation, &BlobOperationRow::operation);
}

// A call that came over a wire has all of its headers; those of the connection and of who asked stay there.
bool is_of_call(std::string_view name) {
  constexpr std::string_view kOthers[] = {"x-ms-date", "x-ms-client-request-id", "content-length",
                                          "x-ms-return-client-request-id"};
  constexpr std::string_view kKinds[] = {"x-ms-", "content-", "if-", "range", "cache-control"};
  const std::string folded = fold(name);
  return std::ranges::find(kOthers, folded) == std::end(kOthers) &&
         std::ranges::any_of(kKinds, [&](std::string_view kind) { return folded.starts_with(kind); });
}

bool is_of_signature(std::string_view name) {
  constexpr std::string_view kNames[] = {"sv",  "sr",  "sp",  "st",    "se",    "sip",  "spr", "si",
                                         "ss",  "srt", "sig", "skoid", "sktid", "skt",  "ske", "sks",
                                         "skv", "ses", "sdd", "saoid", "suoid", "scid", "srh", "srq"};
  return std::ranges::find(kNames, fold(name)) != std::end(kNames);
}

// Of the connection, written anew by whoever passes the reply on, or about the very bytes of request and answer.
bool is_of_exchange(std::string_view name, const BlobOperationRow& row) {
  const bool tells_of_blob =
      row.operation == BlobOperation::GetBlob || row.operation == BlobOperation::GetBlobProperties;
  if (same_id(name, "Content-Length")) return !tells_of_blob;
  const bool is_checksum = same_id(name, "x-ms-content-crc64") || same_id(name, "Content-MD5");
  if (is_checksum && !row.request.empty()) return true;  // of the document that was sent
  constexpr std::string_view kNames[] = {"server",       "date",
                                         "connection",   "transfer-encoding",
                                         "keep-alive",   "x-ms-request-id",
                                         "x-ms-version", "x-ms-client-request-id"};
  return std::ranges::find(kNames, fold(name)) != std::end(kNames);
}

std::string query_of(const BlobCall& call, const BlobOperationRow& row) {
  Query query;
  if (!row.restype.empty()) query.emplace_back("restype", row.restype);
  if (!row.comp.empty()) query.emplace_back("comp", row.comp);
  for (const auto& [name, value] : call.query) {
    if (!same_id(name, "restype") && !same_id(name, "comp") && !is_of_signature(name)) query.emplace_back(name, value);
  }
  return query.empty() ? "" : "?" + format_query(query);
}

Error error_of(const HttpAnswer& answer) {
  const std::string code = answer.headers.get("x-ms-error-code", fmt::format("Http{}", answer.status));
  const Error error = read_error(answer.body, answer.status, code);
  std::vector<ErrorValue> values = error.values();
  if (answer.status == kInternalError) values.push_back({"RequestId", answer.headers.get("x-ms-request-id")});
  if (const std::string* range = answer.headers.find("Content-Range")) values.push_back({"Content-Range", *range});
  const std::string message =
      error.message().empty() ? fmt::format("The service answered {}.", answer.status) : error.message();
  return Error(answer.status, error.code(), message, std::move(values));
}

bool is_listing(BlobOperation operation) {
  constexpr BlobOperation kListings[] = {BlobOperation::ListBlobs, BlobOperation::ListContainers,
                                         BlobOperation::FindBlobsByTags, BlobOperation::FindBlobsByTagsInContainer};
  return std::ranges::find(kListings, operation) != std::end(kListings);
}

Document document_of(const BlobCall& call, const std::string& xml) {
  return is_listing(call.operation) ? read_listing(xml, call.listing)
                                    : read_document(xml, row_of(call.operation).answer);
}

}  // namespace

HttpRequest blob_request(const BlobCall& call, const std::string& endpoint, std::string body) {
  const BlobOperationRow& row = row_of(call.operation);
  HttpRequest request{.method = std::string(row.methods.substr(0, row.methods.find(' '))),
                      .url = endpoint + blob_path(call.container, call.blob) + query_of(call, row),
                      .body = std::move(body),
                      .operation = std::string(row.name)};
  for (const auto& [name, value] : call.headers) {
    if (is_of_call(name)) request.headers.add(name, value);
  }
  if (!request.headers.has("x-ms-version")) request.headers.add("x-ms-version", std::string(kVersion));
  if (!call.may_overwrite) request.headers.set("If-None-Match", "*");
  if (!row.request.empty() && !call.document.is_null()) {
    request.body =
        row.request == "BlockList" ? block_list_xml(call.document) : document_xml(row.request, call.document);
    request.headers.set("Content-Type", "application/xml");
  }
  const bool takes_body = request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
  if (takes_body) request.headers.add("Content-Length", std::to_string(request.body.size()));
  return request;
}

BlobReply blob_reply(const BlobCall& call, HttpAnswer answer) {
  if (answer.status < 200 || answer.status >= 300) throw error_of(answer);
  const BlobOperationRow& row = row_of(call.operation);
  BlobReply reply{.status = answer.status};
  for (const auto& [name, value] : answer.headers) {
    if (!is_of_exchange(name, row)) reply.headers.add(name, value);
  }
  if (call.operation == BlobOperation::GetBlob) {
    reply.bytes = std::make_shared<StringSource>(std::move(answer.body));
  } else if (!answer.body.empty() || is_listing(call.operation) || !row.answer.empty()) {
    try {
      reply.body = document_of(call, answer.body);
    } catch (const Error& error) {
      throw Error(502, "InvalidAnswer", fmt::format("The answer to {} cannot be read: {}", row.name, error.what()));
    }
  }
  return reply;
}

}  // namespace batchite::azure
