// What the service has and this one has not, so that it can be refused by name.
#include "core/blob/operation_table.h"

namespace batchite {
namespace {

using Op = BlobOperation;

constexpr BlobOperationRow kRows[] = {
    {Op::SetServiceProperties, "SetBlobServiceProperties", "PUT", kOnAccount, "service", "properties"},
    {Op::GetServiceStats, "GetBlobServiceStats", "GET", kOnAccount, "service", "stats"},
    {Op::BlobBatch, "BlobBatch", "POST", kOnAccount, "", "batch"},
    // JavaScript takes the account in a path for a container.
    {Op::BlobBatch, "BlobBatch", "POST", kOnAccount | kOnContainer, "container", "batch"},
    {Op::FindBlobsByTags, "FindBlobsByTags", "GET", kOnAccount, "", "blobs"},
    {Op::RestoreContainer, "RestoreContainer", "PUT", kOnContainer, "container", "undelete"},
    {Op::FindBlobsByTagsInContainer, "FindBlobsByTagsInContainer", "GET", kOnContainer, "container", "blobs"},
    {Op::PutBlobFromUrl, "PutBlobFromURL", "PUT", kOnBlob, "", "", {"x-ms-copy-source", "x-ms-blob-type"}},
    {Op::PutBlockFromUrl, "PutBlockFromURL", "PUT", kOnBlob, "", "block", {"x-ms-copy-source"}},
    {Op::AbortCopyBlob, "AbortCopyBlob", "PUT", kOnBlob, "", "copy"},
    {Op::IncrementalCopyBlob, "IncrementalCopyBlob", "PUT", kOnBlob, "", "incrementalcopy"},
    {Op::SetBlobTier, "SetBlobTier", "PUT", kOnBlob, "", "tier"},
    {Op::GetBlobTags, "GetBlobTags", "GET", kOnBlob, "", "tags"},
    {Op::SetBlobTags, "SetBlobTags", "PUT", kOnBlob, "", "tags"},
    {Op::UndeleteBlob, "UndeleteBlob", "PUT", kOnBlob, "", "undelete"},
    {Op::SetBlobExpiry, "SetBlobExpiry", "PUT", kOnBlob, "", "expiry"},
    {Op::AppendBlockFromUrl, "AppendBlockFromURL", "PUT", kOnBlob, "", "appendblock", {"x-ms-copy-source"}},
    {Op::PutPageFromUrl, "PutPageFromURL", "PUT", kOnBlob, "", "page", {"x-ms-copy-source"}},
    {Op::QueryBlobContents, "QueryBlobContents", "POST", kOnBlob, "", "query"},
    {Op::SetBlobImmutabilityPolicy, "SetBlobImmutabilityPolicy", "PUT", kOnBlob, "", "immutabilityPolicies"},
    {Op::DeleteBlobImmutabilityPolicy, "DeleteBlobImmutabilityPolicy", "DELETE", kOnBlob, "", "immutabilityPolicies"},
    {Op::SetBlobLegalHold, "SetBlobLegalHold", "PUT", kOnBlob, "", "legalhold"},
};

}  // namespace

std::span<const BlobOperationRow> refused_blob_operations() { return kRows; }

}  // namespace batchite
