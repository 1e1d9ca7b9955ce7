// What is known of a container and of a blob, besides its bytes and blocks, and the text form of the part that a store
// keeps without looking at it. Pure; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/document.h"
#include "core/base/parameters.h"
#include "core/base/time.h"
#include "core/blob/lease.h"

namespace batchite {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const ByteRange&) const = default;
};

enum class BlobType { Block, Append, Page };
std::string_view to_text(BlobType type);  // "BlockBlob"
std::optional<BlobType> blob_type_from(std::string_view text);

// Of a container, a blob or a snapshot that was deleted, or overwritten, and is kept for a while.
struct Deletion {
  Time at = {};
  Time until = {};        // then it is gone for good
  bool was_blob = false;  // it was the blob, not a snapshot of it
};

// Who may read without any authorisation: nobody, whoever knows a blob's name, or whoever lists them, too.
enum class PublicAccess { None, Blob, Container };

// What a shared access signature that names it need not say itself. Absent members are for the signature to say.
struct StoredPolicy {
  std::string id;
  std::optional<Time> start = {}, expiry = {};
  std::string permissions = {};
};

// The encryption scope of a container's blobs that name none themselves.
struct ScopePolicy {
  std::string name = {};  // empty: the account's own key
  bool denies_other = false;
};

struct ContainerEntry {
  std::string name;
  Time modified = {};
  Time revision = {};  // what the ETag is made of
  Parameters metadata = {};
  Lease lease = {};
  PublicAccess access = PublicAccess::None;
  std::vector<StoredPolicy> policies = {};
  ScopePolicy scope = {};
  std::optional<Deletion> deleted = {};  // then its name is one that no client can give
};

struct BlobEntry {
  std::string name;
  Time snapshot = kNever;  // when it was taken; kNever: the blob itself
  std::uint64_t size = 0;  // the store's answer; of what a change returns, only a patch's is looked at
  Time created = {};
  Time modified = {};
  Time revision = {};          // what the ETag is made of
  Parameters properties = {};  // by wire name: Content-Type, Content-MD5, x-ms-copy-id, …; only those that are set
  Parameters metadata = {};    // names without x-ms-meta-
  bool committed = true;       // false: only blocks so far; seen in listings that ask for it
  BlobType type = BlobType::Block;
  Lease lease = {};
  Parameters tags = {};
  std::vector<ByteRange> pages = {};     // of a page blob: what was written and not cleared, in order and apart
  std::optional<Deletion> deleted = {};  // only of snapshots: a deleted blob lies among them
};

// Everything that has no place of its own in a store: lease, access, policies, scope, deletion; type, lease, tags,
// pages, deletion.
Document state_document(const ContainerEntry& entry);
Document state_document(const BlobEntry& entry);
void read_state(const Document& state, ContainerEntry& entry);
void read_state(const Document& state, BlobEntry& entry);

}  // namespace batchite
