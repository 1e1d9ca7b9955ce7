#include "core/blob/page_diff.h"

#include "core/base/encoding.h"
#include "core/blob/blob_url.h"
#include "core/blob/errors.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr ErrorCode kPreviousSnapshotNotFound{409, "PreviousSnapshotNotFound", "The previous snapshot is not found."};
constexpr ErrorCode kPreviousSnapshotCannotBeNewer{
    400, "PreviousSnapshotCannotBeNewer",
    "The prevsnapshot query parameter value cannot be newer than snapshot query parameter value."};

// A blob's bytes, a range at a time, as long as it stays what it was.
std::shared_ptr<ByteSource> open(Request& request, const BlobEntry& entry, ByteRange range) {
  BlobName name = request.blob();
  name.snapshot = entry.snapshot;
  auto bytes = request.store.read(name, [&](const BlobEntry& current) {
    if (current.revision != entry.revision) throw Error(kConditionNotMet);
    return range;
  });
  if (!bytes) throw Error(kBlobNotFound);
  return bytes;
}

std::size_t fill(ByteSource& source, std::span<char> buffer) {
  std::size_t filled = 0;
  while (const std::size_t count = source.read(buffer.subspan(filled))) filled += count;
  return filled;
}

void add_differing(Request& request, const BlobEntry& now, const BlobEntry& before, ByteRange range,
                   PageRanges& changed) {
  const auto new_bytes = open(request, now, range), old_bytes = open(request, before, range);
  std::string ours(kBuffer, '\0'), theirs(kBuffer, '\0');
  for (std::uint64_t at = range.offset;;) {
    const std::size_t size = fill(*new_bytes, ours);
    if (size == 0 || fill(*old_bytes, theirs) != size) return;
    for (std::size_t page = 0; page < size; page += kPageSize, at += kPageSize) {
      const std::string_view mine(ours.data() + page, kPageSize), other(theirs.data() + page, kPageSize);
      if (mine != other) changed = with_range(changed, {at, kPageSize});
    }
  }
}

PageRanges without_ranges(PageRanges ranges, const PageRanges& taken) {
  for (const ByteRange& range : taken) ranges = without_range(ranges, range);
  return ranges;
}

}  // namespace

Time previous_snapshot(const Request& request) {
  std::string text = request.query().get("prevsnapshot");
  const std::string url = request.headers().get("x-ms-previous-snapshot-url");
  if (const auto mark = url.find('?'); text.empty() && mark != std::string::npos) {
    for (const auto& [name, value] : parse_query(url.substr(mark + 1))) {
      if (same_id(name, "snapshot")) text = value;
    }
  }
  if (text.empty() && url.empty()) return kNever;
  const auto time = parse_iso8601(text);
  if (time) return *time;
  throw Error(kInvalidQueryParameterValue, {{"QueryParameterName", "prevsnapshot"}, {"QueryParameterValue", text}});
}

PageDiff page_diff(Request& request, const BlobEntry& entry, Time previous, ByteRange window) {
  if (entry.snapshot != kNever && previous > entry.snapshot) throw Error(kPreviousSnapshotCannotBeNewer);
  BlobName name = request.blob();
  name.snapshot = previous;
  const auto before = request.store.find(name);
  if (!before || before->type != BlobType::Page) throw Error(kPreviousSnapshotNotFound);
  const PageRanges now = within(entry.pages, window), then = within(before->pages, window);
  PageDiff diff{.changed = without_ranges(now, then), .cleared = without_ranges(then, now)};
  for (const ByteRange& range : now) {
    for (const ByteRange& both : within(then, range)) add_differing(request, entry, *before, both, diff.changed);
  }
  return diff;
}

}  // namespace batchite::blob_operations
