// A store as the operations of one request see it: what is deleted or has ended by then is not there, and where the
// account keeps what is overwritten, it is kept. Listings and changes of families show deleted blobs to who asks.
// Throws and threads as the store below.
#pragma once
#include "core/blob/blob_store.h"
#include "core/blob/retention.h"

namespace batchite {

class PresentBlobs : public BlobStore {
 public:
  // The store outlives this.
  PresentBlobs(BlobStore& below, Time now) : below_(below), now_(now) {}

  std::optional<Retention> retention(const std::string& account) {
    return retention_from(below_.account_properties(account));
  }

  Time next_revision(Time now) override { return below_.next_revision(now); }
  Document account_properties(const std::string& account) override { return below_.account_properties(account); }
  void set_account_properties(const std::string& account, const Document& properties) override {
    below_.set_account_properties(account, properties);
  }
  std::optional<ContainerEntry> find_container(const ContainerName& name) override {
    return below_.find_container(name);
  }
  void change_container(const ContainerName& name, const ContainerChange& change) override {
    below_.change_container(name, change);
  }
  std::vector<ContainerEntry> list_containers(const std::string& account, const ListRange& range) override {
    return below_.list_containers(account, range);
  }
  std::optional<BlobEntry> find(const BlobName& name) override;
  std::shared_ptr<ByteSource> read(const BlobName& name, const RangeChoice& choose) override;
  // May hold some that have ended, so that a short page is the last one.
  std::vector<BlobEntry> list(const ContainerName& name, const ListRange& range) override {
    return below_.list(name, range);
  }
  std::unique_ptr<StagedBytes> stage(ByteSource& source) override { return below_.stage(source); }
  std::unique_ptr<StagedBytes> stage_block(const BlobName& name, ByteSource& source) override {
    return below_.stage_block(name, source);
  }
  std::unique_ptr<StagedBytes> assemble(const BlobName& name, std::span<const BlockPiece> pieces) override {
    return below_.assemble(name, pieces);
  }
  std::unique_ptr<StagedBytes> stage_zeros(std::uint64_t size) override { return below_.stage_zeros(size); }
  void change(const BlobName& name, const BlobChange& change, std::optional<NewContent> content = {}) override;
  void patch(const BlobName& name, const BlobChange& change, ContentPatch patch) override;
  void add_snapshot(const BlobName& name, const SnapshotChange& change, NewContent content) override;
  void change_family(const BlobName& name, const FamilyChange& change) override;
  std::vector<BlobName> ended(Time now, std::size_t limit) override { return below_.ended(now, limit); }
  BlockLists blocks(const BlobName& name) override;
  void put_block(const BlobName& name, const std::string& id, std::unique_ptr<StagedBytes> bytes,
                 const BlockCheck& check, const Encryption& encryption) override;

 private:
  bool is_present(const BlobEntry& entry) const { return !entry.deleted && !has_ended(entry, now_); }
  const BlobEntry* present(const BlobEntry* entry) const { return entry && is_present(*entry) ? entry : nullptr; }

  BlobStore& below_;
  Time now_;
};

}  // namespace batchite
