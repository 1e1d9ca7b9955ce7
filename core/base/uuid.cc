#include "core/base/uuid.h"

#include "core/base/encoding.h"

namespace batchite {

std::string uuid_from(std::array<unsigned char, 16> random) {
  random[6] = static_cast<unsigned char>((random[6] & 0x0F) | 0x40);  // version 4
  random[8] = static_cast<unsigned char>((random[8] & 0x3F) | 0x80);  // the RFC's variant
  std::string text = hex_encode({reinterpret_cast<const char*>(random.data()), random.size()});
  for (const std::size_t at : {20, 16, 12, 8}) text.insert(at, 1, '-');
  return text;
}

std::string random_uuid(const Entropy& entropy) {
  std::array<unsigned char, 16> random{};
  entropy(random);
  return uuid_from(random);
}

}  // namespace batchite
