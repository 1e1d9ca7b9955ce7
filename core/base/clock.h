// Seam: what time it is. Programs pass the machine's (backends/system/real.h); tests pass one that they move
// themselves.
#pragma once
#include <functional>

#include "core/base/time.h"

namespace batchite {

using Clock = std::function<Time()>;  // any thread

}  // namespace batchite
