// Page blobs: pages of 512 bytes, written and cleared in place; and Set Blob Properties, which also gives them another
// size or sequence number.
// Source: learn.microsoft.com/rest/api/storageservices/put-page, .../get-page-ranges and .../set-blob-properties.
#include "core/blob/copy_source.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/page_diff.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::uint64_t kMaxWrite = std::uint64_t{4} << 20;
constexpr std::string_view kSequence = "x-ms-blob-sequence-number";

std::uint64_t sequence_of(const BlobEntry& entry) { return number_from(entry.properties, kSequence).value_or(0); }

void check_sequence(const Parameters& headers, std::uint64_t sequence) {
  const auto most = number_from(headers, "x-ms-if-sequence-number-le");
  const auto above = number_from(headers, "x-ms-if-sequence-number-lt");
  const auto exact = number_from(headers, "x-ms-if-sequence-number-eq");
  const bool holds = (!most || sequence <= *most) && (!above || sequence < *above) && (!exact || sequence == *exact);
  if (!holds) throw Error(kSequenceNumberConditionNotMet);
}

void check_page_blob(const Request& request, const BlobEntry* current) {
  if (!current || !current->committed) throw Error(kBlobNotFound);
  if (current->type != BlobType::Page) throw Error(kInvalidBlobType);
  check_write(request, *current);
  check_sequence(request.headers(), sequence_of(*current));
}

// Whole pages; their end may not be open.
ByteRange pages_from(const Parameters& headers) {
  const bool is_there = !headers.get("x-ms-range").empty() || !headers.get("Range").empty();
  if (!is_there) throw Error(kMissingRequiredHeader, {{"HeaderName", "x-ms-range"}});
  const auto range = range_from(headers, UINT64_MAX);
  if (!range || range->offset % kPageSize != 0 || range->size % kPageSize != 0) throw Error(kInvalidPageRange);
  return *range;
}

BlobReply write_pages(Request& request, CheckedBody& body) {
  const std::string write = fold(request.headers().get("x-ms-page-write"));
  if (write != "update" && write != "clear") {
    throw Error(write.empty() ? kMissingRequiredHeader : kInvalidHeaderValue, {{"HeaderName", "x-ms-page-write"}});
  }
  const bool clears = write == "clear";
  const ByteRange pages = pages_from(request.headers());
  auto staged = body.stage(kMaxWrite);
  if (staged->size() != (clears ? 0 : pages.size)) {
    throw Error(kInvalidHeaderValue,
                {{"HeaderName", "Content-Length"}, {"HeaderValue", std::to_string(staged->size())}});
  }
  ContentPatch patch{.offset = pages.offset};
  if (clears) {
    patch.zeros = pages.size;
  } else {
    patch.bytes = std::move(staged);
  }
  BlobEntry entry;
  request.store.patch(
      request.blob(),
      [&](const BlobEntry* current) {
        check_page_blob(request, current);
        check_encryption(request.encryption, current->properties);
        if (pages.offset + pages.size > current->size) throw Error(kInvalidPageRange);
        entry = *current;
        entry.pages = clears ? without_range(entry.pages, pages) : with_range(entry.pages, pages);
        mark_written(request, entry);
        return std::optional(entry);
      },
      std::move(patch));
  BlobReply reply{.status = 201, .headers = stamp(version_of(entry))};
  reply.headers.add(std::string(kSequence), std::to_string(sequence_of(entry)));
  body.add_checksums(reply);
  return reply;
}

BlobReply put_page(Request& request) {
  require_container(request);
  CheckedBody body(request, Expected::from(request.headers(), false));
  return write_pages(request, body);
}

BlobReply put_page_from_url(Request& request) {
  require_container(request);
  const CopySource source = open_copy_source(request);
  CheckedBody body(request, *source.bytes, expected_of_source(request.headers()));
  return write_pages(request, body);
}

void add_ranges(const PageRanges& ranges, const char* name, Document& body) {
  for (const ByteRange& range : ranges) {
    body[name].push_back({{"Start", range.offset}, {"End", range.offset + range.size - 1}});
  }
}

BlobReply get_page_ranges(Request& request) {
  const BlobEntry entry = existing(request);
  if (entry.type != BlobType::Page) throw Error(kInvalidBlobType);
  check_read(request, entry);
  const ByteRange window = range_from(request.headers(), entry.size).value_or(ByteRange{0, entry.size});
  const Time previous = previous_snapshot(request);
  const PageDiff pages =
      previous == kNever ? PageDiff{within(entry.pages, window)} : page_diff(request, entry, previous, window);
  BlobReply reply{.headers = stamp(version_of(entry))};
  reply.headers.add("x-ms-blob-content-length", std::to_string(entry.size));
  reply.body = Document::object();
  add_ranges(pages.changed, "PageRange", reply.body);
  add_ranges(pages.cleared, "ClearRange", reply.body);
  return reply;
}

// "max", "update" and "increment" of x-ms-sequence-number-action.
std::uint64_t next_sequence(const Parameters& headers, std::uint64_t current) {
  constexpr std::string_view kAction = "x-ms-sequence-number-action";
  const std::string action = fold(headers.get(kAction));
  const auto given = number_from(headers, kSequence);
  if (action == "increment" && !given) return current + 1;
  if (action == "max" && given) return std::max(current, *given);
  if (action == "update" && given) return *given;
  const bool lacks = action == "max" || action == "update";
  throw Error(lacks ? kMissingRequiredHeader : kInvalidHeaderValue,
              {{"HeaderName", std::string(lacks ? kSequence : kAction)}});
}

// All six content headers are replaced: one that is not sent is cleared. Asked for a size or a sequence number only,
// they stay.
void set_properties(const Parameters& headers, const Parameters& sent, BlobEntry& entry) {
  const bool is_page_only =
      sent.empty() && (headers.has("x-ms-blob-content-length") || headers.has("x-ms-sequence-number-action"));
  Parameters properties = is_page_only ? Parameters() : sent;
  for (const auto& [name, value] : without_copy_state(entry.properties)) {
    if (is_page_only || !is_content_property(name)) properties.add(name, value);
  }
  if (headers.has("x-ms-sequence-number-action")) {
    properties.set(kSequence, std::to_string(next_sequence(headers, sequence_of(entry))));
  }
  entry.properties = std::move(properties);
}

BlobReply set_blob_properties(Request& request) {
  const Parameters& headers = request.headers();
  const Parameters sent = content_properties_from(headers, Plain::No);
  const bool resizes = headers.has("x-ms-blob-content-length");
  const std::uint64_t size = resizes ? page_blob_size_from(headers) : 0;
  require_container(request);
  BlobEntry entry;
  const auto decide = [&](const BlobEntry* current) {
    if (!current || !current->committed) throw Error(kBlobNotFound);
    check_write(request, *current);
    const bool is_paged = resizes || headers.has("x-ms-sequence-number-action");
    if (is_paged && current->type != BlobType::Page) throw Error(kInvalidBlobType);
    entry = *current;
    set_properties(headers, sent, entry);
    if (resizes) {
      entry.size = size;
      entry.pages = within(entry.pages, {0, size});
    }
    mark_written(request, entry);
    return std::optional(entry);
  };
  if (resizes) {
    request.store.patch(request.blob(), decide, {.offset = 0});
  } else {
    request.store.change(request.blob(), decide);
  }
  BlobReply reply{.headers = stamp(version_of(entry))};
  if (entry.type == BlobType::Page) reply.headers.add(std::string(kSequence), std::to_string(sequence_of(entry)));
  return reply;
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::PutPage,
     .name = "PutPage",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "page",
     .rights = {.service = "w", .account = "w"},
     .takes = Takes::All,
     .run = put_page},
    {.operation = BlobOperation::PutPageFromUrl,
     .name = "PutPageFromURL",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "page",
     .headers = {"x-ms-copy-source"},
     .rights = {.service = "w", .account = "w"},
     .takes = Takes::All,
     .run = put_page_from_url},
    {.operation = BlobOperation::GetPageRanges,
     .name = "GetPageRanges",
     .methods = "GET",
     .levels = kOnBlob,
     .comp = "pagelist",
     .rights = {.service = "r", .account = "r"},
     .takes = Takes::All,
     .answer = "PageList",
     .takes_snapshot = true,
     .anonymous = PublicAccess::Blob,
     .run = get_page_ranges},
    {.operation = BlobOperation::SetBlobProperties,
     .name = "SetBlobProperties",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "properties",
     .rights = {.service = "w", .account = "w"},
     .takes = Takes::All,
     .run = set_blob_properties},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::page_operations() { return blob_operations::kRows; }
