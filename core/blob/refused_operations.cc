// What the service has and this one has not, so that it can be refused by name.
#include "core/blob/operation_table.h"

namespace batchite {
namespace {

using Op = BlobOperation;

constexpr BlobOperationRow kRows[] = {
    {Op::QueryBlobContents, "QueryBlobContents", "POST", kOnBlob, "", "query"},
};

}  // namespace

std::span<const BlobOperationRow> refused_blob_operations() { return kRows; }

}  // namespace batchite
