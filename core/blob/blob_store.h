// Seam 4: where blobs lie. Bytes, properties and block lists by name, and no rules: what a request may do is decided in
// core/blob, by functions that the store runs at the moment of the change, so that nothing comes between check and act.
//
// Every function is safe from any thread; bytes move without holding anyone up. Sizes are bytes. Failures of the medium
// are thrown as Error kInternalError naming the cause; a container that is gone is Error kContainerNotFound. After any
// throw the store holds what it held before.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/time.h"
#include "core/blob/encryption.h"
#include "core/blob/entries.h"

namespace batchite {

struct ContainerName {
  std::string account;
  std::string container;
};

struct BlobName {
  std::string account;
  std::string container;
  std::string blob;
  Time snapshot = kNever;  // kNever: the blob itself
};

struct Block {
  std::string id;  // base64, as sent
  std::uint64_t size = 0;
};

struct BlockLists {
  std::vector<Block> committed;    // in content order
  std::vector<Block> uncommitted;  // by id
  Encryption encryption = {};      // of the uncommitted ones
};

// What Put Block must know of the blocks already there, without reading them all.
struct BlockSummary {
  std::uint64_t uncommitted = 0;
  std::optional<std::string> any_id;  // committed or not
  Encryption encryption = {};         // of the uncommitted ones
};

// One piece of a blob being put together: a range of its present content, or an uncommitted block.
struct BlockPiece {
  Block block;
  std::optional<std::uint64_t> committed_at;  // offset in the present content; nullopt: uncommitted
};

// A page of a listing: names from `from` on (inclusive), in byte order.
struct ListRange {
  std::string prefix = {};
  std::string from = {};
  Time from_snapshot = kNever;  // of the name `from`, where snapshots are wanted
  std::size_t limit = 5000;
  bool uncommitted = false;  // blobs that have only blocks, too
  bool snapshots = false;    // each blob's, oldest first, before the blob
  bool deleted = false;      // of snapshots, or containers, those that are kept after their deletion, too
  bool tagged = false;       // only blobs that have tags; without snapshots
};

// Bytes that belong to no blob yet. Dropped with the object unless a change took them.
class StagedBytes {
 public:
  virtual ~StagedBytes() = default;
  virtual std::uint64_t size() const = 0;
};

// New content of a blob. Its uncommitted blocks are dropped with the change.
struct NewContent {
  std::unique_ptr<StagedBytes> bytes;
  std::vector<Block> blocks = {};  // the committed list; empty for Put Blob
};

// A change of content where it lies. The size is that of the entry which the change answers: what is behind it goes,
// and what is between is zeros.
struct ContentPatch {
  std::optional<std::uint64_t> offset = {};      // nullopt: at the end
  std::unique_ptr<StagedBytes> bytes = nullptr;  // null: none are written
  std::uint64_t zeros = 0;                       // written from `offset` on
};

// What is to become of a blob. nullopt removes it.
struct BlobDecision {
  BlobDecision(std::optional<BlobEntry> wanted) : entry(std::move(wanted)) {}  // NOLINT: most decide no more than this
  std::optional<BlobEntry> entry;
  std::optional<BlobEntry> kept = {};  // with new content: the snapshot as which the content before stays
};

// One of all that lie under a name: the blob itself or a snapshot. `origin` says whose bytes it has; another time in
// the entry makes a snapshot of the blob, or the other way round.
struct BlobMember {
  Time origin;
  BlobEntry entry;
};

class BlobStore {
 public:
  // `current` is null when there is nothing of that name. The answer replaces it; nullopt removes it. A throw leaves
  // all as it was and comes out of the call. Runs while writers wait: it must neither block nor call the store, except
  // next_revision().
  using ContainerChange = std::function<std::optional<ContainerEntry>(const ContainerEntry* current)>;
  using BlobChange = std::function<BlobDecision(const BlobEntry* current)>;
  // All that lie under a name: the snapshots, oldest first, deleted ones among them, and the blob. Who is taken out is
  // removed.
  using FamilyChange = std::function<void(std::vector<BlobMember>& members)>;
  using BlockCheck = std::function<void(const BlobEntry* current, const BlockSummary& blocks)>;
  using SnapshotChange = std::function<BlobEntry(const BlobEntry* base)>;
  using RangeChoice = std::function<ByteRange(const BlobEntry& entry)>;

  virtual ~BlobStore() = default;

  // Later than every revision given before, in this life or an earlier one, and not before `now`.
  virtual Time next_revision(Time now) = 0;

  // What was set of an account as a whole; null: nothing.
  virtual Document account_properties(const std::string& account) = 0;
  virtual void set_account_properties(const std::string& account, const Document& properties) = 0;

  virtual std::optional<ContainerEntry> find_container(const ContainerName& name) = 0;
  // An entry of another name moves the container there, with all in it; kContainerAlreadyExists when there is one.
  virtual void change_container(const ContainerName& name, const ContainerChange& change) = 0;
  virtual std::vector<ContainerEntry> list_containers(const std::string& account, const ListRange& range) = 0;

  virtual std::optional<BlobEntry> find(const BlobName& name) = 0;
  // The bytes that `choose` asks for, of the content that its entry describes; null: no such blob.
  virtual std::shared_ptr<ByteSource> read(const BlobName& name, const RangeChoice& choose) = 0;
  virtual std::vector<BlobEntry> list(const ContainerName& name, const ListRange& range) = 0;

  virtual std::unique_ptr<StagedBytes> stage(ByteSource& source) = 0;
  // What is to be a block of that blob: put_block() takes nothing else.
  virtual std::unique_ptr<StagedBytes> stage_block(const BlobName& name, ByteSource& source) = 0;
  // The pieces one after the other; null when one of them is no longer there.
  virtual std::unique_ptr<StagedBytes> assemble(const BlobName& name, std::span<const BlockPiece> pieces) = 0;
  virtual std::unique_ptr<StagedBytes> stage_zeros(std::uint64_t size) = 0;
  // Without `content` the bytes stay and only what is known of them changes. A blob that is removed takes its snapshots
  // with it, deleted ones too.
  virtual void change(const BlobName& name, const BlobChange& change, std::optional<NewContent> content = {}) = 0;
  // Like change(), of a blob that is there, and costs what is written. Readers that have begun may see some of it.
  virtual void patch(const BlobName& name, const BlobChange& change, ContentPatch patch) = 0;
  // Keeps `content` beside the blob, as the snapshot that is answered; it must have another time than those there.
  virtual void add_snapshot(const BlobName& name, const SnapshotChange& change, NewContent content) = 0;
  // The snapshot in the name is not looked at. A blob that goes takes its uncommitted blocks with it.
  virtual void change_family(const BlobName& name, const FamilyChange& change) = 0;
  // Blobs, snapshots and containers (without a blob's name) of all accounts that have ended by then. Asked with every
  // request: may answer once a minute.
  virtual std::vector<BlobName> ended(Time now, std::size_t limit) = 0;

  virtual BlockLists blocks(const BlobName& name) = 0;
  // The same id again replaces the block. `encryption` is that of all of a blob's uncommitted blocks.
  virtual void put_block(const BlobName& name, const std::string& id, std::unique_ptr<StagedBytes> bytes,
                         const BlockCheck& check, const Encryption& encryption) = 0;
};

}  // namespace batchite
