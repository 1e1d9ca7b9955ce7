#include "core/base/time.h"

#include <fmt/format.h>

#include <array>

namespace batchite {
namespace {

using std::chrono::days;
using std::chrono::floor;

constexpr std::int64_t kPerSecond = Ticks::period::den;
constexpr std::int64_t kPerDay = 86'400 * kPerSecond;
constexpr std::int64_t kDotNetEpoch = 621'355'968'000'000'000;  // ticks from 0001-01-01 to 1970-01-01

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads a text from the left. Every take_… leaves the text alone when it answers nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  // Exactly so many digits.
  std::optional<int> take_digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (!is_digit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // As many digits as there are; nothing for none or for more than a number holds.
  std::optional<std::int64_t> take_number() {
    std::int64_t value = 0;
    std::size_t length = 0;
    for (; length < rest_.size() && is_digit(rest_[length]); ++length) {
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, rest_[length] - '0', &value)) {
        return std::nullopt;
      }
    }
    if (length == 0) return std::nullopt;
    rest_.remove_prefix(length);
    return value;
  }

  // The digits behind a decimal point, in ticks; digits beyond the seventh are cut.
  std::optional<std::int64_t> take_fraction() {
    std::int64_t value = 0;
    std::int64_t weight = kPerSecond / 10;
    std::size_t length = 0;
    for (; length < rest_.size() && is_digit(rest_[length]); ++length, weight /= 10) {
      value += weight * (rest_[length] - '0');
    }
    if (length == 0) return std::nullopt;
    rest_.remove_prefix(length);
    return value;
  }

  // The index of the one of `names` that comes next.
  template <std::size_t N>
  std::optional<int> take_one_of(const std::array<std::string_view, N>& names, std::size_t length = 0) {
    for (std::size_t i = 0; i < N; ++i) {
      if (take(length == 0 ? names[i] : names[i].substr(0, length))) return static_cast<int>(i);
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

std::optional<Time> date(std::optional<int> year, std::optional<int> month, std::optional<int> day) {
  if (!year || *year < 1 || !month || !day) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                        std::chrono::day(static_cast<unsigned>(*day))};
  if (!ymd.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(ymd));
}

// hh:mm[:ss[.fraction]]
std::optional<Ticks> take_clock(Scanner& text, bool seconds_required) {
  const auto hour = text.take_digits(2);
  if (!hour || *hour > 23 || !text.take(":")) return std::nullopt;
  const auto minute = text.take_digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  Ticks result = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (!text.take(":")) return seconds_required ? std::nullopt : std::optional(result);
  const auto second = text.take_digits(2);
  if (!second || *second > 59) return std::nullopt;
  result += std::chrono::seconds(*second);
  if (!text.take(".")) return result;
  const auto fraction = text.take_fraction();
  if (!fraction) return std::nullopt;
  return result + Ticks(*fraction);
}

// Z or ±hh:mm, as what has to be subtracted to reach UTC.
std::optional<Ticks> take_zone(Scanner& text) {
  if (text.take("Z")) return Ticks(0);
  const int sign = text.peek() == '-' ? -1 : 1;
  if (!text.take("+") && !text.take("-")) return std::nullopt;
  const auto hours = text.take_digits(2);
  if (!hours || *hours > 14 || !text.take(":")) return std::nullopt;
  const auto minutes = text.take_digits(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * Ticks(std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

// "2023-03-14T20:33:31", and the ticks behind it.
std::pair<std::string, std::int64_t> to_second(Time time) {
  const auto second = floor<std::chrono::seconds>(time);
  const auto day = floor<days>(second);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss clock(second - day);
  return {fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(ymd.year()),
                      static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()), clock.hours().count(),
                      clock.minutes().count(), clock.seconds().count()),
          (time - second).count()};
}

// ".278798": seven digits with the zeros at the end cut; nothing for 0.
std::string fraction(std::uint64_t ticks) {
  if (ticks == 0) return {};
  std::string text = fmt::format(".{:07}", ticks);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

Time after(Time now, Ticks duration) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(now.time_since_epoch().count(), duration.count(), &sum)) {
    return duration.count() > 0 ? Time::max() : Time::min();
  }
  return Time(Ticks(sum));
}

std::string iso8601(Time time) {
  const auto [text, ticks] = to_second(time);
  return text + fraction(static_cast<std::uint64_t>(ticks)) + "Z";
}

std::string iso8601_full(Time time) {
  const auto [text, ticks] = to_second(time);
  return fmt::format("{}.{:07}Z", text, ticks);
}

std::optional<Time> parse_iso8601(std::string_view text) {
  Scanner scanner(text);
  const auto year = scanner.take_digits(4);
  if (!year || !scanner.take("-")) return std::nullopt;
  const auto month = scanner.take_digits(2);
  if (!month || !scanner.take("-")) return std::nullopt;
  const auto day = date(year, month, scanner.take_digits(2));
  if (!day || scanner.at_end()) return day;
  if (!scanner.take("T")) return std::nullopt;
  const auto clock = take_clock(scanner, false);
  if (!clock) return std::nullopt;
  const auto zone = take_zone(scanner);
  if (!zone || !scanner.at_end()) return std::nullopt;
  return *day + *clock - *zone;
}

std::string http_date(Time time) {
  const auto second = floor<std::chrono::seconds>(time);
  const auto day = floor<days>(second);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss clock(second - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[std::chrono::weekday(day).c_encoding()].substr(0, 3), static_cast<unsigned>(ymd.day()),
                     kMonths[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<Time> parse_http_date(std::string_view text) {
  Scanner scanner(text);
  const bool long_form = scanner.take_one_of(kDays).has_value();  // RFC 850: "Saturday, 21-Mar-20"
  if (!long_form && !scanner.take_one_of(kDays, 3)) return std::nullopt;
  const std::string_view separator = long_form ? "-" : " ";
  if (!scanner.take(", ")) return std::nullopt;
  auto day = scanner.take_digits(2);
  if (!day) day = scanner.take_digits(1);
  if (!day || !scanner.take(separator)) return std::nullopt;
  const auto month = scanner.take_one_of(kMonths);
  if (!month || !scanner.take(separator)) return std::nullopt;
  auto year = scanner.take_digits(4);
  if (!year && long_form) {
    year = scanner.take_digits(2);
    if (year) *year += *year < 50 ? 2000 : 1900;  // .NET's window for two digits
  }
  const auto midnight = date(year, *month + 1, day);
  if (!midnight || !scanner.take(" ")) return std::nullopt;
  const auto clock = take_clock(scanner, true);
  if (!clock || !scanner.take(" GMT") || !scanner.at_end()) return std::nullopt;
  return *midnight + *clock;
}

std::string iso8601_duration(Ticks duration) {
  const bool negative = duration.count() < 0;
  // Through unsigned, so that the smallest value has a magnitude too.
  std::uint64_t ticks = static_cast<std::uint64_t>(duration.count());
  if (negative) ticks = 0 - ticks;
  const auto take = [&ticks](std::uint64_t unit) {
    const std::uint64_t count = ticks / unit;
    ticks %= unit;
    return count;
  };
  std::string text = negative ? "-P" : "P";
  if (const auto count = take(kPerDay)) text += fmt::format("{}D", count);
  std::string clock;
  if (const auto count = take(3600 * kPerSecond)) clock += fmt::format("{}H", count);
  if (const auto count = take(60 * kPerSecond)) clock += fmt::format("{}M", count);
  const auto seconds = take(kPerSecond);
  if (seconds != 0 || ticks != 0) clock += fmt::format("{}{}S", seconds, fraction(ticks));
  if (!clock.empty()) text += "T" + clock;
  return duration.count() == 0 ? "PT0S" : text;
}

namespace {

struct Unit {
  char letter;
  std::int64_t ticks;
};
constexpr std::array<Unit, 3> kDateUnits = {{{'Y', 365 * kPerDay}, {'M', 30 * kPerDay}, {'D', kPerDay}}};
constexpr std::array<Unit, 3> kClockUnits = {{{'H', 3600 * kPerSecond}, {'M', 60 * kPerSecond}, {'S', kPerSecond}}};

// Adds the numbers that come, each unit at most once and in order. False: not a duration, or more than ticks hold.
bool take_units(Scanner& text, const std::array<Unit, 3>& units, std::int64_t& total) {
  std::size_t next = 0;
  while (is_digit(text.peek())) {
    const auto number = text.take_number();
    std::int64_t part = 0;
    if (!number) return false;
    if (text.take(".")) {
      const auto digits = text.take_fraction();
      if (!digits || text.peek() != 'S') return false;
      part = *digits;
    }
    while (next < units.size() && units[next].letter != text.peek()) ++next;
    if (next == units.size()) return false;
    std::int64_t whole = 0;
    if (__builtin_mul_overflow(*number, units[next].ticks, &whole) || __builtin_add_overflow(total, whole, &total) ||
        __builtin_add_overflow(total, part, &total)) {
      return false;
    }
    text.take(std::string_view(&units[next].letter, 1));
    ++next;
  }
  return true;
}

}  // namespace

std::optional<Ticks> parse_duration(std::string_view text) {
  Scanner scanner(text);
  const bool negative = scanner.take("-");
  if (!scanner.take("P")) return std::nullopt;
  std::int64_t total = 0;
  const bool has_date = is_digit(scanner.peek());
  if (!take_units(scanner, kDateUnits, total)) return std::nullopt;
  const bool has_clock = scanner.take("T");
  if (has_clock && !is_digit(scanner.peek())) return std::nullopt;
  if (!has_date && !has_clock) return std::nullopt;
  if (has_clock && !take_units(scanner, kClockUnits, total)) return std::nullopt;
  if (!scanner.at_end()) return std::nullopt;
  return Ticks(negative ? -total : total);
}

std::string etag(Time modified) { return fmt::format("0x{:X}", modified.time_since_epoch().count() + kDotNetEpoch); }

}  // namespace batchite
