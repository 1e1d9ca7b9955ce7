#include "core/blob/retention.h"

#include <algorithm>
#include <charconv>

#include "core/blob/errors.h"
#include "core/blob/immutability.h"

namespace batchite {

namespace {

constexpr std::size_t kCollectedAtOnce = 100;

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

std::optional<Time> end_of(const BlobEntry& entry) {
  if (entry.deleted) return entry.deleted->until;
  const std::string* expiry = entry.properties.find("x-ms-expiry-time");
  if (!expiry || is_held(entry)) return std::nullopt;
  return std::max(parse_http_date(*expiry), protected_until(entry));
}

bool has_ended(const BlobEntry& entry, Time now) {
  const auto end = end_of(entry);
  return end && *end <= now;
}

void collect_ended(BlobStore& store, Time now) {
  for (const BlobName& name : store.ended(now, kCollectedAtOnce)) {
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
