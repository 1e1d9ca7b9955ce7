// How far a node's tasks are kept from the machine they run on, and what this machine can do about it.
// Process: own directories, session and environment. Landlock: that, and everything but the node's directories is
// read-only. Overlay: an own copy-on-write root; not available yet and refused by name. Every probe performs the thing
// where the caller stays as it was: in a thread, which Landlock confines by itself, or in a forked child.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace batchite {

enum class Isolation : unsigned char { Process, Landlock, Overlay };
std::string_view name_of(Isolation level);

// What an `apt-get install` of a task does: answered by a stand-in, refused, or done for real to this machine.
enum class HostPackages : unsigned char { Shim, Deny, Allow };
HostPackages parse_host_packages(std::string_view text);  // shim|deny|allow; throws UsageError

struct ProbeStep {
  Isolation level;  // the lowest level that needs it
  std::string name{};
  bool ok = false;
  int error = 0;         // errno; 0 when ok or when the kernel did not refuse but did not obey either
  std::string detail{};  // "ABI 7"; or what went wrong in words
  std::string cure{};    // empty when ok
};

// In the order they are tried. For `doctor`, which has no threads (it forks).
std::vector<ProbeStep> probe_isolation();

struct IsolationChoice {
  Isolation level = Isolation::Process;
  std::string warning{};  // empty, or one sentence for the user
};

// `asked`: auto|process|landlock|overlay. auto is landlock, else process with a warning; with HostPackages::Allow it is
// process, because package managers must write to the machine. Throws UsageError naming the step, the error and the
// cure when an explicit level cannot be had.
IsolationChoice choose_isolation(std::string_view asked, HostPackages packages);
// The same on probe results already taken.
IsolationChoice choose_isolation(std::string_view asked, HostPackages packages, const std::vector<ProbeStep>& steps);

}  // namespace batchite
