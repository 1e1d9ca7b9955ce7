#include "backends/local/file_blob_store.h"

#include <algorithm>
#include <set>

#include "backends/local/blob_names.h"
#include "backends/local/blob_places.h"
#include "backends/local/blob_repair.h"
#include "backends/system/real.h"
#include "core/blob/errors.h"
#include "core/blob/names.h"
#include "core/blob/properties.h"

namespace batchite {
namespace {

using namespace blob_errors;
using namespace blob_places;

constexpr int kListAttempts = 8;
constexpr std::size_t kAdoptedAtOnce = 1000;  // files in one transaction

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// What an upload without any commit looks like.
BlobEntry uncommitted_entry(const std::string& name) { return {.name = name, .committed = false}; }

}  // namespace

FileBlobStore::FileBlobStore(const FileBlobStoreOptions& options)
    : root_(options.root),
      files_(options.root, options.durability),
      index_(open_index(options.root, options.durability)),
      folders_(files_),
      uploads_(files_, index_),
      last_revision_(index_.last_revision()) {
  recover();
}

// Repeats the move that a crash prevented and sweeps what was being written.
void FileBlobStore::recover() {
  const auto move = index_.unfinished_move();
  if (move && move->patch) {
    files_.write_into(*move);
  } else if (move && (files_.mark(move->from) == move->mark || files_.folder_mark(move->from) == move->mark)) {
    if (move->to.empty()) {
      files_.remove(parent_of(move->from), move->from.substr(move->from.rfind('/') + 1));
    } else {
      files_.move(move->from, move->to);
    }
  }
  const auto snapshots = index_.snapshot_paths();
  files_.sweep(drop_abandoned_uploads(index_, files_, clock_now()));
  files_.sweep_snapshots({snapshots.begin(), snapshots.end()});
}

Time FileBlobStore::next_revision(Time now) {
  const std::lock_guard lock(revision_lock_);
  last_revision_ = std::max(now, last_revision_ + Ticks(1));
  return last_revision_;
}

std::optional<ContainerEntry> FileBlobStore::find_container(const ContainerName& name) {
  auto found = container(name);
  return found ? std::optional(std::move(found->entry)) : std::nullopt;
}

std::optional<IndexedContainer> FileBlobStore::known_container(const std::string& folder) {
  const std::lock_guard lock(cache_lock_);
  const auto cached = cache_.find(folder);
  return cached == cache_.end() ? std::nullopt : std::optional(cached->second);
}

std::optional<IndexedContainer> FileBlobStore::container(const ContainerName& name) {
  const std::string folder = folder_of(name);
  const bool exists = files_.folder_mark(folder).has_value();
  if (exists) {
    if (auto known = known_container(folder)) return known;
  }
  if (!exists && !index_.container(name.account, name.container)) return std::nullopt;
  IndexChange change(index_);  // held until the end, so that the cache agrees with the index
  auto found = container_in(change, name);
  change.commit();
  if (!found) return std::nullopt;
  const std::lock_guard lock(cache_lock_);
  cache_.insert_or_assign(folder, *found);
  return found;
}

void FileBlobStore::forget(const std::string& folder) {
  const std::lock_guard lock(cache_lock_);
  cache_.erase(folder);
}

// The index follows the folders: one made by hand is a container, one removed by hand is none.
std::optional<IndexedContainer> FileBlobStore::container_in(IndexChange& change, const ContainerName& name) {
  auto found = change.container(name.account, name.container);
  const bool exists = files_.folder_mark(folder_of(name)).has_value();
  if (found && !exists) {
    change.remove_container(found->id);
    forget(folder_of(name));
    folders_.forget(folder_of(name));
    return std::nullopt;
  }
  if (!found && exists && is_container_name(name.container)) return adopt_container(change, name);
  if (found && !found->damage.empty()) {
    set_aside_damaged_entry(root_, folder_of(name), found->damage);
    found->damage.clear();
    change.put_container(name.account, found->entry);
  }
  return found;
}

IndexedContainer FileBlobStore::adopt_container(IndexChange& change, const ContainerName& name) {
  const auto mark = files_.folder_mark(folder_of(name));
  const Time revision = next_revision(mark ? time_of_file(*mark) : kNever);
  IndexedContainer made{.entry = {.name = name.container, .modified = revision, .revision = revision}};
  made.id = change.put_container(name.account, made.entry);
  return made;
}

void FileBlobStore::change_container(const ContainerName& name, const ContainerChange& decide) {
  const std::string folder = folder_of(name);
  IndexChange change(index_);
  const auto current = container_in(change, name);
  const auto wanted = decide(current ? &current->entry : nullptr);
  if (wanted && current && wanted->name != name.container) {
    move_container(change, name, *current, *wanted);
  } else if (wanted) {
    files_.make_folder(folder);
    change.put_container(name.account, *wanted);
    forget(folder);
    change.commit();
  } else if (current) {
    remove_container(change, *current, folder);
  }
}

void FileBlobStore::remove_container(IndexChange& change, const IndexedContainer& container,
                                     const std::string& folder) {
  const auto staged = change.staged_paths(container.id), snapshots = change.snapshot_paths(container.id);
  std::set<std::string> dropped(staged.begin(), staged.end());
  const auto mark = files_.folder_mark(folder);
  const std::string aside = files_.new_staging_path();
  change.remove_container(container.id);
  change.note({folder, aside, mark.value_or(FileMark{})});
  forget(folder);
  change.commit();
  folders_.forget(folder);
  files_.move(folder, aside);
  uploads_.forget(dropped);
  dropped.insert(snapshots.begin(), snapshots.end());
  for (const std::string& path : dropped) files_.remove_tree(path);
  files_.remove_tree(aside);
}

std::vector<ContainerEntry> FileBlobStore::list_containers(const std::string& account, const ListRange& range) {
  adopt_new_folders(account);
  std::vector<ContainerEntry> entries;
  for (IndexedContainer& found : index_.containers(account, range)) {
    if (files_.folder_mark(folder_of({account, found.entry.name}))) entries.push_back(std::move(found.entry));
  }
  return entries;
}

void FileBlobStore::adopt_new_folders(const std::string& account) {
  for (const std::string& name : files_.folders_in(account_folder(account))) {
    if (is_container_name(name)) container({account, name});
  }
}

std::optional<IndexedBlob> FileBlobStore::settle(IndexChange& change, const Target& target, const std::string& name) {
  auto found = change.blob(target.container.id, name);
  const std::string path = found ? found->path : blob_path(name);
  const auto mark = files_.mark(target.folder + '/' + path);
  if (!mark) {
    if (!found) return std::nullopt;
    change.remove_blob(target.container.id, name);
    return std::nullopt;
  }
  if (found && found->mark == *mark && found->damage.empty()) return found;
  if (found && !found->damage.empty()) set_aside_damaged_entry(root_, target.folder + '/' + name, found->damage);
  const Time modified = time_of_file(*mark);
  IndexedBlob edited = found.value_or(IndexedBlob{.entry = {.name = name, .created = modified}});
  edited.path = path;
  edited.mark = *mark;
  edited.damage.clear();
  edited.entry.size = mark->size;
  edited.entry.modified = modified;
  edited.entry.revision = next_revision(modified);
  // A checksum or a copy's trace says nothing of bytes written by hand.
  edited.entry.properties = without_copy_state(edited.entry.properties).without([](std::string_view header) {
    return header == "Content-MD5";
  });
  if (!edited.entry.pages.empty()) edited.entry.pages = {{0, mark->size}};  // who knows which were written
  change.put_blob(target.container.id, edited);
  change.put_committed_blocks(target.container.id, name, {});
  return edited;
}

FileBlobStore::Target FileBlobStore::target_of(IndexChange& change, const BlobName& name) {
  auto container = container_in(change, container_of(name));
  if (!container) throw Error(kContainerNotFound);
  Target target{*container, folder_of(container_of(name)), std::nullopt};
  target.current = settle(change, target, name.blob);
  return target;
}

std::optional<IndexedBlob> FileBlobStore::settled(const ContainerName& container, const std::string& name) {
  IndexChange change(index_);
  const auto owner = container_in(change, container);
  std::optional<IndexedBlob> found;
  if (owner) found = settle(change, {*owner, folder_of(container), std::nullopt}, name);
  change.commit();
  return found;
}

std::optional<BlobEntry> FileBlobStore::find(const BlobName& name) {
  const auto owner = container(container_of(name));
  if (!owner) return std::nullopt;
  auto found = index_.blob(owner->id, name.blob, name.snapshot);
  if (name.snapshot != kNever) return found ? std::optional(std::move(found->entry)) : std::nullopt;
  const auto mark = files_.mark(folder_of(container_of(name)) + '/' + (found ? found->path : blob_path(name.blob)));
  const bool fits = found ? mark == found->mark && found->damage.empty() : !mark;
  if (!fits) found = settled(container_of(name), name.blob);
  if (found) return found->entry;
  if (index_.uncommitted_blocks(owner->id, name.blob).empty()) return std::nullopt;
  return uncommitted_entry(name.blob);
}

std::shared_ptr<ByteSource> FileBlobStore::read(const BlobName& name, const RangeChoice& choose) {
  if (name.snapshot != kNever) return read_snapshot(name, choose);
  const std::string folder = folder_of(container_of(name));
  auto owner = known_container(folder);  // a file in it shows that the folder is still there
  if (!owner) owner = container(container_of(name));
  if (!owner) return nullptr;
  auto found = index_.blob(owner->id, name.blob);
  MarkedFile content = files_.open_marked(folder + '/' + (found ? found->path : blob_path(name.blob)));
  const auto fits = [&] { return found->damage.empty() && content.mark == found->mark; };
  while (content.file ? !found || !fits() : found.has_value()) {
    found = settled(container_of(name), name.blob);
    content = found ? files_.open_marked(folder + '/' + found->path) : MarkedFile();
    if (!found) break;
  }
  if (!found || !content.file) return nullptr;
  const ByteRange range = choose(found->entry);
  return std::make_shared<FileSource>(std::move(content.file), range);
}

void FileBlobStore::adopt_new_files(const IndexedContainer& owner, const ContainerName& name,
                                    const std::string& prefix) {
  std::vector<std::string> paths;
  folders_.scan(folder_of(name), prefix, [&](std::string path) { paths.push_back(std::move(path)); });
  std::ranges::sort(paths);  // about as the index has them, which is then written from its start to its end
  for (std::size_t at = 0; at < paths.size(); at += kAdoptedAtOnce) {
    const std::span<const std::string> some(paths.data() + at, std::min(kAdoptedAtOnce, paths.size() - at));
    std::vector<std::string> names;
    for (const std::string& path : some) names.push_back(blob_name(path));
    const auto known = index_.known_paths(owner.id, names);
    std::vector<std::size_t> fresh;
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (known[i] == some[i]) continue;
      if (known[i].empty() || !files_.mark(folder_of(name) + '/' + known[i])) fresh.push_back(i);
    }
    if (fresh.empty()) continue;
    IndexChange change(index_);
    for (const std::size_t i : fresh) adopt_file(change, {owner, folder_of(name), std::nullopt}, names[i], some[i]);
    change.commit();
  }
}

void FileBlobStore::adopt_file(IndexChange& change, const Target& target, const std::string& name,
                               const std::string& path) {
  if (settle(change, target, name)) return;
  const auto mark = files_.mark(target.folder + '/' + path);
  if (!mark) return;
  // A path that is not written as the store would write it.
  const Time modified = time_of_file(*mark);
  change.put_blob(target.container.id, {.entry = {.name = name,
                                                  .size = mark->size,
                                                  .created = modified,
                                                  .modified = modified,
                                                  .revision = next_revision(modified)},
                                        .path = path,
                                        .mark = *mark});
}

std::vector<IndexedBlob> FileBlobStore::settled_page(const IndexedContainer& owner, const ContainerName& name,
                                                     const ListRange& range) {
  const std::string folder = folder_of(name) + '/';
  for (int attempt = 0;; ++attempt) {
    auto page = index_.blobs(owner.id, range);
    std::vector<std::string> stale;
    for (const IndexedBlob& blob : page) {
      const bool is_hidden = blob.entry.snapshot != kNever;  // nobody edits it by hand
      if (!is_hidden && (!blob.damage.empty() || files_.mark(folder + blob.path) != blob.mark))
        stale.push_back(blob.entry.name);
    }
    if (stale.empty() || attempt == kListAttempts) return page;
    for (const std::string& blob : stale) settled(name, blob);
  }
}

std::vector<BlobEntry> FileBlobStore::list(const ContainerName& name, const ListRange& range) {
  const auto owner = container(name);
  if (!owner) throw Error(kContainerNotFound);
  if (range.from <= range.prefix) adopt_new_files(*owner, name, range.prefix);  // a first page
  std::vector<BlobEntry> entries;
  for (IndexedBlob& blob : settled_page(*owner, name, range)) entries.push_back(std::move(blob.entry));
  if (!range.uncommitted) return entries;
  for (const std::string& upload : index_.uploads(owner->id, range)) entries.push_back(uncommitted_entry(upload));
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  if (entries.size() > range.limit) entries.resize(range.limit);
  return entries;
}

std::unique_ptr<StagedBytes> FileBlobStore::stage(ByteSource& source) { return files_.stage(source); }
std::unique_ptr<StagedBytes> FileBlobStore::stage_block(const BlobName& name, ByteSource& source) {
  const auto owner = container(container_of(name));
  if (!owner) throw Error(kContainerNotFound);
  return uploads_.stage(owner->id, name.blob, source);
}
std::unique_ptr<StagedBytes> FileBlobStore::stage_zeros(std::uint64_t size) { return files_.stage_zeros(size); }

std::unique_ptr<StagedBytes> FileBlobStore::assemble(const BlobName& name, std::span<const BlockPiece> pieces) {
  const auto owner = container(container_of(name));
  if (!owner) throw Error(kContainerNotFound);
  FileDescriptor content;
  if (const auto current = index_.blob(owner->id, name.blob)) {
    content = files_.open(folder_of(container_of(name)) + '/' + current->path);
  }
  return uploads_.assemble(owner->id, name.blob, content, pieces);
}

void FileBlobStore::change(const BlobName& name, const BlobChange& decide, std::optional<NewContent> content) {
  if (name.snapshot != kNever) return change_snapshot(name, decide);
  std::set<std::string> dropped;
  {
    IndexChange change(index_);
    Target target = target_of(change, name);
    const BlobDecision wanted = decide(target.current ? &target.current->entry : nullptr);
    std::vector<std::string> snapshots;
    if (!wanted.entry) snapshots = change.snapshot_paths(target.container.id, name.blob);
    if (!wanted.entry || content) dropped = staged_paths(change, target, name.blob);
    if (!wanted.entry) {
      remove_blob(change, target, name.blob);
    } else if (content) {
      if (!dropped.empty()) change.drop_uncommitted_blocks(target.container.id, name.blob);
      put_content(change, target, wanted, std::move(*content));
    } else if (target.current) {
      change.put_blob(target.container.id, {*wanted.entry, target.current->path, target.current->mark});
      change.commit();
    } else {
      throw Error(kBlobNotFound);
    }
    uploads_.forget(dropped);
    dropped.insert(snapshots.begin(), snapshots.end());
  }
  for (const std::string& path : dropped) files_.remove_tree(path);
}

std::set<std::string> FileBlobStore::staged_paths(IndexChange& change, const Target& target, const std::string& name) {
  std::set<std::string> paths;
  for (IndexedBlock& block : change.uncommitted_blocks(target.container.id, name)) paths.insert(std::move(block.path));
  return paths;
}

void FileBlobStore::put_content(IndexChange& change, Target& target, const BlobDecision& wanted, NewContent content) {
  const BlobEntry& entry = *wanted.entry;
  auto& staged = static_cast<StagedFile&>(*content.bytes);  // the store's own: stage() and assemble() make no other
  IndexedBlob blob{entry, {}, staged.mark()};
  // A path with a clash mark stays with its blob; a plain one may have become a folder by hand.
  const bool keeps = target.current && files_.mark(target.folder + '/' + target.current->path);
  blob.path = keeps ? target.current->path : files_.reserve(target.folder, entry.name);
  const auto kept = wanted.kept ? keep(change, target, *wanted.kept) : nullptr;
  change.put_blob(target.container.id, blob);
  if (target.current || !content.blocks.empty()) {
    change.put_committed_blocks(target.container.id, entry.name, content.blocks);
  }
  change.note({staged.path(), target.folder + '/' + blob.path, staged.mark()});
  change.commit();
  if (kept) kept->release();
  move_into_place(target, blob, staged);
}

void FileBlobStore::move_into_place(const Target& target, const IndexedBlob& blob, StagedFile& staged) {
  const std::string path = target.folder + '/' + blob.path;
  const auto before = folders_.before(parent_of(path));
  const bool replaces = target.current && target.current->path == blob.path;
  replaces ? files_.replace(staged.path(), path) : files_.move(staged.path(), path);
  staged.release();
  folders_.after(before);
}

void FileBlobStore::remove_blob(IndexChange& change, const Target& target, const std::string& name) {
  change.remove_blob(target.container.id, name);
  if (target.current) change.note({target.folder + '/' + target.current->path, "", target.current->mark});
  change.commit();
  if (target.current) remove_file(target);
}

void FileBlobStore::remove_file(const Target& target) {
  const auto before = folders_.before(parent_of(target.folder + '/' + target.current->path));
  files_.remove(target.folder, target.current->path);
  folders_.after(before);
}

BlockLists FileBlobStore::blocks(const BlobName& name) {
  const auto owner = container(container_of(name));
  if (!owner) return {};
  BlockLists lists;
  if (const auto current = find(name); current && current->committed) {
    lists.committed = index_.committed_blocks(owner->id, name.blob, name.snapshot);
  }
  if (name.snapshot != kNever) return lists;
  for (IndexedBlock& block : index_.uncommitted_blocks(owner->id, name.blob)) {
    lists.uncommitted.push_back(std::move(block.block));
  }
  if (!lists.uncommitted.empty()) lists.encryption = index_.upload_encryption(owner->id, name.blob);
  return lists;
}

void FileBlobStore::put_block(const BlobName& name, const std::string& id, std::unique_ptr<StagedBytes> bytes,
                              const BlockCheck& check, const Encryption& encryption) {
  auto& staged = dynamic_cast<UploadFiles::Staged&>(*bytes);  // of stage_block()
  std::set<std::string> dropped;
  {
    IndexChange change(index_);
    const Target target = target_of(change, name);
    check(target.current ? &target.current->entry : nullptr, change.block_summary(target.container.id, name.blob));
    const auto replaced = change.put_block(target.container.id, name.blob, staged.indexed(id), encryption);
    change.commit();
    staged.keep();
    if (replaced) dropped.insert(*replaced);
    uploads_.forget(dropped);
  }
  for (const std::string& path : dropped) files_.remove_tree(path);
}

}  // namespace batchite
