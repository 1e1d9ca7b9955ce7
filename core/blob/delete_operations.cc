// Delete Blob and Undelete Blob. Where the account keeps what is deleted, a blob is kept with its snapshots, marked as
// deleted, until its days are over (core/blob/retention.h).
// Source: learn.microsoft.com/rest/api/storageservices/delete-blob and .../undelete-blob.
#include "core/blob/errors.h"
#include "core/blob/immutability.h"
#include "core/blob/operations.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

using Members = std::vector<BlobMember>;

enum class Deletes { Blob, WithSnapshots, OnlySnapshots };

Deletes deletes_of(const Request& request) {
  const std::string text = fold(request.headers().get("x-ms-delete-snapshots"));
  if (text.empty()) return Deletes::Blob;
  const bool is_known = text == "include" || text == "only";
  // One snapshot has none of its own.
  if (!is_known || request.snapshot != kNever) {
    throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-delete-snapshots"}, {"HeaderValue", text}});
  }
  return text == "only" ? Deletes::OnlySnapshots : Deletes::WithSnapshots;
}

bool is_snapshot(const BlobMember& member) { return member.origin != kNever; }
bool is_live(const BlobMember& member) { return !member.entry.deleted; }

BlobMember& asked_for(const Request& request, Members& members) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const BlobMember& member) { return member.origin == request.snapshot; });
  if (found == members.end()) throw Error(kBlobNotFound);
  return *found;
}

void remove(const Request& request, Deletes deletes, const std::optional<Retention>& retention, Members& members) {
  const BlobMember& asked = asked_for(request, members);
  if (!is_live(asked)) throw Error(kBlobNotFound);
  check_write(request, asked.entry);
  const bool has_snapshots = std::any_of(
      members.begin(), members.end(), [](const BlobMember& member) { return is_snapshot(member) && is_live(member); });
  if (deletes == Deletes::Blob && !is_snapshot(asked) && has_snapshots) throw Error(kSnapshotsPresent);
  const auto goes = [&](const BlobMember& member) {
    if (deletes == Deletes::Blob) return member.origin == request.snapshot;
    return is_live(member) && (is_snapshot(member) || deletes == Deletes::WithSnapshots);
  };
  for (const BlobMember& member : members) {
    if (goes(member)) check_mutable(member.entry, request.now);
  }
  if (!retention) {
    std::erase_if(members, goes);
    return;
  }
  for (BlobMember& member : members) {
    if (goes(member)) member.entry = deleted_entry(member.entry, *retention, request.now, request.next_revision());
  }
}

BlobReply delete_blob(Request& request) {
  const Deletes deletes = deletes_of(request);
  require_container(request);
  const auto retention = request.store.retention(request.call.account);
  request.store.change_family(request.blob(), [&](Members& members) { remove(request, deletes, retention, members); });
  return {.status = 202, .headers = {{"x-ms-delete-type-permanent", retention ? "false" : "true"}}};
}

// Before its days are over: only of snapshots that are deleted already, and only where the account allows it.
BlobReply delete_blob_permanently(Request& request) {
  const std::string type = request.query().get("deletetype");
  const auto retention = request.store.retention(request.call.account);
  const bool is_allowed = retention && retention->may_end_early;
  if (!same_id(type, "permanent") || request.snapshot == kNever || !is_allowed) {
    throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "deletetype"}, {"QueryParameterValue", type}});
  }
  require_container(request);
  request.store.change_family(request.blob(), [&](Members& members) {
    if (is_live(asked_for(request, members))) throw Error(kBlobNotFound);
    std::erase_if(members, [&](const BlobMember& member) { return member.origin == request.snapshot; });
  });
  return {.status = 202, .headers = {{"x-ms-delete-type-permanent", "true"}}};
}

// Without a blob, the last that was deleted is the blob again; all others are snapshots of it.
BlobReply undelete_blob(Request& request) {
  require_container(request);
  request.store.change_family(request.blob(), [](Members& members) {
    if (members.empty()) throw Error(kBlobNotFound);
    for (BlobMember& member : members) member.entry.deleted.reset();
    members.back().entry.snapshot = kNever;
  });
  return {};
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::DeleteBlob,
     .name = "DeleteBlob",
     .methods = "DELETE",
     .levels = kOnBlob,
     .rights = {.service = "d", .account = "d"},
     .takes = Takes::All,
     .takes_snapshot = true,
     .run = delete_blob},
    {.operation = BlobOperation::DeleteBlobPermanently,
     .name = "DeleteBlobPermanently",
     .methods = "DELETE",
     .levels = kOnBlob,
     .parameter = "deletetype",
     .rights = {.service = "y", .account = "y"},
     .takes_snapshot = true,
     .run = delete_blob_permanently},
    {.operation = BlobOperation::UndeleteBlob,
     .name = "UndeleteBlob",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "undelete",
     .rights = {.service = "w", .account = "w"},
     .run = undelete_blob},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::delete_operations() { return blob_operations::kRows; }
