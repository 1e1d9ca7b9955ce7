#include "backends/local/blob_repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace batchite {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::days kBlocksLive{7};

void set_aside(const fs::path& root) {
  fs::path aside;
  for (int n = 1; aside.empty() || fs::exists(aside); ++n) aside = root / fmt::format(".damaged-{}", n);
  std::error_code error;
  fs::create_directory(aside, error);
  for (const char* part : {"blobs.db", "blobs.db-wal", "blobs.db-shm", ".snapshots"}) {
    if (!error && fs::exists(root / part)) fs::rename(root / part, aside / part, error);
  }
  if (!error) fs::create_directory(root / ".snapshots", error);
  if (error) throw_disk_error(error.value(), "setting aside the damaged index of " + root.string());
  std::cerr << "batchite: the index of " << root.string() << " is damaged and now in " << aside.string()
            << "; blobs are found again by their files, without properties, metadata and snapshots\n";
}

}  // namespace

BlobIndex open_index(const std::string& root, Durability durability) {
  try {
    return BlobIndex(root + "/blobs.db", durability);
  } catch (const DamagedIndex&) {
    set_aside(root);
    return BlobIndex(root + "/blobs.db", durability);
  }
}

void set_aside_damaged_entry(const std::string& root, const std::string& what, const std::string& text) {
  std::ofstream(root + "/damaged.txt", std::ios::app) << what << '\t' << text << '\n';
  std::cerr << "batchite: what was known of " << what << " is damaged and now in " << root
            << "/damaged.txt; its content stays\n";
}

std::set<std::string> drop_abandoned_uploads(BlobIndex& index, const BlobFiles& files, Time now) {
  std::set<std::string> kept;
  for (const IndexedUpload& upload : index.all_uploads()) {
    const auto is_recent = [&](const std::string& path) {
      const auto mark = files.mark(path);
      return mark && now - time_of_file(*mark) < kBlocksLive;
    };
    if (std::ranges::any_of(upload.paths, is_recent)) {
      kept.insert(upload.paths.begin(), upload.paths.end());
    } else {
      IndexChange change(index);
      change.drop_uncommitted_blocks(upload.container, upload.blob);
      change.commit();
    }
  }
  return kept;
}

}  // namespace batchite
