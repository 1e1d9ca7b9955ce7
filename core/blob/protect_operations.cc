// Set and Delete Blob Immutability Policy, Set Blob Legal Hold. They change neither ETag nor Last-Modified, and no
// lease stands in their way. Source: learn.microsoft.com/rest/api/storageservices/set-blob-immutability-policy,
// .../delete-blob-immutability-policy and .../set-blob-legal-hold.
#include "core/blob/errors.h"
#include "core/blob/immutability.h"
#include "core/blob/operations.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

void change_properties(Request& request, const std::function<void(Parameters&)>& edit) {
  change_existing(request, [&](BlobEntry& entry) {
    request.conditions.check_write(version_of(entry));
    edit(entry.properties);
  });
}

BlobReply set_policy(Request& request) {
  const Parameters policy = policy_from(request.headers(), request.now);
  change_properties(request, [&](Parameters& properties) {
    check_policy_change(properties, policy, request.now);
    for (const auto& [name, value] : policy) properties.set(name, value);
  });
  return {.headers = policy};
}

BlobReply delete_policy(Request& request) {
  change_properties(request, [](Parameters& properties) {
    check_policy_deletion(properties);
    properties = without_policy(properties);
  });
  return {};
}

BlobReply set_legal_hold(Request& request) {
  const Parameters hold = hold_from(request.headers());
  change_properties(request, [&](Parameters& properties) { properties.set(kLegalHold, hold.get(kLegalHold)); });
  return {.headers = hold};
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::SetBlobImmutabilityPolicy,
     .name = "SetBlobImmutabilityPolicy",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "immutabilityPolicies",
     .rights = {.service = "i", .account = "i"},
     .takes = Takes::Dates,
     .takes_snapshot = true,
     .run = set_policy},
    {.operation = BlobOperation::DeleteBlobImmutabilityPolicy,
     .name = "DeleteBlobImmutabilityPolicy",
     .methods = "DELETE",
     .levels = kOnBlob,
     .comp = "immutabilityPolicies",
     .rights = {.service = "i", .account = "i"},
     .takes_snapshot = true,
     .run = delete_policy},
    {.operation = BlobOperation::SetBlobLegalHold,
     .name = "SetBlobLegalHold",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "legalhold",
     .rights = {.service = "i", .account = "i"},
     .takes_snapshot = true,
     .run = set_legal_hold},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::protect_operations() { return blob_operations::kRows; }
