// Formulas against given samples at a given time: Thursday 2016-10-13T19:18:47.805Z, targets 2 and 0.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/lang/autoscale/autoscale.h"

namespace batchite::autoscale {

class GivenSamples : public Samples {
 public:
  std::span<const Sample> of(Metric metric) const override {
    const auto found = series_.find(metric);
    return found == series_.end() ? std::span<const Sample>() : std::span<const Sample>(found->second);
  }

  // The last of them at `last`, the others half a minute apart before it.
  void give(Metric metric, const std::vector<double>& values, Time last) {
    std::vector<Sample>& series = series_[metric];
    series.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
      series.push_back({last - static_cast<int>(values.size() - 1 - i) * kSamplePeriod, values[i]});
    }
  }

 private:
  std::map<Metric, std::vector<Sample>> series_;
};

struct Situation {
  GivenSamples samples;
  Inputs inputs{.now = *parse_iso8601("2016-10-13T19:18:47.805Z"), .current = {2, 0}};

  Evaluation evaluated(std::string_view text) {
    inputs.samples = &samples;
    return evaluate(*parse(text), inputs);
  }

  // What the formula sets beyond the service's variables, "v=[1,2,3];w=1"; or its error.
  std::string variables(std::string_view text) {
    const Evaluation result = evaluated(text);
    if (result.error) return result.error->values.at(0).value;
    std::size_t at = 0;
    for (int i = 0; i < 3 && at != std::string::npos; ++i) at = result.results.find(';', at == 0 ? 0 : at + 1);
    return at == std::string::npos ? "" : result.results.substr(at + 1);
  }

  // What one expression is worth; or its error, with columns of `x=` and it.
  std::string value(std::string_view expression) {
    const std::string text = variables("x=" + std::string(expression));
    return text.starts_with("x=") ? text.substr(2) : text;
  }
};

}  // namespace batchite::autoscale
