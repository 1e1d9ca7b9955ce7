// The tree -> targets, statement by statement. The recursion is that of the tree, whose depth parse.cc bounds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "core/contract/error_codes.h"
#include "core/lang/autoscale/functions.h"
#include "core/lang/autoscale/history.h"

namespace batchite::autoscale {
namespace {

constexpr std::array<std::string_view, 4> kOptions = {"requeue", "terminate", "taskcompletion", "retaineddata"};
constexpr std::string_view kOptionVariable = "$NodeDeallocationOption";

struct Constant {
  std::string_view name;
  Ticks value;
};
constexpr std::chrono::hours kDay(24);
constexpr Constant kConstants[] = {
    {"TimeInterval_Zero", Ticks(0)},
    {"TimeInterval_100ns", Ticks(1)},
    {"TimeInterval_Microsecond", std::chrono::microseconds(1)},
    {"TimeInterval_Millisecond", std::chrono::milliseconds(1)},
    {"TimeInterval_Second", std::chrono::seconds(1)},
    {"TimeInterval_Minute", std::chrono::minutes(1)},
    {"TimeInterval_Hour", std::chrono::hours(1)},
    {"TimeInterval_Day", kDay},
    {"TimeInterval_Week", 7 * kDay},
    {"TimeInterval_Year", 365 * kDay},
};

const Constant* find_constant(std::string_view name) {
  const auto* const found = std::ranges::find(kConstants, name, &Constant::name);
  return found == std::end(kConstants) ? nullptr : found;
}

// How many nodes a number stands for: none below zero, and a fraction is no node.
int to_target(double number) {
  return static_cast<int>(std::clamp(number, 0.0, static_cast<double>(std::numeric_limits<int>::max())));
}

// One of the two targets with its older name. If both are set, the newer one counts.
struct Target {
  std::string_view name, alias;
  double before = 0;
  std::optional<double> by_name = {}, by_alias = {};

  double value() const { return by_name ? *by_name : by_alias ? *by_alias : before; }
  double value_by_alias() const { return by_alias ? *by_alias : value(); }
};

// Thrown by stop(), from whatever depth it is called at.
struct Stopped {};

double member_of(Time time, std::string_view name, Place place) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  if (name == "year") return static_cast<int>(date.year());
  if (name == "month") return static_cast<unsigned>(date.month());
  if (name == "day") return static_cast<unsigned>(date.day());
  if (name == "weekday") return weekday(day).c_encoding();  // Sunday is 0
  if (name == "hour") return static_cast<double>(clock.hours().count());
  if (name == "minute") return static_cast<double>(clock.minutes().count());
  if (name == "second") return static_cast<double>(clock.seconds().count());
  fail(place, fmt::format("Undefined symbol: {}", name));
}

class Evaluator {
 public:
  explicit Evaluator(const Inputs& inputs)
      : inputs_(inputs),
        history_(inputs),
        dedicated_{"$TargetDedicatedNodes", "$TargetDedicated", static_cast<double>(inputs.current.dedicated)},
        low_priority_{"$TargetLowPriorityNodes", "$TargetLowPriority",
                      static_cast<double>(inputs.current.low_priority)},
        deallocation_(inputs.deallocation) {}

  Evaluation run(const Formula& formula) {
    Evaluation result;
    try {
      for (const Statement& statement : formula.statements) execute(statement);
      finish(result);
    } catch (const Stopped&) {
      finish(result);
    } catch (const Failed& failure) {
      Evaluator(inputs_).finish(result);  // as it was before
      result.error = to_error(failure);
    }
    result.steps = std::move(steps_);
    return result;
  }

 private:
  void finish(Evaluation& result) const {
    result.targets = {to_target(dedicated_.value()), to_target(low_priority_.value())};
    result.deallocation = deallocation_;
    result.results = fmt::format("{}={};{}={};{}={}", dedicated_.name, result.targets.dedicated, low_priority_.name,
                                 result.targets.low_priority, kOptionVariable, name_of(deallocation_));
    for (const auto& [name, value] : variables_) result.results += fmt::format(";{}={}", name, to_text(value));
  }

  static RunError to_error(const Failed& failure) {
    const FailureCode& code = failure.is_lack_of_samples ? autoscale_errors::kInsufficientSampleData
                                                         : autoscale_errors::kAutoScalingFormulaEvaluationError;
    return {.code = std::string(code.code),
            .message = std::string(code.message),
            .values = {{"Message",
                        fmt::format("Line {}, Col {}: {}", failure.place.line, failure.place.column, failure.reason)}},
            .line = failure.place.line,
            .column = failure.place.column,
            .reason = failure.reason};
  }

  // --- Statements ---------------------------------------------------------------------------------------------------

  void execute(const Statement& statement) {
    if (inputs_.trace) {
      steps_.push_back({.line = statement.place.line,
                        .column = statement.place.column,
                        .source = statement.source,
                        .variable = statement.variable,
                        .value = {},
                        .details = {}});
    }
    const Value value = plain(statement.value);
    if (!statement.variable.empty()) assign(statement, value);
    if (inputs_.trace) steps_.back().value = to_short_text(value);
  }

  void assign(const Statement& statement, const Value& value) {
    const std::string& name = statement.variable;
    for (Target* target : {&dedicated_, &low_priority_}) {
      if (name != target->name && name != target->alias) continue;
      (name == target->name ? target->by_name : target->by_alias) = number_of_nodes(statement, value);
      return;
    }
    if (name == kOptionVariable) {
      const auto* const option = std::get_if<Deallocation>(&value);
      if (!option) {
        fail(statement.value.place, fmt::format("{} is requeue, terminate, taskcompletion or retaineddata, not a {}",
                                                kOptionVariable, type_of(value)));
      }
      deallocation_ = *option;
      return;
    }
    if (metric_named(name) || find_constant(name) || std::ranges::count(kOptions, name) != 0) {
      fail(statement.place, fmt::format("{} cannot be assigned to", name));
    }
    variables_[name] = value;
  }

  static double number_of_nodes(const Statement& statement, const Value& value) {
    const auto* const number = std::get_if<double>(&value);
    if (!number)
      fail(statement.value.place, fmt::format("{} is a double, not a {}", statement.variable, type_of(value)));
    if (!std::isfinite(*number)) {
      fail(statement.value.place, fmt::format("{} is no number of nodes for {}", to_text(value), statement.variable));
    }
    return *number;
  }

  // --- Expressions --------------------------------------------------------------------------------------------------

  // A service variable becomes its latest sample.
  Value plain(const Node& node) {
    Value value = value_of(node);
    if (const auto* metric = std::get_if<Metric>(&value)) return history_.latest(*metric, node.place);
    return value;
  }

  Value value_of(const Node& node) {
    switch (node.kind) {
      case Node::Kind::Number:
        return node.number;
      case Node::Kind::Text:
        return node.text;
      case Node::Kind::Symbol:
        return symbol(node);
      case Node::Kind::Prefix:
        return prefix(node);
      case Node::Kind::Chain:
        return chain(node);
      case Node::Kind::Conditional:
        return plain(node.terms[is_true(node.terms[0]) ? 1 : 2]);
      case Node::Kind::Call:
        return call(node);
      case Node::Kind::Method:
        return method(node);
      case Node::Kind::Member:
        return member(node);
    }
    return 0.0;
  }

  Value symbol(const Node& node) const {
    const std::string& name = node.text;
    if (const auto found = variables_.find(name); found != variables_.end()) return found->second;
    for (const Target* target : {&dedicated_, &low_priority_}) {
      if (name == target->name) return target->value();
      if (name == target->alias) return target->value_by_alias();
    }
    if (name == kOptionVariable) return deallocation_;
    if (const auto metric = metric_named(name)) return *metric;
    if (const Constant* constant = find_constant(name)) return constant->value;
    const auto* const option = std::ranges::find(kOptions, name);
    if (option != kOptions.end()) return static_cast<Deallocation>(option - kOptions.begin());
    fail(node.place, fmt::format("Undefined symbol: {}", name.starts_with('$') ? name.substr(1) : name));
  }

  Value prefix(const Node& node) {
    Value value = plain(node.terms[0]);
    for (auto link = node.links.rbegin(); link != node.links.rend(); ++link) {
      value = apply_prefix(link->sign, value, link->place);
    }
    return value;
  }

  Value chain(const Node& node) {
    Value value = plain(node.terms[0]);
    for (std::size_t i = 0; i < node.links.size(); ++i) {
      const Link& link = node.links[i];
      const Node& right = node.terms[i + 1];
      if (link.sign == Operator::Or || link.sign == Operator::And) {
        // The right side is looked at only when it matters, as in C.
        const bool left = truth_of(value, link.place);
        const bool decided = left == (link.sign == Operator::Or);
        value = (decided ? left : truth_of(plain(right), link.place)) ? 1.0 : 0.0;
      } else {
        value = apply(link.sign, value, plain(right), link.place);
      }
    }
    return value;
  }

  static bool truth_of(const Value& value, Place place) {
    if (const auto* number = std::get_if<double>(&value)) return *number != 0;
    fail(place, fmt::format("A condition is a double, not a {}", type_of(value)));
  }

  bool is_true(const Node& node) { return truth_of(plain(node), node.place); }

  std::vector<Value> arguments_of(const Node& node, std::size_t first) {
    std::vector<Value> arguments;
    for (std::size_t i = first; i < node.terms.size(); ++i) arguments.push_back(plain(node.terms[i]));
    return arguments;
  }

  Value call(const Node& node) {
    const std::vector<Value> arguments = arguments_of(node, 0);
    if (node.text == "stop") {
      if (!arguments.empty()) fail(node.place, "stop takes nothing");
      note(node, "stop", arguments, {});
      throw Stopped{};
    }
    Value value = call_function({node.text, arguments, node.place, inputs_});
    note(node, node.text, arguments, {.value = to_traced(value), .window = {}});
    return value;
  }

  Value method(const Node& node) {
    const Value object = value_of(node.terms[0]);
    const auto* const metric = std::get_if<Metric>(&object);
    if (!metric) fail(node.place, fmt::format("A {} has no {}", type_of(object), node.text));
    const std::vector<Value> arguments = arguments_of(node, 1);
    Traced traced;
    const Value value = history_.call({*metric, node.text, arguments, node.place}, traced.window);
    traced.value = to_traced(value);
    note(node, fmt::format("{}.{}", name_of(*metric), node.text), arguments, std::move(traced));
    return value;
  }

  Value member(const Node& node) {
    const Value object = plain(node.terms[0]);
    if (const auto* time = std::get_if<Time>(&object)) return member_of(*time, node.text, node.place);
    fail(node.place, fmt::format("A {} has no {}", type_of(object), node.text));
  }

  // --- The trace ----------------------------------------------------------------------------------------------------

  struct Traced {
    std::string value;
    std::optional<Detail::Window> window;
  };

  std::string to_traced(const Value& value) const { return inputs_.trace ? to_short_text(value) : ""; }

  void note(const Node& node, const std::string& name, const std::vector<Value>& arguments, Traced traced) {
    if (!inputs_.trace) return;
    std::string call = name + "(";
    for (std::size_t i = 0; i < arguments.size(); ++i) call += (i == 0 ? "" : ", ") + to_short_text(arguments[i]);
    steps_.back().details.push_back({.line = node.place.line,
                                     .column = node.place.column,
                                     .call = call + ")",
                                     .value = std::move(traced.value),
                                     .window = traced.window});
  }

  const Inputs& inputs_;
  History history_;
  Target dedicated_, low_priority_;
  Deallocation deallocation_;
  std::map<std::string, Value> variables_;
  std::vector<Step> steps_;
};

}  // namespace

std::string_view name_of(Deallocation option) { return kOptions[static_cast<std::size_t>(option)]; }

Evaluation evaluate(const Formula& formula, const Inputs& inputs) { return Evaluator(inputs).run(formula); }

}  // namespace batchite::autoscale
