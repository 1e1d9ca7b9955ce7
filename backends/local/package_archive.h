// Unpacks an application package, a zip file of whoever's making, into a directory, and nowhere else: absolute names,
// "..", links that lead out, devices, and archives that grow beyond measure are refused. Modes and times are kept
// (without set-user-id and its like), and the owner can always enter directories. Reading is libarchive's.
// Any thread; what a refusal leaves behind is the caller's to remove.
#pragma once
#include <cstdint>
#include <filesystem>
#include <stdexcept>

#include "core/base/bytes.h"

namespace batchite {

// The archive is no zip file, damaged, or refused: what() says why.
class BadPackage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct UnpackLimits {
  // Bytes unpacked: `free_bytes` whatever the archive's size, and `ratio` times its size on top.
  std::uint64_t free_bytes = std::uint64_t{1} << 30;
  std::uint64_t ratio = 100;
  std::uint64_t entries = 1'000'000;
};

// `directory` is there and empty. Throws BadPackage, DiskError.
void unpack_package(ByteSource& zip, const std::filesystem::path& directory, const UnpackLimits& limits = {});

}  // namespace batchite
