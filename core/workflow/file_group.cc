#include "core/workflow/file_group.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/ids.h"

namespace batchite::workflow {
namespace {

constexpr std::string_view kPrefix = "fgrp-";
constexpr std::size_t kMaxLength = 63 - kPrefix.size();  // of a container's name, less the prefix
constexpr std::size_t kKeptLength = 15;                  // of a name that is too long even with its hash

std::string sha1_hex(const std::string& text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// Runs of '_' and '-' as one '-', none at the end.
std::string cleaned(const std::string& name) {
  std::string clean;
  for (const char c : name) {
    const bool is_dash = c == '_' || c == '-';
    if (is_dash && clean.ends_with('-')) continue;
    clean += is_dash ? '-' : c;
  }
  if (clean.ends_with('-')) clean.pop_back();
  return clean;
}

}  // namespace

std::string container_name(const std::string& file_group) {
  const std::string name = fold(file_group);
  const std::string clean = cleaned(name);
  const bool is_valid = !clean.empty() && clean.front() != '-' && std::all_of(clean.begin(), clean.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!is_valid) {
    throw UsageError(fmt::format(
        "'{}' is no name for a file group; use letters, digits, '-' and '_', beginning with a letter or digit",
        file_group));
  }
  std::string result(kPrefix);
  if (clean == name && name.size() <= kMaxLength) return result + name;
  const std::string hash = sha1_hex(name);
  if (clean.size() + 1 + hash.size() <= kMaxLength) return result + clean + "-" + hash;
  return result + clean.substr(0, kKeptLength) + "-" + hash;
}

}  // namespace batchite::workflow
