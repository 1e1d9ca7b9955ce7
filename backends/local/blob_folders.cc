#include "backends/local/blob_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <memory>

#include "backends/local/blob_names.h"

namespace batchite {
namespace {

constexpr std::int64_t kClockGrainNs = 20'000'000;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// DT_REG or DT_DIR also where the file system leaves the type open; else something to pass over.
unsigned char type_of(int folder, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type;
  struct stat status {};
  if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
  return S_ISREG(status.st_mode) ? DT_REG : S_ISDIR(status.st_mode) ? DT_DIR : DT_UNKNOWN;
}

bool may_hold(const std::string& below, const std::string& prefix) {
  if (below.empty() || prefix.empty()) return true;
  std::string start = blob_name(below);
  if (!below.ends_with("%c")) start += '/';
  return start.starts_with(prefix) || prefix.starts_with(start);
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : name.empty() ? folder : folder + '/' + name;
}

}  // namespace

void BlobFolders::scan(const std::string& container, const std::string& prefix, const Found& found) {
  scan_folder(container, "", prefix, found);
}

void BlobFolders::scan_folder(const std::string& container, const std::string& below, const std::string& prefix,
                              const Found& found) {
  if (!may_hold(below, prefix)) return;
  const std::string folder = joined(container, below);
  const auto mark = files_.folder_mark(folder);
  if (!mark) return;
  bool known = false;
  {
    const std::lock_guard lock(lock_);
    Seen& seen = seen_[folder];
    known = seen.mtime_ns == mark->mtime_ns && !seen.is_fresh;
    seen = {mark->mtime_ns, now_ns() - mark->mtime_ns < kClockGrainNs};
  }
  if (!known) read_folder(container, below, found);
  std::vector<std::string> folders;
  {
    const std::lock_guard lock(lock_);
    folders = children_[folder];
  }
  for (const std::string& child : folders) scan_folder(container, joined(below, child), prefix, found);
}

void BlobFolders::read_folder(const std::string& container, const std::string& below, const Found& found) {
  const std::string folder = joined(container, below);
  FileDescriptor file = files_.open_folder(folder);
  if (!file) return;
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(file.get()));
  if (!directory) return;
  const int descriptor = file.release();  // the directory's now
  std::vector<std::string> folders;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const unsigned char type = type_of(descriptor, *entry);
    if (type == DT_DIR) folders.push_back(name);
    if (type == DT_REG) found(joined(below, name));
  }
  const std::lock_guard lock(lock_);
  children_[folder] = std::move(folders);
}

BlobFolders::Before BlobFolders::before(const std::string& folder) const {
  const auto mark = files_.folder_mark(folder);
  return {folder, mark ? mark->mtime_ns : 0};
}

void BlobFolders::after(const Before& before) {
  const auto mark = files_.folder_mark(before.folder);
  const std::lock_guard lock(lock_);
  const auto seen = seen_.find(before.folder);
  if (mark && seen != seen_.end() && seen->second.mtime_ns == before.mtime_ns) seen->second.mtime_ns = mark->mtime_ns;
}

void BlobFolders::forget(const std::string& container) {
  const std::lock_guard lock(lock_);
  const auto is_below = [&](const auto& item) {
    return item.first == container || item.first.starts_with(container + '/');
  };
  std::erase_if(seen_, is_below);
  std::erase_if(children_, is_below);
}

}  // namespace batchite
