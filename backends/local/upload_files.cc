#include "backends/local/upload_files.h"

#include <algorithm>

namespace batchite {
namespace {

constexpr std::size_t kMostOpen = 1000;  // uploads; of those beyond, the next block begins another file

// The blocks are in the order of their ids.
const IndexedBlock* find(const std::vector<IndexedBlock>& blocks, const std::string& id) {
  const auto id_of = [](const IndexedBlock& each) -> const std::string& { return each.block.id; };
  const auto found = std::ranges::lower_bound(blocks, id, {}, id_of);
  return found == blocks.end() || found->block.id != id ? nullptr : &*found;
}

}  // namespace

class UploadFiles::Slot : public Staged {
 public:
  Slot(UploadFiles& owner, std::string path, Place place) : owner_(owner), path_(std::move(path)), place_(place) {}
  ~Slot() override { owner_.leave(path_, place_, is_kept_); }
  std::uint64_t size() const override { return place_.size; }
  IndexedBlock indexed(const std::string& id) const override { return {{id, place_.size}, path_, place_.at}; }
  void keep() override {
    owner_.keep(path_);
    is_kept_ = true;
  }

 private:
  UploadFiles& owner_;
  const std::string path_;
  const Place place_;
  bool is_kept_ = false;
};

// Of a block whose size nobody knows, or that is copied from another file.
class UploadFiles::OwnFile : public Staged {
 public:
  explicit OwnFile(std::unique_ptr<StagedFile> file) : file_(std::move(file)), size_(file_->size()) {}
  std::uint64_t size() const override { return size_; }
  IndexedBlock indexed(const std::string& id) const override { return {{id, size_}, file_->path(), std::nullopt}; }
  void keep() override { file_->release(); }

 private:
  const std::unique_ptr<StagedFile> file_;
  const std::uint64_t size_;
};

std::unique_ptr<UploadFiles::Staged> UploadFiles::stage(std::int64_t container, const std::string& blob,
                                                        ByteSource& source) {
  const auto size = source.size();
  if (!size || source.file()) return std::make_unique<OwnFile>(files_.stage(source));
  const auto [path, place] = take(container, blob, *size);
  auto slot = std::make_unique<Slot>(*this, path, place);
  files_.stage_into(path, place.at, source);
  return slot;
}

std::pair<std::string, UploadFiles::Place> UploadFiles::take(std::int64_t container, const std::string& blob,
                                                             std::uint64_t size) {
  const Key key(container, blob);
  const std::lock_guard lock(mutex_);
  if (open_.size() >= kMostOpen && !open_.contains(key)) make_room();
  std::string& path = open_[key];
  if (path.empty()) path = files_.new_staging_path();
  Upload& upload = uploads_.try_emplace(path, Upload{.key = key}).first->second;
  ++upload.coming;
  const auto hole = std::ranges::find(upload.holes, size, &Place::size);
  if (hole == upload.holes.end()) return {path, {std::exchange(upload.end, upload.end + size), size}};
  const Place place = *hole;
  upload.holes.erase(hole);
  return {path, place};
}

void UploadFiles::leave(const std::string& path, const Place& place, bool is_kept) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(path);
  Upload& upload = found->second;
  --upload.coming;
  if (!is_kept) upload.holes.push_back(place);
  if (upload.coming > 0) return;
  const auto open = open_.find(upload.key);
  const bool is_open = open != open_.end() && open->second == path;
  if (upload.kept == 0) {
    files_.remove_tree(path);
    if (is_open) open_.erase(open);
  }
  if (upload.kept == 0 || !is_open) uploads_.erase(found);
}

void UploadFiles::keep(const std::string& path) {
  const std::lock_guard lock(mutex_);
  ++uploads_.at(path).kept;
}

// No further block goes there. With the mutex held.
void UploadFiles::close(const std::string& path) {
  const auto found = uploads_.find(path);
  if (found == uploads_.end()) return;
  if (const auto open = open_.find(found->second.key); open != open_.end() && open->second == path) open_.erase(open);
  if (found->second.coming == 0) uploads_.erase(found);
}

void UploadFiles::make_room() {
  const auto is_quiet = [&](const auto& open) { return uploads_.at(open.second).coming == 0; };
  if (const auto quiet = std::ranges::find_if(open_, is_quiet); quiet != open_.end()) {
    const std::string path = quiet->second;
    close(path);
  }
}

// From now on the file is the caller's alone to change.
bool UploadFiles::seal(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(path);
  if (found == uploads_.end() || found->second.coming > 0) return false;
  close(path);
  return true;
}

void UploadFiles::forget(std::set<std::string>& paths) {
  const std::lock_guard lock(mutex_);
  std::erase_if(paths, [&](const std::string& path) {
    close(path);
    const auto found = uploads_.find(path);
    if (found == uploads_.end()) return false;
    found->second.kept = 0;
    return true;
  });
}

// To make the upload's file the blob.
struct UploadFiles::Plan {
  struct Moved {
    IndexedBlock block;
    std::uint64_t to;
    std::unique_ptr<StagedFile> aside = nullptr;
  };
  std::string path = {};
  std::uint64_t size = 0;
  std::vector<Moved> moved = {};
};

// For a list that has every block of the upload once, most of them where they belong.
std::optional<UploadFiles::Plan> UploadFiles::plan_of(const std::vector<IndexedBlock>& blocks,
                                                      std::span<const BlockPiece> pieces) {
  const auto first = std::ranges::find_if(blocks, [](const IndexedBlock& block) { return block.at.has_value(); });
  if (first == blocks.end() || pieces.size() != blocks.size()) return std::nullopt;
  Plan plan{.path = first->path};
  std::uint64_t in_place = 0;
  std::set<std::string> seen;
  for (const BlockPiece& piece : pieces) {
    const IndexedBlock* block = piece.committed_at ? nullptr : find(blocks, piece.block.id);
    if (!block || !seen.insert(piece.block.id).second) return std::nullopt;
    if (block->path == plan.path && block->at == plan.size) {
      in_place += block->block.size;
    } else {
      plan.moved.push_back({*block, plan.size});
    }
    plan.size += block->block.size;
  }
  if (2 * in_place < plan.size || !seal(plan.path)) return std::nullopt;
  return plan;
}

// False: somebody has replaced one meanwhile.
bool UploadFiles::move_aside(std::int64_t container, const std::string& blob, Plan& plan) {
  for (Plan::Moved& moved : plan.moved) {
    if (!moved.block.at) continue;
    const FileDescriptor file = files_.open(moved.block.path);
    if (!file) return false;
    BlobFiles::Concatenation copy(files_);
    copy.append(file.get(), {*moved.block.at, moved.block.block.size});
    moved.aside = copy.finish();
  }
  IndexChange change(index_);
  for (const Plan::Moved& moved : plan.moved) {
    if (moved.aside && !change.move_block(container, blob, moved.block, moved.aside->path())) return false;
  }
  change.commit();
  for (Plan::Moved& moved : plan.moved) {
    if (!moved.aside) continue;
    moved.block.path = moved.aside->path();
    moved.block.at.reset();
    moved.aside->release();
  }
  return true;
}

std::unique_ptr<StagedFile> UploadFiles::put_in_order(std::int64_t container, const std::string& blob, Plan& plan) {
  if (!move_aside(container, blob, plan)) return nullptr;
  const FileDescriptor file = files_.open_to_write(plan.path);
  if (!file) return nullptr;
  for (const Plan::Moved& moved : plan.moved) {
    const FileDescriptor from = files_.open(moved.block.path);
    if (!from) return nullptr;
    seek_to(file.get(), moved.to);
    copy_range(from.get(), 0, moved.block.block.size, file.get());
  }
  set_size(file.get(), plan.size);
  files_.settle(file);
  return files_.link(plan.path);
}

std::unique_ptr<StagedFile> UploadFiles::assemble(std::int64_t container, const std::string& blob,
                                                  const FileDescriptor& content, std::span<const BlockPiece> pieces) {
  const std::vector<IndexedBlock> blocks = index_.uncommitted_blocks(container, blob);
  const IndexedBlock* first = find(blocks, pieces.empty() ? std::string() : pieces.front().block.id);
  if (pieces.size() == 1 && !pieces.front().committed_at && first && !first->at) return files_.link(first->path);
  // The places copied from may be written again or cut off meanwhile: the index knows before that.
  const auto is_same = [&] {
    const std::vector<IndexedBlock> now = index_.uncommitted_blocks(container, blob);
    return std::ranges::all_of(pieces, [&](const BlockPiece& piece) {
      if (piece.committed_at) return true;
      const IndexedBlock *before = find(blocks, piece.block.id), *there = find(now, piece.block.id);
      return before && there && there->path == before->path && there->at == before->at;
    });
  };
  try {
    if (auto plan = plan_of(blocks, pieces)) {
      // What came to the file before it was sealed is in the index by now.
      const auto is_place = [](const IndexedBlock& a, const IndexedBlock& b) {
        return a.block.id == b.block.id && a.path == b.path && a.at == b.at;
      };
      if (!std::ranges::equal(index_.uncommitted_blocks(container, blob), blocks, is_place)) return nullptr;
      return put_in_order(container, blob, *plan);
    }
    auto copied = copy(blocks, content, pieces);
    return copied && is_same() ? std::move(copied) : nullptr;
  } catch (const DiskError&) {
    if (is_same()) throw;
    return nullptr;
  }
}

std::unique_ptr<StagedFile> UploadFiles::copy(const std::vector<IndexedBlock>& blocks, const FileDescriptor& content,
                                              std::span<const BlockPiece> pieces) {
  BlobFiles::Concatenation joined(files_);
  for (const BlockPiece& piece : pieces) {
    if (piece.committed_at) {
      if (!content || mark_of(content).size < *piece.committed_at + piece.block.size) return nullptr;
      joined.append(content.get(), {*piece.committed_at, piece.block.size});
      continue;
    }
    const IndexedBlock* block = find(blocks, piece.block.id);
    const FileDescriptor file = block ? files_.open(block->path) : FileDescriptor();
    if (!file) return nullptr;
    joined.append(file.get(), {block->at.value_or(0), piece.block.size});
  }
  return joined.finish();
}

}  // namespace batchite
