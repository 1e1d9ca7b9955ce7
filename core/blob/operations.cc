#include "core/blob/operations.h"

#include <fmt/format.h>

#include "core/base/encoding.h"
#include "core/blob/errors.h"
#include "core/blob/immutability.h"
#include "core/blob/properties.h"
#include "core/blob/tags.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

bool is_there(const BlobEntry* current) { return current && current->committed; }

}  // namespace

Version version_of(const BlobEntry& entry) { return {entry.revision, entry.modified}; }
Version version_of(const ContainerEntry& entry) { return {entry.revision, entry.modified}; }

Parameters stamp(const Version& version) {
  return {{"ETag", quoted_etag(version.revision)}, {"Last-Modified", http_date(version.modified)}};
}

std::string unique_id(const Request& request) {
  const auto ticks = static_cast<std::uint64_t>(request.next_revision().time_since_epoch().count());
  return fmt::format("{:08x}-{:04x}-4000-8000-{:012x}", ticks >> 32, (ticks >> 16) & 0xffff, ticks & 0xffffffffffff);
}

ContainerEntry require_container(Request& request) {
  auto entry = request.store.find_container(request.container());
  if (!entry) throw Error(kContainerNotFound);
  request.scope = entry->scope;
  check_scope_policy(request.scope, request.encryption);
  return *std::move(entry);
}

BlobEntry existing(Request& request) {
  auto entry = request.store.find(request.blob());
  if (entry && entry->committed) return *entry;
  require_container(request);
  throw Error(kBlobNotFound);
}

template <class Stage>
std::unique_ptr<StagedBytes> CheckedBody::checked(std::uint64_t limit, const Stage& stage) {
  const Error too_large(kRequestBodyTooLarge, {{"MaxLimit", std::to_string(limit)}});
  if (source_.size().value_or(0) > limit) throw too_large;
  auto staged = stage();
  if (staged->size() > limit) throw too_large;
  source_.verify();
  return staged;
}

std::unique_ptr<StagedBytes> CheckedBody::stage(std::uint64_t limit) {
  return checked(limit, [&] { return store_.stage(source_); });
}

std::unique_ptr<StagedBytes> CheckedBody::stage_block(const BlobName& name, std::uint64_t limit) {
  return checked(limit, [&] { return store_.stage_block(name, source_); });
}

void CheckedBody::add_checksums(BlobReply& reply) const {
  if (const auto digest = md5()) reply.headers.add("Content-MD5", base64_encode(*digest));
  if (const auto crc = source_.crc64()) reply.headers.add("x-ms-content-crc64", *crc);
  reply.headers.add("x-ms-request-server-encrypted", "true");
}

void mark_written(const Request& request, BlobEntry& entry) {
  check_mutable(entry, request.now);
  entry.lease = after_write(entry.lease, request.now);
  entry.revision = entry.modified = request.next_revision();
}

std::uint64_t limit_of(const Request& request, std::span<const Limit> limits) {
  const std::string version = request.headers().get("x-ms-version");
  if (version.empty()) return limits.front().bytes;
  return std::ranges::find_if(limits, [&](const Limit& limit) { return version >= limit.since; })->bytes;
}

BlobEntry new_entry(Request& request, const BlobEntry* current, Parameters properties) {
  if (is_there(current)) check_mutable(*current, request.now);
  for (const auto& [name, value] : protection_from(request.headers(), request.now)) properties.set(name, value);
  add_default_scope(request.scope, request.encryption);
  add_encryption(request.encryption, properties);
  const Time revision = request.next_revision();
  return {.name = request.blob().blob,
          .created = is_there(current) ? current->created : revision,
          .modified = revision,
          .revision = revision,
          .properties = std::move(properties),
          .metadata = metadata_from(request.headers()),
          .lease = is_there(current) ? after_write(current->lease, request.now) : Lease(),
          .tags = tags_from(request.headers())};
}

void check_tags(const Request& request, const BlobEntry& entry) {
  constexpr std::string_view kName = "x-ms-if-tags";
  const std::string text = request.headers().get(kName);
  if (text.empty()) return;
  const TagCondition condition(text, TagCondition::Language::Condition, kName);
  if (!condition.holds(entry.tags, request.call.container)) throw Error(kConditionNotMet);
}

void check_read(const Request& request, const BlobEntry& entry) {
  check_lease(entry.lease, request.headers(), LeaseUse::Read, LeasedThing::Blob, request.now);
  check_tags(request, entry);
  request.conditions.check_read(version_of(entry));
}

void check_write(const Request& request, const BlobEntry& entry) {
  check_lease(entry.lease, request.headers(), LeaseUse::Write, LeasedThing::Blob, request.now);
  check_tags(request, entry);
  request.conditions.check_write(version_of(entry));
}

void check_create(const Request& request, const BlobEntry* current) {
  const Lease lease = is_there(current) ? current->lease : Lease();
  if (is_there(current) && !request.call.may_overwrite) throw Error(kUnauthorizedBlobOverwrite);
  check_lease(lease, request.headers(), LeaseUse::Write, LeasedThing::Blob, request.now);
  if (!is_there(current)) return request.conditions.check_create(nullptr);
  check_tags(request, *current);
  const Version version = version_of(*current);
  request.conditions.check_create(&version);
}

void change_existing(Request& request, const std::function<void(BlobEntry&)>& edit) {
  require_container(request);
  request.store.change(request.blob(), [&](const BlobEntry* current) {
    if (!is_there(current)) throw Error(kBlobNotFound);
    BlobEntry entry = *current;
    edit(entry);
    return std::optional(entry);
  });
}

Time change_entry(Request& request, const std::function<void(BlobEntry&)>& edit) {
  Time revision{};
  change_existing(request, [&](BlobEntry& entry) {
    check_write(request, entry);
    edit(entry);
    mark_written(request, entry);
    revision = entry.revision;
  });
  return revision;
}

}  // namespace batchite::blob_operations
