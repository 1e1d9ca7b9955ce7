#include "backends/local/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "backends/local/node_directories.h"
#include "core/base/error.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

fs::path make_temporary() {
  std::string pattern = (fs::temp_directory_path() / "batchite-XXXXXX").string();
  if (!mkdtemp(pattern.data())) {
    throw UsageError(fmt::format("{}: cannot make a temporary directory: {}", pattern, std::strerror(errno)));
  }
  return pattern;
}

std::string holder(int lock) {
  char text[32] = {};
  const ssize_t count = pread(lock, text, sizeof text - 1, 0);
  return count > 0 ? std::string(text, static_cast<std::size_t>(count)) : "unknown";
}

FileDescriptor take_lock(const fs::path& location) {
  const fs::path file = location / "lock";
  FileDescriptor lock(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock) throw UsageError(fmt::format("{}: {}", file.string(), std::strerror(errno)));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    throw UsageError(
        fmt::format("{}: in use by another batchite (pid {}); wait for it, stop it, or give another directory "
                    "with --location (or --ephemeral)",
                    location.string(), holder(lock.get())));
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(lock.get(), 0) != 0 || pwrite(lock.get(), pid.data(), pid.size(), 0) < 0) {
    throw UsageError(fmt::format("{}: {}", file.string(), std::strerror(errno)));
  }
  return lock;
}

}  // namespace

DataDirectory::DataDirectory(const fs::path& location, bool ephemeral)
    : location_(ephemeral ? make_temporary() : fs::absolute(location)), ephemeral_(ephemeral) {
  std::error_code error;
  fs::create_directories(location_, error);
  if (error) throw UsageError(fmt::format("{}: cannot be made: {}", location_.string(), error.message()));
  lock_ = take_lock(location_);
}

DataDirectory::~DataDirectory() {
  if (ephemeral_) remove_tree(location_);
}

}  // namespace batchite
