#include "backends/local/task_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "backends/local/landlock.h"

namespace batchite {

namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kStackSize = std::size_t{64} * 1024;

// All the child needs, made beforehand: it shares our memory and must not allocate. Its answer comes back the same way.
struct Child {
  const TaskStart& start;
  pid_t parent;
  std::vector<const char*> candidates{};  // the paths to try
  std::vector<char*> arguments{};         // [0] is a free place for /bin/sh; nullptr at the end
  std::vector<char*> environment{};       // nullptr at the end
  int error = 0;
  const char* step = "";
  bool program_not_found = false;
};

std::string_view path_of(const std::vector<std::string>& environment) {
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) return std::string_view(variable).substr(5);
  }
  return kDefaultPath;
}

std::vector<std::string> program_candidates(const std::string& program, std::string_view path) {
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> candidates;
  if (program.empty()) return candidates;
  for (;;) {
    const std::size_t colon = path.find(':');
    const std::string_view directory = path.substr(0, colon);
    candidates.push_back(directory.empty() ? program : std::string(directory) + "/" + program);
    if (colon == std::string_view::npos) return candidates;
    path.remove_prefix(colon + 1);
  }
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// The child ends by returning from its function. Anything declared noreturn, _exit too, would have sanitizers look at a
// stack that is not theirs.
int fail(Child& child, const char* step, int error) {
  child.step = step;
  child.error = error;
  return 127;
}

// Tries the candidates in turn. A missing one is passed over; one that exists but cannot run is remembered.
int execute(Child& child) {
  char** arguments = child.arguments.data() + 1;
  int found_error = 0;
  for (const char* path : child.candidates) {
    ::execve(path, arguments, child.environment.data());
    const int error = errno;
    if (error == ENOEXEC) {  // a script without #!
      char* const program = arguments[0];
      child.arguments[0] = const_cast<char*>("/bin/sh");
      arguments[0] = const_cast<char*>(path);
      ::execve("/bin/sh", child.arguments.data(), child.environment.data());
      arguments[0] = program;
    }
    // A directory of PATH that may not be searched holds nothing, as for a shell.
    const bool searching = child.candidates.size() > 1;
    const bool missing = (error == ENOENT || error == ENOTDIR || searching) && ::access(path, F_OK) != 0;
    if (!missing && found_error == 0) found_error = error;
  }
  child.program_not_found = found_error == 0;
  return fail(child, found_error == ENOENT ? "exec: the program's interpreter is missing" : "exec",
              found_error == 0 ? ENOENT : found_error);
}

int run_child(void* shared) {
  Child& child = *static_cast<Child*>(shared);
  const TaskStart& start = child.start;
  // The death signal comes when the launcher dies; had it died already, nobody would send it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return fail(child, "setting the parent death signal", errno);
  if (::getppid() != child.parent) return 127;
  if (::setsid() < 0) return fail(child, "setsid", errno);
  if (start.tag != RLIM_INFINITY) {
    const rlimit tag{start.tag, start.tag};
    if (::setrlimit(RLIMIT_RTTIME, &tag) != 0) return fail(child, "marking the process", errno);
  }
  if (::dup2(start.input, 0) < 0 || ::dup2(start.output, 1) < 0 || ::dup2(start.error, 2) < 0) {
    return fail(child, "redirecting standard streams", errno);
  }
  if (::chdir(start.working_directory.c_str()) != 0) return fail(child, "entering the working directory", errno);
  if (start.ruleset >= 0) {
    if (const int error = enter_landlock(start.ruleset); error != 0) return fail(child, "entering Landlock", error);
  } else if (!start.may_gain_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return fail(child, "giving up privileges", errno);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  return execute(child);
}

// One is enough: we are suspended until the child has left it.
void* top_of_child_stack() {
  static void* const stack = [] {
    void* memory = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap of a stack");
    return memory;
  }();
  return static_cast<char*>(stack) + kStackSize;
}

}  // namespace

TaskStarted start_task_process(const TaskStart& start) {
  const std::vector<std::string> candidates = program_candidates(start.arguments.front(), path_of(start.environment));
  Child child{.start = start, .parent = ::getpid()};
  for (const std::string& candidate : candidates) child.candidates.push_back(candidate.c_str());
  child.arguments = pointers(start.arguments);
  child.arguments.insert(child.arguments.begin(), nullptr);
  child.environment = pointers(start.environment);

  const pid_t pid = ::clone(run_child, top_of_child_stack(), CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
  if (pid < 0) return {.error = errno, .step = "fork"};
  if (child.error == 0) return {.pid = pid};
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return {.error = child.error, .step = child.step, .program_not_found = child.program_not_found};
}

}  // namespace batchite
