// Copy Blob and Copy Blob From URL. Both are done when the answer is sent, also of sources elsewhere, so the status is
// always "success".
#include <fmt/format.h>

#include "core/blob/copy_source.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"
#include "core/blob/remote_source.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

std::string without_signature(const std::string& url) {
  const auto mark = url.find('?');
  return mark == std::string::npos || url.find("sig=", mark) == std::string::npos ? url : url.substr(0, mark);
}

void add_copy_state(Request& request, BlobEntry& entry, std::uint64_t size) {
  entry.properties.set("x-ms-copy-id", unique_id(request));
  entry.properties.set("x-ms-copy-source", without_signature(request.headers().get("x-ms-copy-source")));
  entry.properties.set("x-ms-copy-status", "success");
  entry.properties.set("x-ms-copy-progress", fmt::format("{0}/{0}", size));
  entry.properties.set("x-ms-copy-completion-time", http_date(entry.revision));
}

Parameters copied_properties(const BlobEntry& source, const Parameters& headers) {
  Parameters properties;
  for (const auto& [name, value] : source.properties) {
    const bool is_of_its_type = name == "x-ms-blob-committed-block-count" || name == "x-ms-blob-sequence-number";
    if (is_content_property(name) || is_of_its_type) properties.add(name, value);
  }
  if (const auto tier = access_tier_from(headers, source.type)) properties.add("x-ms-access-tier", *tier);
  return properties;
}

bool copies_source_tags(const Parameters& headers) {
  constexpr std::string_view kName = "x-ms-copy-source-tag-option";
  const std::string option = headers.get(kName);
  if (option.empty() || same_id(option, "REPLACE")) return false;
  if (!same_id(option, "COPY")) {
    throw Error(kInvalidHeaderValue, {{"HeaderName", std::string(kName)}, {"HeaderValue", option}});
  }
  if (headers.get("x-ms-tags").empty()) return true;
  throw Error(kBothUserTagsAndSourceTagsCopyPresent);
}

// While the client waits, only so much; recorded: 409, whatever there is a status for.
std::unique_ptr<StagedBytes> stage_copy(Request& request, ByteSource& source) {
  constexpr std::uint64_t kMaxAtOnce = std::uint64_t{256} << 20;
  if (request.call.operation != BlobOperation::CopyBlobFromUrl) return request.store.stage(source);
  const auto too_large = [] { throw_unverified(409, "A synchronous copy is of 256 MiB at most."); };
  if (source.size().value_or(0) > kMaxAtOnce) too_large();
  auto staged = request.store.stage(source);
  if (staged->size() > kMaxAtOnce) too_large();
  return staged;
}

BlobReply copy_blob(Request& request) {
  const bool copies_tags = copies_source_tags(request.headers());
  require_container(request);
  const CopySource source = open_copy_source(request);
  NewContent content{stage_copy(request, *source.bytes), source.blocks};
  const std::uint64_t size = content.bytes->size();
  const Parameters properties = copied_properties(source.entry, request.headers());
  const bool seals = same_id(request.headers().get("x-ms-seal-blob"), "true");
  if (seals && source.entry.type != BlobType::Append) throw Error(kInvalidBlobType);
  BlobEntry entry;
  request.store.change(
      request.blob(),
      [&](const BlobEntry* current) {
        check_create(request, current);
        const bool is_same_type = !current || !current->committed || current->type == source.entry.type;
        if (!is_same_type) throw Error(kInvalidBlobType);
        entry = new_entry(request, current, properties);
        entry.type = source.entry.type;
        entry.pages = source.entry.pages;
        if (copies_tags) entry.tags = source.entry.tags;
        if (entry.metadata.empty()) entry.metadata = source.entry.metadata;
        if (seals) entry.properties.set("x-ms-blob-sealed", "true");
        add_copy_state(request, entry, size);
        return std::optional(entry);
      },
      std::move(content));
  BlobReply reply{.status = 202, .headers = stamp(version_of(entry))};
  reply.headers.add("x-ms-copy-id", entry.properties.get("x-ms-copy-id"));
  reply.headers.add("x-ms-copy-status", "success");
  return reply;
}

constexpr ErrorCode kIncrementalCopySourceMustBeSnapshot{409, "IncrementalCopySourceMustBeSnapshot",
                                                         "The source for incremental copy request must be a snapshot."};
constexpr ErrorCode kIncrementalCopyBlobMismatch{
    409, "IncrementalCopyBlobMismatch",
    "The specified source blob is different than the copy source of the existing incremental copy blob."};
constexpr ErrorCode kIncrementalCopyOfEarlierVersionSnapshotNotAllowed{
    409, "IncrementalCopyOfEarlierVersionSnapshotNotAllowed",
    "The specified snapshot is earlier than the last snapshot copied into the incremental copy blob."};

std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

// "https://…/disk?snapshot=TIME". Times are written alike, so of one blob's snapshots the later one compares greater.
std::string snapshot_url(const Request& request, const BlobEntry& source) {
  return without_query(request.headers().get("x-ms-copy-source")) + "?snapshot=" + iso8601_full(source.snapshot);
}

// Only later snapshots of what was copied before.
void check_incremental(const BlobEntry* current, const std::string& source) {
  if (!current || !current->committed) return;
  const std::string before = current->properties.get("x-ms-copy-source");
  const bool is_same =
      current->properties.has("x-ms-incremental-copy") && without_query(before) == without_query(source);
  if (!is_same) throw Error(kIncrementalCopyBlobMismatch);
  if (source <= before) throw Error(kIncrementalCopyOfEarlierVersionSnapshotNotAllowed);
}

BlobEntry incremental_entry(Request& request, const BlobEntry* current, const BlobEntry& source, Time snapshot) {
  BlobEntry entry = new_entry(request, current, copied_properties(source, {}));
  entry.type = BlobType::Page;
  entry.pages = source.pages;
  entry.metadata = source.metadata;
  add_copy_state(request, entry, source.size);
  entry.properties.set("x-ms-copy-source", snapshot_url(request, source));
  entry.properties.set("x-ms-incremental-copy", "true");
  entry.properties.set("x-ms-copy-destination-snapshot", iso8601_full(snapshot));
  return entry;
}

// The blob is as the source's snapshot was, and has a snapshot of its own of that.
// Source: learn.microsoft.com/rest/api/storageservices/incremental-copy-blob.
BlobReply incremental_copy_blob(Request& request) {
  require_container(request);
  const CopySource source = open_copy_source(request);
  if (source.entry.type != BlobType::Page) throw Error(kInvalidBlobType);
  if (source.entry.snapshot == kNever) throw Error(kIncrementalCopySourceMustBeSnapshot);
  const Time snapshot = request.next_revision();
  BlobEntry entry;
  request.store.change(
      request.blob(),
      [&](const BlobEntry* current) {
        check_create(request, current);
        check_incremental(current, snapshot_url(request, source.entry));
        entry = incremental_entry(request, current, source.entry, snapshot);
        return std::optional(entry);
      },
      NewContent{request.store.stage(*source.bytes)});
  NewContent again{request.store.stage(*open_copy_source(request).bytes)};
  request.store.add_snapshot(
      request.blob(),
      [&](const BlobEntry*) {
        BlobEntry kept = entry;
        kept.snapshot = snapshot;
        kept.lease = {};
        return kept;
      },
      std::move(again));
  BlobReply reply{.status = 202, .headers = stamp(version_of(entry))};
  reply.headers.add("x-ms-copy-id", entry.properties.get("x-ms-copy-id"));
  reply.headers.add("x-ms-copy-status", "success");
  return reply;
}

// Everything is done when it is answered, so nothing is ever left to abort.
BlobReply abort_copy_blob(Request& request) {
  existing(request);
  throw Error(kNoPendingCopyOperation);
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::CopyBlob,
     .name = "CopyBlob",
     .methods = "PUT",
     .levels = kOnBlob,
     .headers = {"x-ms-copy-source"},
     .rights = {.service = "cw", .account = "cw"},
     .takes = Takes::All,
     .run = copy_blob},
    {.operation = BlobOperation::CopyBlobFromUrl,
     .name = "CopyBlobFromURL",
     .methods = "PUT",
     .levels = kOnBlob,
     .headers = {"x-ms-copy-source", "x-ms-requires-sync"},
     .rights = {.service = "cw", .account = "cw"},
     .takes = Takes::All,
     .run = copy_blob},
    {.operation = BlobOperation::IncrementalCopyBlob,
     .name = "IncrementalCopyBlob",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "incrementalcopy",
     .headers = {"x-ms-copy-source"},
     .rights = {.service = "cw", .account = "cw"},
     .takes = Takes::All,
     .run = incremental_copy_blob},
    {.operation = BlobOperation::AbortCopyBlob,
     .name = "AbortCopyBlob",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "copy",
     .rights = {.service = "w", .account = "w"},
     .run = abort_copy_blob},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::copy_operations() { return blob_operations::kRows; }
