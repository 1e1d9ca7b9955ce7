// Package managers for start tasks of nodes that share this machine: an `apt-get install` succeeds when what is asked
// for is here already and otherwise fails with exit code 100, naming the package and the remedy. The machine is never
// changed. They are reached by PATH, so an absolute path or a login shell passes them by; Landlock then still protects
// the machine. Each call is a POSIX shell script and at most two queries of the host's package database.
#pragma once
#include <string>
#include <vector>

#include "backends/local/isolation.h"

namespace batchite {

struct StandIns {
  std::string path_prefix;               // a directory to come first on a task's PATH; empty: none
  std::vector<std::string> environment;  // NAME=value, for every task
};

// Writes into `directory` (made if missing; what is there is replaced) and says how tasks get to see it.
// Shim: as above. Deny: every install is refused. Allow: the real tools, told to wait for each other; as root on a
// machine without sudo, a sudo that just runs the command. Throws std::system_error (std::filesystem::filesystem_error)
// when it cannot write.
StandIns write_stand_ins(const std::string& directory, HostPackages packages);

}  // namespace batchite
