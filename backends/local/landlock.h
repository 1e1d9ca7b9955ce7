// Landlock: the kernel's unprivileged file access rules. A ruleset is built once per node and put on each of its tasks.
// A guard against accidents, not a security boundary: chmod, chown, sockets and the network are not covered.
// Source: docs.kernel.org/userspace-api/landlock.html; constants are our own because distributions' headers lag behind.
#pragma once
#include <string>
#include <vector>

#include "backends/local/file_descriptor.h"

namespace batchite {

// What the level `landlock` needs: ABI 2 (kernel 5.19) is the first that lets files be linked and renamed between
// directories.
inline constexpr int kLandlockAbiNeeded = 2;

// The kernel's ABI, or -errno: ENOSYS (not built in), EOPNOTSUPP (disabled at boot), EPERM (forbidden by a container).
int landlock_abi();

// Writable: what is listed, and what any program needs of /tmp, /var/tmp and /dev. Readable and executable: everything.
// Where the kernel can (ABI 6), signals reach only processes under the same rules. The descriptor is close-on-exec.
// Throws std::system_error whose what() names the step.
FileDescriptor make_landlock_ruleset(const std::vector<std::string>& writable);

// Puts the rules on the calling thread and all it starts, for ever; sets NO_NEW_PRIVS. 0 or errno.
// Async-signal-safe: for use between fork and exec.
int enter_landlock(int ruleset);

}  // namespace batchite
