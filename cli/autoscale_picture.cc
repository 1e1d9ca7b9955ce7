#include "cli/autoscale_picture.h"

#include <fmt/format.h>

#include <algorithm>

namespace batchite::cli {
namespace {

using autoscale::Metric;
using Point = std::pair<Time, double>;
using Line = std::vector<Point>;

constexpr double kWidth = 960, kHeight = 400, kLeft = 56, kRight = 24, kTop = 56, kBottom = 44;

constexpr const char* kStyle = R"(<style>
text { font: 12px system-ui, sans-serif; fill: #444; }
.title { font-size: 15px; font-weight: 600; }
.grid { stroke: #8884; }
.area { fill: #8883; stroke: none; }
.dedicated, .spot { fill: none; stroke-width: 2; stroke-linejoin: round; }
.dedicated { stroke: #1668c7; }
.spot { stroke: #d9700a; }
@media (prefers-color-scheme: dark) { text { fill: #ccc; } .dedicated { stroke: #6cb2ff; } .spot { stroke: #ffab5c; } }
</style>
)";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<')
      safe += "&lt;";
    else if (c == '&')
      safe += "&amp;";
    else
      safe += c;
  }
  return safe;
}

// A round number of units between lines of the grid, so that there are about five.
double grid_step(double most) {
  double step = 1;
  while (most / step > 6) step *= most / step > 30 ? 10 : 2;
  return step;
}

class Picture {
 public:
  Picture(Time from, Time to, double most) : from_(from), span_(std::max(to - from, Ticks(1))), most_(most) {}

  double x(Time at) const {
    return kLeft +
           (kWidth - kLeft - kRight) * static_cast<double>((at - from_).count()) / static_cast<double>(span_.count());
  }
  double y(double value) const { return kHeight - kBottom - (kHeight - kTop - kBottom) * value / most_; }

  // A value stands until the next.
  std::string steps(const Line& line, const char* as, bool is_area) const {
    if (line.empty()) return {};
    std::string path = fmt::format("M{:.1f} {:.1f}", x(line.front().first), y(is_area ? 0 : line.front().second));
    double before = is_area ? 0 : line.front().second;
    for (const auto& [at, value] : line) {
      if (value == before) continue;
      path += fmt::format("H{:.1f}V{:.1f}", x(at), y(value));
      before = value;
    }
    path += fmt::format("H{:.1f}", x(from_ + span_));
    if (is_area) path += fmt::format("V{:.1f}Z", y(0));
    return fmt::format("<path class=\"{}\" d=\"{}\"/>\n", as, path);
  }

  std::string grid() const {
    std::string lines;
    const double step = grid_step(most_);
    for (double value = 0; value <= most_; value += step) {
      lines += fmt::format("<path class=\"grid\" d=\"M{} {:.1f}H{}\"/>\n", kLeft, y(value), kWidth - kRight);
      lines +=
          fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>\n", kLeft - 8, y(value) + 4, value);
    }
    const auto hours = std::chrono::ceil<std::chrono::hours>(span_).count();
    const std::int64_t apart = std::max<std::int64_t>(1, (hours + 11) / 12);
    for (Time at = std::chrono::ceil<std::chrono::hours>(from_); at <= from_ + span_; at += std::chrono::hours(apart)) {
      const std::string clock = iso8601(at).substr(11, 5);
      lines += fmt::format("<path class=\"grid\" d=\"M{:.1f} {}V{}\"/>\n", x(at), kTop, kHeight - kBottom);
      lines +=
          fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(at), kHeight - 24, clock);
    }
    return lines;
  }

 private:
  Time from_;
  Ticks span_;
  double most_;
};

Line series(const Day& day, Metric metric) {
  Line line;
  for (const autoscale::Sample& sample : day.of(metric)) line.emplace_back(sample.time, sample.value);
  return line;
}

std::string legend(bool has_tasks) {
  std::string text = fmt::format(
      "<text x=\"{}\" y=\"46\"><tspan fill=\"#1668c7\">■</tspan> dedicated nodes   "
      "<tspan fill=\"#d9700a\">■</tspan> spot nodes",
      kLeft);
  if (has_tasks) text += "   <tspan fill=\"#888\">■</tspan> pending tasks";
  return text + "</text>\n";
}

}  // namespace

std::string draw(const std::vector<Run>& runs, const Day& day, const std::string& title) {
  const Metric wanted = day.is_given(Metric::PendingTasks) ? Metric::PendingTasks : Metric::ActiveTasks;
  Line tasks = day.is_given(wanted) ? series(day, wanted) : Line();
  Line dedicated, spot;
  double most = 1;
  for (const Run& run : runs) {
    dedicated.emplace_back(run.time, run.evaluation.targets.dedicated);
    spot.emplace_back(run.time, run.evaluation.targets.low_priority);
  }
  for (const Line* line : {&tasks, &dedicated, &spot}) {
    for (const auto& [at, value] : *line) most = std::max(most, value);
  }
  const Picture picture(day.first(), day.last(), most);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\">\n{}"
      "<text class=\"title\" x=\"{}\" y=\"24\">{}</text>\n",
      kWidth, kHeight, kStyle, kLeft, escaped(title));
  svg += legend(!tasks.empty()) + picture.grid();
  svg += picture.steps(tasks, "area", true);
  svg += picture.steps(dedicated, "dedicated", false);
  svg += picture.steps(spot, "spot", false);
  return svg + "</svg>\n";
}

}  // namespace batchite::cli
