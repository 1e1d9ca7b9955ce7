#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

ContainerEntry container_of(Request& request) {
  auto entry = request.store.find_container(request.container());
  if (!entry) throw Error(kContainerNotFound);
  return *entry;
}

void refuse_public_access(const Parameters& headers) {
  const std::string access = headers.get("x-ms-blob-public-access");
  if (access.empty()) return;
  throw Error(kUnsupportedHeader, {{"HeaderName", "x-ms-blob-public-access"}, {"HeaderValue", access}});
}

}  // namespace

BlobReply create_container(Request& request) {
  refuse_public_access(request.call.headers);
  const Parameters metadata = metadata_from(request.call.headers);
  Time revision{};
  request.store.change_container(request.container(), [&](const ContainerEntry* current) {
    if (current) throw Error(kContainerAlreadyExists);
    revision = request.next_revision();
    return std::optional(ContainerEntry{request.call.container, revision, revision, metadata});
  });
  return {.status = 201, .headers = stamp(revision, revision)};
}

BlobReply get_container_properties(Request& request) {
  const ContainerEntry entry = container_of(request);
  BlobReply reply{.headers = stamp(entry.revision, entry.modified)};
  add_metadata(entry.metadata, reply.headers);
  if (request.call.query.get("comp") == "metadata") return reply;
  reply.headers.add("x-ms-lease-status", "unlocked");
  reply.headers.add("x-ms-lease-state", "available");
  reply.headers.add("x-ms-has-immutability-policy", "false");
  reply.headers.add("x-ms-has-legal-hold", "false");
  reply.headers.add("x-ms-immutable-storage-with-versioning-enabled", "false");
  reply.headers.add("x-ms-default-encryption-scope", "$account-encryption-key");
  reply.headers.add("x-ms-deny-encryption-scope-override", "false");
  return reply;
}

BlobReply set_container_metadata(Request& request) {
  const Parameters metadata = metadata_from(request.call.headers);
  Time revision{};
  request.store.change_container(request.container(), [&](const ContainerEntry* current) {
    if (!current) throw Error(kContainerNotFound);
    request.conditions.check_write({current->revision, current->modified});
    revision = request.next_revision();
    return std::optional(ContainerEntry{current->name, revision, revision, metadata});
  });
  return {.headers = stamp(revision, revision)};
}

BlobReply delete_container(Request& request) {
  request.store.change_container(request.container(),
                                 [&](const ContainerEntry* current) -> std::optional<ContainerEntry> {
                                   if (!current) throw Error(kContainerNotFound);
                                   request.conditions.check_write({current->revision, current->modified});
                                   return std::nullopt;
                                 });
  return {.status = 202};
}

}  // namespace batchite::blob_operations
