// Copy Blob and Copy Blob From URL between blobs of this service. Both are done when the answer is sent, so the status
// is always "success". Sources elsewhere are refused: the core reaches no network.
#include <fmt/format.h>

#include "core/base/encoding.h"
#include "core/blob/blob_url.h"
#include "core/blob/errors.h"
#include "core/blob/names.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

BlobUrl source_of(Request& request) {
  const std::string url = request.headers().get("x-ms-copy-source");
  if (url.empty()) throw Error(kMissingRequiredHeader, {{"HeaderName", "x-ms-copy-source"}});
  auto source = parse_blob_url(url, [&](std::string_view name) { return request.service.account(name) != nullptr; });
  if (!source) {
    throw Error(404, std::string(kCannotVerifyCopySource.code), "The copy source is not a blob of this service.",
                {{"HeaderName", "x-ms-copy-source"}, {"HeaderValue", url}});
  }
  if (source->blob.empty()) {  // one segment: a blob of the root container
    source->blob = std::move(source->container);
    source->container = "$root";
  }
  check_container_name(source->container);
  check_blob_name(source->blob);
  return *source;
}

Time snapshot_in(const BlobUrl& source) {
  Parameters query;
  for (auto& [name, value] : parse_query(source.query)) query.add(name, value);
  const std::string text = query.get("snapshot");
  if (text.empty()) return kNever;
  const auto time = parse_iso8601(text);
  if (!time) throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-copy-source"}});
  return *time;
}

// Copies within an account need no right but the caller's own; others need a signature in the URL.
void check_source_access(Request& request, const BlobUrl& source) {
  if (source.account == request.call.account) return;
  const ContainerName container{source.account, source.container};
  const auto entry = request.store.find_container(container);
  if (entry && entry->access != PublicAccess::None) return;
  const SasUse use{.operation = BlobOperation::GetBlob,
                   .container = source.container,
                   .blob = source.blob,
                   .now = request.now,
                   .policies = [&] { return request.service.policies(container); }};
  try {
    check_sas(source.query, *request.service.account(source.account), use);
  } catch (const Error& error) {
    throw Error(error.status(), std::string(kCannotVerifyCopySource.code), error.message(), error.values());
  }
}

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
  if (const auto tier = access_tier_from(headers)) properties.add("x-ms-access-tier", *tier);
  return properties;
}

BlobReply copy_blob(Request& request) {
  const BlobUrl url = source_of(request);
  check_source_access(request, url);
  require_container(request);
  const Conditions source_conditions(request.headers(), "x-ms-source-");
  const BlobName source_name{url.account, url.container, url.blob, snapshot_in(url)};
  const auto blocks = request.store.blocks(source_name).committed;
  BlobEntry source;
  const auto bytes = request.store.read(source_name, [&](const BlobEntry& entry) {
    source_conditions.check_source(version_of(entry));
    source = entry;
    return ByteRange{0, entry.size};
  });
  if (!bytes) throw Error(404, std::string(kCannotVerifyCopySource.code), std::string(kBlobNotFound.message));
  NewContent content{request.store.stage(*bytes), blocks};
  std::uint64_t total = 0;
  for (const Block& block : blocks) total += block.size;
  if (total != source.size) content.blocks.clear();  // replaced between the two looks
  const Parameters properties = copied_properties(source, request.headers());
  BlobEntry entry;
  request.store.change(
      request.blob(),
      [&](const BlobEntry* current) {
        check_create(request, current);
        const bool is_same_type = !current || !current->committed || current->type == source.type;
        if (!is_same_type) throw Error(kInvalidBlobType);
        entry = new_entry(request, current, properties);
        entry.type = source.type;
        entry.pages = source.pages;
        if (entry.metadata.empty()) entry.metadata = source.metadata;
        add_copy_state(request, entry, source.size);
        return std::optional(entry);
      },
      std::move(content));
  BlobReply reply{.status = 202, .headers = stamp(version_of(entry))};
  reply.headers.add("x-ms-copy-id", entry.properties.get("x-ms-copy-id"));
  reply.headers.add("x-ms-copy-status", "success");
  return reply;
}

}  // namespace

namespace {

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
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::copy_operations() { return blob_operations::kRows; }
