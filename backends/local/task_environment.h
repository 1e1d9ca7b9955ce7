// The environment of task processes: the service's AZ_BATCH_* variables, a few that every program expects, and what the
// client set. Nothing of our own environment but the host's PATH comes through. Pure; any thread.
// Source: learn.microsoft.com/azure/batch/batch-compute-node-environment-variables.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/document.h"

namespace batchite {

// What all processes of one node share.
struct NodeFacts {
  std::filesystem::path root;
  std::string account;
  std::string account_url;
  std::string pool_id;
  std::string node_id;
  bool dedicated = true;
  std::string path;                    // PATH
  std::vector<std::string> more = {};  // further NAME=value, of the package stand-ins
};

// What is this process's own.
struct TaskFacts {
  std::filesystem::path directory;
  std::string job_id = {};  // empty: a start task
  std::string task_id = {};
  std::filesystem::path preparation_directory = {};  // of the job's preparation task; empty: none that is shown
  std::string token = {};                            // for the Batch service; empty: it has none
  std::string programs = {};                         // a directory to come first on PATH; empty: none
  std::vector<std::string> more = {};                // further NAME=value, of multi-instance tasks
};

// NAME=value lines. `settings` are arrays of {name, value}, later ones win over earlier ones; AZ_BATCH_* cannot be set.
std::vector<std::string> task_environment(const NodeFacts& node, const TaskFacts& task,
                                          const std::vector<const Document*>& settings);

}  // namespace batchite
