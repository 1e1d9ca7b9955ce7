#include "core/blob/acl.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

BlobReply create_container(Request& request) {
  const PublicAccess access = public_access_from(request.headers());
  const Parameters metadata = metadata_from(request.headers());
  const ScopePolicy scope = scope_policy_from(request.headers());
  Time revision{};
  request.store.change_container(request.container(), [&](const ContainerEntry* current) {
    if (current) throw Error(kContainerAlreadyExists);
    revision = request.next_revision();
    return std::optional(ContainerEntry{.name = request.call.container,
                                        .modified = revision,
                                        .revision = revision,
                                        .metadata = metadata,
                                        .access = access,
                                        .scope = scope});
  });
  return {.status = 201, .headers = stamp({revision, revision})};
}

// An id that does not fit is told, also where none is needed.
ContainerEntry readable_container(Request& request) {
  ContainerEntry entry = require_container(request);
  check_lease(entry.lease, request.headers(), LeaseUse::Read, LeasedThing::Container, request.now);
  return entry;
}

BlobReply get_container_metadata(Request& request) {
  const ContainerEntry entry = readable_container(request);
  BlobReply reply{.headers = stamp(version_of(entry))};
  add_metadata(entry.metadata, reply.headers);
  return reply;
}

BlobReply get_container_properties(Request& request) {
  const ContainerEntry entry = readable_container(request);
  BlobReply reply{.headers = stamp(version_of(entry))};
  add_metadata(entry.metadata, reply.headers);
  add_lease_headers(entry.lease, request.now, reply.headers);
  add_public_access(entry.access, reply.headers);
  reply.headers.add("x-ms-has-immutability-policy", "false");
  reply.headers.add("x-ms-has-legal-hold", "false");
  reply.headers.add("x-ms-immutable-storage-with-versioning-enabled", "false");
  add_scope_policy(entry.scope, reply.headers);
  return reply;
}

BlobReply get_container_acl(Request& request) {
  const ContainerEntry entry = readable_container(request);
  BlobReply reply{.headers = stamp(version_of(entry)), .body = policies_document(entry.policies)};
  add_public_access(entry.access, reply.headers);
  return reply;
}

// Only deleting a container needs the id of its lease.
void check_container_write(const Request& request, const ContainerEntry* current, LeaseUse use) {
  if (!current) throw Error(kContainerNotFound);
  check_lease(current->lease, request.headers(), use, LeasedThing::Container, request.now);
  request.conditions.check_write(version_of(*current));
}

BlobReply set_container_metadata(Request& request) {
  const Parameters metadata = metadata_from(request.headers());
  Time revision{};
  request.store.change_container(request.container(), [&](const ContainerEntry* current) {
    check_container_write(request, current, LeaseUse::Read);
    ContainerEntry entry = *current;
    entry.metadata = metadata;
    entry.revision = entry.modified = revision = request.next_revision();
    return std::optional(entry);
  });
  return {.headers = stamp({revision, revision})};
}

// Everything is replaced: without a header the container is private, without a body there are no policies.
BlobReply set_container_acl(Request& request) {
  const PublicAccess access = public_access_from(request.headers());
  const auto policies = policies_from(request.call.document);
  Time revision{};
  request.store.change_container(request.container(), [&](const ContainerEntry* current) {
    check_container_write(request, current, LeaseUse::Read);
    ContainerEntry entry = *current;
    entry.access = access;
    entry.policies = policies;
    entry.revision = entry.modified = revision = request.next_revision();
    return std::optional(entry);
  });
  return {.headers = stamp({revision, revision})};
}

BlobReply delete_container(Request& request) {
  const auto kept_for = request.service.account(request.call.account)->keeps_containers;
  request.store.change_container(request.container(),
                                 [&](const ContainerEntry* current) -> std::optional<ContainerEntry> {
                                   check_container_write(request, current, LeaseUse::Write);
                                   if (kept_for == kept_for.zero()) return std::nullopt;
                                   return deleted_entry(*current, kept_for, request.now, request.next_revision());
                                 });
  return {.status = 202};
}

std::string required_header(const Request& request, std::string_view name) {
  std::string value = request.headers().get(name);
  if (value.empty()) throw Error(kMissingRequiredHeader, {{"HeaderName", std::string(name)}});
  return value;
}

// Under any name that is free.
BlobReply restore_container(Request& request) {
  const std::string name = required_header(request, "x-ms-deleted-container-name");
  const std::string version = required_header(request, "x-ms-deleted-container-version");
  request.store.change_container({request.call.account, deleted_container(name, version)},
                                 [&](const ContainerEntry* current) {
                                   if (!current || has_ended(*current, request.now)) throw Error(kContainerNotFound);
                                   ContainerEntry entry = *current;
                                   entry.name = request.call.container;
                                   entry.lease = {};
                                   entry.deleted.reset();
                                   return std::optional(entry);
                                 });
  return {.status = 201};
}

}  // namespace

namespace {

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::CreateContainer,
     .name = "CreateContainer",
     .methods = "PUT",
     .levels = kOnContainer,
     .restype = "container",
     .rights = {.resource_type = 'c', .account = "cw"},
     .run = create_container},
    {.operation = BlobOperation::GetContainerProperties,
     .name = "GetContainerProperties",
     .methods = "GET HEAD",
     .levels = kOnContainer,
     .restype = "container",
     .rights = {.resource_type = 'c', .account = "r"},
     .anonymous = PublicAccess::Container,
     .run = get_container_properties},
    {.operation = BlobOperation::GetContainerMetadata,
     .name = "GetContainerMetadata",
     .methods = "GET HEAD",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "metadata",
     .rights = {.resource_type = 'c', .account = "r"},
     .anonymous = PublicAccess::Container,
     .run = get_container_metadata},
    {.operation = BlobOperation::SetContainerMetadata,
     .name = "SetContainerMetadata",
     .methods = "PUT",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "metadata",
     .rights = {.resource_type = 'c', .account = "w"},
     .takes = Takes::ModifiedSince,
     .run = set_container_metadata},
    {.operation = BlobOperation::GetContainerAcl,
     .name = "GetContainerACL",
     .methods = "GET HEAD",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "acl",
     .answer = "SignedIdentifiers",
     .run = get_container_acl},
    {.operation = BlobOperation::SetContainerAcl,
     .name = "SetContainerACL",
     .methods = "PUT",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "acl",
     .takes = Takes::Dates,
     .request = "SignedIdentifiers",
     .run = set_container_acl},
    {.operation = BlobOperation::DeleteContainer,
     .name = "DeleteContainer",
     .methods = "DELETE",
     .levels = kOnContainer,
     .restype = "container",
     .rights = {.resource_type = 'c', .account = "d"},
     .takes = Takes::Dates,
     .run = delete_container},
    {.operation = BlobOperation::RestoreContainer,
     .name = "RestoreContainer",
     .methods = "PUT",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "undelete",
     .rights = {.resource_type = 'c', .account = "cw"},
     .run = restore_container},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::container_operations() { return blob_operations::kRows; }
