#include "emulator/batch/decode.h"

#include <algorithm>

#include "core/base/document.h"
#include "core/contract/error_codes.h"
#include "core/contract/request.h"

namespace batchite::batch {
namespace {

// The service's limit of a task collection, at which SDKs halve their batches; other bodies may be longer.
constexpr std::size_t kMaxCollection = 1024 * 1024;
constexpr std::size_t kMaxBody = 4 * 1024 * 1024;
// Nested deeper than any model, and a danger to a recursive reader.
constexpr int kMaxDepth = 64;

void check_content_type(const http::Request& request) {
  const std::string* type = request.headers.find("Content-Type");
  if (!type) return;
  std::string_view kind = std::string_view(*type).substr(0, type->find(';'));
  while (kind.ends_with(' ')) kind.remove_suffix(1);
  if (same_id(kind, "application/json")) return;
  throw Error(errors::kInvalidHeaderValue, {{"HeaderName", "Content-Type"}, {"HeaderValue", *type}});
}

void check_depth(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) throw Error(errors::kInvalidRequestBody, {{"Reason", "The body is nested too deeply"}});
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

Document parse_body(const std::string& text) {
  check_depth(text);
  try {
    return parse_document(text, "body");
  } catch (const UsageError& error) {
    throw Error(errors::kInvalidRequestBody, {{"Reason", error.what()}});
  }
}

}  // namespace

std::string read_body(const http::Request& request, std::size_t limit) {
  if (request.length.value_or(0) > limit) throw Error(errors::kRequestBodyTooLarge);
  std::string text;
  text.reserve(static_cast<std::size_t>(request.length.value_or(0)));
  char piece[16384];
  while (const std::size_t count = request.body->read(piece)) {
    if (text.size() + count > limit) throw Error(errors::kRequestBodyTooLarge);
    text.append(piece, count);
  }
  return text;
}

Call decode(const http::Request& request, Route route, Parameters query, contract::Version version) {
  const contract::Operation& operation = *route.operation;
  Call call{.operation = operation, .path = std::move(route.path), .query = std::move(query)};
  call.version = version;
  call.base = request.base;
  for (const std::string_view name : contract::kCallHeaders) {
    if (const std::string* value = request.headers.find(name)) call.headers.add(std::string(name), *value);
  }
  if (!request.has_body) return call;
  if (!operation.body) {
    read_body(request, kMaxBody);  // some clients send "{}" with everything
    return call;
  }
  check_content_type(request);
  const std::string text = read_body(request, operation.id == "Task_AddCollection" ? kMaxCollection : kMaxBody);
  if (!text.empty()) call.body = parse_body(text);
  return call;
}

}  // namespace batchite::batch
