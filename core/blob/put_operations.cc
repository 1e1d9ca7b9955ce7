// Put Blob for the three types: block blobs come with their content, append blobs begin empty, page blobs as zeros of
// the size asked for.
// Source: learn.microsoft.com/rest/api/storageservices/put-blob.
#include "core/base/encoding.h"
#include "core/blob/copy_source.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/pages.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr Limit kMaxPutBlob[] = {
    {"2019-12-12", std::uint64_t{5000} << 20}, {"2016-05-31", std::uint64_t{256} << 20}, {"", std::uint64_t{64} << 20}};

BlobType type_from(const Parameters& headers) {
  const std::string text = headers.get("x-ms-blob-type");
  if (text.empty()) throw Error(kMissingRequiredHeader, {{"HeaderName", "x-ms-blob-type"}});
  const auto type = blob_type_from(text);
  if (!type) throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-blob-type"}, {"HeaderValue", text}});
  return *type;
}

Parameters properties_from(const Parameters& headers, BlobType type) {
  Parameters properties = content_properties_from(headers, Plain::Yes);
  if (!properties.has("Content-Type")) properties.add("Content-Type", std::string(kDefaultContentType));
  if (const auto tier = access_tier_from(headers, type)) properties.add("x-ms-access-tier", *tier);
  if (type == BlobType::Append) properties.add("x-ms-blob-committed-block-count", "0");
  if (type == BlobType::Page) {
    properties.add("x-ms-blob-sequence-number",
                   std::to_string(number_from(headers, "x-ms-blob-sequence-number").value_or(0)));
  }
  return properties;
}

BlobEntry replace(Request& request, BlobType type, const Parameters& properties, NewContent content) {
  BlobEntry entry;
  request.store.change(
      request.blob(),
      [&](const BlobEntry* current) {
        check_create(request, current);
        entry = new_entry(request, current, properties);
        entry.type = type;
        return std::optional(entry);
      },
      std::move(content));
  return entry;
}

BlobReply put_block_blob(Request& request, CheckedBody& body, Parameters properties) {
  NewContent content{body.stage(limit_of(request, kMaxPutBlob))};
  properties.set("Content-MD5", base64_encode(*body.md5()));
  const BlobEntry entry = replace(request, BlobType::Block, properties, std::move(content));
  BlobReply reply{.status = 201, .headers = stamp(version_of(entry))};
  body.add_checksums(reply);
  return reply;
}

// Their content comes later, by operations of their own.
BlobReply put_empty(Request& request, BlobType type, const Parameters& properties) {
  std::uint64_t size = 0;
  if (type == BlobType::Page) size = page_blob_size_from(request.headers());
  if (CheckedBody(request, {}).stage(kMaxPutBlob[0].bytes)->size() != 0) {
    throw Error(kInvalidHeaderValue, {{"HeaderName", "Content-Length"}});
  }
  const BlobEntry entry = replace(request, type, properties, {request.store.stage_zeros(size)});
  BlobReply reply{.status = 201, .headers = stamp(version_of(entry))};
  reply.headers.add("x-ms-request-server-encrypted", "true");
  return reply;
}

BlobReply put_blob(Request& request) {
  const BlobType type = type_from(request.headers());
  const Parameters properties = properties_from(request.headers(), type);
  metadata_from(request.headers());  // refused before the body is read
  require_container(request);
  if (type != BlobType::Block) return put_empty(request, type, properties);
  CheckedBody body(request, Expected::from(request.headers(), true), CheckedSource::Compute::Md5);
  return put_block_blob(request, body, properties);
}

// The source's content headers come along, unless the request has its own or wants none.
BlobReply put_blob_from_url(Request& request) {
  const Parameters& headers = request.headers();
  const BlobType type = type_from(headers);
  if (type != BlobType::Block) {
    throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-blob-type"}, {"HeaderValue", std::string(to_text(type))}});
  }
  Parameters properties = content_properties_from(headers, Plain::No);
  metadata_from(headers);
  require_container(request);
  const CopySource source = open_copy_source(request);
  if (!same_id(headers.get("x-ms-copy-source-blob-properties"), "false")) {
    for (const auto& [name, value] : source.entry.properties) {
      if (is_content_property(name) && !properties.has(name)) properties.add(name, value);
    }
  }
  if (!properties.has("Content-Type")) properties.add("Content-Type", std::string(kDefaultContentType));
  if (const auto tier = access_tier_from(headers, type)) properties.add("x-ms-access-tier", *tier);
  CheckedBody body(request, *source.bytes, expected_of_source(headers), CheckedSource::Compute::Md5);
  return put_block_blob(request, body, properties);
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::PutBlob,
     .name = "PutBlob",
     .methods = "PUT",
     .levels = kOnBlob,
     .rights = {.service = "cw", .account = "cw"},
     .takes = Takes::All,
     .run = put_blob},
    {.operation = BlobOperation::PutBlobFromUrl,
     .name = "PutBlobFromURL",
     .methods = "PUT",
     .levels = kOnBlob,
     .headers = {"x-ms-copy-source", "x-ms-blob-type"},
     .rights = {.service = "cw", .account = "cw"},
     .takes = Takes::All,
     .run = put_blob_from_url},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::put_operations() { return blob_operations::kRows; }
