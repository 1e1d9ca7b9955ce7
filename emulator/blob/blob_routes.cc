#include "emulator/blob/blob_routes.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;
constexpr std::string_view kSecondary = "-secondary";

BlobLevel settle_level(const std::string& restype, BlobTarget& target) {
  if (!target.blob.empty()) {
    if (target.container.empty()) throw Error(kInvalidUri);
    return kOnBlob;
  }
  if (target.container.empty()) return kOnAccount;
  if (same_id(restype, "container") || same_id(restype, "account")) return kOnContainer;
  target.blob = std::exchange(target.container, "$root");
  return kOnBlob;
}

// The host part of "http://host:port". Anything but names, addresses and ports would make the URL mean something else.
std::string_view authority_of(std::string_view base) {
  const auto scheme = base.find("://");
  const std::string_view authority = scheme == std::string_view::npos ? std::string_view() : base.substr(scheme + 3);
  const bool is_plain = !authority.empty() && std::ranges::all_of(authority, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_:[]").find(c) != std::string_view::npos;
  });
  if (!is_plain) throw Error(kInvalidUri);
  return authority;
}

}  // namespace

BlobTarget blob_target(const http::Request& request, const IsAccount& is_account) {
  const std::string_view authority = authority_of(request.base);
  const std::string_view path = request.path;
  if (!path.starts_with('/') || path.find_first_of("#?") != std::string_view::npos) throw Error(kInvalidUri);
  const auto url = parse_blob_url(request.base + request.path, is_account);
  if (!url) throw Error(kResourceNotFound);
  const std::string_view place =
      url->is_host_style ? authority.substr(0, authority.find('.')) : path.substr(1, path.find('/', 1) - 1);
  BlobTarget target{.account = url->account,
                    .container = url->container,
                    .blob = url->blob,
                    .endpoint = request.base + "/",
                    .is_secondary = place.ends_with(kSecondary)};
  if (!url->is_host_style) target.endpoint.append(place).append("/");
  return target;
}

const BlobOperationRow& find_blob_route(const http::Request& request, const Parameters& query, BlobTarget& target) {
  const BlobLevel level = settle_level(query.get("restype"), target);
  return find_blob_operation(request.method, level, query, request.headers);
}

http::Response to_response(BlobReply reply, bool is_head) {
  http::Response response{.status = reply.status, .bytes = std::move(reply.bytes)};
  for (const auto& [name, value] : reply.headers) {
    if (is_head || !same_id(name, "Content-Length")) response.headers.add(name, value);
  }
  return response;
}

}  // namespace batchite
