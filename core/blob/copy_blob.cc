// Copy Blob and Copy Blob From URL between blobs of this service. Both are done when the answer is sent, so the status
// is always "success". Sources elsewhere are refused: the core reaches no network.
#include <fmt/format.h>

#include "core/blob/blob_url.h"
#include "core/blob/errors.h"
#include "core/blob/names.h"
#include "core/blob/operations.h"
#include "core/blob/properties.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

BlobUrl source_of(Request& request) {
  const std::string url = request.call.headers.get("x-ms-copy-source");
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

// Copies within an account need no right but the caller's own; others need a signature in the URL.
void check_source_access(Request& request, const BlobUrl& source) {
  if (source.account == request.call.account) return;
  const SasUse use{.operation = BlobOperation::GetBlob,
                   .container = source.container,
                   .blob = source.blob,
                   .now = request.service.now()};
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

// Unique as revisions are.
std::string copy_id(Time revision) {
  const auto ticks = static_cast<std::uint64_t>(revision.time_since_epoch().count());
  return fmt::format("{:08x}-{:04x}-4000-8000-{:012x}", ticks >> 32, (ticks >> 16) & 0xffff, ticks & 0xffffffffffff);
}

void add_copy_state(Request& request, BlobEntry& entry, std::uint64_t size) {
  entry.properties.set("x-ms-copy-id", copy_id(entry.revision));
  entry.properties.set("x-ms-copy-source", without_signature(request.call.headers.get("x-ms-copy-source")));
  entry.properties.set("x-ms-copy-status", "success");
  entry.properties.set("x-ms-copy-progress", fmt::format("{0}/{0}", size));
  entry.properties.set("x-ms-copy-completion-time", http_date(entry.revision));
}

Parameters copied_properties(const BlobEntry& source, const Parameters& headers) {
  Parameters properties;
  for (const auto& [name, value] : source.properties) {
    if (is_content_property(name)) properties.add(name, value);
  }
  if (const auto tier = access_tier_from(headers)) properties.add("x-ms-access-tier", *tier);
  return properties;
}

}  // namespace

BlobReply copy_blob(Request& request) {
  const BlobUrl url = source_of(request);
  check_source_access(request, url);
  if (!request.store.find_container(request.container())) throw Error(kContainerNotFound);
  const Conditions source_conditions(request.call.headers, "x-ms-source-");
  const BlobName source_name{url.account, url.container, url.blob};
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
  const Parameters properties = copied_properties(source, request.call.headers);
  BlobEntry entry;
  request.store.change(
      request.blob(),
      [&](const BlobEntry* current) {
        check_create(request, current);
        entry = new_entry(request, current, properties);
        if (entry.metadata.empty()) entry.metadata = source.metadata;
        add_copy_state(request, entry, source.size);
        return std::optional(entry);
      },
      std::move(content));
  BlobReply reply{.status = 202, .headers = stamp(entry.revision, entry.modified)};
  reply.headers.add("x-ms-copy-id", entry.properties.get("x-ms-copy-id"));
  reply.headers.add("x-ms-copy-status", "success");
  return reply;
}

}  // namespace batchite::blob_operations
