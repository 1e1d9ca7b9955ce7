// The samples that an evaluation may see, and the methods that read them: $PendingTasks.GetSample(…).
// Source: learn.microsoft.com/azure/batch/batch-automatic-scaling, "Obtain sample data". A window from a to b holds
// what was sampled after a and not after b, so that as many samples are possible as it has whole periods (at least
// one). Without a samplePercent too few samples are no failure but a shorter, perhaps empty, vector: the .NET SDK's own
// test evaluates GetSample(5) on a pool made a moment ago, and max(0, $X.GetSample(1)) is what the examples do then.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "core/lang/autoscale/value.h"

namespace batchite::autoscale {

struct MethodCall {
  Metric metric;
  std::string_view name;
  std::span<const Value> arguments;  // no Metric among them
  Place place;
};

class History {
 public:
  explicit History(const Inputs& inputs) : inputs_(inputs) {}

  double latest(Metric metric, Place place) const;
  // `window` is what was looked at, if that was a time.
  Value call(const MethodCall& call, std::optional<Detail::Window>& window) const;

 private:
  std::span<const Sample> seen(Metric metric) const;
  std::span<const Sample> between(Metric metric, Detail::Window& window) const;
  Value sample(const MethodCall& call, std::optional<Detail::Window>& window) const;
  Value sample_percent(const MethodCall& call, std::optional<Detail::Window>& window) const;
  // A timestamp, or how long ago.
  std::optional<Time> time_of(const Value& value, Place place) const;
  // From the first `count` arguments, of which there are one or two.
  std::optional<Detail::Window> window_of(const MethodCall& call, std::size_t count) const;

  const Inputs& inputs_;
};

}  // namespace batchite::autoscale
