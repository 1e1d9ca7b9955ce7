// The end of blobs: at their expiry, or after a while in which what is deleted or overwritten is kept (soft delete),
// among the blob's snapshots, marked as deleted.
// Source: learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview. Pure; any thread.
#pragma once
#include <optional>

#include "core/blob/blob_store.h"

namespace batchite {

// DeleteRetentionPolicy of an account.
struct Retention {
  Ticks kept_for{};
  bool may_end_early = false;  // AllowPermanentDelete
};

// `properties` as set of the account; nullopt: nothing is kept.
std::optional<Retention> retention_from(const Document& properties);

// The entry as it is kept when it is deleted now. A blob becomes a snapshot, told from others by `revision`.
BlobEntry deleted_entry(const BlobEntry& entry, const Retention& retention, Time now, Time revision);

// From when on it is as if it had never been; nullopt: never. What protects a blob protects it from its expiry, too.
std::optional<Time> end_of(const BlobEntry& entry);
bool has_ended(const BlobEntry& entry, Time now);

// Removes what has ended by now, or the first of it: no request is to be held up for long.
void collect_ended(BlobStore& store, Time now);

}  // namespace batchite
