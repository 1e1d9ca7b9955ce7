// Identifiers in the form of RFC 9562, version 4, from random bytes that the caller brings. Pure; any thread.
#pragma once
#include <array>
#include <string>

#include "core/base/entropy.h"

namespace batchite {

// "1ba20a1d-9c9d-4f0a-8c3e-0f6a2c0a4b11": lower case, as request ids are written.
std::string uuid_from(std::array<unsigned char, 16> random);
std::string random_uuid(const Entropy& entropy);

}  // namespace batchite
