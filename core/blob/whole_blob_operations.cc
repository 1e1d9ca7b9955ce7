#include "core/base/encoding.h"
#include "core/blob/checksums.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::uint64_t kMaxRangeChecksum = std::uint64_t{4} << 20;

// What GET and HEAD say of a blob, but for its length.
Parameters describe(const BlobEntry& entry, Time now, bool head) {
  Parameters headers = stamp(version_of(entry));
  headers.add("Accept-Ranges", "bytes");
  headers.add("x-ms-blob-type", std::string(to_text(entry.type)));
  headers.add("x-ms-creation-time", http_date(entry.created));
  if (entry.snapshot == kNever) add_lease_headers(entry.lease, now, headers);
  headers.add("x-ms-server-encrypted", "true");
  for (const auto& [name, value] : entry.properties) {
    if (!name.starts_with("x-ms-access-tier")) headers.add(name, value);
  }
  if (!entry.properties.has("Content-Type")) headers.add("Content-Type", std::string(kDefaultContentType));
  if (!entry.tags.empty())
    headers.add("x-ms-tag-count", std::to_string(std::distance(entry.tags.begin(), entry.tags.end())));
  if (head) {
    for (const auto& [name, value] : tier_headers(entry)) headers.add(name, value);
  }
  add_metadata(entry.metadata, headers);
  return headers;
}

bool asks(const Parameters& headers, std::string_view name) { return same_id(headers.get(name), "true"); }

// The checksum of a range is computed on request, from bytes read for that alone: at most 4 MiB.
void add_range_checksum(Request& request, BlobReply& reply, const ByteRange& range, Time revision) {
  const Parameters& asked = request.headers();
  const bool wants_md5 = asks(asked, "x-ms-range-get-content-md5");
  const bool wants_crc = asks(asked, "x-ms-range-get-content-crc64");
  if (!wants_md5 && !wants_crc) return;
  const std::string name = wants_md5 ? "x-ms-range-get-content-md5" : "x-ms-range-get-content-crc64";
  if ((wants_md5 && wants_crc) || reply.status != 206) throw Error(kInvalidHeaderValue, {{"HeaderName", name}});
  if (range.size > kMaxRangeChecksum) throw Error(kOutOfRangeInput, {{"HeaderName", name}});
  auto again = request.store.read(request.blob(), [&](const BlobEntry& entry) {
    if (entry.revision != revision) throw Error(kConditionNotMet);
    return range;
  });
  if (!again) throw Error(kBlobNotFound);
  const std::string bytes = read_all(*again);
  if (wants_md5) {
    reply.headers.set("Content-MD5", base64_encode(md5(bytes)));
  } else {
    reply.headers.set("x-ms-content-crc64", crc64_text(crc64_nvme(0, bytes)));
  }
}

void make_partial(BlobReply& reply, const BlobEntry& entry, const ByteRange& range) {
  reply.status = 206;
  reply.headers.add("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                         std::to_string(range.offset + range.size - 1) + "/" +
                                         std::to_string(entry.size));
  Parameters headers;  // a stored MD5 is that of the whole
  for (const auto& [name, value] : reply.headers) {
    headers.add(name == "Content-MD5" ? "x-ms-blob-content-md5" : name, value);
  }
  reply.headers = std::move(headers);
}

// Response headers that a SAS replaces (rscc, rscd, …), given by the caller in the query.
void apply_overrides(const Parameters& query, Parameters& headers) {
  constexpr std::pair<std::string_view, std::string_view> kOverrides[] = {{"rscc", "Cache-Control"},
                                                                          {"rscd", "Content-Disposition"},
                                                                          {"rsce", "Content-Encoding"},
                                                                          {"rscl", "Content-Language"},
                                                                          {"rsct", "Content-Type"}};
  for (const auto& [parameter, header] : kOverrides) {
    const std::string* value = query.find(parameter);
    if (value && !value->empty()) headers.set(header, *value);
  }
}

BlobReply get_blob(Request& request) {
  BlobReply reply;
  ByteRange chosen;
  Time revision{};
  reply.bytes = request.store.read(request.blob(), [&](const BlobEntry& entry) {
    check_read(request, entry);
    check_key(request.encryption, entry.properties);
    if (is_archived(entry)) throw Error(kBlobArchived);
    const auto range = range_from(request.headers(), entry.size);
    chosen = range.value_or(ByteRange{0, entry.size});
    revision = entry.revision;
    reply.status = 200;
    reply.headers = describe(entry, request.now, false);
    if (range) make_partial(reply, entry, *range);
    reply.headers.add("Content-Length", std::to_string(chosen.size));
    return chosen;
  });
  if (!reply.bytes) {
    require_container(request);
    throw Error(kBlobNotFound);
  }
  add_range_checksum(request, reply, chosen, revision);
  apply_overrides(request.query(), reply.headers);
  return reply;
}

BlobReply get_blob_properties(Request& request) {
  const BlobEntry entry = existing(request);
  check_read(request, entry);
  check_key(request.encryption, entry.properties);
  BlobReply reply{.headers = describe(entry, request.now, true)};
  reply.headers.add("Content-Length", std::to_string(entry.size));
  apply_overrides(request.query(), reply.headers);
  return reply;
}

BlobReply get_blob_metadata(Request& request) {
  const BlobEntry entry = existing(request);
  check_read(request, entry);
  check_key(request.encryption, entry.properties);
  BlobReply reply{.headers = stamp(version_of(entry))};
  add_metadata(entry.metadata, reply.headers);
  return reply;
}

BlobReply set_blob_metadata(Request& request) {
  const Parameters metadata = metadata_from(request.headers());
  const Time revision = change_entry(request, [&](BlobEntry& entry) {
    check_encryption(request.encryption, entry.properties);
    entry.metadata = metadata;
  });
  BlobReply reply{.headers = stamp({revision, revision})};
  reply.headers.add("x-ms-request-server-encrypted", "true");
  return reply;
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::GetBlob,
     .name = "GetBlob",
     .methods = "GET",
     .levels = kOnBlob,
     .rights = {.service = "r", .account = "r"},
     .takes = Takes::All,
     .takes_snapshot = true,
     .anonymous = PublicAccess::Blob,
     .run = get_blob},
    {.operation = BlobOperation::GetBlobProperties,
     .name = "GetBlobProperties",
     .methods = "HEAD",
     .levels = kOnBlob,
     .rights = {.service = "r", .account = "r"},
     .takes = Takes::All,
     .takes_snapshot = true,
     .anonymous = PublicAccess::Blob,
     .run = get_blob_properties},
    {.operation = BlobOperation::GetBlobMetadata,
     .name = "GetBlobMetadata",
     .methods = "GET HEAD",
     .levels = kOnBlob,
     .comp = "metadata",
     .rights = {.service = "r", .account = "r"},
     .takes = Takes::All,
     .takes_snapshot = true,
     .anonymous = PublicAccess::Blob,
     .run = get_blob_metadata},
    {.operation = BlobOperation::SetBlobMetadata,
     .name = "SetBlobMetadata",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "metadata",
     .rights = {.service = "w", .account = "w"},
     .takes = Takes::All,
     .run = set_blob_metadata},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::whole_blob_operations() { return blob_operations::kRows; }
