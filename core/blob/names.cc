#include "core/blob/names.h"

#include <algorithm>

#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr std::size_t kMaxUnits = 1024;
constexpr std::ptrdiff_t kMaxSegments = 254;

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_system_name(std::string_view name) {
  return name == "$root" || name == "$web" || name == "$logs" || name == "$blobchangefeed";
}

bool has_container_characters(std::string_view name) {
  if (!is_word(name.front()) || !is_word(name.back())) return false;
  if (name.find("--") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) || c == '-'; });
}

// How many UTF-16 units the text takes; 0 for text that is not UTF-8.
std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xC2) || lead >= 0xF5 || i + length > text.size()) return 0;
    for (std::size_t j = 1; j < length; ++j) {
      if ((static_cast<unsigned char>(text[i + j]) & 0xC0) != 0x80) return 0;
    }
    units += length == 4 ? 2 : 1;
    i += length;
  }
  return units;
}

}  // namespace

bool is_container_name(std::string_view name) {
  return is_system_name(name) || (name.size() >= 3 && name.size() <= 63 && has_container_characters(name));
}

void check_container_name(std::string_view name) {
  if (is_container_name(name)) return;
  if (name.size() < 3 || name.size() > 63) throw Error(kResourceNameLength);
  throw Error(kInvalidResourceName);
}

void check_blob_name(std::string_view name) {
  if (name.empty()) throw Error(kInvalidUri);
  const std::size_t units = utf16_units(name);
  if (units == 0 || name.find('\0') != std::string_view::npos) throw Error(kInvalidResourceName);
  if (units > kMaxUnits || std::count(name.begin(), name.end(), '/') >= kMaxSegments) throw Error(kResourceNameLength);
}

}  // namespace batchite
