#include "backends/local/isolation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <thread>

#include "backends/local/landlock.h"
#include "core/base/error.h"

namespace batchite {

namespace {

constexpr int kNotObeyed = 255;  // the kernel said yes and did not do it; no errno is that large

struct LevelName {
  Isolation level;
  std::string_view name;
};
constexpr std::array<LevelName, 3> kLevels{
    {{Isolation::Process, "process"}, {Isolation::Landlock, "landlock"}, {Isolation::Overlay, "overlay"}}};

// Runs the attempt in a child; its answer is 0, errno or kNotObeyed.
template <class Attempt>
int in_child(Attempt attempt) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(attempt());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kNotObeyed;
}

ProbeStep step(Isolation level, std::string name, int answer, std::string cure) {
  ProbeStep result{.level = level, .name = std::move(name)};
  result.ok = answer == 0;
  result.error = answer == kNotObeyed ? 0 : answer;
  if (answer == kNotObeyed) result.detail = "accepted, but without effect";
  if (answer != 0 && answer != kNotObeyed) result.detail = std::generic_category().message(answer);
  if (!result.ok) result.cure = std::move(cure);
  return result;
}

int try_subreaper() { return ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno; }

// Does a child's child carry the limit, and can we read it from outside?
int try_task_tag() {
  rlimit limit{};
  ::getrlimit(RLIMIT_RTTIME, &limit);
  const rlim_t tag = limit.rlim_max == RLIM_INFINITY ? rlim_t{1} << 62 : limit.rlim_max - 1;
  const rlimit tagged{tag, tag};
  if (::setrlimit(RLIMIT_RTTIME, &tagged) != 0) return errno;
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  rlimit seen{};
  const int error = ::prlimit(child, RLIMIT_RTTIME, nullptr, &seen) == 0 ? 0 : errno;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return error != 0 ? error : seen.rlim_max == tag ? 0 : kNotObeyed;
}

int try_children_file() { return ::access("/proc/thread-self/children", R_OK) == 0 ? 0 : errno; }

// A write inside must succeed and one outside must be refused.
int try_landlock(const std::string& inside, const std::string& outside) {
  try {
    const FileDescriptor ruleset = make_landlock_ruleset({inside});
    if (const int error = enter_landlock(ruleset.get()); error != 0) return error;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  const FileDescriptor allowed(::open((inside + "/file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!allowed) return errno;
  const FileDescriptor denied(::open(outside.c_str(), O_WRONLY | O_CLOEXEC));
  return !denied && errno == EACCES ? 0 : kNotObeyed;
}

// The probe's own directory must lie outside of /tmp, which tasks may write to; the current directory is not always
// writable.
std::string make_probe_directory() {
  for (const char* parent : {"/dev/shm", ".", "/run", "/var/lib", "/tmp"}) {
    std::string path = std::string(parent) + "/batchite-probe.XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) return path;
  }
  return {};
}

std::string_view landlock_cure(int error) {
  switch (error) {
    case ENOSYS:
      return "the kernel is built without Landlock: use 5.19 or newer with CONFIG_SECURITY_LANDLOCK, or "
             "--isolation=process";
    case EOPNOTSUPP:
      return "Landlock is disabled at boot or too old: add landlock to the kernel's lsm= list (5.19 or newer), or "
             "--isolation=process";
    case EPERM:
      return "a container forbids it: update its engine's seccomp profile, or --isolation=process";
    default:
      return "use --isolation=process";
  }
}

ProbeStep probe_landlock_abi() {
  const int abi = landlock_abi();
  const int error = abi < 0 ? -abi : abi < kLandlockAbiNeeded ? EOPNOTSUPP : 0;
  ProbeStep result = step(Isolation::Landlock, "landlock: kernel ABI", error, std::string(landlock_cure(error)));
  if (abi >= 0) result.detail = fmt::format("ABI {}", abi);
  return result;
}

ProbeStep probe_landlock_rules() {
  const std::string directory = make_probe_directory();
  if (directory.empty()) return step(Isolation::Landlock, "landlock: probe directory", errno, "make /tmp writable");
  const std::string inside = directory + "/inside";
  std::filesystem::create_directory(inside);
  int answer = kNotObeyed;
  // A thread, not a child: Landlock confines the thread that asks for it, and a fork costs milliseconds of every start.
  std::thread([&] { answer = try_landlock(inside, "/proc/self/comm"); }).join();
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return step(Isolation::Landlock, "landlock: a write outside is refused", answer, std::string(landlock_cure(answer)));
}

// What more than the process level needs.
std::vector<ProbeStep> probe_confinement() {
  std::vector<ProbeStep> steps{probe_landlock_abi()};
  if (steps.back().ok) steps.push_back(probe_landlock_rules());
  ProbeStep overlay{
      .level = Isolation::Overlay, .name = "overlay", .error = ENOSYS, .detail = "overlay is not available yet"};
  overlay.cure = "use --isolation=landlock or --isolation=process";
  steps.push_back(std::move(overlay));
  return steps;
}

std::string sentence(const ProbeStep& failed) { return fmt::format("{}: {}", failed.name, failed.detail); }

const ProbeStep* first_failure(const std::vector<ProbeStep>& steps, Isolation level) {
  for (const ProbeStep& probed : steps) {
    if (probed.level == level && !probed.ok) return &probed;
  }
  return nullptr;
}

IsolationChoice automatic(HostPackages packages, const std::vector<ProbeStep>& steps) {
  if (packages == HostPackages::Allow) return {Isolation::Process, ""};
  const ProbeStep* failed = first_failure(steps, Isolation::Landlock);
  if (!failed) return {Isolation::Landlock, ""};
  return {Isolation::Process,
          fmt::format("{}. Tasks run at isolation level 'process': they can change this machine ({}).",
                      sentence(*failed), failed->cure)};
}

IsolationChoice explicit_level(Isolation level, HostPackages packages, const std::vector<ProbeStep>& steps) {
  if (level == Isolation::Landlock && packages == HostPackages::Allow) {
    throw UsageError(
        "--host-packages=allow needs --isolation=process: Landlock keeps package managers from writing to this "
        "machine");
  }
  if (const ProbeStep* failed = first_failure(steps, level)) {
    throw UsageError(fmt::format("--isolation={} cannot be had: {} (errno {}); {}", name_of(level), sentence(*failed),
                                 failed->error, failed->cure));
  }
  return {level, ""};
}

}  // namespace

std::string_view name_of(Isolation level) {
  for (const LevelName& row : kLevels) {
    if (row.level == level) return row.name;
  }
  return "unknown";
}

HostPackages parse_host_packages(std::string_view text) {
  if (text == "shim") return HostPackages::Shim;
  if (text == "deny") return HostPackages::Deny;
  if (text == "allow") return HostPackages::Allow;
  throw UsageError(fmt::format("--host-packages={}: shim, deny or allow is expected", text));
}

std::vector<ProbeStep> probe_isolation() {
  std::vector<ProbeStep> steps;
  steps.push_back(step(Isolation::Process, "process: adopting orphans (PR_SET_CHILD_SUBREAPER)",
                       in_child(try_subreaper), "Linux 3.4 or newer is needed"));
  steps.push_back(step(Isolation::Process, "process: marking a task's processes (RLIMIT_RTTIME)",
                       in_child(try_task_tag),
                       "processes are told apart by session only: daemons that call setsid may outlive their task"));
  steps.push_back(
      step(Isolation::Process, "process: listing children (/proc/thread-self/children)", try_children_file(),
           "all of /proc is searched instead, which is slower; a kernel with CONFIG_PROC_CHILDREN avoids it"));
  std::ranges::move(probe_confinement(), std::back_inserter(steps));
  return steps;
}

IsolationChoice choose_isolation(std::string_view asked, HostPackages packages) {
  if (asked == "process") return {Isolation::Process, ""};  // needs nothing that could be missing
  return choose_isolation(asked, packages, probe_confinement());
}

IsolationChoice choose_isolation(std::string_view asked, HostPackages packages, const std::vector<ProbeStep>& steps) {
  if (asked == "auto") return automatic(packages, steps);
  for (const LevelName& row : kLevels) {
    if (row.name != asked) continue;
    // The process level's steps all have a slower or weaker replacement, so none of them is a reason to refuse it.
    return row.level == Isolation::Process ? IsolationChoice{} : explicit_level(row.level, packages, steps);
  }
  throw UsageError(fmt::format("--isolation={}: auto, process, landlock or overlay is expected", asked));
}

}  // namespace batchite
