#include "core/base/digest.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>

#include "core/base/uuid.h"

namespace batchite {

std::string sha256(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string uuid_of(std::string_view text) {
  const std::string digest = sha256(text);
  std::array<unsigned char, 16> bytes{};
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return uuid_from(bytes);
}

std::string guid_of(std::string_view text) {
  std::string guid = uuid_of(text);
  std::ranges::transform(guid, guid.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return guid;
}

}  // namespace batchite
