#include "emulator/request_id.h"

#include <openssl/rand.h>

#include <array>

#include "core/base/uuid.h"

namespace batchite {

std::string new_request_id() {
  std::array<unsigned char, 16> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return uuid_from(bytes);
}

}  // namespace batchite
