// Starts one process of a task: vfork-style, so that the cost does not depend on the caller's memory, in a session of
// its own, with default signal handling, no descriptors but 0, 1, 2 and nothing else of the caller's. Boost.Process
// starts the launcher (launcher_client.cc) but not this: its vfork launcher hands the child to Asio's reactor, which
// then rebuilds its descriptors in the memory it shares with us, and it waits without resource usage. Expects of the
// caller: one thread, umask 022, no signal handlers or ignored signals, RLIMIT_CORE 0, descriptors close-on-exec.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace batchite {

struct TaskStart {
  const std::vector<std::string>& arguments;    // the program first; not empty
  const std::vector<std::string>& environment;  // NAME=value, complete
  const std::string& working_directory;
  int input = -1, output = -1, error = -1;  // become 0, 1, 2; must be above 2
  rlim_t tag = RLIM_INFINITY;               // see stray_processes.h
  int ruleset = -1;                         // Landlock's, or -1
  bool may_gain_privileges = false;         // false: NO_NEW_PRIVS, so that the real sudo does nothing
};

// pid > 0: it runs (or ran). Otherwise error is an errno and step says what failed.
struct TaskStarted {
  pid_t pid = 0;
  int error = 0;
  const char* step = "";
  bool program_not_found = false;
};

// Searches the program as execvp does, along the PATH of the task's own environment.
TaskStarted start_task_process(const TaskStart& start);

}  // namespace batchite
