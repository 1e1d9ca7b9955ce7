#include "backends/azure/retry.h"

#include <algorithm>
#include <charconv>

namespace batchite::azure {
namespace {

constexpr unsigned kRepeated[] = {408, 429, 500, 502, 503, 504};

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

// Retry-After is seconds or a date.
std::optional<Ticks> asked_pause(const Parameters& headers, Time now) {
  if (const auto ms = whole_number(headers.get("x-ms-retry-after-ms"))) return Ticks(std::chrono::milliseconds(*ms));
  const std::string text = headers.get("Retry-After");
  if (const auto seconds = whole_number(text)) return Ticks(std::chrono::seconds(*seconds));
  if (const auto date = parse_http_date(text)) return std::max(*date - now, Ticks::zero());
  return std::nullopt;
}

}  // namespace

std::optional<Ticks> pause_before_next(const RetrySettings& settings, const Failed& failed) {
  const HttpAnswer& answer = failed.answer;
  const bool is_lost = answer.status == 0 && answer.failure != HttpFailure::Hopeless;
  const bool is_refused = std::ranges::find(kRepeated, answer.status) != std::end(kRepeated);
  if ((!is_lost && !is_refused) || failed.attempts >= settings.attempts) return std::nullopt;
  Ticks pause = settings.first;
  for (int i = 1; i < failed.attempts && pause < settings.longest; ++i) pause *= 2;
  pause = std::min(pause, settings.longest);
  pause -= Ticks(static_cast<std::int64_t>(static_cast<double>(pause.count()) * 0.5 * failed.chance));
  if (const auto asked = asked_pause(answer.headers, failed.now)) {
    if (*asked > settings.longest_asked) return std::nullopt;
    return std::max(*asked, pause);
  }
  return pause;
}

bool may_have_happened(const HttpAnswer& answer) {
  if (answer.status == 0) return answer.failure == HttpFailure::Lost;
  return answer.status == 408 || answer.status == 500 || answer.status == 502 || answer.status == 504;
}

}  // namespace batchite::azure
