#include "emulator/blob/blob_routes.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;
using enum BlobLevel;
using Op = BlobOperation;

constexpr std::string_view kSecondary = "-secondary";

constexpr BlobRoute kRoutes[] = {
    {"GET", Account, "", "list", {}, "ListContainers", Op::ListContainers},
    {"GET", Account, "account", "properties", {}, "GetAccountInformation", Op::GetAccountInformation},
    {"HEAD", Account, "account", "properties", {}, "GetAccountInformation", Op::GetAccountInformation},
    {"GET", Account, "service", "properties", {}, "GetBlobServiceProperties", Op::GetServiceProperties},
    {"PUT", Account, "service", "properties", {}, "SetBlobServiceProperties", {}},
    {"GET", Account, "service", "stats", {}, "GetBlobServiceStats", {}},
    {"POST", Account, "service", "userdelegationkey", {}, "GetUserDelegationKey", {}},
    {"POST", Account, "", "batch", {}, "BlobBatch", {}},
    {"POST", Account, "container", "batch", {}, "BlobBatch", {}},  // JavaScript takes the account in a path for a
                                                                   // container
    {"GET", Account, "", "blobs", {}, "FindBlobsByTags", {}},

    {"PUT", Container, "container", "", {}, "CreateContainer", Op::CreateContainer},
    {"GET", Container, "container", "", {}, "GetContainerProperties", Op::GetContainerProperties},
    {"HEAD", Container, "container", "", {}, "GetContainerProperties", Op::GetContainerProperties},
    {"DELETE", Container, "container", "", {}, "DeleteContainer", Op::DeleteContainer},
    {"GET", Container, "container", "list", {}, "ListBlobs", Op::ListBlobs},
    {"GET", Container, "container", "metadata", {}, "GetContainerMetadata", Op::GetContainerProperties},
    {"HEAD", Container, "container", "metadata", {}, "GetContainerMetadata", Op::GetContainerProperties},
    {"PUT", Container, "container", "metadata", {}, "SetContainerMetadata", Op::SetContainerMetadata},
    {"GET", Container, "container", "acl", {}, "GetContainerACL", Op::GetContainerAcl},
    {"HEAD", Container, "container", "acl", {}, "GetContainerACL", Op::GetContainerAcl},
    {"PUT", Container, "container", "acl", {}, "SetContainerACL", {}},
    {"PUT", Container, "container", "lease", {}, "LeaseContainer", {}},
    {"PUT", Container, "container", "undelete", {}, "RestoreContainer", {}},
    {"GET", Container, "container", "blobs", {}, "FindBlobsByTagsInContainer", {}},
    {"POST", Container, "container", "batch", {}, "BlobBatch", {}},
    {"GET", Container, "account", "properties", {}, "GetAccountInformation", Op::GetAccountInformation},
    {"HEAD", Container, "account", "properties", {}, "GetAccountInformation", Op::GetAccountInformation},

    {"GET", Blob, "", "", {}, "GetBlob", Op::GetBlob},
    {"HEAD", Blob, "", "", {}, "GetBlobProperties", Op::GetBlobProperties},
    {"DELETE", Blob, "", "", {}, "DeleteBlob", Op::DeleteBlob},
    {"GET", Blob, "", "metadata", {}, "GetBlobMetadata", Op::GetBlobProperties},
    {"HEAD", Blob, "", "metadata", {}, "GetBlobMetadata", Op::GetBlobProperties},
    {"PUT", Blob, "", "metadata", {}, "SetBlobMetadata", Op::SetBlobMetadata},
    {"PUT", Blob, "", "properties", {}, "SetBlobProperties", Op::SetBlobProperties},
    {"PUT", Blob, "", "block", {"x-ms-copy-source"}, "PutBlockFromURL", {}},
    {"PUT", Blob, "", "block", {}, "PutBlock", Op::PutBlock},
    {"PUT", Blob, "", "blocklist", {}, "PutBlockList", Op::PutBlockList},
    {"GET", Blob, "", "blocklist", {}, "GetBlockList", Op::GetBlockList},
    {"PUT", Blob, "", "copy", {}, "AbortCopyBlob", {}},
    {"PUT", Blob, "", "incrementalcopy", {}, "IncrementalCopyBlob", {}},
    {"PUT", Blob, "", "snapshot", {}, "SnapshotBlob", {}},
    {"PUT", Blob, "", "lease", {}, "LeaseBlob", {}},
    {"PUT", Blob, "", "tier", {}, "SetBlobTier", {}},
    {"GET", Blob, "", "tags", {}, "GetBlobTags", {}},
    {"PUT", Blob, "", "tags", {}, "SetBlobTags", {}},
    {"PUT", Blob, "", "undelete", {}, "UndeleteBlob", {}},
    {"PUT", Blob, "", "expiry", {}, "SetBlobExpiry", {}},
    {"PUT", Blob, "", "appendblock", {}, "AppendBlock", {}},
    {"PUT", Blob, "", "seal", {}, "AppendBlobSeal", {}},
    {"PUT", Blob, "", "page", {}, "PutPage", {}},
    {"GET", Blob, "", "pagelist", {}, "GetPageRanges", {}},
    {"POST", Blob, "", "query", {}, "QueryBlobContents", {}},
    {"PUT", Blob, "", "immutabilityPolicies", {}, "SetBlobImmutabilityPolicy", {}},
    {"DELETE", Blob, "", "immutabilityPolicies", {}, "DeleteBlobImmutabilityPolicy", {}},
    {"PUT", Blob, "", "legalhold", {}, "SetBlobLegalHold", {}},
    {"GET", Blob, "account", "properties", {}, "GetAccountInformation", Op::GetAccountInformation},
    {"HEAD", Blob, "account", "properties", {}, "GetAccountInformation", Op::GetAccountInformation},
    {"PUT", Blob, "", "", {"x-ms-copy-source", "x-ms-blob-type"}, "PutBlobFromURL", {}},
    // Also with x-ms-requires-sync (CopyBlobFromURL): copies are done when they are answered.
    {"PUT", Blob, "", "", {"x-ms-copy-source"}, "CopyBlob", Op::CopyBlob},
    {"PUT", Blob, "", "", {}, "PutBlob", Op::PutBlob},
};

BlobLevel settle_level(const std::string& restype, BlobTarget& target) {
  if (!target.blob.empty()) {
    if (target.container.empty()) throw Error(kInvalidUri);
    return Blob;
  }
  if (target.container.empty()) return Account;
  if (same_id(restype, "container") || same_id(restype, "account")) return Container;
  target.blob = std::exchange(target.container, "$root");
  return Blob;
}

bool fits(const BlobRoute& route, BlobLevel level, const std::string& restype, const std::string& comp) {
  return route.level == level && same_id(route.restype, restype) && same_id(route.comp, comp);
}

[[noreturn]] void refuse_unknown(BlobLevel level, const std::string& restype, const std::string& comp) {
  bool knows_restype = false;
  for (const BlobRoute& route : kRoutes) {
    if (fits(route, level, restype, comp)) throw Error(kUnsupportedHttpVerb);
    knows_restype |= route.level == level && same_id(route.restype, restype);
  }
  const char* name = knows_restype ? "comp" : "restype";
  throw Error(kInvalidQueryParameterValue,
              {{"QueryParameterName", name}, {"QueryParameterValue", knows_restype ? comp : restype}});
}

const BlobRoute& implemented(const BlobRoute& route) {
  if (route.operation) return route;
  throw Error(501, "NotImplemented", std::string(route.name) + " is not implemented.");
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

std::span<const BlobRoute> blob_routes() { return kRoutes; }

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

const BlobRoute& find_blob_route(const http::Request& request, const Parameters& query, BlobTarget& target) {
  const std::string restype = query.get("restype"), comp = query.get("comp");
  const BlobLevel level = settle_level(restype, target);
  const auto sends = [&](std::string_view header) { return header.empty() || !request.headers.get(header).empty(); };
  for (const BlobRoute& route : kRoutes) {
    if (route.method != request.method || !fits(route, level, restype, comp)) continue;
    if (std::ranges::all_of(route.headers, sends)) return implemented(route);
  }
  refuse_unknown(level, restype, comp);
}

}  // namespace batchite
