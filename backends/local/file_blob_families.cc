// FileBlobStore: changes of all that lies under one name or in a container, and what is kept of a blob that goes. A
// blob becomes a snapshot by a second name of its file, made before the index knows of it: one that it never comes to
// know is swept at the next start.
#include <algorithm>

#include "backends/local/blob_places.h"
#include "backends/local/file_blob_store.h"
#include "core/blob/errors.h"

namespace batchite {

using namespace blob_errors;
using namespace blob_places;

std::vector<BlobName> FileBlobStore::ended(Time now, std::size_t limit) {
  constexpr auto kPause = std::chrono::minutes(1);
  Time last = collected_.load();
  if (now < last + kPause || !collected_.compare_exchange_strong(last, now)) return {};
  return index_.ended(now, limit);
}

void FileBlobStore::move_container(IndexChange& change, const ContainerName& from, const IndexedContainer& container,
                                   const ContainerEntry& wanted) {
  const ContainerName to{from.account, wanted.name};
  const std::string source = folder_of(from), target = folder_of(to);
  if (container_in(change, to) || files_.folder_mark(target)) throw Error(kContainerAlreadyExists);
  change.rename_container(container.id, to.container);
  change.put_container(to.account, wanted);
  change.note({source, target, files_.folder_mark(source).value_or(FileMark{})});
  forget(source);
  change.commit();
  folders_.forget(source);
  files_.move(source, target);
}

std::unique_ptr<StagedFile> FileBlobStore::keep(IndexChange& change, const Target& target, const BlobEntry& kept) {
  auto file = files_.link_as_snapshot(target.folder + '/' + target.current->path);
  if (!file) throw Error(kBlobNotFound);  // removed by hand at this moment
  change.put_blob(target.container.id, {kept, file->path(), file->mark()});
  // The lists of others than this change's are as they were committed.
  change.put_committed_blocks(target.container.id, kept.name, index_.committed_blocks(target.container.id, kept.name),
                              kept.snapshot);
  return file;
}

// What is left to do with files when the change is made.
struct FileBlobStore::FamilyMove {
  std::unique_ptr<StagedFile> kept = nullptr;      // the blob's bytes, now a snapshot's
  std::unique_ptr<StagedFile> restored = nullptr;  // a snapshot's, to be the blob's
  IndexedBlob blob = {};                           // of `restored`
  bool loses_blob = false;                         // its file is to go
  std::vector<std::string> dropped = {};           // paths below the root
};

FileBlobStore::FamilyMove FileBlobStore::move_members(IndexChange& change, const Target& target,
                                                      const std::vector<IndexedBlob>& before,
                                                      const std::vector<BlobMember>& after) {
  FamilyMove move;
  const std::int64_t id = target.container.id;
  for (const IndexedBlob& member : before) {
    const BlobEntry& old = member.entry;
    const auto left =
        std::find_if(after.begin(), after.end(), [&](const BlobMember& one) { return one.origin == old.snapshot; });
    const bool stays = left != after.end() && left->entry.snapshot == old.snapshot;
    if (stays) {
      change.put_blob(id, {left->entry, member.path, member.mark});
      continue;
    }
    const auto blocks = index_.committed_blocks(id, old.name, old.snapshot);
    change.remove_member(id, old.name, old.snapshot);
    if (old.snapshot != kNever) {
      move.dropped.push_back(member.path);
    } else {
      move.loses_blob = true;
    }
    if (left == after.end()) continue;
    if (old.snapshot == kNever) {
      move.kept = keep(change, target, left->entry);
      continue;
    }
    move.restored = files_.link(member.path);
    if (!move.restored) throw Error(kBlobNotFound);
    move.blob = {left->entry, files_.reserve(target.folder, old.name), move.restored->mark()};
    change.put_blob(id, move.blob);
    change.put_committed_blocks(id, old.name, blocks);
  }
  return move;
}

void FileBlobStore::change_family(const BlobName& name, const FamilyChange& decide) {
  FamilyMove move;
  std::set<std::string> staged;
  {
    IndexChange change(index_);
    const Target target = target_of(change, name);
    const auto before = change.family(target.container.id, name.blob);
    std::vector<BlobMember> members;
    for (const IndexedBlob& member : before) members.push_back({member.entry.snapshot, member.entry});
    decide(members);
    move = move_members(change, target, before, members);
    if (move.loses_blob) {
      staged = staged_paths(change, target, name.blob);
      change.drop_uncommitted_blocks(target.container.id, name.blob);
      change.note({target.folder + '/' + target.current->path, "", target.current->mark});
    } else if (move.restored) {
      change.note({move.restored->path(), target.folder + '/' + move.blob.path, move.restored->mark()});
    }
    change.commit();
    if (move.kept) move.kept->release();
    if (move.restored) move_into_place(target, move.blob, *move.restored);
    if (move.loses_blob) remove_file(target);
    uploads_.forget(staged);
  }
  for (const std::string& path : staged) files_.remove_tree(path);
  for (const std::string& path : move.dropped) files_.remove_tree(path);
}

}  // namespace batchite
