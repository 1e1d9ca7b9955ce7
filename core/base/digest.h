// SHA-256, and identifiers derived by it: for names that must look random and be the same again. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

namespace batchite {

std::string sha256(std::string_view text);  // 32 bytes

// An identifier that belongs to the text: uuid_of as request ids are written, guid_of in upper case, as the service
// writes the ids that it gives to things.
std::string uuid_of(std::string_view text);
std::string guid_of(std::string_view text);

}  // namespace batchite
