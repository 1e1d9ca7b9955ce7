// Times that histories are made of.
#pragma once
#include <string_view>

#include "core/base/time.h"

namespace batchite::simulation {

struct Pause {
  std::string_view text;
  Ticks time;
};
inline constexpr Pause kPauses[] = {
    {"0s", Ticks::zero()},
    {"1s", std::chrono::seconds(1)},
    {"7s", std::chrono::seconds(7)},
    {"20s", std::chrono::seconds(20)},
    {"100s", std::chrono::seconds(100)},
    {"1000s", std::chrono::seconds(1000)},
};

}  // namespace batchite::simulation
