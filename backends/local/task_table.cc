#include "backends/local/task_table.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "backends/local/command_line.h"
#include "backends/local/landlock.h"
#include "backends/local/task_process.h"

namespace batchite {

namespace {

using namespace std::chrono_literals;

// For a killed process that does not die, as it hangs in the kernel: after that its task ends without it.
constexpr auto kPatience = 10s;
// Limits from here on are none; the clock itself ends at 292 years.
constexpr auto kForever = 24h * 365 * 200;
// Between looks while killed processes are still there. Their deaths wake us earlier; this is for those we cannot hear
// of.
constexpr auto kSweepPause = 20ms;

Time wall_clock() { return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now()); }

std::chrono::microseconds to_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// mkdir -p. The last part first: usually only that is missing. 0 or errno.
int make_directories(const std::string& path) {
  if (path.empty() || ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return 0;
  if (errno != ENOENT) return errno;
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return ENOENT;
  if (const int error = make_directories(path.substr(0, slash)); error != 0) return error;
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST ? 0 : errno;
}

FileDescriptor create_file(const std::string& path, bool append) {
  const int how = append ? O_APPEND : O_TRUNC;
  return FileDescriptor(::open(path.c_str(), O_WRONLY | O_CREAT | how | O_CLOEXEC | O_NOCTTY, 0644));
}

bool refuse(TaskExit& exit, int error, std::string step) {
  exit.kind = TaskExit::Kind::LaunchFailed;
  exit.value = error;
  exit.step = std::move(step);
  return false;
}

}  // namespace

TaskTable::TaskTable() : null_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  if (!null_) throw std::system_error(errno, std::system_category(), "opening /dev/null");
}

void TaskTable::prepare_node(const PrepareNode& order) {
  Node& node = nodes_[order.node];
  node = {};
  try {
    node.ruleset = make_landlock_ruleset(order.writable);
  } catch (const std::system_error& error) {
    node.error = error.code().value();
    node.step = error.what();
  }
}

// The files come before all that can be refused: they exist, empty, whatever happens then.
bool TaskTable::prepare(const RunRequest& request, FileDescriptor& out, FileDescriptor& err, int& ruleset,
                        TaskExit& exit) {
  for (const std::string& directory : request.directories) {
    if (const int error = make_directories(directory); error != 0) return refuse(exit, error, "creating " + directory);
  }
  out = create_file(request.stdout_path, request.append);
  if (!out) return refuse(exit, errno, "creating " + request.stdout_path);
  err = create_file(request.stderr_path, request.append);
  if (!err) return refuse(exit, errno, "creating " + request.stderr_path);

  if (request.isolation == Isolation::Overlay) return refuse(exit, ENOSYS, "overlay is not available yet");
  if (request.isolation == Isolation::Process) return true;
  const auto node = nodes_.find(request.node);
  if (node == nodes_.end()) return refuse(exit, EINVAL, "landlock: the node is not prepared");
  if (!node->second.ruleset) return refuse(exit, node->second.error, node->second.step);
  ruleset = node->second.ruleset.get();
  return true;
}

void TaskTable::start(const RunRequest& request) {
  FileDescriptor out, err;
  int ruleset = -1;
  TaskExit exit{.id = request.id};
  if (tasks_.contains(request.id)) {
    refuse(exit, EEXIST, "the run's id is in use");
  } else if (prepare(request, out, err, ruleset, exit)) {
    launch(request, out, err, ruleset, exit);
    if (exit.started != kNever) return;
  }
  exit.ended = wall_clock();
  exits_.push_back(std::move(exit));
}

void TaskTable::launch(const RunRequest& request, const FileDescriptor& out, const FileDescriptor& err, int ruleset,
                       TaskExit& exit) {
  std::vector<std::string> split;
  if (request.arguments.empty()) split = split_command_line(request.command_line);
  const std::vector<std::string>& arguments = request.arguments.empty() ? split : request.arguments;
  if (arguments.empty()) {
    refuse(exit, EINVAL, "the command line is empty");
    return;
  }
  const std::uint64_t key = next_key();
  const Time started = wall_clock();
  const TaskStarted process = start_task_process({.arguments = arguments,
                                                  .environment = request.environment,
                                                  .working_directory = request.working_directory,
                                                  .input = null_.get(),
                                                  .output = out.get(),
                                                  .error = err.get(),
                                                  .tag = tags_.tag(key),
                                                  .ruleset = ruleset,
                                                  .may_gain_privileges = request.admin});
  if (process.pid == 0) {
    refuse(exit, process.error, process.step);
    if (process.program_not_found) exit.kind = TaskExit::Kind::ProgramNotFound;
    return;
  }
  exit.started = started;
  Task& task = tasks_[request.id];
  task = {.exit = exit, .key = key, .pid = process.pid, .lingers = request.lingers, .limit = std::nullopt};
  ids_by_key_[key] = request.id;
  ids_by_main_[process.pid] = request.id;
  ids_by_session_[process.pid] = request.id;
  if (request.wall_clock_limit > 0ns && request.wall_clock_limit < kForever)
    set_limit(task, Clock::now() + request.wall_clock_limit);
}

// The numbers repeat, if ever, after many tasks, of which an early one may still run.
std::uint64_t TaskTable::next_key() {
  for (;;) {
    const std::uint64_t key = tags_.key(sequence_++);
    if (!ids_by_key_.contains(key) || tags_.tag(key) == RLIM_INFINITY) return key;
  }
}

void TaskTable::cancel(const RunRequest& request) {
  exits_.push_back({.id = request.id,
                    .kind = TaskExit::Kind::Signalled,
                    .value = SIGKILL,
                    .step = "",
                    .killed = true,
                    .ended = wall_clock()});
}

void TaskTable::kill(std::uint64_t id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || ending_.contains(id)) return;  // it has ended by itself
  found->second.exit.killed = true;
  if (found->second.exit.lingers) return end_lingering(found->second);
  ::kill(-found->second.pid, SIGKILL);  // the group, as some of it may die faster than the main process
}

void TaskTable::look_after() {
  reap();
  expire();
  sweep();
}

std::optional<TaskTable::Clock::time_point> TaskTable::next_wake() const {
  std::optional<Clock::time_point> when;
  if (!limits_.empty()) when = limits_.begin()->first;
  if (!ending_.empty()) {
    const auto soon = Clock::now() + kSweepPause;
    when = when ? std::min(*when, soon) : soon;
  }
  return when;
}

void TaskTable::set_limit(Task& task, std::optional<Clock::time_point> when) {
  if (task.limit) limits_.erase(*task.limit);
  task.limit.reset();
  if (when) task.limit = limits_.emplace(*when, task.exit.id);
}

void TaskTable::reap() {
  int status = 0;
  rusage usage{};
  pid_t pid = 0;
  while ((pid = ::wait4(-1, &status, WNOHANG | __WALL, &usage)) > 0) {
    const auto main = ids_by_main_.find(pid);
    if (main == ids_by_main_.end()) continue;  // a stray
    Task& task = tasks_.at(main->second);
    ids_by_main_.erase(main);
    main_ended(task, status, usage);
  }
}

void TaskTable::main_ended(Task& task, int status, const rusage& usage) {
  TaskExit& exit = task.exit;
  exit.kind = WIFEXITED(status) ? TaskExit::Kind::Exited : TaskExit::Kind::Signalled;
  exit.value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  exit.user_time = to_duration(usage.ru_utime);
  exit.system_time = to_duration(usage.ru_stime);
  exit.max_rss_bytes = std::int64_t{1024} * usage.ru_maxrss;
  exit.blocks_read = usage.ru_inblock;
  exit.blocks_written = usage.ru_oublock;
  if (task.lingers && exit.kind == TaskExit::Kind::Exited && exit.value == 0 && !exit.killed && !exit.timed_out) {
    exit.lingers = true;
    exit.ended = wall_clock();
    exits_.push_back(exit);
    return set_limit(task, std::nullopt);
  }
  begin_ending(task);
}

void TaskTable::begin_ending(Task& task) {
  ending_.insert(task.exit.id);
  set_limit(task, Clock::now() + kPatience);
}

// Its main process has been reaped, so that its number may be another's by now: only what bears its mark is killed.
void TaskTable::end_lingering(Task& task) {
  task.exit.lingers = false;
  begin_ending(task);
}

void TaskTable::expire() {
  while (!limits_.empty() && limits_.begin()->first <= Clock::now()) {
    const std::uint64_t id = limits_.begin()->second;
    Task& task = tasks_.at(id);
    set_limit(task, std::nullopt);
    if (ending_.contains(id)) {
      finish(id);
    } else {
      task.exit.timed_out = true;
      ::kill(-task.pid, SIGKILL);
    }
  }
}

// The id of the task that a process belongs to. is_marked: it bears a task's tag, though perhaps of one that is over.
std::optional<std::uint64_t> TaskTable::owner_of(pid_t pid, bool& is_marked) const {
  const std::optional<std::uint64_t> key = tags_.key_of(pid);
  is_marked = key.has_value();
  if (key) {
    const auto found = ids_by_key_.find(*key);
    return found == ids_by_key_.end() ? std::nullopt : std::optional(found->second);
  }
  const auto found = ids_by_session_.find(::getsid(pid));
  return found == ids_by_session_.end() ? std::nullopt : std::optional(found->second);
}

void TaskTable::sweep() {
  if (ending_.empty()) return;
  std::set<std::uint64_t> still_there;
  const std::vector<pid_t> children = children_.list();
  if (children.size() > ids_by_main_.size()) {
    for (const pid_t pid : children) {
      if (ids_by_main_.contains(pid)) continue;
      bool is_marked = false;
      const std::optional<std::uint64_t> owner = owner_of(pid, is_marked);
      const bool is_left_over = owner ? ending_.contains(*owner) : is_marked || tasks_.size() == ending_.size();
      // Who may not be killed (a setuid program) must not keep the task from ending.
      if (is_left_over && ::kill(pid, SIGKILL) == 0 && owner) still_there.insert(*owner);
    }
  }
  for (const std::uint64_t id : std::set(ending_)) {
    if (!still_there.contains(id)) finish(id);
  }
}

void TaskTable::finish(std::uint64_t id) {
  const auto found = tasks_.find(id);
  Task& task = found->second;
  set_limit(task, std::nullopt);
  ids_by_key_.erase(task.key);
  const auto session = ids_by_session_.find(task.pid);
  if (session != ids_by_session_.end() && session->second == id) ids_by_session_.erase(session);
  ending_.erase(id);
  task.exit.ended = wall_clock();
  exits_.push_back(std::move(task.exit));
  tasks_.erase(found);
}

void TaskTable::kill_all() {
  const auto give_up = Clock::now() + kPatience;
  for (;;) {
    reap();
    const std::vector<pid_t> children = children_.list();
    if (children.empty() || Clock::now() > give_up) return;
    for (const pid_t pid : children) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(100us);
  }
}

}  // namespace batchite
