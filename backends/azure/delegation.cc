#include "backends/azure/delegation.h"

#include "core/base/encoding.h"
#include "core/base/error.h"

namespace batchite::azure {
namespace {

constexpr Ticks kLongest = std::chrono::hours(24 * 7);
constexpr Ticks kMostSkew = std::chrono::minutes(15);  // between this clock and the service's
// A key is asked for anew when it is this much shorter than a new one would be, if that is what a signature needs.
constexpr Ticks kWorthAsking = std::chrono::hours(24);

std::string seconds(Time time) { return iso8601(std::chrono::floor<std::chrono::seconds>(time)); }

}  // namespace

signing::DelegationKey DelegationKeys::ask(Time now) {
  const BlobCall call{
      .operation = BlobOperation::GetUserDelegationKey,
      .account = {},
      .document = {{"Start", seconds(now - kMostSkew)}, {"Expiry", seconds(now - kMostSkew + kLongest)}}};
  const BlobReply reply = ask_(call, "");
  const Reader key(reply.body);
  const auto value = base64_decode(key.text("Value"));
  if (!value || value->empty() || !parse_iso8601(key.text("SignedExpiry"))) {
    throw Error(503, "DelegationKeyUnreadable", "What the storage account answered is no user delegation key.");
  }
  return {.object_id = key.text("SignedOid"),
          .tenant_id = key.text("SignedTid"),
          .start = key.text("SignedStart"),
          .expiry = key.text("SignedExpiry"),
          .service = key.text("SignedService"),
          .version = key.text("SignedVersion"),
          .value = *value};
}

signing::DelegationKey DelegationKeys::key_until(Time expiry) {
  const std::lock_guard lock(lock_);
  const Time now = clock_();
  const Time needed = std::min(expiry, now + kLongest - kWorthAsking);
  if (!key_ || *parse_iso8601(key_->expiry) < needed) key_ = ask(now);
  return *key_;
}

}  // namespace batchite::azure
