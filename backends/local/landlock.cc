#include "backends/local/landlock.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace batchite {

namespace {

constexpr std::uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadDirectory = 1 << 3;
constexpr std::uint64_t kFirstAbiRights = (1 << 13) - 1;
constexpr std::uint64_t kRefer = 1 << 13, kTruncate = 1 << 14;
constexpr std::uint64_t kFileRights = kExecute | kWriteFile | kReadFile | kTruncate;
constexpr std::uint64_t kScopeSignal = 1 << 1;
constexpr unsigned kCreateRulesetVersion = 1;
constexpr int kRulePathBeneath = 1;

struct RulesetAttributes {
  std::uint64_t handled_files, handled_network, scoped;
};
struct [[gnu::packed]] PathRule {
  std::uint64_t allowed;
  std::int32_t parent;
};

// The rights the kernel knows. IOCTL_DEV (ABI 5) is not among them on purpose: terminals and graphics cards need
// ioctls.
std::uint64_t known_rights(int abi) { return kFirstAbiRights | (abi >= 2 ? kRefer : 0) | (abi >= 3 ? kTruncate : 0); }

// Older kernels refuse structures longer than they know.
std::size_t attributes_size(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

std::system_error failure(int error, const std::string& step) {
  return {std::error_code(error, std::system_category()), "landlock: " + step};
}

void allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const FileDescriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) throw failure(errno, "opening " + path);
  struct stat status {};
  if (::fstat(place.get(), &status) != 0) throw failure(errno, "examining " + path);
  if (!S_ISDIR(status.st_mode)) rights &= kFileRights;
  const PathRule rule{rights, place.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0U) != 0) {
    throw failure(errno, "adding a rule for " + path);
  }
}

// The places that programs expect to write to, where this machine has them.
void allow_shared_places(int ruleset, std::uint64_t rights) {
  constexpr const char* kPlaces[] = {"/tmp",         "/var/tmp", "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                     "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",  "/dev/shm",  "/dev/mqueue",
                                     "/dev/nvidia*", "/dev/dri", "/dev/kfd",  "/dev/kvm"};
  for (const char* pattern : kPlaces) {
    glob_t found{};
    if (::glob(pattern, 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) allow(ruleset, found.gl_pathv[i], rights);
    }
    ::globfree(&found);
  }
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion);
  return abi < 0 ? -errno : static_cast<int>(abi);
}

FileDescriptor make_landlock_ruleset(const std::vector<std::string>& writable) {
  const int abi = landlock_abi();
  if (abi < 0) throw failure(-abi, "asking the kernel for its ABI");
  if (abi < kLandlockAbiNeeded) throw failure(EOPNOTSUPP, "ABI " + std::to_string(abi) + " (2 is needed)");
  const std::uint64_t all = known_rights(abi);
  const RulesetAttributes attributes{all, 0, abi >= 6 ? kScopeSignal : 0};
  FileDescriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, attributes_size(abi), 0U)));
  if (!ruleset) throw failure(errno, "creating a ruleset");
  allow(ruleset.get(), "/", kExecute | kReadFile | kReadDirectory);
  for (const std::string& path : writable) allow(ruleset.get(), path, all);
  allow_shared_places(ruleset.get(), all);
  return ruleset;
}

int enter_landlock(int ruleset) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::syscall(SYS_landlock_restrict_self, ruleset, 0U) == 0 ? 0 : errno;
}

}  // namespace batchite
