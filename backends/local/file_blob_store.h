// Blobs as ordinary files, `{root}/{account}/{container}/{blob}`, that one can look at, copy and edit. What is not in
// the bytes (properties, metadata, ETags, block lists) lies in `{root}/blobs.db`. A file put there by hand is a blob,
// an edited one a new version of it, a removed one gone: seen when it is listed or read. The same goes for a
// container's folder.
//
// A write is complete or has not happened, whenever the program dies: bytes are written aside, the index commits with a
// note of the move to come, then the file moves into place under the same lock. Readers take no lock: they compare the
// open file with its entry, and look again under the lock when the two differ.
// One process at a time; any thread. Errors as in core/blob/blob_store.h.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "backends/local/blob_files.h"
#include "backends/local/blob_folders.h"
#include "backends/local/blob_index.h"
#include "backends/local/upload_files.h"
#include "core/blob/blob_store.h"

namespace batchite {

struct FileBlobStoreOptions {
  std::string root;                             // made when absent
  Durability durability = Durability::Program;  // Disk: fsync before every answer; costs a disk's latency a write
};

class FileBlobStore : public BlobStore {
 public:
  // Throws UsageError when the index is newer than this program.
  explicit FileBlobStore(const FileBlobStoreOptions& options);

  Time next_revision(Time now) override;
  Document account_properties(const std::string& account) override;
  void set_account_properties(const std::string& account, const Document& properties) override;
  std::optional<ContainerEntry> find_container(const ContainerName& name) override;
  void change_container(const ContainerName& name, const ContainerChange& change) override;
  std::vector<ContainerEntry> list_containers(const std::string& account, const ListRange& range) override;
  std::optional<BlobEntry> find(const BlobName& name) override;
  std::shared_ptr<ByteSource> read(const BlobName& name, const RangeChoice& choose) override;
  std::vector<BlobEntry> list(const ContainerName& name, const ListRange& range) override;
  std::unique_ptr<StagedBytes> stage(ByteSource& source) override;
  std::unique_ptr<StagedBytes> stage_block(const BlobName& name, ByteSource& source) override;
  std::unique_ptr<StagedBytes> assemble(const BlobName& name, std::span<const BlockPiece> pieces) override;
  std::unique_ptr<StagedBytes> stage_zeros(std::uint64_t size) override;
  void change(const BlobName& name, const BlobChange& change, std::optional<NewContent> content = {}) override;
  void patch(const BlobName& name, const BlobChange& change, ContentPatch patch) override;
  void add_snapshot(const BlobName& name, const SnapshotChange& change, NewContent content) override;
  void change_family(const BlobName& name, const FamilyChange& change) override;
  std::vector<BlobName> ended(Time now, std::size_t limit) override;
  BlockLists blocks(const BlobName& name) override;
  void put_block(const BlobName& name, const std::string& id, std::unique_ptr<StagedBytes> bytes,
                 const BlockCheck& check, const Encryption& encryption) override;

 private:
  struct Target {
    IndexedContainer container;
    std::string folder;
    std::optional<IndexedBlob> current;
  };
  void recover();
  std::optional<IndexedContainer> known_container(const std::string& folder);  // as it was read last
  std::optional<IndexedContainer> container(const ContainerName& name);
  std::optional<IndexedContainer> container_in(IndexChange& change, const ContainerName& name);
  IndexedContainer adopt_container(IndexChange& change, const ContainerName& name);
  // The entry as the file has it now, with what was done by hand taken into the index. In a change of its own.
  std::optional<IndexedBlob> settled(const ContainerName& container, const std::string& name);
  std::optional<IndexedBlob> settle(IndexChange& change, const Target& target, const std::string& name);
  Target target_of(IndexChange& change, const BlobName& name);
  void put_content(IndexChange& change, Target& target, const BlobDecision& wanted, NewContent content);
  // Beside the blob, under a second name of its file: what is known of it goes into the change, the file is removed
  // with the answer unless released.
  std::unique_ptr<StagedFile> keep(IndexChange& change, const Target& target, const BlobEntry& kept);
  struct FamilyMove;
  FamilyMove move_members(IndexChange& change, const Target& target, const std::vector<IndexedBlob>& before,
                          const std::vector<BlobMember>& after);
  // Of the uncommitted blocks of that name.
  std::set<std::string> staged_paths(IndexChange& change, const Target& target, const std::string& name);
  void remove_blob(IndexChange& change, const Target& target, const std::string& name);
  void remove_file(const Target& target);
  void change_snapshot(const BlobName& name, const BlobChange& change);
  std::shared_ptr<ByteSource> read_snapshot(const BlobName& name, const RangeChoice& choose);
  void move_container(IndexChange& change, const ContainerName& from, const IndexedContainer& container,
                      const ContainerEntry& wanted);
  void remove_container(IndexChange& change, const IndexedContainer& container, const std::string& folder);
  void move_into_place(const Target& target, const IndexedBlob& blob, StagedFile& staged);
  void adopt_new_files(const IndexedContainer& container, const ContainerName& name, const std::string& prefix);
  void adopt_file(IndexChange& change, const Target& target, const std::string& name, const std::string& path);
  void forget(const std::string& folder);
  std::vector<IndexedBlob> settled_page(const IndexedContainer& container, const ContainerName& name,
                                        const ListRange& range);
  void adopt_new_folders(const std::string& account);

  const std::string root_;
  BlobFiles files_;
  BlobIndex index_;
  BlobFolders folders_;
  UploadFiles uploads_;
  std::mutex accounts_lock_;                  // taken before a change is begun
  std::map<std::string, Document> accounts_;  // properties by name, once read; guarded by accounts_lock_
  std::mutex cache_lock_;
  std::map<std::string, IndexedContainer> cache_;  // by folder; filled under a change; guarded by cache_lock_
  std::atomic<Time> collected_{};                  // when it was last told what has ended
  std::mutex revision_lock_;
  Time last_revision_;  // guarded by revision_lock_
};

}  // namespace batchite
