// What the processes of a multi-instance task have beyond those of other tasks: the service's variables, settings that
// make Open MPI at home on nodes that share a machine, and an `ssh` first on their PATH that runs a command as on
// another of the task's nodes. So `mpirun -host $AZ_BATCH_HOST_LIST` works unchanged and without an sshd: what it
// starts "there" is a child of its own, with the environment of that node's instance, and dies with the task. Hosts
// that are no nodes of the task are the real ssh's.
// Source: learn.microsoft.com/azure/batch/batch-mpi, .../batch-compute-node-environment-variables (the two CCP_ ones
// are those of Microsoft's HPC Pack, where each address is followed by its cores).
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/host.h"

namespace batchite {

struct InstanceFacts {
  const InstanceNodes& nodes;
  int instance = 0;
  std::filesystem::path shared;  // the task's directory on this node
  std::filesystem::path hosts;   // where enter_host() writes those of this task
};

// NAME=value lines.
std::vector<std::string> instance_variables(const InstanceFacts& facts);

// Makes the `ssh` in `directory` (made if missing) and returns that, for PATH. Throws
// std::filesystem::filesystem_error when it cannot write.
std::string write_ssh_stand_in(const std::filesystem::path& directory);

// Lets that `ssh` find a node: `environment` (NAME=value) is what commands get there. Only with it are they found, so a
// failure to write shows as a host that is not known.
void enter_host(const std::filesystem::path& hosts, const std::string& address,
                const std::vector<std::string>& environment);

}  // namespace batchite
