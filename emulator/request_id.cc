#include "emulator/request_id.h"

#include <array>

#include "core/base/uuid.h"

namespace batchite {

std::string new_request_id(const Entropy& entropy) {
  std::array<unsigned char, 16> bytes{};
  entropy(bytes);
  return uuid_from(bytes);
}

}  // namespace batchite
