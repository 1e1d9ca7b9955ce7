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
#include "core/blob/retention.h"

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
    if (wanted && found && wanted->name != name.container) {
      if (container({name.account, wanted->name})) throw Error(blob_errors::kContainerAlreadyExists);
      auto moved = containers_.extract(key(name));
      moved.key().second = wanted->name;
      moved.mapped().entry = std::move(*wanted);
      containers_.insert(std::move(moved));
    } else if (wanted) {
      containers_[key(name)].entry = std::move(*wanted);
    } else {
      containers_.erase(key(name));
    }
  }

  std::vector<ContainerEntry> list_containers(const std::string& account, const ListRange& range) override {
    std::vector<ContainerEntry> page;
    for (const auto& [name, item] : containers_) {
      const bool is_wanted = range.deleted || !item.entry.deleted;
      if (name.first == account && is_wanted && in(range, name.second, page.size())) page.push_back(item.entry);
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
    for (const auto& [blob_name, family] : owner(name).families) {
      for (const auto& [time, member] : family) {
        const BlobEntry& entry = member.entry;
        const bool is_blob = entry.snapshot == kNever;
        const bool is_before = blob_name == range.from && !is_blob && time < range.from_snapshot;
        const bool is_wanted =
            is_blob ? entry.committed || range.uncommitted : range.snapshots && (range.deleted || !entry.deleted);
        if (range.tagged && entry.tags.empty()) continue;
        if (!is_before && is_wanted && in(range, blob_name, page.size())) page.push_back(entry);
      }
    }
    return page;
  }

  std::unique_ptr<StagedBytes> stage(ByteSource& source) override { return std::make_unique<Staged>(read_all(source)); }
  std::unique_ptr<StagedBytes> stage_block(const BlobName&, ByteSource& source) override { return stage(source); }

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
    BlobDecision wanted = change(found ? &found->entry : nullptr);
    if (!wanted.entry) {
      if (name.snapshot == kNever) {
        all.families.erase(name.blob);
      } else {
        all.families[name.blob].erase(name.snapshot);
      }
      return;
    }
    Family& family = all.families[name.blob];
    if (wanted.kept) family[wanted.kept->snapshot] = found->as(*wanted.kept);
    Blob& changed = family[at(name.snapshot)];
    if (content) {
      changed = {.bytes = static_cast<Staged&>(*content->bytes).bytes, .committed = std::move(content->blocks)};
    }
    changed.set(std::move(*wanted.entry));
  }

  void patch(const BlobName& name, const BlobChange& change, ContentPatch patch) override {
    Blob* found = blob(name);
    const auto wanted = change(found ? &found->entry : nullptr).entry;
    const std::string text = patch.bytes ? static_cast<Staged&>(*patch.bytes).bytes : std::string(patch.zeros, '\0');
    const std::uint64_t offset = patch.offset.value_or(found->bytes.size());
    found->bytes.resize(std::max(found->bytes.size(), offset + text.size()));
    found->bytes.replace(offset, text.size(), text);
    found->bytes.resize(wanted->size);
    found->set(*wanted);
  }

  void add_snapshot(const BlobName& name, const SnapshotChange& change, NewContent content) override {
    Container& all = owner({name.account, name.container});
    Blob* found = blob(name);
    Blob kept{.bytes = static_cast<Staged&>(*content.bytes).bytes, .committed = std::move(content.blocks)};
    kept.set(change(found ? &found->entry : nullptr));
    all.families[name.blob][kept.entry.snapshot] = std::move(kept);
  }

  void change_family(const BlobName& name, const FamilyChange& change) override {
    Family& family = owner({name.account, name.container}).families[name.blob];
    std::vector<BlobMember> members;
    for (const auto& [time, member] : family) {
      if (member.entry.committed) members.push_back({member.entry.snapshot, member.entry});
    }
    const bool has_blob = !members.empty() && members.back().origin == kNever;
    change(members);
    Family changed;
    for (const BlobMember& member : members) {
      changed[at(member.entry.snapshot)] = family[at(member.origin)].as(member.entry);
      if (member.origin == kNever && member.entry.snapshot == kNever) {
        changed[kLast].uncommitted = family[kLast].uncommitted;
        changed[kLast].encryption = family[kLast].encryption;
      }
    }
    if (!has_blob && family.contains(kLast) && !changed.contains(kLast)) changed[kLast] = family[kLast];
    family = std::move(changed);
  }

  std::vector<BlobName> ended(Time now, std::size_t limit) override {
    std::vector<BlobName> names;
    for (const auto& [key, container] : containers_) {
      if (names.size() < limit && has_ended(container.entry, now)) names.push_back({key.first, key.second, ""});
      for (const auto& [name, family] : container.families) {
        for (const auto& [time, member] : family) {
          if (names.size() < limit && has_ended(member.entry, now)) {
            names.push_back({key.first, key.second, name, member.entry.snapshot});
          }
        }
      }
    }
    return names;
  }

  BlockLists blocks(const BlobName& name) override {
    const Blob* found = blob(name);
    if (!found) return {};
    BlockLists lists{found->committed, {}, found->encryption};
    for (const auto& [id, bytes] : found->uncommitted) lists.uncommitted.push_back({id, bytes.size()});
    return lists;
  }

  void put_block(const BlobName& name, const std::string& id, std::unique_ptr<StagedBytes> bytes,
                 const BlockCheck& check, const Encryption& encryption) override {
    Container& all = owner({name.account, name.container});
    Blob* found = blob(name);
    BlockSummary summary;
    if (found) {
      summary.uncommitted = found->uncommitted.size();
      summary.encryption = found->encryption;
      if (!found->uncommitted.empty()) summary.any_id = found->uncommitted.begin()->first;
      if (!found->committed.empty()) summary.any_id = found->committed.front().id;
    }
    check(found ? &found->entry : nullptr, summary);
    Blob& changed = all.families[name.blob][kLast];
    if (!found) changed.entry = {.name = name.blob, .committed = false};
    if (changed.uncommitted.empty()) changed.encryption = encryption;
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
    Encryption encryption = {};  // of those

    void set(BlobEntry wanted) {
      entry = std::move(wanted);
      entry.size = bytes.size();
    }
    // The same content, known otherwise.
    Blob as(BlobEntry wanted) const {
      Blob copy{.bytes = bytes, .committed = committed};
      copy.set(std::move(wanted));
      return copy;
    }
  };
  using Family = std::map<Time, Blob>;  // snapshots by their times, then, at kLast, the blob
  static constexpr Time kLast = Time::max();
  static Time at(Time snapshot) { return snapshot == kNever ? kLast : snapshot; }
  struct Container {
    ContainerEntry entry;
    std::map<std::string, Family> families;
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
    const auto family = all->second.families.find(name.blob);
    if (family == all->second.families.end()) return nullptr;
    const auto found = family->second.find(at(name.snapshot));
    return found == family->second.end() ? nullptr : &found->second;
  }

  Time last_{};
  std::map<std::string, Document> accounts_;
  std::map<Key, Container> containers_;
};

}  // namespace batchite::testing
