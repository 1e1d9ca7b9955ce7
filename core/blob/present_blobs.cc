#include "core/blob/present_blobs.h"

#include "core/blob/errors.h"

namespace batchite {

std::optional<BlobEntry> PresentBlobs::find(const BlobName& name) {
  auto entry = below_.find(name);
  if (entry && !is_present(*entry)) entry.reset();
  return entry;
}

std::shared_ptr<ByteSource> PresentBlobs::read(const BlobName& name, const RangeChoice& choose) {
  return below_.read(name, [&](const BlobEntry& entry) {
    if (!is_present(entry)) throw Error(blob_errors::kBlobNotFound);
    return choose(entry);
  });
}

void PresentBlobs::change(const BlobName& name, const BlobChange& change, std::optional<NewContent> content) {
  const auto keeps = content ? retention(name.account) : std::nullopt;
  below_.change(
      name,
      [&](const BlobEntry* current) {
        const BlobEntry* before = present(current);
        BlobDecision decision = change(before);
        if (keeps && before && before->committed && decision.entry) {
          decision.kept = deleted_entry(*before, *keeps, now_, below_.next_revision(now_));
        }
        return decision;
      },
      std::move(content));
}

void PresentBlobs::patch(const BlobName& name, const BlobChange& change, ContentPatch patch) {
  below_.patch(
      name, [&](const BlobEntry* current) { return change(present(current)); }, std::move(patch));
}

void PresentBlobs::add_snapshot(const BlobName& name, const SnapshotChange& change, NewContent content) {
  below_.add_snapshot(
      name, [&](const BlobEntry* base) { return change(present(base)); }, std::move(content));
}

void PresentBlobs::change_family(const BlobName& name, const FamilyChange& change) {
  below_.change_family(name, [&](std::vector<BlobMember>& members) {
    std::erase_if(members, [&](const BlobMember& member) { return has_ended(member.entry, now_); });
    change(members);
  });
}

BlockLists PresentBlobs::blocks(const BlobName& name) {
  BlockLists lists = below_.blocks(name);
  if (!lists.committed.empty() && !find(name)) lists.committed.clear();
  return lists;
}

void PresentBlobs::put_block(const BlobName& name, const std::string& id, std::unique_ptr<StagedBytes> bytes,
                             const BlockCheck& check, const Encryption& encryption) {
  below_.put_block(
      name, id, std::move(bytes),
      [&](const BlobEntry* current, const BlockSummary& blocks) { check(present(current), blocks); }, encryption);
}

}  // namespace batchite
