// What becomes of a request that failed: whether it is worth repeating, when, and whether it may have been done all the
// same. Decided from what is given; who sends carries it out (sender.h). Pure; any thread; nothing throws.
// Source: learn.microsoft.com/azure/architecture/best-practices/retry-service-specific,
// .../rest/api/batchservice/batch-status-and-error-codes, .../azure/batch/batch-retry-after-errors.
#pragma once
#include <optional>

#include "backends/http/http_client.h"
#include "core/base/time.h"

namespace batchite::azure {

struct RetrySettings {
  int attempts = 6;
  Ticks first = std::chrono::milliseconds(800);  // doubled for each further attempt
  Ticks longest = std::chrono::seconds(30);
  Ticks longest_asked = std::chrono::minutes(5);  // a longer Retry-After is not waited for
};

struct Failed {
  const HttpAnswer& answer;
  int attempts = 1;  // so far
  Time now;
  double chance = 0;  // 0 <= x < 1
};

// How long to wait before the next attempt: as long as the service asks, else exponentially longer with up to half of
// it left to chance. nullopt: this answer is the last word, a success too.
std::optional<Ticks> pause_before_next(const RetrySettings& settings, const Failed& failed);

// Whether the service may have done what was asked although its answer was lost or says otherwise. Requests that were
// throttled (429, 503) or never reached it have not been done.
bool may_have_happened(const HttpAnswer& answer);

}  // namespace batchite::azure
