// Whose process is that? Finds everything a task has started, whether or not it has called setsid, changed its
// environment or lost its parents. For the launcher, which adopts orphans (PR_SET_CHILD_SUBREAPER). Each task carries a
// tag that fork, exec and setsid keep and that one system call reads from outside: its own hard limit of RLIMIT_RTTIME,
// far too large to limit anything (and of no effect but for real-time scheduling). A process that has lowered it is
// known by its session instead. A launcher that itself runs inside a task keeps to numbers that still name the outer
// task. Not thread-safe.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "backends/local/file_descriptor.h"

namespace batchite {

class TaskTags {
 public:
  TaskTags();
  explicit TaskTags(rlim_t own_limit);  // as if the calling process had this hard limit

  // The key of the n-th task; keys of tasks that run at the same time are distinct.
  std::uint64_t key(std::uint64_t sequence) const { return keys_ - 1 - sequence % keys_; }
  // RLIM_INFINITY when there is no room for tags below the own limit: then only sessions tell tasks apart.
  rlim_t tag(std::uint64_t key) const;
  std::optional<std::uint64_t> key_of_limit(rlim_t limit) const;
  std::optional<std::uint64_t> key_of(pid_t pid) const;

 private:
  rlim_t first_;   // the lowest limit that belongs to key 0
  rlim_t stride_;  // how many limits belong to a key: the highest is its tag, the others are for launchers inside it
  std::uint64_t keys_;  // how many there are
};

// The children of the calling thread, zombies included. One read of a file kept open.
class Children {
 public:
  Children();
  std::vector<pid_t> list() const;

 private:
  FileDescriptor file_;
};

}  // namespace batchite
