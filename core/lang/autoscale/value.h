// What expressions are worth, and how they fail. Inside the language only.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/time.h"
#include "core/lang/autoscale/tree.h"

namespace batchite::autoscale {

// A doubleVec: shared, for formulas name the same one often. At most kMaxNumbers, for `v = vec(v, v)` doubles it.
using Numbers = std::shared_ptr<const std::vector<double>>;
inline constexpr std::size_t kMaxNumbers = 50'000;

// A Metric is a service variable by itself: its samples where a method follows, the latest of them everywhere else.
using Value = std::variant<double, Numbers, std::string, Time, Ticks, Deallocation, Metric>;

std::string_view type_of(const Value& value);  // "doubleVec"

// As in `results`. Sources: the service's worked examples for numbers and timestamps (milliseconds); time intervals,
// whose form no example shows, as everywhere in the API: "PT3M".
std::string to_text(const Value& value);
// For people: of a long vector only the beginning.
std::string to_short_text(const Value& value);

// Ends an evaluation at any depth; caught in evaluate().
struct Failed {
  bool is_lack_of_samples = false;
  Place place;
  std::string reason;
};
[[noreturn]] void fail(Place place, std::string reason);

Numbers to_numbers(std::vector<double> numbers, Place place);
// Fails when the number of ticks is beyond what a time interval can hold.
Ticks to_ticks(double ticks, Place place);

// Neither takes a Metric: who has the samples makes a number of it first.
Value apply(Operator sign, const Value& left, const Value& right, Place place);
Value apply_prefix(Operator sign, const Value& operand, Place place);

}  // namespace batchite::autoscale
