// Where the bytes of copies and of the operations "from URL" come from: what x-ms-copy-source names. A blob of this
// service is taken from the store; anything else is read through the service's CopySources.
// Source: learn.microsoft.com/rest/api/storageservices/copy-blob-from-url, .../put-block-from-url.
#pragma once
#include <memory>
#include <vector>

#include "core/blob/operations.h"

namespace batchite::blob_operations {

struct CopySource {
  BlobEntry entry = {};
  std::vector<Block> blocks = {};  // committed ones that make up the content; none when it came otherwise
  std::shared_ptr<ByteSource> bytes = nullptr;
};

// The source as a whole, or the part in x-ms-source-range. Its conditions (x-ms-source-if-…) hold, and the caller may
// read it. Of a source elsewhere the size is told by the bytes, at the latest by their end. Throws
// CannotVerifyCopySource with the status of what is wrong, SourceConditionNotMet, BlobArchived.
CopySource open_copy_source(Request& request);

// x-ms-source-range, of so many bytes; nullopt: it is not there. InvalidHeaderValue, InvalidRange.
std::optional<ByteRange> source_range_from(const Parameters& headers, std::uint64_t size);

// What x-ms-source-content-md5 and x-ms-source-content-crc64 expect of the bytes.
Expected expected_of_source(const Parameters& headers);

}  // namespace batchite::blob_operations
