// What the service has and this one has not, so that it can be refused by name.
#include "core/blob/operation_table.h"

namespace batchite {
namespace {

using Op = BlobOperation;

constexpr BlobOperationRow kRows[] = {
    {Op::RestoreContainer, "RestoreContainer", "PUT", kOnContainer, "container", "undelete"},
    {Op::IncrementalCopyBlob, "IncrementalCopyBlob", "PUT", kOnBlob, "", "incrementalcopy"},
    {Op::UndeleteBlob, "UndeleteBlob", "PUT", kOnBlob, "", "undelete"},
    {Op::SetBlobExpiry, "SetBlobExpiry", "PUT", kOnBlob, "", "expiry"},
    {Op::QueryBlobContents, "QueryBlobContents", "POST", kOnBlob, "", "query"},
    {Op::SetBlobImmutabilityPolicy, "SetBlobImmutabilityPolicy", "PUT", kOnBlob, "", "immutabilityPolicies"},
    {Op::DeleteBlobImmutabilityPolicy, "DeleteBlobImmutabilityPolicy", "DELETE", kOnBlob, "", "immutabilityPolicies"},
    {Op::SetBlobLegalHold, "SetBlobLegalHold", "PUT", kOnBlob, "", "legalhold"},
};

}  // namespace

std::span<const BlobOperationRow> refused_blob_operations() { return kRows; }

}  // namespace batchite
