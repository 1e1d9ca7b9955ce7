// What protects a blob from being changed, overwritten or deleted: an immutability policy until its date, a legal hold
// until it is taken off. Both lie with the blob's properties, under the names that GET and HEAD have for them.
// Source: learn.microsoft.com/azure/storage/blobs/immutable-version-level-worm-policies. Pure; any thread. Throws
// Error.
#pragma once
#include "core/base/error.h"
#include "core/blob/entries.h"

namespace batchite {

inline constexpr std::string_view kPolicyUntil = "x-ms-immutability-policy-until-date";
inline constexpr std::string_view kPolicyMode = "x-ms-immutability-policy-mode";
inline constexpr std::string_view kLegalHold = "x-ms-legal-hold";

// Of a request, in the service's spelling; empty when it has none. InvalidHeaderValue, also for a date that is over.
Parameters protection_from(const Parameters& headers, Time now);
// The same, but what an operation sets must be there: a date, or a hold. MissingRequiredHeader.
Parameters policy_from(const Parameters& headers, Time now);
Parameters hold_from(const Parameters& headers);

// A locked policy may be extended, no more.
void check_policy_change(const Parameters& properties, const Parameters& policy, Time now);
void check_policy_deletion(const Parameters& properties);

bool is_held(const BlobEntry& entry);
std::optional<Time> protected_until(const BlobEntry& entry);  // by its policy, over or not
// BlobImmutableDueToLegalHold, BlobImmutableDueToPolicy.
void check_mutable(const BlobEntry& entry, Time now);

Parameters without_policy(const Parameters& properties);
Parameters without_protection(const Parameters& properties);

}  // namespace batchite
