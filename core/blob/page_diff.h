// What of a page blob, or of a snapshot of it, is other than in a snapshot before: `prevsnapshot` of Get Page Ranges.
// Any thread; throws Error with the service's codes.
// Source: learn.microsoft.com/rest/api/storageservices/get-page-ranges.
#pragma once
#include "core/blob/operations.h"
#include "core/blob/pages.h"

namespace batchite::blob_operations {

// The snapshot that the request names to compare with; kNever: none.
Time previous_snapshot(const Request& request);

struct PageDiff {
  PageRanges changed = {};
  PageRanges cleared = {};
};

// `entry` is the blob asked for. Pages that were written again with the same bytes are not among the changed ones.
PageDiff page_diff(Request& request, const BlobEntry& entry, Time previous, ByteRange window);

}  // namespace batchite::blob_operations
