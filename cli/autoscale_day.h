// Samples from a file, and what a formula makes of them over their whole time.
//
// The file is a table of comma-separated values, or a JSON list of objects with the same names:
//   time,$PendingTasks,$ActiveTasks
//   2024-11-13T08:00:00Z,0,0
//   2024-11-13T08:30:00Z,40,25
// A value stands until the next row, sampled every 30 seconds; an empty one (null) means that there are no samples.
// Lines that begin with # are comments. The last row is the end. Where the file does not say how many nodes there are,
// a resize is over at once: $CurrentDedicatedNodes and $CurrentLowPriorityNodes follow the targets.
// Throws UsageError naming the file and its line.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/lang/autoscale/autoscale.h"

namespace batchite::cli {

class Day : public autoscale::Samples {
 public:
  Day() = default;
  Day(const std::string& text, const std::string& file);

  std::span<const autoscale::Sample> of(autoscale::Metric metric) const override {
    return series_[static_cast<std::size_t>(metric)];
  }
  bool is_given(autoscale::Metric metric) const { return given_[static_cast<std::size_t>(metric)]; }
  Time first() const { return first_; }
  Time last() const { return last_; }

  // Nodes from a time up to another one, where the file does not tell of them.
  void follow(autoscale::Targets targets, Time from, Time to);

 private:
  void fill(autoscale::Metric metric, double value, Time from, Time to);

  std::array<std::vector<autoscale::Sample>, autoscale::kMetrics> series_;
  std::array<bool, autoscale::kMetrics> given_{};
  Time first_{}, last_{};
};

struct Run {
  Time time;
  autoscale::Evaluation evaluation;
};

// How the targets are evaluated over a day: when, and from what on.
struct Plan {
  autoscale::Targets start;
  Ticks interval;
  Time until;
  std::function<double()> random;
};

// One evaluation an interval, from the day's first sample on, each with the targets of the one before.
std::vector<Run> run_through(const autoscale::Formula& formula, Day& day, const Plan& plan);

}  // namespace batchite::cli
