// A BlobStore in memory: the smallest that keeps the seam's promises, so that tests see the rules alone. One thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/blob/blob_store.h"
#include "core/blob/errors.h"

namespace batchite::testing {

class MemoryBlobStore : public BlobStore {
 public:
  Time next_revision(Time now) override { return last_ = std::max(now, last_ + Ticks(1)); }

  Document account_properties(const std::string& account) override { return accounts_[account]; }
  void set_account_properties(const std::string& account, const Document& properties) override {
    accounts_[account] = properties;
  }

  std::optional<ContainerEntry> find_container(const ContainerName& name) override {
    const Container* found = container(name);
    return found ? std::optional(found->entry) : std::nullopt;
  }

  void change_container(const ContainerName& name, const ContainerChange& change) override {
    const Container* found = container(name);
    auto wanted = change(found ? &found->entry : nullptr);
    if (wanted) {
      containers_[key(name)].entry = std::move(*wanted);
    } else {
      containers_.erase(key(name));
    }
  }

  std::vector<ContainerEntry> list_containers(const std::string& account, const ListRange& range) override {
    std::vector<ContainerEntry> page;
    for (const auto& [name, item] : containers_) {
      if (name.first == account && in(range, name.second, page.size())) page.push_back(item.entry);
    }
    return page;
  }

  std::optional<BlobEntry> find(const BlobName& name) override {
    const Blob* found = blob(name);
    return found ? std::optional(found->entry) : std::nullopt;
  }

  std::shared_ptr<ByteSource> read(const BlobName& name, const RangeChoice& choose) override {
    const Blob* found = blob(name);
    if (!found || !found->entry.committed) return nullptr;
    const ByteRange range = choose(found->entry);
    return std::make_shared<StringSource>(found->bytes.substr(range.offset, range.size));
  }

  std::vector<BlobEntry> list(const ContainerName& name, const ListRange& range) override {
    ++listings;
    std::vector<BlobEntry> page;
    for (const auto& [blob_name, item] : owner(name).blobs) {
      if (range.snapshots) {
        for (const auto& [time, snapshot] : item.snapshots) {
          const bool is_before = blob_name == range.from && time < range.from_snapshot;
          if (!is_before && in(range, blob_name, page.size())) page.push_back(snapshot.entry);
        }
      }
      if (!item.entry.committed && !range.uncommitted) continue;
      if (in(range, blob_name, page.size())) page.push_back(item.entry);
    }
    return page;
  }

  std::unique_ptr<StagedBytes> stage(ByteSource& source) override { return std::make_unique<Staged>(read_all(source)); }

  std::unique_ptr<StagedBytes> assemble(const BlobName& name, std::span<const BlockPiece> pieces) override {
    if (before_assemble) std::exchange(before_assemble, nullptr)();
    const Blob* found = blob(name);
    std::string bytes;
    for (const BlockPiece& piece : pieces) {
      if (!found) return nullptr;
      if (piece.committed_at) {
        bytes += found->bytes.substr(*piece.committed_at, piece.block.size);
      } else if (const auto block = found->uncommitted.find(piece.block.id); block != found->uncommitted.end()) {
        bytes += block->second;
      } else {
        return nullptr;
      }
    }
    return std::make_unique<Staged>(std::move(bytes));
  }

  std::unique_ptr<StagedBytes> stage_zeros(std::uint64_t size) override {
    return std::make_unique<Staged>(std::string(size, '\0'));
  }

  void change(const BlobName& name, const BlobChange& change, std::optional<NewContent> content) override {
    Container& all = owner({name.account, name.container});
    Blob* found = blob(name);
    auto wanted = change(entry_of(found));
    if (!wanted) {
      if (name.snapshot == kNever) {
        all.blobs.erase(name.blob);
      } else {
        all.blobs[name.blob].snapshots.erase(name.snapshot);
      }
      return;
    }
    Blob& changed = found ? *found : all.blobs[name.blob];
    if (content) {
      changed = {.bytes = static_cast<Staged&>(*content->bytes).bytes,
                 .committed = std::move(content->blocks),
                 .snapshots = std::move(changed.snapshots)};
    }
    changed.set(std::move(*wanted));
  }

  void patch(const BlobName& name, const BlobChange& change, ContentPatch patch) override {
    Blob* found = blob(name);
    const auto wanted = change(entry_of(found));
    const std::string text = patch.bytes ? static_cast<Staged&>(*patch.bytes).bytes : std::string(patch.zeros, '\0');
    const std::uint64_t offset = patch.offset.value_or(found->bytes.size());
    found->bytes.resize(std::max(found->bytes.size(), offset + text.size()));
    found->bytes.replace(offset, text.size(), text);
    found->bytes.resize(wanted->size);
    found->set(*wanted);
  }

  void add_snapshot(const BlobName& name, const SnapshotChange& change, NewContent content) override {
    owner({name.account, name.container});
    Blob* found = blob(name);
    Blob kept{.bytes = static_cast<Staged&>(*content.bytes).bytes, .committed = std::move(content.blocks)};
    kept.set(change(entry_of(found)));
    found->snapshots[kept.entry.snapshot] = std::move(kept);
  }

  void drop_snapshots(const BlobName& name, const std::function<void(const BlobEntry*)>& check) override {
    Blob* found = blob(name);
    check(entry_of(found));
    found->snapshots.clear();
  }

  BlockLists blocks(const BlobName& name) override {
    const Blob* found = blob(name);
    if (!found) return {};
    BlockLists lists{found->committed, {}};
    for (const auto& [id, bytes] : found->uncommitted) lists.uncommitted.push_back({id, bytes.size()});
    return lists;
  }

  void put_block(const BlobName& name, const std::string& id, std::unique_ptr<StagedBytes> bytes,
                 const BlockCheck& check) override {
    Container& all = owner({name.account, name.container});
    Blob* found = blob(name);
    BlockSummary summary;
    if (found) {
      summary.uncommitted = found->uncommitted.size();
      if (!found->uncommitted.empty()) summary.any_id = found->uncommitted.begin()->first;
      if (!found->committed.empty()) summary.any_id = found->committed.front().id;
    }
    check(entry_of(found), summary);
    Blob& changed = all.blobs[name.blob];
    if (!found) changed.entry = {.name = name.blob, .committed = false};
    changed.uncommitted[id] = static_cast<Staged&>(*bytes).bytes;
  }

  int listings = 0;                       // how often list() was called
  std::function<void()> before_assemble;  // what "somebody else" does at the worst moment; once

 private:
  struct Staged : StagedBytes {
    explicit Staged(std::string text) : bytes(std::move(text)) {}
    std::uint64_t size() const override { return bytes.size(); }
    std::string bytes;
  };
  struct Blob {
    BlobEntry entry = {};
    std::string bytes = {};
    std::vector<Block> committed = {};
    std::map<std::string, std::string> uncommitted = {};
    std::map<Time, Blob> snapshots = {};

    void set(BlobEntry wanted) {
      entry = std::move(wanted);
      entry.size = bytes.size();
    }
  };
  struct Container {
    ContainerEntry entry;
    std::map<std::string, Blob> blobs;
  };
  using Key = std::pair<std::string, std::string>;

  static Key key(const ContainerName& name) { return {name.account, name.container}; }
  static bool in(const ListRange& range, const std::string& name, std::size_t taken) {
    return taken < range.limit && name >= range.from && name.starts_with(range.prefix);
  }
  const Container* container(const ContainerName& name) const {
    const auto found = containers_.find(key(name));
    return found == containers_.end() ? nullptr : &found->second;
  }
  Container& owner(const ContainerName& name) {
    const auto found = containers_.find(key(name));
    if (found == containers_.end()) throw Error(blob_errors::kContainerNotFound);
    return found->second;
  }
  Blob* blob(const BlobName& name) {
    const auto all = containers_.find({name.account, name.container});
    if (all == containers_.end()) return nullptr;
    const auto found = all->second.blobs.find(name.blob);
    if (found == all->second.blobs.end()) return nullptr;
    if (name.snapshot == kNever) return &found->second;
    const auto snapshot = found->second.snapshots.find(name.snapshot);
    return snapshot == found->second.snapshots.end() ? nullptr : &snapshot->second;
  }
  static const BlobEntry* entry_of(Blob* blob) {
    if (!blob) return nullptr;
    blob->entry.has_snapshots = !blob->snapshots.empty();
    return &blob->entry;
  }

  Time last_{};
  std::map<std::string, Document> accounts_;
  std::map<Key, Container> containers_;
};

}  // namespace batchite::testing
