#include "backends/local/stray_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace batchite {

namespace {

constexpr rlim_t kFirstTag = rlim_t{1} << 62;
constexpr rlim_t kStride = rlim_t{1} << 16;
constexpr std::uint64_t kManyKeys = std::uint64_t{1} << 44;

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

TaskTags::TaskTags(rlim_t own_limit) : first_(kFirstTag), stride_(kStride), keys_(kManyKeys) {
  if (own_limit == RLIM_INFINITY) return;
  // Inside a task: what lies between the start of its block and its tag is ours. Any other limit: a block below it.
  const rlim_t room = own_limit >= kFirstTag ? (own_limit - kFirstTag) % kStride : std::min(own_limit / 2, kStride);
  first_ = own_limit - room;
  stride_ = room == 0 ? 0 : 1;
  keys_ = room == 0 ? kManyKeys : room;
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
