#include "core/blob/lease.h"

#include <algorithm>
#include <charconv>

#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;
using std::chrono::seconds;

constexpr long kInfinite = -1, kShortest = 15, kLongest = 60;

Error bad_header(std::string_view name, const std::string& value) {
  return Error(kInvalidHeaderValue, {{"HeaderName", std::string(name)}, {"HeaderValue", value}});
}

// The sentences of the table speak of blobs.
[[noreturn]] void refuse(const ErrorCode& code, LeasedThing thing) {
  std::string message(code.message);
  if (thing == LeasedThing::Container) {
    constexpr std::string_view kBlob = "blob";
    for (auto at = message.find(kBlob); at != std::string::npos; at = message.find(kBlob, at)) {
      message.replace(at, kBlob.size(), "container");
    }
  }
  throw Error(code.status, std::string(code.code), std::move(message));
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// GUIDs may be written in braces or brackets, without hyphens, in either case.
std::optional<std::string> guid(const std::string& text) {
  std::string digits;
  for (const char c : fold(text)) {
    if (is_hex(c)) {
      digits += c;
    } else if (std::string_view("-{}() ").find(c) == std::string_view::npos) {
      return std::nullopt;
    }
  }
  if (digits.size() != 32) return std::nullopt;
  for (const std::size_t at : {20, 16, 12, 8}) digits.insert(at, 1, '-');
  return digits;
}

// Empty where the header is absent.
std::string id_in(const Parameters& headers, std::string_view name) {
  const std::string text = headers.get(name);
  if (text.empty()) return {};
  const auto id = guid(text);
  if (!id) throw bad_header(name, text);
  return *id;
}

std::string required_id(const Parameters& headers, std::string_view name) {
  std::string id = id_in(headers, name);
  if (id.empty()) throw Error(kMissingRequiredHeader, {{"HeaderName", std::string(name)}});
  return id;
}

std::optional<long> number_in(const Parameters& headers, std::string_view name) {
  const std::string text = headers.get(name);
  if (text.empty()) return std::nullopt;
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw bad_header(name, text);
  return value;
}

Ticks duration_in(const Parameters& headers) {
  constexpr std::string_view kName = "x-ms-lease-duration";
  const auto given = number_in(headers, kName);
  if (!given) throw Error(kMissingRequiredHeader, {{"HeaderName", std::string(kName)}});
  if (*given == kInfinite) return Ticks(0);
  if (*given < kShortest || *given > kLongest) throw bad_header(kName, headers.get(kName));
  return seconds(*given);
}

std::optional<Ticks> break_period_in(const Parameters& headers) {
  constexpr std::string_view kName = "x-ms-lease-break-period";
  const auto given = number_in(headers, kName);
  if (!given) return std::nullopt;
  if (*given < 0 || *given > kLongest) throw bad_header(kName, headers.get(kName));
  return seconds(*given);
}

Time end_of(Ticks duration, Time now) { return duration == Ticks(0) ? Time::max() : now + duration; }

struct Action {
  const Lease& lease;
  const Parameters& headers;
  LeasedThing thing;
  Time now;

  LeaseState state() const { return state_of(lease, now); }
  void require_same(const std::string& id) const {
    if (id != lease.id) refuse(kLeaseIdMismatchWithLeaseOperation, thing);
  }

  LeaseChange acquire(const std::string& new_id) const {
    const Ticks duration = duration_in(headers);
    std::string id = id_in(headers, "x-ms-proposed-lease-id");
    const bool is_own = !id.empty() && id == lease.id;
    if (state() == LeaseState::Breaking) {
      refuse(is_own ? kLeaseIsBreakingAndCannotBeAcquired : kLeaseAlreadyPresent, thing);
    }
    if (state() == LeaseState::Leased && !is_own) refuse(kLeaseAlreadyPresent, thing);
    if (id.empty()) id = new_id;
    return {{id, duration, end_of(duration, now)}, 201, {{"x-ms-lease-id", id}}};
  }

  LeaseChange renew() const {
    require_same(required_id(headers, "x-ms-lease-id"));
    if (lease.broken_from) refuse(kLeaseIsBrokenAndCannotBeRenewed, thing);
    return {{lease.id, lease.duration, end_of(lease.duration, now)}, 200, {{"x-ms-lease-id", lease.id}}};
  }

  LeaseChange change() const {
    const std::string id = required_id(headers, "x-ms-lease-id");
    const std::string proposed = required_id(headers, "x-ms-proposed-lease-id");
    if (state() == LeaseState::Breaking) {
      require_same(id);
      refuse(kLeaseIsBreakingAndCannotBeChanged, thing);
    }
    if (state() != LeaseState::Leased) refuse(kLeaseNotPresentWithLeaseOperation, thing);
    if (proposed != lease.id) require_same(id);  // asked once more, it has happened already
    Lease changed = lease;
    changed.id = proposed;
    return {changed, 200, {{"x-ms-lease-id", proposed}}};
  }

  LeaseChange release() const {
    require_same(required_id(headers, "x-ms-lease-id"));
    return {};
  }

  // Without a period a lease of limited time runs on to its end; an infinite one breaks at once. A break under way is
  // only ever shortened.
  LeaseChange broken() const {
    const auto period = break_period_in(headers);
    if (lease.id.empty()) refuse(kLeaseNotPresentWithLeaseOperation, thing);
    Lease changed = lease;
    Time end = now;
    if (is_locked(state())) {
      const Time rest = lease.broken_from.value_or(lease.expires);
      end = period ? std::min(now + *period, rest) : rest == Time::max() ? now : rest;
    } else if (lease.broken_from) {
      end = *lease.broken_from;
    }
    changed.broken_from = end;
    const auto left = std::chrono::ceil<seconds>(std::max(end - now, Ticks(0)));
    return {changed, 202, {{"x-ms-lease-time", std::to_string(left.count())}}};
  }
};

}  // namespace

LeaseState state_of(const Lease& lease, Time now) {
  if (lease.id.empty()) return LeaseState::Available;
  if (lease.broken_from) return now < *lease.broken_from ? LeaseState::Breaking : LeaseState::Broken;
  return now < lease.expires ? LeaseState::Leased : LeaseState::Expired;
}

std::string_view to_text(LeaseState state) {
  constexpr std::string_view kNames[] = {"available", "leased", "breaking", "broken", "expired"};
  return kNames[static_cast<std::size_t>(state)];
}

bool is_locked(LeaseState state) { return state == LeaseState::Leased || state == LeaseState::Breaking; }

void add_lease_headers(const Lease& lease, Time now, Parameters& headers) {
  const LeaseState state = state_of(lease, now);
  headers.add("x-ms-lease-status", is_locked(state) ? "locked" : "unlocked");
  headers.add("x-ms-lease-state", std::string(to_text(state)));
  if (state == LeaseState::Leased) {
    headers.add("x-ms-lease-duration", lease.duration == Ticks(0) ? "infinite" : "fixed");
  }
}

LeaseChange change_lease(const Lease& lease, const Parameters& headers, LeasedThing thing, Time now,
                         const std::string& new_id) {
  constexpr std::string_view kName = "x-ms-lease-action";
  const std::string text = fold(headers.get(kName));
  if (text.empty()) throw Error(kMissingRequiredHeader, {{"HeaderName", std::string(kName)}});
  const Action action{lease, headers, thing, now};
  if (text == "acquire") return action.acquire(new_id);
  if (text == "renew") return action.renew();
  if (text == "change") return action.change();
  if (text == "release") return action.release();
  if (text == "break") return action.broken();
  throw bad_header(kName, headers.get(kName));
}

void check_lease(const Lease& lease, const Parameters& headers, LeaseUse use, LeasedThing thing, Time now) {
  const bool is_blob = thing == LeasedThing::Blob;
  const LeaseState state = state_of(lease, now);
  const std::string id = id_in(headers, "x-ms-lease-id");
  if (id.empty()) {
    if (use == LeaseUse::Write && is_locked(state)) refuse(kLeaseIdMissing, thing);
    return;
  }
  if (state == LeaseState::Available) {
    throw Error(is_blob ? kLeaseNotPresentWithBlobOperation : kLeaseNotPresentWithContainerOperation);
  }
  if (id != lease.id) {
    throw Error(is_blob ? kLeaseIdMismatchWithBlobOperation : kLeaseIdMismatchWithContainerOperation);
  }
  if (!is_locked(state)) refuse(kLeaseLost, thing);
}

Lease after_write(const Lease& lease, Time now) { return is_locked(state_of(lease, now)) ? lease : Lease(); }

}  // namespace batchite
