// How the emulated cloud behaves where Azure is slow or takes things away; fixed at the start. Plain data.
#pragma once
#include <cstdint>

#include "core/base/time.h"

namespace batchite {

// Spot nodes that are taken back now and then, as if others wanted them: one at a time, at random moments.
struct PreemptionPlan {
  Ticks every{};           // on average; zero: never
  Ticks notice{};          // as in NodePreemptAsked
  Ticks away{};            // likewise
  std::uint64_t seed = 1;  // the same seed and the same events give the same preemptions
};

// Delays that stand for Azure's, and what it does of its own accord; nothing by default.
struct Settings {
  Ticks allocation_delay{};  // from a resize to its nodes
  Ticks node_start_delay{};  // from a node's creation to its boot
  PreemptionPlan preemptions = {};
};

}  // namespace batchite
