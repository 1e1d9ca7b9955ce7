#include "backends/local/stray_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace batchite {

namespace {

constexpr rlim_t kFirstTag = rlim_t{1} << 62;
// How many limits belong to one task: of a launcher, of a launcher inside its task, and of one inside that.
constexpr rlim_t kStrides[] = {rlim_t{1} << 32, rlim_t{1} << 16, 1};
constexpr std::uint64_t kManyKeys = std::uint64_t{1} << 30;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

std::string read_whole(int fd) {
  std::string text;
  char buffer[4096];
  ssize_t length = 0;
  while ((length = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer, static_cast<std::size_t>(length));
  }
  return text;
}

void parse_pids(std::string_view text, std::vector<pid_t>& out) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    const auto [next, error] = std::from_chars(at, end, pid);
    if (error == std::errc{}) out.push_back(pid);
    at = error == std::errc{} ? next : at + 1;
  }
}

// The parent as /proc/PID/stat has it behind the last ')': the name before it may hold anything.
pid_t parent_of(pid_t pid) {
  const FileDescriptor file(::open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return -1;
  const std::string text = read_whole(file.get());
  const std::size_t close = text.rfind(')');
  if (close == std::string::npos || close + 4 >= text.size()) return -1;
  pid_t parent = -1;
  std::from_chars(text.data() + close + 4, text.data() + text.size(), parent);
  return parent;
}

// For kernels without CONFIG_PROC_CHILDREN.
void search_children(pid_t parent, std::vector<pid_t>& out) {
  const Directory directory(::opendir("/proc"), &::closedir);
  if (!directory) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    const pid_t pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid > 0 && parent_of(pid) == parent) out.push_back(pid);
  }
}

}  // namespace

TaskTags::TaskTags()
    : TaskTags([] {
        rlimit limit{};
        return ::getrlimit(RLIMIT_RTTIME, &limit) == 0 ? limit.rlim_max : rlim_t{0};
      }()) {}

TaskTags::TaskTags(rlim_t own_limit) : first_(kFirstTag), stride_(kStrides[0]), keys_(kManyKeys) {
  if (own_limit == RLIM_INFINITY) return;
  stride_ = 0;
  if (own_limit < kFirstTag) return;
  // A tag is the last limit of its block; a block is divided among the tasks inside, but for the part with the tag
  // itself.
  for (std::size_t level = 1; level < std::size(kStrides) && stride_ == 0; ++level) {
    const rlim_t block = kStrides[level - 1];
    if ((own_limit - kFirstTag) % block != block - 1) continue;
    first_ = own_limit - (block - 1);
    stride_ = kStrides[level];
    keys_ = block / stride_ - 1;
  }
}

rlim_t TaskTags::tag(std::uint64_t key) const {
  return stride_ == 0 ? RLIM_INFINITY : first_ + (key + 1) * stride_ - 1;
}

std::optional<std::uint64_t> TaskTags::key_of_limit(rlim_t limit) const {
  if (stride_ == 0 || limit == RLIM_INFINITY || limit < first_) return std::nullopt;
  const std::uint64_t key = (limit - first_) / stride_;
  return key < keys_ ? std::optional(key) : std::nullopt;
}

std::optional<std::uint64_t> TaskTags::key_of(pid_t pid) const {
  rlimit limit{};
  if (::prlimit(pid, RLIMIT_RTTIME, nullptr, &limit) != 0) return std::nullopt;
  return key_of_limit(limit.rlim_max);
}

Children::Children() : file_(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC)) {}

std::vector<pid_t> Children::list() const {
  std::vector<pid_t> pids;
  if (file_) {
    parse_pids(read_whole(file_.get()), pids);
  } else {
    search_children(::getpid(), pids);
  }
  return pids;
}

}  // namespace batchite
