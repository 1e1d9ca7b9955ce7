#include "backends/local/task_environment.h"

namespace batchite {
namespace {

// Free space below which the service would call a node's disk full.
constexpr const char* kReservedBytes = "1000000";

void set(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
  const std::string start = name + "=";
  for (std::string& line : environment) {
    if (line.starts_with(start)) {
      line = start + value;
      return;
    }
  }
  environment.push_back(start + value);
}

}  // namespace

std::vector<std::string> task_environment(const NodeFacts& node, const TaskFacts& task,
                                          const std::vector<const Document*>& settings) {
  const std::string& root = node.root.native();
  const std::string& directory = task.directory.native();
  const std::string work = directory + "/wd";
  std::vector<std::string> environment = {
      "AZ_BATCH_ACCOUNT_NAME=" + node.account,
      "AZ_BATCH_ACCOUNT_URL=" + node.account_url,
      "AZ_BATCH_POOL_ID=" + node.pool_id,
      "AZ_BATCH_NODE_ID=" + node.node_id,
      std::string("AZ_BATCH_NODE_IS_DEDICATED=") + (node.dedicated ? "true" : "false"),
      "AZ_BATCH_NODE_ROOT_DIR=" + root,
      "AZ_BATCH_NODE_SHARED_DIR=" + root + "/shared",
      "AZ_BATCH_NODE_STARTUP_DIR=" + root + "/startup",
      "AZ_BATCH_NODE_MOUNTS_DIR=" + root + "/fsmounts",
      "AZ_BATCH_TASK_DIR=" + directory,
      "AZ_BATCH_TASK_WORKING_DIR=" + work,
      std::string("AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES=") + kReservedBytes,
      "AZ_BATCH_CERTIFICATES_DIR=" + directory + "/certs",
      "PATH=" + (task.programs.empty() ? node.path : task.programs + ":" + node.path),
      "HOME=" + work,
      "TMPDIR=" + root + "/volatile/tmp",
      "XDG_CACHE_HOME=" + work + "/.cache",
      "XDG_CONFIG_HOME=" + work + "/.config",
      "USER=_azbatch",
      "LOGNAME=_azbatch",
      "SHELL=/bin/bash",
      "LANG=C.UTF-8",
  };
  if (!task.job_id.empty()) {
    environment.push_back("AZ_BATCH_JOB_ID=" + task.job_id);
    environment.push_back("AZ_BATCH_TASK_ID=" + task.task_id);
  }
  if (!task.token.empty()) environment.push_back("AZ_BATCH_AUTHENTICATION_TOKEN=" + task.token);
  if (!task.preparation_directory.empty()) {
    environment.push_back("AZ_BATCH_JOB_PREP_DIR=" + task.preparation_directory.native());
    environment.push_back("AZ_BATCH_JOB_PREP_WORKING_DIR=" + task.preparation_directory.native() + "/wd");
  }
  environment.insert(environment.end(), node.more.begin(), node.more.end());
  environment.insert(environment.end(), task.more.begin(), task.more.end());
  for (const Document* list : settings) {
    for (const Document& setting : *list) {
      const Reader reader(setting);
      const std::string name = reader.text("name");
      if (!name.empty() && !name.starts_with("AZ_BATCH_")) set(environment, name, reader.text("value"));
    }
  }
  return environment;
}

}  // namespace batchite
