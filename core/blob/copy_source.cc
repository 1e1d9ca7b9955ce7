#include "core/blob/copy_source.h"

#include <algorithm>

#include "core/base/query.h"
#include "core/blob/blob_url.h"
#include "core/blob/errors.h"
#include "core/blob/names.h"
#include "core/blob/properties.h"
#include "core/blob/remote_source.h"
#include "core/blob/tags.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

std::string folded_host(std::string_view endpoint) { return fold(endpoint.substr(endpoint.find("://") + 3)); }

std::string_view behind_first_label(std::string_view host) {
  const auto dot = host.find('.');
  return dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
}

// A URL with the name of an account of ours may still be another service's: the address decides. Where a request came
// to, through whatever forwarded it, is this service, too. `az` names sources https://ACCOUNT.blob.core.windows.net/…,
// whatever endpoint it was told, and Azurite takes that for its own account.
bool is_own(const Request& request, const BlobUrl& url) {
  const std::string host = folded_host(url.endpoint);
  const std::string_view address = url.is_host_style ? behind_first_label(host) : std::string_view(host);
  if (url.is_host_style && address.find(':') == std::string_view::npos) return true;
  const std::string asked = fold(request.headers().get("Host"));
  if (address == asked || (url.is_host_style && address == behind_first_label(asked))) return true;
  return std::ranges::any_of(request.service.sources().own, [&](const std::string& own) { return address == own; });
}

std::optional<BlobUrl> own_blob(const Request& request, const std::string& url) {
  auto source = parse_blob_url(url, [&](std::string_view name) { return request.service.account(name) != nullptr; });
  if (!source || !is_own(request, *source)) return std::nullopt;
  if (source->blob.empty()) {  // one segment: a blob of the root container
    source->blob = std::move(source->container);
    source->container = "$root";
  }
  check_container_name(source->container);
  check_blob_name(source->blob);
  return source;
}

Time snapshot_in(const BlobUrl& source) {
  const Parameters query = query_parameters(source.query);
  if (query.has("versionid")) throw Error(kUnsupportedQueryParameter, {{"QueryParameterName", "versionid"}});
  const std::string text = query.get("snapshot");
  if (text.empty()) return kNever;
  const auto time = parse_iso8601(text);
  if (!time) throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-copy-source"}});
  return *time;
}

// Copies within an account need no right but the caller's own; others need a signature in the URL, or a token, which
// who calls has looked at like all that is to be proved.
void check_source_access(Request& request, const BlobUrl& source) {
  if (source.account == request.call.account) return;
  if (!request.headers().get("x-ms-copy-source-authorization").empty()) return;
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
    throw_unverified(error.status(), error.message(), error.values());
  }
}

void check_source_tags(const Request& request, const BlobEntry& source, const std::string& container) {
  constexpr std::string_view kName = "x-ms-source-if-tags";
  const std::string text = request.headers().get(kName);
  if (text.empty()) return;
  const TagCondition condition(text, TagCondition::Language::Condition, kName);
  if (!condition.holds(source.tags, container)) throw Error(kSourceConditionNotMet);
}

// Copy Blob has a code for it; the others tell what a GET with the same conditions would.
void check_source_conditions(const Request& request, const Conditions& conditions, const BlobEntry& entry) {
  if (request.call.operation == BlobOperation::CopyBlob) return conditions.check_source(version_of(entry));
  try {
    conditions.check_read(version_of(entry));
  } catch (const Error& error) {
    throw_unverified(error.status(), error.message(), error.values());
  }
}

CopySource open_own_blob(Request& request, const BlobUrl& url) {
  check_source_access(request, url);
  const Conditions conditions(request.headers(), "x-ms-source-");
  const BlobName name{url.account, url.container, url.blob, snapshot_in(url)};
  CopySource source{.blocks = request.store.blocks(name).committed};
  source.bytes = request.store.read(name, [&](const BlobEntry& entry) {
    check_source_conditions(request, conditions, entry);
    check_source_tags(request, entry, url.container);
    check_key(encryption_from(request.headers(), {}, "x-ms-source-"), entry.properties);
    // Copying it to another tier is how an archived blob is read.
    if (is_archived(entry) && request.headers().get("x-ms-access-tier").empty()) throw Error(kBlobArchived);
    source.entry = entry;
    return source_range_from(request.headers(), entry.size).value_or(ByteRange{0, entry.size});
  });
  if (!source.bytes) throw_unverified(kBlobNotFound.status, std::string(kBlobNotFound.message));
  std::uint64_t total = 0;
  for (const Block& block : source.blocks) total += block.size;
  if (total != source.entry.size) source.blocks.clear();  // replaced between the two looks
  return source;
}

}  // namespace

CopySource open_copy_source(Request& request) {
  const std::string url = request.headers().get("x-ms-copy-source");
  if (url.empty()) throw Error(kMissingRequiredHeader, {{"HeaderName", "x-ms-copy-source"}});
  const auto own = own_blob(request, url);
  return own ? open_own_blob(request, *own) : open_remote_source(request, url);
}

std::optional<ByteRange> source_range_from(const Parameters& headers, std::uint64_t size) {
  const std::string text = headers.get("x-ms-source-range");
  if (text.empty()) return std::nullopt;
  const auto range = range_from({{"x-ms-range", text}}, size);
  if (!range) throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-source-range"}, {"HeaderValue", text}});
  return range;
}

Expected expected_of_source(const Parameters& headers) {
  Parameters plain;
  for (const auto& [sent, name] : {std::pair("x-ms-source-content-md5", "Content-MD5"),
                                   std::pair("x-ms-source-content-crc64", "x-ms-content-crc64")}) {
    if (const std::string* value = headers.find(sent)) plain.add(name, *value);
  }
  return Expected::from(plain, false);
}

}  // namespace batchite::blob_operations
