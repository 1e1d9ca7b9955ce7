// The end of containers and blobs: at their expiry, or after a while in which what is deleted or overwritten is kept
// (soft delete), among the blob's snapshots, marked as deleted. Source:
// learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview and soft-delete-container-overview. Pure; any
// thread.
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

// Likewise a container, which is kept under a name made of the one it had and of its version.
ContainerEntry deleted_entry(const ContainerEntry& entry, Ticks kept_for, Time now, Time revision);
std::string deleted_container(std::string_view name, std::string_view version);
struct DeletedName {
  std::string name, version;
};
DeletedName split_deleted_container(const std::string& kept_as);

// From when on it is as if it had never been; nullopt: never. What protects a blob protects it from its expiry, too.
std::optional<Time> end_of(const BlobEntry& entry);
std::optional<Time> end_of(const ContainerEntry& entry);
bool has_ended(const BlobEntry& entry, Time now);
bool has_ended(const ContainerEntry& entry, Time now);

// Removes what has ended by now, or the first of it: no request is to be held up for long.
void collect_ended(BlobStore& store, Time now);

}  // namespace batchite
