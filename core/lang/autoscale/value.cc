#include "core/lang/autoscale/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

namespace batchite::autoscale {
namespace {

constexpr std::size_t kShown = 12;  // numbers of a long vector

// Neither "-0" nor "-nan".
std::string print(double number) {
  return fmt::format("{:.15g}", number == 0 || std::isnan(number) ? std::abs(number) : number);
}

std::string print(const std::vector<double>& numbers, std::size_t shown) {
  std::string text = "[";
  for (std::size_t i = 0; i < numbers.size() && i < shown; ++i) text += (i == 0 ? "" : ",") + print(numbers[i]);
  if (numbers.size() > shown) text += fmt::format(",… {} in all", numbers.size());
  return text + "]";
}

std::string print(const Value& value, std::size_t shown) {
  struct Printer {
    std::size_t most;
    std::string operator()(double number) const { return print(number); }
    std::string operator()(const Numbers& numbers) const { return print(*numbers, most); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(Time time) const {
      const Time whole = std::chrono::floor<std::chrono::seconds>(time);
      const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time - whole).count();
      std::string text = iso8601(whole);
      text.pop_back();
      return fmt::format("{}.{:03}Z", text, milliseconds);
    }
    std::string operator()(Ticks interval) const { return iso8601_duration(interval); }
    std::string operator()(Deallocation option) const { return std::string(name_of(option)); }
    std::string operator()(Metric metric) const { return std::string(name_of(metric)); }
  };
  return std::visit(Printer{shown}, value);
}

std::optional<double> calculate(Operator sign, double a, double b) {
  switch (sign) {
    case Operator::Add:
      return a + b;
    case Operator::Subtract:
      return a - b;
    case Operator::Multiply:
      return a * b;
    case Operator::Divide:
      return a / b;
    default:
      return std::nullopt;
  }
}

template <class T>
std::optional<double> compare(Operator sign, const T& a, const T& b) {
  const auto told = [](bool holds) { return holds ? 1.0 : 0.0; };
  switch (sign) {
    case Operator::Equal:
      return told(a == b);
    case Operator::Unequal:
      return told(a != b);
    case Operator::Less:
      return told(a < b);
    case Operator::LessEqual:
      return told(a <= b);
    case Operator::Greater:
      return told(a > b);
    case Operator::GreaterEqual:
      return told(a >= b);
    default:
      return std::nullopt;
  }
}

// Calculating with a vector, number by number; with another one, or with the same number each time.
std::optional<Value> apply_to_vector(Operator sign, const Numbers& left, const Value& right, Place place) {
  if (!calculate(sign, 0, 1)) return std::nullopt;
  const auto* const number = std::get_if<double>(&right);
  const auto* const numbers = std::get_if<Numbers>(&right);
  if (!number && !numbers) return std::nullopt;
  if (numbers && (*numbers)->size() != left->size()) {
    fail(place, fmt::format("Operator {} needs vectors of the same length, not of {} and {}", text_of(sign),
                            left->size(), (*numbers)->size()));
  }
  std::vector<double> result;
  result.reserve(left->size());
  for (std::size_t i = 0; i < left->size(); ++i) {
    result.push_back(*calculate(sign, (*left)[i], number ? *number : (**numbers)[i]));
  }
  return to_numbers(std::move(result), place);
}

std::optional<double> apply_to_same(Operator sign, const Value& left, const Value& right) {
  if (left.index() != right.index()) return std::nullopt;
  if (const auto* a = std::get_if<double>(&left)) {
    const double b = std::get<double>(right);
    const auto result = calculate(sign, *a, b);
    return result ? result : compare(sign, *a, b);
  }
  if (const auto* text = std::get_if<std::string>(&left)) return compare(sign, *text, std::get<std::string>(right));
  if (const auto* time = std::get_if<Time>(&left)) return compare(sign, *time, std::get<Time>(right));
  if (const auto* interval = std::get_if<Ticks>(&left)) return compare(sign, *interval, std::get<Ticks>(right));
  return std::nullopt;
}

Ticks sum(Ticks a, Ticks b, Place place) {
  std::int64_t total = 0;
  if (__builtin_add_overflow(a.count(), b.count(), &total)) fail(place, "The time is out of range");
  return Ticks(total);
}

Ticks difference(Ticks a, Ticks b, Place place) {
  std::int64_t total = 0;
  if (__builtin_sub_overflow(a.count(), b.count(), &total)) fail(place, "The time is out of range");
  return Ticks(total);
}

// Times must be ones that can be written: years 1 to 9999.
Time moved(Time time, Ticks interval, Place place) {
  using namespace std::chrono;
  const Time moved_to{sum(time.time_since_epoch(), interval, place)};
  if (moved_to < sys_days(year(1) / 1 / 1) || moved_to >= sys_days(year(10000) / 1 / 1)) {
    fail(place, "The time is out of range");
  }
  return moved_to;
}

// What is not in the service's table of operators is nullopt: timestamp - timeinterval, double * doubleVec, ….
std::optional<Value> apply_to_times(Operator sign, const Value& left, const Value& right, Place place) {
  const auto* const a = std::get_if<Ticks>(&left);
  const auto* const b = std::get_if<Ticks>(&right);
  const auto* const from = std::get_if<Time>(&left);
  const auto* const to = std::get_if<Time>(&right);
  const auto* const factor_left = std::get_if<double>(&left);
  const auto* const factor_right = std::get_if<double>(&right);
  const auto ticks = [](Ticks interval) { return static_cast<double>(interval.count()); };
  if (a && b && sign == Operator::Add) return sum(*a, *b, place);
  if (a && b && sign == Operator::Subtract) return difference(*a, *b, place);
  if (from && to && sign == Operator::Subtract) {
    return difference(from->time_since_epoch(), to->time_since_epoch(), place);
  }
  if (from && b && sign == Operator::Add) return moved(*from, *b, place);
  if (a && to && sign == Operator::Add) return moved(*to, *a, place);
  if (factor_left && b && sign == Operator::Multiply) return to_ticks(*factor_left * ticks(*b), place);
  if (a && factor_right && sign == Operator::Multiply) return to_ticks(ticks(*a) * *factor_right, place);
  if (a && factor_right && sign == Operator::Divide) return to_ticks(ticks(*a) / *factor_right, place);
  return std::nullopt;
}

}  // namespace

std::string_view type_of(const Value& value) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "double", "doubleVec", "string", "timestamp", "timeinterval", "node deallocation option", "double"};
  return kNames[value.index()];
}

std::string to_text(const Value& value) { return print(value, kMaxNumbers); }
std::string to_short_text(const Value& value) { return print(value, kShown); }

void fail(Place place, std::string reason) {
  throw Failed{.is_lack_of_samples = false, .place = place, .reason = std::move(reason)};
}

Numbers to_numbers(std::vector<double> numbers, Place place) {
  if (numbers.size() > kMaxNumbers) fail(place, fmt::format("A vector has at most {} numbers", kMaxNumbers));
  return std::make_shared<const std::vector<double>>(std::move(numbers));
}

Ticks to_ticks(double ticks, Place place) {
  // Not with !(… <): the comparison is false for what is no number.
  if (std::abs(ticks) < 9.2e18) return Ticks(static_cast<std::int64_t>(ticks));
  fail(place, "The time interval is out of range");
}

Value apply(Operator sign, const Value& left, const Value& right, Place place) {
  if (const auto result = apply_to_times(sign, left, right, place)) return *result;
  if (const auto result = apply_to_same(sign, left, right)) return *result;
  if (const auto* numbers = std::get_if<Numbers>(&left)) {
    if (const auto result = apply_to_vector(sign, *numbers, right, place)) return *result;
  }
  fail(place, fmt::format("Operator {} cannot be applied to {} and {}", text_of(sign), type_of(left), type_of(right)));
}

Value apply_prefix(Operator sign, const Value& operand, Place place) {
  if (const auto* number = std::get_if<double>(&operand)) {
    return sign == Operator::Not ? (*number == 0 ? 1.0 : 0.0) : -*number;
  }
  if (const auto* interval = std::get_if<Ticks>(&operand); interval && sign == Operator::Subtract) {
    return difference(Ticks(0), *interval, place);
  }
  fail(place, fmt::format("Operator {} cannot be applied to {}", text_of(sign), type_of(operand)));
}

}  // namespace batchite::autoscale
