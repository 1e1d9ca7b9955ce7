// Seam: where random bytes come from, for identifiers and secrets. Programs pass the machine's
// (backends/system/real.h); tests pass bytes that they know.
#pragma once
#include <functional>
#include <span>

namespace batchite {

using Entropy = std::function<void(std::span<unsigned char> to_fill)>;  // any thread

}  // namespace batchite
