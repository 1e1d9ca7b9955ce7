// Lease Container and Lease Blob. Their rules are core/blob/lease.h's; here they meet the store.
#include "core/blob/errors.h"
#include "core/blob/operations.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

// Leaves ETag and Last-Modified alone. `Entry`: what is known of a container or of a blob.
template <class Entry>
BlobReply lease(const Request& request, LeasedThing thing, const std::string& new_id, Entry& entry) {
  request.conditions.check_write(version_of(entry));
  LeaseChange change = change_lease(entry.lease, request.headers(), thing, request.now, new_id);
  entry.lease = std::move(change.lease);
  BlobReply reply{.status = change.status, .headers = stamp(version_of(entry))};
  for (const auto& [name, value] : change.headers) reply.headers.add(name, value);
  return reply;
}

BlobReply lease_container(Request& request) {
  const std::string id = unique_id(request);
  BlobReply reply;
  request.store.change_container(request.container(), [&](const ContainerEntry* current) {
    if (!current) throw Error(kContainerNotFound);
    ContainerEntry entry = *current;
    reply = lease(request, LeasedThing::Container, id, entry);
    return std::optional(entry);
  });
  return reply;
}

BlobReply lease_blob(Request& request) {
  const std::string id = unique_id(request);
  BlobReply reply;
  change_existing(request, [&](BlobEntry& entry) { reply = lease(request, LeasedThing::Blob, id, entry); });
  return reply;
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::LeaseContainer,
     .name = "LeaseContainer",
     .methods = "PUT",
     .levels = kOnContainer,
     .restype = "container",
     .comp = "lease",
     .rights = {.resource_type = 'c', .account = "w"},
     .takes = Takes::Dates,
     .run = lease_container},
    {.operation = BlobOperation::LeaseBlob,
     .name = "LeaseBlob",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "lease",
     .rights = {.service = "w", .account = "w"},
     .takes = Takes::All,
     .run = lease_blob},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::lease_operations() { return blob_operations::kRows; }
