#include "core/lang/autoscale/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace batchite::autoscale {
namespace {

[[noreturn]] void fail_for_lack(Metric metric, Place place, const std::string& wanted, const std::string& received) {
  throw Failed{.is_lack_of_samples = true,
               .place = place,
               .reason = fmt::format("Insufficient data from data set: {} wanted {}, received {}", name_of(metric),
                                     wanted, received)};
}

[[noreturn]] void refuse_arguments(const MethodCall& call, std::string_view wanted) {
  fail(call.place, fmt::format("{} takes {}", call.name, wanted));
}

std::vector<double> values_of(std::span<const Sample> samples) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) values.push_back(sample.value);
  return values;
}

double percent_of(const Detail::Window& window) {
  return std::min(100.0, 100.0 * static_cast<double>(window.found) / static_cast<double>(window.possible));
}

}  // namespace

std::span<const Sample> History::seen(Metric metric) const {
  if (!inputs_.samples) return {};
  const std::span<const Sample> all = inputs_.samples->of(metric);
  const auto end = std::ranges::upper_bound(all, inputs_.now, {}, &Sample::time);
  return all.first(static_cast<std::size_t>(end - all.begin()));
}

double History::latest(Metric metric, Place place) const {
  const auto samples = seen(metric);
  if (samples.empty()) fail_for_lack(metric, place, "1 sample", "none");
  return samples.back().value;
}

std::span<const Sample> History::between(Metric metric, Detail::Window& window) const {
  const auto samples = seen(metric);
  const auto begin = std::ranges::upper_bound(samples, window.from, {}, &Sample::time);
  const auto end = std::ranges::upper_bound(samples, window.to, {}, &Sample::time);
  window.found = static_cast<std::size_t>(end - begin);
  window.possible = static_cast<std::size_t>(std::max<std::int64_t>(1, (window.to - window.from) / kSamplePeriod));
  return {begin, end};
}

std::optional<Time> History::time_of(const Value& value, Place place) const {
  if (const auto* time = std::get_if<Time>(&value)) return *time;
  const auto* const ago = std::get_if<Ticks>(&value);
  if (!ago) return std::nullopt;
  return std::get<Time>(apply(Operator::Add, inputs_.now, apply_prefix(Operator::Subtract, *ago, place), place));
}

std::optional<Detail::Window> History::window_of(const MethodCall& call, std::size_t count) const {
  const auto start = time_of(call.arguments[0], call.place);
  const auto end = count > 1 ? time_of(call.arguments[1], call.place) : inputs_.now;
  if (!start || !end) return std::nullopt;
  return Detail::Window{.from = std::min(*start, *end), .to = std::max(*start, *end)};
}

Value History::sample(const MethodCall& call, std::optional<Detail::Window>& window) const {
  static constexpr std::string_view kForms =
      "(double count), (start, double samplePercent = 0) or (start, end, double samplePercent = 0)";
  const std::size_t given = call.arguments.size();
  if (given == 0 || given > 3) refuse_arguments(call, kForms);
  if (const auto* count = std::get_if<double>(&call.arguments[0])) {
    if (given != 1) refuse_arguments(call, kForms);
    if (!(*count >= 0)) fail(call.place, fmt::format("GetSample cannot get {:g} samples", *count));
    const auto all = seen(call.metric);
    const auto wanted = static_cast<std::size_t>(std::min(*count, static_cast<double>(all.size())));
    return to_numbers(values_of(all.last(wanted)), call.place);
  }
  const auto* const percent = given > 1 ? std::get_if<double>(&call.arguments.back()) : nullptr;
  const std::size_t times = percent ? given - 1 : given;
  if (times <= 2) window = window_of(call, times);
  if (!window) refuse_arguments(call, kForms);
  const auto samples = between(call.metric, *window);
  if (percent && !(percent_of(*window) >= *percent)) {
    fail_for_lack(call.metric, call.place, fmt::format("{:g}%", *percent),
                  fmt::format("{:.0f}%", std::floor(percent_of(*window))));
  }
  return to_numbers(values_of(samples), call.place);
}

Value History::sample_percent(const MethodCall& call, std::optional<Detail::Window>& window) const {
  const std::size_t given = call.arguments.size();
  if (given == 1 || given == 2) window = window_of(call, given);
  if (!window) refuse_arguments(call, "(start) or (start, end), timestamps or time intervals");
  between(call.metric, *window);
  return percent_of(*window);
}

Value History::call(const MethodCall& call, std::optional<Detail::Window>& window) const {
  if (call.name == "GetSample") return sample(call, window);
  if (call.name == "GetSamplePercent") return sample_percent(call, window);
  const bool is_period = call.name == "GetSamplePeriod", is_count = call.name == "Count";
  if (!is_period && !is_count && call.name != "HistoryBeginTime") {
    fail(call.place, fmt::format("Undefined symbol: {}", call.name));
  }
  if (!call.arguments.empty()) refuse_arguments(call, "nothing");
  if (is_period) return kSamplePeriod;
  const auto samples = seen(call.metric);
  if (is_count) return static_cast<double>(samples.size());
  if (samples.empty()) fail_for_lack(call.metric, call.place, "1 sample", "none");
  return samples.front().time;
}

}  // namespace batchite::autoscale
