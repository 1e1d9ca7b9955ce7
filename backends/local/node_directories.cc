#include "backends/local/node_directories.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "backends/local/file_descriptor.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

// The service's layout of a node's root, and what we add: a place for temporary files.
constexpr const char* kLayout[] = {"applications",     "fsmounts",     "shared",   "startup/wd",
                                   "volatile/startup", "volatile/tmp", "workitems"};
constexpr const char* kTrash = ".removed";

// Opens `path` below `root` without ever leaving it: no "..", no absolute link, no link out. The kernel checks that.
FileDescriptor open_beneath(const fs::path& root, const std::string& path, int flags) {
  const FileDescriptor directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string name = path.empty() ? "." : path;
  const long opened = directory.get() < 0 ? -1 : syscall(SYS_openat2, directory.get(), name.c_str(), &how, sizeof how);
  if (opened < 0) throw Error(errors::kFileNotFound);
  return FileDescriptor(static_cast<int>(opened));
}

Time time_of(const timespec& time) {
  return Time(
      std::chrono::duration_cast<Ticks>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

FileEntry entry_of(std::string name, const struct stat& status) {
  return {.name = std::move(name),
          .is_directory = S_ISDIR(status.st_mode),
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = time_of(status.st_mtim),
          .mode = status.st_mode};
}

class FileSource : public ByteSource {
 public:
  FileSource(FileDescriptor file, std::uint64_t offset, std::uint64_t size)
      : file_(std::move(file)), offset_(offset), left_(size) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t wanted = std::min<std::uint64_t>(into.size(), left_);
    if (wanted == 0) return 0;
    const ssize_t count = pread(file_.get(), into.data(), wanted, static_cast<off_t>(offset_));
    if (count < 0) throw Error(errors::kIOError);
    offset_ += static_cast<std::uint64_t>(count);
    left_ = count == 0 ? 0 : left_ - static_cast<std::uint64_t>(count);  // shorter than it was: it ends here
    return static_cast<std::size_t>(count);
  }
  std::optional<std::uint64_t> size() const override { return left_; }
  std::optional<File> file() const override { return File{file_.get(), offset_, left_}; }

 private:
  FileDescriptor file_;
  std::uint64_t offset_, left_;
};

// Lists level by level, as the service does; links are shown as what they are, not followed.
void list_level(const fs::path& base, const std::string& prefix, bool recursive, std::vector<FileEntry>& entries) {
  std::vector<std::string> below;
  std::error_code ignored;
  for (auto it = fs::directory_iterator(prefix.empty() ? base : base / prefix, ignored); it != fs::directory_iterator();
       it.increment(ignored)) {
    const std::string name =
        prefix.empty() ? it->path().filename().string() : prefix + "/" + it->path().filename().string();
    struct stat status {};
    if (lstat(it->path().c_str(), &status) != 0) continue;  // gone meanwhile
    entries.push_back(entry_of(name, status));
    if (entries.back().is_directory) below.push_back(name);
  }
  if (!recursive) return;
  for (const std::string& name : below) list_level(base, name, recursive, entries);
}

}  // namespace

NodeDirectories::NodeDirectories(fs::path nodes) : nodes_(std::move(nodes)) {
  fs::create_directories(nodes_);
  remove_tree(nodes_ / kTrash);
}

fs::path NodeDirectories::know(NodeKey node, const std::string& pool_id, const std::string& node_id) {
  fs::path root = nodes_ / pool_id / node_id;
  const std::unique_lock lock(mutex_);
  roots_.insert_or_assign(node, root);
  return root;
}

fs::path NodeDirectories::make(NodeKey node, const std::string& pool_id, const std::string& node_id, bool fresh) {
  fs::path root = know(node, pool_id, node_id);
  if (fresh) remove_tree(root);
  for (const char* directory : kLayout) fs::create_directories(root / directory);
  return root;
}

fs::path NodeDirectories::take_away(NodeKey node) {
  fs::path root;
  {
    const std::unique_lock lock(mutex_);
    const auto found = roots_.find(node);
    if (found == roots_.end()) return {};
    root = found->second;
    roots_.erase(found);
  }
  fs::path away = take_away(root);
  std::error_code ignored;
  fs::remove(root.parent_path(), ignored);  // the pool's directory, once its last node went
  return away;
}

fs::path NodeDirectories::take_away(const fs::path& directory) {
  const std::unique_lock lock(mutex_);
  fs::path away = nodes_ / kTrash / std::to_string(++removed_);
  std::error_code error;
  fs::create_directories(nodes_ / kTrash, error);
  fs::rename(directory, away, error);
  if (!error) return away;
  return fs::exists(directory, error) ? directory : fs::path();
}

fs::path NodeDirectories::root(NodeKey node) const {
  const std::shared_lock lock(mutex_);
  const auto found = roots_.find(node);
  if (found == roots_.end()) throw Error(errors::kNodeNotFound);
  return found->second;
}

std::vector<FileEntry> NodeDirectories::list(NodeKey node, const std::string& directory, bool recursive) {
  const fs::path base = root(node);
  if (!directory.empty()) open_beneath(base, directory, O_PATH | O_DIRECTORY);
  std::vector<FileEntry> entries;
  list_level(directory.empty() ? base : base / directory, "", recursive, entries);
  return entries;
}

FileEntry NodeDirectories::stat(NodeKey node, const std::string& path) {
  const FileDescriptor file = open_beneath(root(node), path, O_PATH);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) throw Error(errors::kFileNotFound);
  return entry_of(path, status);
}

std::shared_ptr<ByteSource> NodeDirectories::open(NodeKey node, const std::string& path, std::optional<Range> range) {
  FileDescriptor file = open_beneath(root(node), path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) throw Error(errors::kFileNotFound);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t first = range ? std::min(range->first, size) : 0;
  const std::uint64_t end = range ? std::min(range->last + 1, size) : size;
  return std::make_shared<FileSource>(std::move(file), first, end - first);
}

// A link is removed itself, wherever it leads.
void NodeDirectories::remove(NodeKey node, const std::string& path, bool recursive) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") throw Error(errors::kFileNotFound);
  const FileDescriptor directory = open_beneath(root(node), parent, O_PATH | O_DIRECTORY);
  struct stat status {};
  if (fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) throw Error(errors::kFileNotFound);
  if (S_ISDIR(status.st_mode) && recursive) {
    // By the open directory, as a task may change the names on the way meanwhile.
    remove_tree(fs::path("/proc/self/fd") / std::to_string(directory.get()) / name);
    return;
  }
  if (unlinkat(directory.get(), name.c_str(), S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0) == 0) return;
  throw Error(errno == ENOTEMPTY || errno == EEXIST ? errors::kOperationInvalidForCurrentState : errors::kIOError);
}

void remove_tree(const fs::path& tree) {
  std::error_code error;
  fs::remove_all(tree, error);
  if (!error) return;
  // A directory without permissions stops remove_all; open them up and try once more.
  for (auto it = fs::recursive_directory_iterator(tree, fs::directory_options::skip_permission_denied, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored)) fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  }
  fs::remove_all(tree, error);
}

}  // namespace batchite
