#include "cli/autoscale_day.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "core/base/document.h"
#include "core/workflow/report.h"

namespace batchite::cli {
namespace {

using autoscale::kSamplePeriod;
using autoscale::Metric;

constexpr std::chrono::hours kLongest(24 * 31);

struct Row {
  Time time;
  std::vector<std::pair<Metric, std::optional<double>>> values;
};

// Where a mistake is: "day.csv:3".
using Place = std::string;

[[noreturn]] void refuse(const Place& place, const std::string& what) {
  throw UsageError(fmt::format("{}: {}", place, what));
}

std::string trimmed(std::string text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = line.find(',', begin);
    cells.push_back(trimmed(line.substr(begin, comma - begin)));
    if (comma == std::string::npos) return cells;
    begin = comma + 1;
  }
}

Metric metric_at(const Place& place, const std::string& name) {
  if (const auto metric = autoscale::metric_named(name)) return *metric;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < autoscale::kMetrics; ++i) names.emplace_back(name_of(static_cast<Metric>(i)));
  refuse(place, fmt::format("'{}' is no service variable{}", name, workflow::did_you_mean(name, names)));
}

Time time_at(const Place& place, const std::string& text) {
  if (const auto time = parse_iso8601(text)) return *time;
  refuse(place, fmt::format("'{}' is no time such as 2024-11-13T08:00:00Z", text));
}

std::optional<double> number_at(const Place& place, const std::string& text) {
  if (text.empty()) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(number)) return number;
  refuse(place, fmt::format("'{}' is no number", text));
}

std::vector<Row> read_csv(const std::string& text, const std::string& file) {
  std::vector<Row> rows;
  std::vector<Metric> columns;
  std::istringstream lines(text);
  int number = 0;
  bool has_header = false;
  for (std::string line; std::getline(lines, line);) {
    const Place place = fmt::format("{}:{}", file, ++number);
    line = trimmed(line);
    if (line.empty() || line.starts_with('#')) continue;
    const std::vector<std::string> cells = cells_of(line);
    if (!has_header) {
      if (cells[0] != "time" || cells.size() < 2) {
        refuse(place, "the first line names the columns: time,$PendingTasks,…");
      }
      for (std::size_t i = 1; i < cells.size(); ++i) columns.push_back(metric_at(place, cells[i]));
      has_header = true;
      continue;
    }
    if (cells.size() != columns.size() + 1) {
      refuse(place, fmt::format("{} values for {} columns", cells.size(), columns.size() + 1));
    }
    Row row{.time = time_at(place, cells[0]), .values = {}};
    for (std::size_t i = 0; i < columns.size(); ++i)
      row.values.emplace_back(columns[i], number_at(place, cells[i + 1]));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> read_json(const std::string& text, const std::string& file) {
  const Document list = Document::parse(text, nullptr, false);
  if (!list.is_array()) refuse(file, "this is no JSON list of objects");
  std::vector<Row> rows;
  for (const Document& item : list) {
    const Place place = fmt::format("{}: item {}", file, rows.size() + 1);
    const auto time = item.is_object() ? item.find("time") : item.end();
    if (time == item.end() || !time->is_string()) refuse(place, "there is no \"time\"");
    Row row{.time = time_at(place, time->get<std::string>()), .values = {}};
    for (const auto& [name, value] : item.items()) {
      if (name == "time") continue;
      if (!value.is_number() && !value.is_null()) refuse(place, fmt::format("{} is no number", name));
      row.values.emplace_back(metric_at(place, name),
                              value.is_null() ? std::nullopt : std::optional(value.get<double>()));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Day::Day(const std::string& text, const std::string& file) {
  const bool is_json = text.find_first_not_of(" \t\r\n") != std::string::npos && trimmed(text).find('[') == 0;
  const std::vector<Row> rows = is_json ? read_json(text, file) : read_csv(text, file);
  if (rows.empty()) refuse(file, "there are no samples");
  first_ = rows.front().time;
  last_ = rows.back().time;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    if (rows[i + 1].time <= rows[i].time) {
      refuse(file, fmt::format("{} comes after {}: times must rise", iso8601(rows[i + 1].time), iso8601(rows[i].time)));
    }
  }
  if (last_ - first_ > kLongest) refuse(file, "the samples are of more than 31 days");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Time until = i + 1 < rows.size() ? rows[i + 1].time : last_ + kSamplePeriod;
    for (const auto& [metric, value] : rows[i].values) {
      given_[static_cast<std::size_t>(metric)] = true;
      if (value) fill(metric, *value, rows[i].time, until);
    }
  }
}

void Day::fill(Metric metric, double value, Time from, Time to) {
  auto& series = series_[static_cast<std::size_t>(metric)];
  for (Time at = from; at < to; at += kSamplePeriod) series.push_back({at, value});
}

void Day::follow(autoscale::Targets targets, Time from, Time to) {
  if (!is_given(Metric::CurrentDedicatedNodes)) fill(Metric::CurrentDedicatedNodes, targets.dedicated, from, to);
  if (!is_given(Metric::CurrentLowPriorityNodes)) fill(Metric::CurrentLowPriorityNodes, targets.low_priority, from, to);
}

std::vector<Run> run_through(const autoscale::Formula& formula, Day& day, const Plan& plan) {
  std::vector<Run> runs;
  autoscale::Targets current = plan.start;
  day.follow(current, day.first(), day.first() + Ticks(1));
  for (Time now = day.first(); now <= plan.until; now += plan.interval) {
    autoscale::Evaluation evaluation =
        evaluate(formula, {.now = now, .current = current, .samples = &day, .random = plan.random, .trace = true});
    current = evaluation.targets;
    runs.push_back({now, std::move(evaluation)});
    day.follow(current, now + kSamplePeriod, now + plan.interval + Ticks(1));
  }
  return runs;
}

}  // namespace batchite::cli
