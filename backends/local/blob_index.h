// What FileBlobStore knows of its files, in SQLite: containers, blobs in the order of their names, blocks, and
// the move that the last change announced, so that a crash between a commit and the move it announced is made good at
// the next start. Reads run beside each other and beside one change. Sizes are bytes. Throws Error kInternalError with
// SQLite's words, a full disk named as such.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "backends/local/blob_index_rows.h"
#include "backends/local/recent_blobs.h"

namespace batchite {

// A connection with its statements, kept prepared by the address of their text.
class IndexConnection {
 public:
  IndexConnection(const std::string& file, int flags);
  // Reset and without bindings.
  SQLite::Statement& use(const char* sql);
  SQLite::Database& database() { return database_; }

 private:
  SQLite::Database database_;
  std::unordered_map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

// What SQLite cannot read as a database.
class DamagedIndex : public Error {
  using Error::Error;
};

class BlobIndex {
 public:
  // Throws DamagedIndex when what every start reads cannot be read.
  BlobIndex(const std::string& file, Durability durability);

  Document account_properties(const std::string& account);
  std::optional<IndexedContainer> container(const std::string& account, const std::string& name);
  std::vector<IndexedContainer> containers(const std::string& account, const ListRange& range);
  std::optional<IndexedBlob> blob(std::int64_t container, const std::string& name, Time snapshot = kNever);
  std::vector<IndexedBlob> blobs(std::int64_t container, const ListRange& range);
  std::vector<BlobName> ended(Time now, std::size_t limit);
  // Blobs that have only uncommitted blocks.
  std::vector<std::string> uploads(std::int64_t container, const ListRange& range);
  std::vector<Block> committed_blocks(std::int64_t container, const std::string& blob, Time snapshot = kNever);
  std::vector<IndexedBlock> uncommitted_blocks(std::int64_t container, const std::string& blob);
  Encryption upload_encryption(std::int64_t container, const std::string& blob);  // of those
  std::vector<IndexedUpload> all_uploads();   // of every blob that has uncommitted blocks
  std::vector<std::string> snapshot_paths();  // of all snapshots
  std::optional<Move> unfinished_move();
  // By name; empty where there is no such blob. Cheaper than blob() for many.
  std::vector<std::string> known_paths(std::int64_t container, const std::vector<std::string>& names);
  Time last_revision();

 private:
  friend class IndexChange;
  class Reading;

  std::string file_;
  RecentBlobs recent_;
  std::mutex write_lock_;
  IndexConnection writer_;  // guarded by write_lock_; closed last, which puts the log into the file
  std::mutex pool_lock_;
  std::vector<std::unique_ptr<IndexConnection>> pool_;  // guarded by pool_lock_; idle readers
};

// One transaction. Holds other writers off until it is destroyed, so that files can be moved after the commit and
// before the next change. Rolled back unless committed.
class IndexChange {
 public:
  explicit IndexChange(BlobIndex& index);
  ~IndexChange();
  IndexChange(const IndexChange&) = delete;
  IndexChange& operator=(const IndexChange&) = delete;

  std::optional<IndexedContainer> container(const std::string& account, const std::string& name);
  std::optional<IndexedBlob> blob(std::int64_t container, const std::string& name, Time snapshot = kNever);
  // All of a name: snapshots, oldest first, then the blob.
  std::vector<IndexedBlob> family(std::int64_t container, const std::string& name);
  BlockSummary block_summary(std::int64_t container, const std::string& blob);
  std::vector<IndexedBlock> uncommitted_blocks(std::int64_t container, const std::string& blob);
  std::vector<std::string> staged_paths(std::int64_t container);
  std::vector<std::string> snapshot_paths(std::int64_t container);
  std::vector<std::string> snapshot_paths(std::int64_t container, const std::string& blob);

  void put_account_properties(const std::string& account, const Document& properties);
  std::int64_t put_container(const std::string& account, const ContainerEntry& entry);
  void rename_container(std::int64_t id, const std::string& name);
  void remove_container(std::int64_t id);  // with all that is in it
  void put_blob(std::int64_t container, const IndexedBlob& blob);
  void put_committed_blocks(std::int64_t container, const std::string& blob, const std::vector<Block>& blocks,
                            Time snapshot = kNever);
  void remove_blob(std::int64_t container, const std::string& name);  // with its snapshots
  void remove_member(std::int64_t container, const std::string& name, Time snapshot);
  // The staged file of the block that it replaces, if no other is in there.
  std::optional<std::string> put_block(std::int64_t container, const std::string& blob, const IndexedBlock& block,
                                       const Encryption& encryption);
  // Out of a shared file into one of its own; false when it is no longer where `block` says.
  bool move_block(std::int64_t container, const std::string& blob, const IndexedBlock& block, const std::string& path);
  void drop_uncommitted_blocks(std::int64_t container, const std::string& blob);
  void note(Move move) { move_ = std::move(move); }  // at most one a change
  void commit();

 private:
  void execute(const char* sql);
  BlobIndex& index_;
  std::unique_lock<std::mutex> lock_;
  bool open_ = true;
  Move move_;
  Time revision_{};  // the latest put
  std::vector<RecentBlobs::Key> changed_;
  bool changes_container_ = false;  // with all that is in it
};

}  // namespace batchite
