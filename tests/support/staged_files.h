// What a blob store has staged.
#pragma once
#include <algorithm>
#include <filesystem>
#include <vector>

namespace batchite {

// In the order in which it was begun.
inline std::vector<std::filesystem::path> staged_files(const std::filesystem::path& root) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / ".staging")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace batchite
