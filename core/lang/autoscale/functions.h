// The functions of formulas, avg() to vec(). Source: the tables of learn.microsoft.com/azure/batch/
// batch-automatic-scaling; what they say nothing of is said in functions.cc.
#pragma once
#include <functional>
#include <span>
#include <string_view>

#include "core/lang/autoscale/value.h"

namespace batchite::autoscale {

struct FunctionCall {
  std::string_view name;
  std::span<const Value> arguments;  // no Metric among them
  Place place;
  const Inputs& inputs;
};

// Every function but stop(). Throws Failed, also for a name that is none.
Value call_function(const FunctionCall& call);

}  // namespace batchite::autoscale
