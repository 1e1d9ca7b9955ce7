#include "cli/disk_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/base/error.h"

namespace batchite::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw UsageError(fmt::format("{}: {}: {}", path, what, std::generic_category().message(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status = {};
    if (fd_.get() < 0 || fstat(fd_.get(), &status) != 0) fail(path, "cannot be read");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  std::size_t read(std::span<char> into) override {
    ssize_t count = -1;
    do count = ::read(fd_.get(), into.data(), into.size());
    while (count < 0 && errno == EINTR);
    if (count < 0) fail(path_, "cannot be read");
    at_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }
  std::optional<std::uint64_t> size() const override { return size_ - std::min(at_, size_); }
  std::optional<File> file() const override { return File{fd_.get(), at_, size_ - std::min(at_, size_)}; }

 private:
  std::string path_;
  Descriptor fd_;
  std::uint64_t size_ = 0, at_ = 0;
};

// Where a file is written until it is whole: under a name that no other one has, gone again unless it was renamed.
struct Aside {
  explicit Aside(const fs::path& folder)
      : path((folder / fmt::format(".batchite-{}-{}.part", getpid(), ++count)).string()) {}
  ~Aside() { unlink(path.c_str()); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  const std::string path;
  static inline std::atomic<std::uint64_t> count{0};
};

bool has_wildcard(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

using Parts = std::vector<std::string>;

Parts split(const std::string& path) {
  Parts parts;
  for (const fs::path& part : fs::path(path)) {
    if (!part.empty()) parts.push_back(part.string());
  }
  return parts;
}

bool matches(const std::string& name, const std::string& pattern) {
  return fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error)) entries.push_back(entry);
  std::ranges::sort(entries);
  return entries;
}

// Files below `folder` that match the parts from `at` on.
void collect(const fs::path& folder, const Parts& parts, std::size_t at, std::vector<fs::path>& found) {
  const bool is_last = at + 1 == parts.size();
  const bool is_deep = parts[at] == "**";
  if (is_deep && !is_last) collect(folder, parts, at + 1, found);  // ** may be no folder at all
  for (const fs::directory_entry& entry : entries_of(folder)) {
    const std::string name = entry.path().filename().string();
    const fs::path path = folder / name;
    std::error_code error;
    const bool is_folder = entry.is_directory(error);
    const bool fits = is_deep ? !name.starts_with('.') : matches(name, parts[at]);
    if (!fits) continue;
    if (is_folder && is_deep && !entry.is_symlink(error)) collect(path, parts, at, found);
    if (is_folder && !is_deep && !is_last) collect(path, parts, at + 1, found);
    if (is_last && entry.is_regular_file(error)) found.push_back(path);
  }
}

workflow::LocalFile describe(const fs::path& path, const fs::path& base) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) fail(path.string(), "cannot be read");
  const auto since = std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return {.path = path.string(),
          .name = path.lexically_relative(base.empty() ? "." : base).generic_string(),
          .size_bytes = static_cast<std::uint64_t>(status.st_size),
          .modified = Time(std::chrono::duration_cast<Ticks>(since))};
}

}  // namespace

std::vector<workflow::LocalFile> DiskFiles::find(const std::string& pattern) {
  std::error_code error;
  std::vector<fs::path> paths;
  fs::path base = fs::path(pattern).parent_path();
  if (fs::is_directory(pattern, error)) {
    base = pattern;
    collect(base, {"*"}, 0, paths);
  } else if (fs::is_regular_file(pattern, error)) {
    paths.emplace_back(pattern);
  } else if (has_wildcard(pattern)) {
    const Parts parts = split(pattern);
    const auto first = std::ranges::find_if(parts, [](const std::string& part) { return has_wildcard(part); });
    base.clear();
    for (auto part = parts.begin(); part != first; ++part) base /= *part;
    collect(base, Parts(first, parts.end()), 0, paths);
  }
  if (paths.empty()) {
    throw UsageError(
        fmt::format("no file matches '{}' (quote patterns, so that the shell leaves them alone)", pattern));
  }
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::vector<workflow::LocalFile> files;
  files.reserve(paths.size());
  for (const fs::path& path : paths) files.push_back(describe(path, base));
  return files;
}

std::unique_ptr<ByteSource> DiskFiles::open(const workflow::LocalFile& file) {
  return std::make_unique<FileSource>(file.path);
}

std::string DiskFiles::save(const std::string& name, ByteSource& content) {
  const fs::path path = output_ / name;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) throw UsageError(fmt::format("{}: cannot be made: {}", path.parent_path().string(), error.message()));
  const Aside aside(path.parent_path());
  {
    const Descriptor fd(::open(aside.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (fd.get() < 0) fail(path.string(), "cannot be written");
    std::vector<char> buffer(std::size_t{256} * 1024);
    while (const std::size_t count = content.read(buffer)) {
      for (std::size_t done = 0; done < count;) {
        const ssize_t written = write(fd.get(), buffer.data() + done, count - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(path.string(), "cannot be written");
        done += static_cast<std::size_t>(written);
      }
    }
  }
  if (std::rename(aside.path.c_str(), path.c_str()) != 0) fail(path.string(), "cannot be written");
  return path.string();
}

}  // namespace batchite::cli
