// Where uncommitted blocks lie. Those of one blob stand one behind the other in a file of the upload, in the order in
// which they began to come: a list that commits them so makes that file the blob, without a copy. Clients send several
// at once, and a few stand elsewhere then; only those are moved.
//
// Any thread. Errors as of BlobFiles and BlobIndex. What the index says of a block is true at any moment, also after a
// crash: a block is moved by copying it aside and telling the index so, before its place is written again.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/local/blob_files.h"
#include "backends/local/blob_index.h"
#include "core/blob/blob_store.h"

namespace batchite {

class UploadFiles {
 public:
  // A block that the index does not know yet. Its place is given back with the object unless it was kept.
  class Staged : public StagedBytes {
   public:
    // What the index is to say of it.
    virtual IndexedBlock indexed(const std::string& id) const = 0;
    // The index says so. While the change is still held.
    virtual void keep() = 0;
  };

  UploadFiles(BlobFiles& files, BlobIndex& index) : files_(files), index_(index) {}

  std::unique_ptr<Staged> stage(std::int64_t container, const std::string& blob, ByteSource& source);
  // The pieces one after the other; null when one of them is no longer what it was. `content`: what the blob has.
  std::unique_ptr<StagedFile> assemble(std::int64_t container, const std::string& blob, const FileDescriptor& content,
                                       std::span<const BlockPiece> pieces);
  // The index knows no block in these files any more. While the change is still held. Leaves those to be removed
  // afterwards; a file with a block that is still coming stays.
  void forget(std::set<std::string>& paths);

 private:
  using Key = std::pair<std::int64_t, std::string>;  // container, blob
  struct Place {
    std::uint64_t at = 0, size = 0;
  };
  // An upload's file. It goes when no block is coming to it and the index knows none of it.
  struct Upload {
    Key key;                        // of the blob
    std::vector<Place> holes = {};  // of blocks that did not come
    std::uint64_t end = 0;
    std::size_t coming = 0;
    std::size_t kept = 0;  // since it was begun or forgotten
  };
  class Slot;
  class OwnFile;
  struct Plan;

  std::pair<std::string, Place> take(std::int64_t container, const std::string& blob, std::uint64_t size);
  void leave(const std::string& path, const Place& place, bool is_kept);
  void keep(const std::string& path);
  void close(const std::string& path);
  bool seal(const std::string& path);
  void make_room();
  std::optional<Plan> plan_of(const std::vector<IndexedBlock>& blocks, std::span<const BlockPiece> pieces);
  bool move_aside(std::int64_t container, const std::string& blob, Plan& plan);
  std::unique_ptr<StagedFile> put_in_order(std::int64_t container, const std::string& blob, Plan& plan);
  std::unique_ptr<StagedFile> copy(const std::vector<IndexedBlock>& blocks, const FileDescriptor& content,
                                   std::span<const BlockPiece> pieces);

  BlobFiles& files_;
  BlobIndex& index_;
  std::mutex mutex_;
  std::map<std::string, Upload> uploads_;  // by path: what is open, and what has blocks coming. Guarded by mutex_
  std::map<Key, std::string> open_;        // the path by blob: where its next block goes. Guarded by mutex_
};

}  // namespace batchite
