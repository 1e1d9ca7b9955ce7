// Set Blob Tier. An archived blob can be read again as soon as it is asked for in another tier: nobody waits hours for
// an emulator. Source: learn.microsoft.com/rest/api/storageservices/set-blob-tier.
#include "core/blob/errors.h"
#include "core/blob/lease.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

BlobReply set_blob_tier(Request& request) {
  const Parameters& headers = request.headers();
  if (headers.get("x-ms-access-tier").empty()) {
    throw Error(kMissingRequiredHeader, {{"HeaderName", "x-ms-access-tier"}});
  }
  bool was_archived = false;
  change_existing(request, [&](BlobEntry& entry) {
    check_lease(entry.lease, headers, LeaseUse::Write, LeasedThing::Blob, request.now);
    check_tags(request, entry);
    const auto tier = access_tier_from(headers, entry.type);
    was_archived = is_archived(entry) && *tier != kArchiveTier;
    entry.lease = after_write(entry.lease, request.now);
    entry.properties.set("x-ms-access-tier", *tier);
    entry.properties.set("x-ms-access-tier-change-time", http_date(request.now));
  });
  return {.status = was_archived ? 202u : 200u};
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::SetBlobTier,
     .name = "SetBlobTier",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "tier",
     .rights = {.service = "w", .account = "w"},
     .takes_snapshot = true,
     .run = set_blob_tier},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::tier_operations() { return blob_operations::kRows; }
