// Append blobs: bytes are added at the end, each block in one piece or not at all.
// Source: learn.microsoft.com/rest/api/storageservices/append-block and .../append-blob-seal.
#include "core/blob/copy_source.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

constexpr Limit kMaxBlock[] = {{"2022-11-02", std::uint64_t{100} << 20}, {"", std::uint64_t{4} << 20}};
constexpr std::uint64_t kMaxBlocks = 50'000;
constexpr std::string_view kCount = "x-ms-blob-committed-block-count", kSealed = "x-ms-blob-sealed";

void check_append_blob(const Request& request, const BlobEntry* current) {
  if (!current || !current->committed) throw Error(kBlobNotFound);
  if (current->type != BlobType::Append) throw Error(kInvalidBlobType);
  check_write(request, *current);
  const auto position = number_from(request.headers(), "x-ms-blob-condition-appendpos");
  if (position && *position != current->size) throw Error(kAppendPositionConditionNotMet);
}

std::uint64_t block_count(const BlobEntry& entry) { return number_from(entry.properties, kCount).value_or(0); }

void check_room(const Request& request, const BlobEntry& current, std::uint64_t size) {
  if (current.properties.has(kSealed)) throw Error(kBlobIsSealed);
  const auto most = number_from(request.headers(), "x-ms-blob-condition-maxsize");
  if (most && current.size + size > *most) throw Error(kMaxBlobSizeConditionNotMet);
  if (block_count(current) >= kMaxBlocks) throw Error(kCommittedBlockCountExceedsLimit);
}

BlobReply append(Request& request, CheckedBody& body) {
  auto staged = body.stage(limit_of(request, kMaxBlock));
  const std::uint64_t size = staged->size();
  if (size == 0) throw Error(kInvalidHeaderValue, {{"HeaderName", "Content-Length"}, {"HeaderValue", "0"}});
  std::uint64_t offset = 0;
  BlobEntry entry;
  request.store.patch(request.blob(),
                      [&](const BlobEntry* current) {
                        check_append_blob(request, current);
                        check_encryption(request.encryption, current->properties);
                        check_room(request, *current, size);
                        offset = current->size;
                        entry = *current;
                        entry.size += size;
                        entry.properties.set(kCount, std::to_string(block_count(*current) + 1));
                        mark_written(request, entry);
                        return std::optional(entry);
                      },
                      {.bytes = std::move(staged)});
  BlobReply reply{.status = 201, .headers = stamp(version_of(entry))};
  reply.headers.add("x-ms-blob-append-offset", std::to_string(offset));
  reply.headers.add(std::string(kCount), entry.properties.get(kCount));
  body.add_checksums(reply);
  return reply;
}

BlobReply append_block(Request& request) {
  require_container(request);
  CheckedBody body(request, Expected::from(request.headers(), false));
  return append(request, body);
}

BlobReply append_block_from_url(Request& request) {
  require_container(request);
  const CopySource source = open_copy_source(request);
  CheckedBody body(request, *source.bytes, expected_of_source(request.headers()));
  return append(request, body);
}

BlobReply seal_append_blob(Request& request) {
  require_container(request);
  BlobEntry entry;
  request.store.change(request.blob(), [&](const BlobEntry* current) {
    check_append_blob(request, current);
    entry = *current;
    if (entry.properties.has(kSealed)) return std::optional(entry);
    entry.properties.set(kSealed, "true");
    mark_written(request, entry);
    return std::optional(entry);
  });
  BlobReply reply{.headers = stamp(version_of(entry))};
  reply.headers.add(std::string(kSealed), "true");
  return reply;
}

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::AppendBlock,
     .name = "AppendBlock",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "appendblock",
     .rights = {.service = "aw", .account = "aw"},
     .takes = Takes::All,
     .run = append_block},
    {.operation = BlobOperation::AppendBlockFromUrl,
     .name = "AppendBlockFromURL",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "appendblock",
     .headers = {"x-ms-copy-source"},
     .rights = {.service = "aw", .account = "aw"},
     .takes = Takes::All,
     .run = append_block_from_url},
    {.operation = BlobOperation::AppendBlobSeal,
     .name = "AppendBlobSeal",
     .methods = "PUT",
     .levels = kOnBlob,
     .comp = "seal",
     .rights = {.service = "w", .account = "w"},
     .takes = Takes::All,
     .run = seal_append_blob},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::append_operations() { return blob_operations::kRows; }
