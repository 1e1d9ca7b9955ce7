// Snapshot Blob: the blob as it is now, kept beside it under the time of the request, read-only from then on.
// Source: learn.microsoft.com/rest/api/storageservices/snapshot-blob.
#include "core/blob/errors.h"
#include "core/blob/immutability.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr int kAttempts = 5;  // the blob may be replaced while its bytes are copied

// Without metadata of its own it is the blob's version, ETag and all; with some it is a version that was never there.
BlobEntry snapshot_of(const Request& request, const BlobEntry& base, const Parameters& metadata) {
  BlobEntry entry = base;
  entry.snapshot = request.next_revision();
  entry.lease = {};
  entry.properties = without_protection(base.properties);
  if (metadata.empty()) return entry;
  entry.metadata = metadata;
  entry.revision = entry.modified = entry.snapshot;
  return entry;
}

struct Taking {
  Request& request;
  const Parameters& metadata;
  BlobEntry entry = {};

  // False: the blob changed under our hands.
  bool attempt() {
    const BlobEntry seen = existing(request);
    NewContent content{nullptr, request.store.blocks(request.blob()).committed};
    const auto bytes = request.store.read(request.blob(), [](const BlobEntry& current) {
      return ByteRange{0, current.size};
    });
    if (!bytes) return false;
    content.bytes = request.store.stage(*bytes);
    bool is_stale = false;
    try {
      request.store.add_snapshot(
          request.blob(),
          [&](const BlobEntry* base) {
            is_stale = base && base->revision != seen.revision;
            if (!base || !base->committed || is_stale) throw Error(kBlobNotFound);
            check_lease(base->lease, request.headers(), LeaseUse::Read, LeasedThing::Blob, request.now);
            request.conditions.check_write(version_of(*base));
            check_encryption(request.encryption, base->properties);
            return entry = snapshot_of(request, *base, metadata);
          },
          std::move(content));
    } catch (const Error&) {
      if (!is_stale) throw;
    }
    return !is_stale;
  }
};

BlobReply snapshot_blob(Request& request) {
  const Parameters metadata = metadata_from(request.headers());
  require_container(request);
  Taking taking{request, metadata};
  for (int attempts = 1; !taking.attempt(); ++attempts) {
    if (attempts == kAttempts) throw Error(kConditionNotMet);
  }
  BlobReply reply{.status = 201, .headers = stamp(version_of(taking.entry))};
  reply.headers.add("x-ms-snapshot", iso8601_full(taking.entry.snapshot));
  reply.headers.add("x-ms-request-server-encrypted", "true");
  return reply;
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::SnapshotBlob,
     .name = "SnapshotBlob",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "snapshot",
     .rights = {.service = "cw", .account = "cw"},
     .takes = Takes::All,
     .run = snapshot_blob},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::snapshot_operations() { return blob_operations::kRows; }
