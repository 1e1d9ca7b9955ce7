#include "core/blob/pages.h"

#include <algorithm>

namespace batchite {
namespace {

std::uint64_t end_of(const ByteRange& range) { return range.offset + range.size; }

void add(PageRanges& ranges, std::uint64_t start, std::uint64_t end) {
  if (start < end) ranges.push_back({start, end - start});
}

}  // namespace

PageRanges without_range(const PageRanges& ranges, ByteRange cleared) {
  PageRanges left;
  for (const ByteRange& range : ranges) {
    add(left, range.offset, std::min(end_of(range), cleared.offset));
    add(left, std::max(range.offset, end_of(cleared)), end_of(range));
  }
  return left;
}

PageRanges with_range(const PageRanges& ranges, ByteRange written) {
  PageRanges apart;
  for (const ByteRange& range : ranges) {
    if (end_of(range) < written.offset || range.offset > end_of(written)) {
      apart.push_back(range);
      continue;
    }
    const std::uint64_t end = std::max(end_of(range), end_of(written));
    written.offset = std::min(range.offset, written.offset);
    written.size = end - written.offset;
  }
  const auto behind =
      std::find_if(apart.begin(), apart.end(), [&](const ByteRange& range) { return range.offset > written.offset; });
  apart.insert(behind, written);
  return apart;
}

PageRanges within(const PageRanges& ranges, ByteRange window) {
  PageRanges inside;
  for (const ByteRange& range : ranges) {
    add(inside, std::max(range.offset, window.offset), std::min(end_of(range), end_of(window)));
  }
  return inside;
}

}  // namespace batchite
