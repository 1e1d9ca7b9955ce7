#include "core/blob/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/blob/errors.h"
#include "core/blob/immutability.h"

namespace batchite {

namespace {

constexpr std::size_t kCollectedAtOnce = 100;
constexpr char kBeforeVersion = '!';  // which no container's name has

bool is_past(std::optional<Time> end, Time now) { return end && *end <= now; }

bool is_true(const Reader& reader, std::string_view name) { return same_id(reader.text(name), "true"); }

}  // namespace

std::optional<Retention> retention_from(const Document& properties) {
  if (properties.is_null()) return std::nullopt;
  const Reader policy = Reader(properties).object("DeleteRetentionPolicy");
  if (!is_true(policy, "Enabled")) return std::nullopt;
  const std::string text = policy.text("Days");
  int days = 0;
  std::from_chars(text.data(), text.data() + text.size(), days);
  return Retention{std::chrono::hours(24 * days), is_true(policy, "AllowPermanentDelete")};
}

BlobEntry deleted_entry(const BlobEntry& entry, const Retention& retention, Time now, Time revision) {
  BlobEntry kept = entry;
  const bool is_blob = entry.snapshot == kNever;
  if (is_blob) kept.snapshot = revision;
  kept.lease = {};
  kept.deleted = Deletion{.at = now, .until = now + retention.kept_for, .was_blob = is_blob};
  return kept;
}

// The version is the deletion's time, as the service writes it: 100 ns since 1601, in hexadecimal.
ContainerEntry deleted_entry(const ContainerEntry& entry, Ticks kept_for, Time now, Time revision) {
  constexpr std::int64_t kTicksFrom1601To1970 = 116'444'736'000'000'000;
  ContainerEntry kept = entry;
  kept.name =
      deleted_container(entry.name, fmt::format("{:016X}", revision.time_since_epoch().count() + kTicksFrom1601To1970));
  kept.deleted = Deletion{.at = now, .until = now + kept_for};
  return kept;
}

std::string deleted_container(std::string_view name, std::string_view version) {
  return std::string(name) + kBeforeVersion + std::string(version);
}

DeletedName split_deleted_container(const std::string& kept_as) {
  const auto at = kept_as.find(kBeforeVersion);
  return {kept_as.substr(0, at), kept_as.substr(at + 1)};
}

std::optional<Time> end_of(const ContainerEntry& entry) {
  return entry.deleted ? std::optional(entry.deleted->until) : std::nullopt;
}

std::optional<Time> end_of(const BlobEntry& entry) {
  if (entry.deleted) return entry.deleted->until;
  const std::string* expiry = entry.properties.find("x-ms-expiry-time");
  if (!expiry || is_held(entry)) return std::nullopt;
  return std::max(parse_http_date(*expiry), protected_until(entry));
}

bool has_ended(const BlobEntry& entry, Time now) { return is_past(end_of(entry), now); }
bool has_ended(const ContainerEntry& entry, Time now) { return is_past(end_of(entry), now); }

namespace {

void collect_container(BlobStore& store, const ContainerName& name, Time now) {
  store.change_container(name, [&](const ContainerEntry* current) {
    const bool goes = !current || has_ended(*current, now);
    return goes ? std::nullopt : std::optional(*current);
  });
}

}  // namespace

void collect_ended(BlobStore& store, Time now) {
  for (const BlobName& name : store.ended(now, kCollectedAtOnce)) {
    if (name.blob.empty()) {
      collect_container(store, {name.account, name.container}, now);
      continue;
    }
    try {
      store.change_family(name, [&](std::vector<BlobMember>& members) {
        std::erase_if(members, [&](const BlobMember& member) { return has_ended(member.entry, now); });
      });
    } catch (const Error& error) {
      if (!error.is(blob_errors::kContainerNotFound)) throw;  // deleted meanwhile, with all in it
    }
  }
}

}  // namespace batchite
