// FileBlobStore: properties of accounts; snapshots, which lie below `.snapshots` under names that say nothing, and
// changes of content in place.
#include "backends/local/blob_places.h"
#include "backends/local/file_blob_store.h"
#include "core/blob/errors.h"

namespace batchite {

using namespace blob_errors;
using namespace blob_places;

// Every overwrite asks: what is kept is told by them.
Document FileBlobStore::account_properties(const std::string& account) {
  const std::lock_guard lock(accounts_lock_);
  const auto known = accounts_.find(account);
  return known != accounts_.end() ? known->second
                                  : accounts_.emplace(account, index_.account_properties(account)).first->second;
}

void FileBlobStore::set_account_properties(const std::string& account, const Document& properties) {
  const std::lock_guard lock(accounts_lock_);
  IndexChange change(index_);
  change.put_account_properties(account, properties);
  change.commit();
  accounts_[account] = properties;
}

void FileBlobStore::add_snapshot(const BlobName& name, const SnapshotChange& decide, NewContent content) {
  auto& staged = static_cast<StagedFile&>(*content.bytes);  // the store's own
  IndexChange change(index_);
  const Target target = target_of(change, name);
  const IndexedBlob kept{decide(target.current ? &target.current->entry : nullptr), files_.new_snapshot_path(),
                         staged.mark()};
  change.put_blob(target.container.id, kept);
  change.put_committed_blocks(target.container.id, name.blob, content.blocks, kept.entry.snapshot);
  change.note({staged.path(), kept.path, staged.mark()});
  change.commit();
  files_.move(staged.path(), kept.path);
  staged.release();
}

// What is not removed here because the program dies is swept at the next start.
void FileBlobStore::change_snapshot(const BlobName& name, const BlobChange& decide) {
  IndexChange change(index_);
  const auto owner = container_in(change, container_of(name));
  if (!owner) throw Error(kContainerNotFound);
  const auto current = change.blob(owner->id, name.blob, name.snapshot);
  const auto wanted = decide(current ? &current->entry : nullptr).entry;
  if (!current) throw Error(kBlobNotFound);
  if (wanted) {
    change.put_blob(owner->id, {*wanted, current->path, current->mark});
  } else {
    change.remove_member(owner->id, name.blob, name.snapshot);
  }
  change.commit();
  if (!wanted) files_.remove_tree(current->path);
}

std::shared_ptr<ByteSource> FileBlobStore::read_snapshot(const BlobName& name, const RangeChoice& choose) {
  const auto owner = container(container_of(name));
  const auto found = owner ? index_.blob(owner->id, name.blob, name.snapshot) : std::nullopt;
  if (!found) return nullptr;
  FileDescriptor file = files_.open(found->path);
  if (!file) return nullptr;
  return std::make_shared<FileSource>(std::move(file), choose(found->entry));
}

// The index says first how the file will look, with a note of what is to be written, so that a crash in between is made
// good at the next start: writing the same bytes once more does no harm.
void FileBlobStore::patch(const BlobName& name, const BlobChange& decide, ContentPatch patch) {
  StringSource nothing("");
  if (!patch.bytes) patch.bytes = files_.stage(nothing);  // while it is there, the patch is not done
  auto& staged = static_cast<StagedFile&>(*patch.bytes);
  IndexChange change(index_);
  const Target target = target_of(change, name);
  const auto wanted = decide(target.current ? &target.current->entry : nullptr).entry;
  if (!target.current || !wanted) throw Error(kBlobNotFound);
  const std::string path = target.folder + '/' + target.current->path;
  const std::uint64_t offset = patch.offset.value_or(target.current->entry.size);
  files_.make_room(path, offset, staged.size());
  const FileMark mark = files_.next_mark(target.current->mark, wanted->size);
  change.put_blob(target.container.id, {*wanted, target.current->path, mark});
  const Move move{staged.path(), path, mark, PatchNote{offset, patch.zeros}};
  change.note(move);
  change.commit();
  files_.write_into(move);
}

}  // namespace batchite
