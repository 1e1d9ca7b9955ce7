// A row a function. Where the service's tables are silent: round() takes halves away from zero, std() of fewer than two
// numbers and avg(), min(), max(), range() and percentile() of none fail, percentile() interpolates between neighbours,
// val() outside of its vector fails.
#include "core/lang/autoscale/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace batchite::autoscale {
namespace {

std::string_view without_dollar(std::string_view name) { return name.starts_with('$') ? name.substr(1) : name; }

[[noreturn]] void refuse_arguments(const FunctionCall& call, std::string_view wanted) {
  std::string given;
  for (const Value& value : call.arguments) given += fmt::format("{}{}", given.empty() ? "" : ", ", type_of(value));
  fail(call.place, fmt::format("{} takes {}, not ({})", call.name, wanted, given));
}

// Doubles and vectors in any mixture, as one list.
std::vector<double> flattened(const FunctionCall& call) {
  std::vector<double> all;
  for (const Value& value : call.arguments) {
    if (const auto* number = std::get_if<double>(&value)) {
      all.push_back(*number);
    } else if (const auto* numbers = std::get_if<Numbers>(&value)) {
      all.insert(all.end(), (*numbers)->begin(), (*numbers)->end());
    } else {
      refuse_arguments(call, "doubles and doubleVecs");
    }
    if (all.size() > kMaxNumbers) fail(call.place, fmt::format("A vector has at most {} numbers", kMaxNumbers));
  }
  return all;
}

// One number from many.
using Reduction = double (*)(const std::vector<double>&);

double sum(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }
double average(const std::vector<double>& v) { return sum(v) / static_cast<double>(v.size()); }
double norm(const std::vector<double>& v) { return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)); }
double deviation(const std::vector<double>& v) {
  const double mean = average(v);
  double squares = 0;
  for (const double x : v) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(v.size() - 1));
}

struct ReductionRow {
  std::string_view name;
  std::size_t least;  // numbers it needs
  Reduction function;
};
constexpr ReductionRow kReductions[] = {
    {"avg", 1, average},
    {"len", 0, [](const std::vector<double>& v) { return static_cast<double>(v.size()); }},
    {"max", 1, [](const std::vector<double>& v) { return *std::ranges::max_element(v); }},
    {"min", 1, [](const std::vector<double>& v) { return *std::ranges::min_element(v); }},
    {"norm", 0, norm},
    {"range", 1,
     [](const std::vector<double>& v) { return *std::ranges::max_element(v) - *std::ranges::min_element(v); }},
    {"std", 2, deviation},
    {"sum", 0, sum},
};

// A number from a number, or a vector from a list.
struct MappingRow {
  std::string_view name;
  double (*function)(double);
};
constexpr MappingRow kMappings[] = {
    {"ceil", [](double x) { return std::ceil(x); }}, {"floor", [](double x) { return std::floor(x); }},
    {"lg", [](double x) { return std::log2(x); }},   {"ln", [](double x) { return std::log(x); }},
    {"log", [](double x) { return std::log10(x); }}, {"round", [](double x) { return std::round(x); }},
};

Value reduce(const FunctionCall& call, const ReductionRow& row) {
  const std::vector<double> numbers = flattened(call);
  if (numbers.size() < row.least) {
    fail(call.place, fmt::format("{} needs at least {} number{}, not {}", row.name, row.least,
                                 row.least == 1 ? "" : "s", numbers.size()));
  }
  return row.function(numbers);
}

Value map(const FunctionCall& call, const MappingRow& row) {
  if (call.arguments.empty()) refuse_arguments(call, "a double or doubleVecs");
  if (call.arguments.size() == 1) {
    if (const auto* number = std::get_if<double>(&call.arguments[0])) return row.function(*number);
  }
  std::vector<double> numbers = flattened(call);
  for (double& number : numbers) number = row.function(number);
  return to_numbers(std::move(numbers), call.place);
}

// The vector and the number that percentile() and val() take.
std::pair<Numbers, double> vector_and_number(const FunctionCall& call) {
  if (call.arguments.size() == 2) {
    const auto* numbers = std::get_if<Numbers>(&call.arguments[0]);
    const auto* number = std::get_if<double>(&call.arguments[1]);
    if (numbers && number) return {*numbers, *number};
  }
  refuse_arguments(call, "(doubleVec, double)");
}

Value percentile(const FunctionCall& call) {
  const auto [numbers, p] = vector_and_number(call);
  if (numbers->empty()) fail(call.place, "percentile needs at least 1 number, not 0");
  if (!(p >= 0 && p <= 100)) fail(call.place, fmt::format("percentile {:g} is not between 0 and 100", p));
  std::vector<double> sorted = *numbers;
  // What is no number comes last: it compares with nothing, which sorting does not bear.
  std::ranges::sort(sorted, [](double a, double b) { return a < b || (std::isnan(b) && !std::isnan(a)); });
  const double rank = p / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Value element(const FunctionCall& call) {
  const auto [numbers, index] = vector_and_number(call);
  if (!(index >= 0 && index < static_cast<double>(numbers->size()))) {
    fail(call.place, fmt::format("val has no element {:g} in a vector of {}", index, numbers->size()));
  }
  return (*numbers)[static_cast<std::size_t>(index)];
}

Value random(const FunctionCall& call) {
  if (!call.arguments.empty()) refuse_arguments(call, "nothing");
  return call.inputs.random ? call.inputs.random() : 0.5;
}

// The service's clock has seven digits of a second; users have seen stamps with more of them fail.
bool has_too_many_digits(std::string_view time) {
  const std::size_t point = time.find('.');
  if (point == std::string_view::npos) return false;
  return std::min(time.find_first_not_of("0123456789", point + 1), time.size()) - point - 1 > 7;
}

Value time(const FunctionCall& call) {
  if (call.arguments.empty()) return call.inputs.now;
  const auto* const text = call.arguments.size() == 1 ? std::get_if<std::string>(&call.arguments[0]) : nullptr;
  if (!text) refuse_arguments(call, "a string or nothing");
  if (text->empty()) return call.inputs.now;
  if (const auto time = parse_iso8601(*text); time && !has_too_many_digits(*text)) return *time;
  if (const auto time = parse_http_date(*text)) return *time;
  fail(call.place, fmt::format("\"{}\" is no time as in 2024-01-31T08:00:00Z or Wed, 31 Jan 2024 08:00:00 GMT", *text));
}

struct OtherRow {
  std::string_view name;
  Value (*function)(const FunctionCall&);
};
constexpr OtherRow kOthers[] = {
    {"percentile", percentile},
    {"rand", random},
    {"time", time},
    {"val", element},
    {"vec", [](const FunctionCall& call) -> Value { return to_numbers(flattened(call), call.place); }},
};

}  // namespace

Value call_function(const FunctionCall& call) {
  const auto is_it = [&](const auto& row) { return row.name == call.name; };
  if (const auto* row = std::ranges::find_if(kReductions, is_it); row != std::end(kReductions))
    return reduce(call, *row);
  if (const auto* row = std::ranges::find_if(kMappings, is_it); row != std::end(kMappings)) return map(call, *row);
  if (const auto* row = std::ranges::find_if(kOthers, is_it); row != std::end(kOthers)) return row->function(call);
  fail(call.place, fmt::format("Undefined symbol: {}", without_dollar(call.name)));
}

}  // namespace batchite::autoscale
