// Leases of blobs and containers: what each action makes of one, and what an operation may do on something leased. All
// times are absolute and looked at only when asked, so a lease runs out by itself. Taking, changing and breaking one
// leaves ETag and Last-Modified alone.
// Source: learn.microsoft.com/rest/api/storageservices/lease-blob ("Outcomes of lease operations on blobs by lease
// state", "Outcomes of use attempts") and .../lease-container.
// Pure; any thread. Throws Error with the service's codes, worded for what is leased.
#pragma once
#include <optional>
#include <string>

#include "core/base/parameters.h"
#include "core/base/time.h"

namespace batchite {

enum class LeaseState { Available, Leased, Breaking, Broken, Expired };
enum class LeasedThing { Blob, Container };

struct Lease {
  std::string id = {};                   // a GUID, lower case; empty: available
  Ticks duration{};                      // zero: infinite
  Time expires = Time::max();            // unless it is infinite
  std::optional<Time> broken_from = {};  // set by a break; in the future: breaking
  bool operator==(const Lease&) const = default;
};

LeaseState state_of(const Lease& lease, Time now);
std::string_view to_text(LeaseState state);  // "available"
bool is_locked(LeaseState state);            // leased or breaking

// x-ms-lease-status, -state and, while leased, -duration.
void add_lease_headers(const Lease& lease, Time now, Parameters& headers);

// What an action is answered with, besides the lease as it is from then on.
struct LeaseChange {
  Lease lease;
  unsigned status = 200;
  Parameters headers = {};  // x-ms-lease-id, x-ms-lease-time
};
// The action of x-ms-lease-action. `new_id` is taken for an acquired lease where the caller proposes none.
LeaseChange change_lease(const Lease& lease, const Parameters& headers, LeasedThing thing, Time now,
                         const std::string& new_id);

// Reads take an id only to be told that it does not fit; writes of what is leased need it.
enum class LeaseUse { Read, Write };
void check_lease(const Lease& lease, const Parameters& headers, LeaseUse use, LeasedThing thing, Time now);
// What a write leaves of the lease: one that has run out or was broken is gone for good.
Lease after_write(const Lease& lease, Time now);

}  // namespace batchite
