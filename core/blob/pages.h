// Which parts of a page blob were written: ranges in order, apart from each other. Pure; any thread; nothing throws.
#pragma once
#include <vector>

#include "core/blob/entries.h"

namespace batchite {

using PageRanges = std::vector<ByteRange>;

PageRanges with_range(const PageRanges& ranges, ByteRange written);
PageRanges without_range(const PageRanges& ranges, ByteRange cleared);
// The parts that lie in `window`.
PageRanges within(const PageRanges& ranges, ByteRange window);

}  // namespace batchite
