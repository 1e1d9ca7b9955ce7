// The tasks of a launcher: starts their processes, hears of their ends, and clears away what they leave behind.
// A task's main process is our child. When it ends, all it has started becomes our child as well (we are the
// subreaper), is known by its tag (stray_processes.h) and killed; those that appear next are the children of the
// killed, until there are none. Only then does the exit count. So killing a task is killing its main process. Of a task
// that lingers, what it has started stays until the task is killed. One
// thread, the one that constructed it; it must be the process's only user of child processes. Nothing throws but
// bad_alloc.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "backends/local/file_descriptor.h"
#include "backends/local/launcher_protocol.h"
#include "backends/local/stray_processes.h"

struct rusage;

namespace batchite {

class TaskTable {
 public:
  using Clock = std::chrono::steady_clock;

  TaskTable();

  void prepare_node(const PrepareNode& order);
  void forget_node(std::uint32_t node) { nodes_.erase(node); }

  // Starts it, or puts the reason why not among the exits.
  void start(const RunRequest& request);
  // For a run that was killed before its turn came.
  void cancel(const RunRequest& request);
  void kill(std::uint64_t id);

  // After SIGCHLD, or when next_wake() has passed: reaps, kills leftovers and tasks over their limit, collects exits.
  void look_after();
  std::optional<Clock::time_point> next_wake() const;
  std::vector<TaskExit> take_exits() { return std::exchange(exits_, {}); }

  // Kills everything and returns when it is gone.
  void kill_all();

 private:
  using Limits = std::multimap<Clock::time_point, std::uint64_t>;  // to task ids
  struct Task {
    TaskExit exit;  // filled in as it becomes known
    std::uint64_t key = 0;
    pid_t pid = 0;
    bool lingers = false;                   // exit.lingers: it does so now
    std::optional<Limits::iterator> limit;  // of the wall clock; when ending, of our patience
  };
  struct Node {
    FileDescriptor ruleset;
    int error = 0;
    std::string step;
  };

  bool prepare(const RunRequest& request, FileDescriptor& out, FileDescriptor& err, int& ruleset, TaskExit& exit);
  void launch(const RunRequest& request, const FileDescriptor& out, const FileDescriptor& err, int ruleset,
              TaskExit& exit);
  std::uint64_t next_key();
  void set_limit(Task& task, std::optional<Clock::time_point> when);
  void reap();
  void main_ended(Task& task, int status, const rusage& usage);
  void begin_ending(Task& task);
  void end_lingering(Task& task);
  void expire();
  void sweep();
  std::optional<std::uint64_t> owner_of(pid_t pid, bool& is_marked) const;
  void finish(std::uint64_t id);

  FileDescriptor null_;
  TaskTags tags_;
  Children children_;
  std::uint64_t sequence_ = 0;
  std::unordered_map<std::uint64_t, Task> tasks_;  // by id
  std::unordered_map<std::uint64_t, std::uint64_t> ids_by_key_;
  std::unordered_map<pid_t, std::uint64_t> ids_by_main_;     // main processes that have not been reaped
  std::unordered_map<pid_t, std::uint64_t> ids_by_session_;  // a session bears its main process's number
  std::set<std::uint64_t> ending_;                           // ids whose main process has been reaped
  Limits limits_;
  std::unordered_map<std::uint32_t, Node> nodes_;
  std::vector<TaskExit> exits_;
};

}  // namespace batchite
