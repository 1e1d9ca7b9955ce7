#include "backends/system/real.h"

#include <openssl/rand.h>

#include <stdexcept>

namespace batchite {

Time clock_now() { return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now()); }

void random_bytes(std::span<unsigned char> to_fill) {
  if (RAND_bytes(to_fill.data(), static_cast<int>(to_fill.size())) != 1) throw std::runtime_error("no random bytes");
}

}  // namespace batchite
