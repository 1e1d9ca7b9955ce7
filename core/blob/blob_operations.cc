#include "core/base/encoding.h"
#include "core/blob/checksums.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr std::uint64_t kMaxPutBlob = std::uint64_t{5000} << 20;
constexpr std::uint64_t kMaxRangeChecksum = std::uint64_t{4} << 20;

void check_blob_type(const Parameters& headers) {
  const std::string type = headers.get("x-ms-blob-type");
  if (type.empty()) throw Error(kMissingRequiredHeader, {{"HeaderName", "x-ms-blob-type"}});
  if (type == "BlockBlob") return;
  const bool known = type == "PageBlob" || type == "AppendBlob";
  throw Error(known ? kUnsupportedHeader : kInvalidHeaderValue,
              {{"HeaderName", "x-ms-blob-type"}, {"HeaderValue", type}});
}

void check_container(Request& request) {
  if (!request.store.find_container(request.container())) throw Error(kContainerNotFound);
}

// What GET and HEAD say of a blob, but for its length.
Parameters describe(const BlobEntry& entry, bool head) {
  Parameters headers = stamp(entry.revision, entry.modified);
  headers.add("Accept-Ranges", "bytes");
  headers.add("x-ms-blob-type", "BlockBlob");
  headers.add("x-ms-creation-time", http_date(entry.created));
  headers.add("x-ms-lease-status", "unlocked");
  headers.add("x-ms-lease-state", "available");
  headers.add("x-ms-server-encrypted", "true");
  for (const auto& [name, value] : entry.properties) {
    if (name != "x-ms-access-tier") headers.add(name, value);
  }
  if (!entry.properties.has("Content-Type")) headers.add("Content-Type", std::string(kDefaultContentType));
  if (head) {
    headers.add("x-ms-access-tier", entry.properties.get("x-ms-access-tier", "Hot"));
    if (!entry.properties.has("x-ms-access-tier")) headers.add("x-ms-access-tier-inferred", "true");
  }
  add_metadata(entry.metadata, headers);
  return headers;
}

bool asks(const Parameters& headers, std::string_view name) { return same_id(headers.get(name), "true"); }

// The checksum of a range is computed on request, from bytes read for that alone: at most 4 MiB.
void add_range_checksum(Request& request, BlobReply& reply, const ByteRange& range, Time revision) {
  const Parameters& asked = request.call.headers;
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

// One change of what is known of an existing blob; its bytes stay.
Time change_entry(Request& request, const std::function<void(BlobEntry&)>& edit) {
  Time revision{};
  request.store.change(request.blob(), [&](const BlobEntry* current) {
    if (!current || !current->committed) throw Error(kBlobNotFound);
    request.conditions.check_write(version_of(*current));
    BlobEntry entry = *current;
    edit(entry);
    entry.revision = entry.modified = revision = request.next_revision();
    return std::optional(entry);
  });
  return revision;
}

bool is_copy_state(std::string_view name) { return name.starts_with("x-ms-copy-"); }

Parameters without_copy_state(const Parameters& properties) {
  Parameters kept;
  for (const auto& [name, value] : properties) {
    if (!is_copy_state(name)) kept.add(name, value);
  }
  return kept;
}

}  // namespace

Version version_of(const BlobEntry& entry) { return {entry.revision, entry.modified}; }

Parameters stamp(Time revision, Time modified) {
  return {{"ETag", quoted_etag(revision)}, {"Last-Modified", http_date(modified)}};
}

BlobEntry existing(Request& request) {
  auto entry = request.store.find(request.blob());
  if (entry && entry->committed) return *entry;
  check_container(request);
  throw Error(kBlobNotFound);
}

std::unique_ptr<StagedBytes> stage_body(Request& request, ByteSource& body, std::uint64_t limit) {
  if (body.size().value_or(0) > limit) throw Error(kRequestBodyTooLarge, {{"MaxLimit", std::to_string(limit)}});
  auto staged = request.store.stage(body);
  if (staged->size() > limit) throw Error(kRequestBodyTooLarge, {{"MaxLimit", std::to_string(limit)}});
  return staged;
}

BlobEntry new_entry(Request& request, const BlobEntry* current, Parameters properties) {
  const Time revision = request.next_revision();
  const bool replaces = current && current->committed;
  return {.name = request.blob().blob,
          .created = replaces ? current->created : revision,
          .modified = revision,
          .revision = revision,
          .properties = std::move(properties),
          .metadata = metadata_from(request.call.headers)};
}

void check_create(const Request& request, const BlobEntry* current) {
  if (!current || !current->committed) return request.conditions.check_create(nullptr);
  if (!request.call.may_overwrite) throw Error(kUnauthorizedBlobOverwrite);
  const Version version = version_of(*current);
  request.conditions.check_create(&version);
}

BlobReply put_blob(Request& request) {
  const Parameters& headers = request.call.headers;
  check_blob_type(headers);
  Parameters properties = content_properties_from(headers, Plain::Yes);
  if (!properties.has("Content-Type")) properties.add("Content-Type", std::string(kDefaultContentType));
  if (const auto tier = access_tier_from(headers)) properties.add("x-ms-access-tier", *tier);
  metadata_from(headers);  // refused before the body is read
  const Expected expected = Expected::from(headers, true);
  check_container(request);

  StringSource nothing("");
  CheckedSource body(request.call.body ? *request.call.body : nothing, expected, CheckedSource::Compute::Md5);
  NewContent content{stage_body(request, body, kMaxPutBlob)};
  body.verify();
  const std::string digest = base64_encode(*body.md5());
  properties.set("Content-MD5", digest);
  BlobEntry entry;
  request.store.change(
      request.blob(),
      [&](const BlobEntry* current) {
        check_create(request, current);
        entry = new_entry(request, current, properties);
        return std::optional(entry);
      },
      std::move(content));
  BlobReply reply{.status = 201, .headers = stamp(entry.revision, entry.modified)};
  reply.headers.add("Content-MD5", digest);
  if (const auto crc = body.crc64()) reply.headers.add("x-ms-content-crc64", *crc);
  reply.headers.add("x-ms-request-server-encrypted", "true");
  return reply;
}

BlobReply get_blob(Request& request) {
  BlobReply reply;
  ByteRange chosen;
  Time revision{};
  reply.bytes = request.store.read(request.blob(), [&](const BlobEntry& entry) {
    request.conditions.check_read(version_of(entry));
    const auto range = range_from(request.call.headers, entry.size);
    chosen = range.value_or(ByteRange{0, entry.size});
    revision = entry.revision;
    reply.status = 200;
    reply.headers = describe(entry, false);
    if (range) make_partial(reply, entry, *range);
    reply.headers.add("Content-Length", std::to_string(chosen.size));
    return chosen;
  });
  if (!reply.bytes) {
    check_container(request);
    throw Error(kBlobNotFound);
  }
  add_range_checksum(request, reply, chosen, revision);
  apply_overrides(request.call.query, reply.headers);
  return reply;
}

BlobReply get_blob_properties(Request& request) {
  const BlobEntry entry = existing(request);
  request.conditions.check_read(version_of(entry));
  if (request.call.query.get("comp") == "metadata") {
    BlobReply reply{.headers = stamp(entry.revision, entry.modified)};
    add_metadata(entry.metadata, reply.headers);
    return reply;
  }
  BlobReply reply{.headers = describe(entry, true)};
  reply.headers.add("Content-Length", std::to_string(entry.size));
  apply_overrides(request.call.query, reply.headers);
  return reply;
}

BlobReply set_blob_properties(Request& request) {
  for (const std::string_view name : {"x-ms-blob-content-length", "x-ms-sequence-number-action"}) {
    if (request.call.headers.has(name)) throw Error(kUnsupportedHeader, {{"HeaderName", std::string(name)}});
  }
  const Parameters sent = content_properties_from(request.call.headers, Plain::No);
  check_container(request);
  const Time revision = change_entry(request, [&](BlobEntry& entry) {
    Parameters properties = sent;
    for (const auto& [name, value] : without_copy_state(entry.properties)) {
      if (!is_content_property(name)) properties.add(name, value);
    }
    entry.properties = std::move(properties);
  });
  return {.headers = stamp(revision, revision)};
}

BlobReply set_blob_metadata(Request& request) {
  const Parameters metadata = metadata_from(request.call.headers);
  check_container(request);
  const Time revision = change_entry(request, [&](BlobEntry& entry) {
    entry.metadata = metadata;
    entry.properties = without_copy_state(entry.properties);
  });
  BlobReply reply{.headers = stamp(revision, revision)};
  reply.headers.add("x-ms-request-server-encrypted", "true");
  return reply;
}

BlobReply delete_blob(Request& request) {
  const std::string snapshots = request.call.headers.get("x-ms-delete-snapshots");
  if (!snapshots.empty() && snapshots != "include") {
    // "only" spares the blob itself, so doing less than asked would be wrong.
    throw Error(snapshots == "only" ? kUnsupportedHeader : kInvalidHeaderValue,
                {{"HeaderName", "x-ms-delete-snapshots"}, {"HeaderValue", snapshots}});
  }
  check_container(request);
  request.store.change(request.blob(), [&](const BlobEntry* current) -> std::optional<BlobEntry> {
    if (!current || !current->committed) throw Error(kBlobNotFound);
    request.conditions.check_write(version_of(*current));
    return std::nullopt;
  });
  return {.status = 202, .headers = {{"x-ms-delete-type-permanent", "true"}}};
}

}  // namespace batchite::blob_operations
