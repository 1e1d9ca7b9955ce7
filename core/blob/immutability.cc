#include "core/blob/immutability.h"

#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr ErrorCode kBlobImmutableDueToPolicy{
    409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy."};
constexpr ErrorCode kBlobImmutableDueToLegalHold{
    409, "BlobImmutableDueToLegalHold",
    "This operation is not permitted as the blob is immutable due to one or more legal holds."};
constexpr ErrorCode kImmutabilityPolicyDeleteOnLockedPolicy{409, "ImmutabilityPolicyDeleteOnLockedPolicy",
                                                            "A locked immutability policy can be extended only."};
constexpr std::string_view kLocked = "locked", kUnlocked = "unlocked";

[[noreturn]] void refuse(std::string_view header, const std::string& value) {
  throw Error(kInvalidHeaderValue, {{"HeaderName", std::string(header)}, {"HeaderValue", value}});
}

[[noreturn]] void miss(std::string_view header) {
  throw Error(kMissingRequiredHeader, {{"HeaderName", std::string(header)}});
}

bool is_locked(const Parameters& properties) { return properties.get(kPolicyMode) == kLocked; }
std::optional<Time> until(const Parameters& properties) { return parse_http_date(properties.get(kPolicyUntil)); }

void add_policy(const Parameters& headers, Time now, Parameters& found) {
  const std::string date = headers.get(kPolicyUntil), mode = fold(headers.get(kPolicyMode, kUnlocked));
  if (date.empty()) return;
  const auto time = parse_http_date(date);
  if (!time || *time <= now) refuse(kPolicyUntil, date);
  if (mode != kLocked && mode != kUnlocked) refuse(kPolicyMode, mode);
  found.add(std::string(kPolicyUntil), http_date(*time));
  found.add(std::string(kPolicyMode), mode);
}

void add_hold(const Parameters& headers, Parameters& found) {
  const std::string hold = fold(headers.get(kLegalHold));
  if (hold.empty()) return;
  if (hold != "true" && hold != "false") refuse(kLegalHold, hold);
  found.add(std::string(kLegalHold), hold);
}

}  // namespace

Parameters protection_from(const Parameters& headers, Time now) {
  if (headers.get(kPolicyUntil).empty() && !headers.get(kPolicyMode).empty()) miss(kPolicyUntil);
  Parameters found;
  add_policy(headers, now, found);
  add_hold(headers, found);
  return found;
}

Parameters policy_from(const Parameters& headers, Time now) {
  Parameters found;
  add_policy(headers, now, found);
  if (found.empty()) miss(kPolicyUntil);
  return found;
}

Parameters hold_from(const Parameters& headers) {
  Parameters found;
  add_hold(headers, found);
  if (found.empty()) miss(kLegalHold);
  return found;
}

void check_policy_change(const Parameters& properties, const Parameters& policy, Time now) {
  const auto before = until(properties);
  if (!is_locked(properties) || !before || *before <= now) return;
  if (!is_locked(policy) || until(policy) < before) throw Error(kBlobImmutableDueToPolicy);
}

void check_policy_deletion(const Parameters& properties) {
  if (is_locked(properties)) throw Error(kImmutabilityPolicyDeleteOnLockedPolicy);
}

bool is_held(const BlobEntry& entry) { return entry.properties.get(kLegalHold) == "true"; }
std::optional<Time> protected_until(const BlobEntry& entry) { return until(entry.properties); }

void check_mutable(const BlobEntry& entry, Time now) {
  if (is_held(entry)) throw Error(kBlobImmutableDueToLegalHold);
  const auto date = protected_until(entry);
  if (date && *date > now) throw Error(kBlobImmutableDueToPolicy);
}

Parameters without_policy(const Parameters& properties) {
  return properties.without([](std::string_view name) { return name == kPolicyUntil || name == kPolicyMode; });
}

Parameters without_protection(const Parameters& properties) {
  return without_policy(properties).without([](std::string_view name) { return name == kLegalHold; });
}

}  // namespace batchite
