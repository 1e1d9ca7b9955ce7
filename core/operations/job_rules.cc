#include "core/operations/job_rules.h"

#include <set>

#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/defaults.h"
#include "core/operations/pool_rules.h"
#include "core/operations/task_rules.h"

namespace batchite {
namespace {

constexpr const char* kPreparationId = "jobpreparation";
constexpr const char* kReleaseId = "jobrelease";
constexpr const char* kSpecialTasks[] = {"jobManagerTask", "jobPreparationTask", "jobReleaseTask"};

void complete_preparation(Document& task) {
  default_to(task, "id", kPreparationId);
  default_to(task, "constraints", Document::object());
  default_to(task["constraints"], "maxWallClockTime", kNoLimit);
  default_to(task["constraints"], "retentionTime", "P7D");
  default_to(task["constraints"], "maxTaskRetryCount", 0);
  default_to(task, "waitForSuccess", true);
  default_identity(task);
  default_to(task, "rerunOnNodeRebootAfterSuccess", true);
}

// No retries: a release task runs once.
void complete_release(Document& task) {
  default_to(task, "id", kReleaseId);
  default_to(task, "maxWallClockTime", "PT15M");
  default_to(task, "retentionTime", "P7D");
  default_identity(task);
}

void complete_manager(Document& task, int job_retries) {
  complete_task_document(task, job_retries);
  default_to(task, "killJobOnCompletion", true);
  default_to(task, "runExclusive", true);
  default_to(task, "allowLowPriorityNode", true);
}

std::string id_of_special(const Reader& job, std::string_view name) {
  const std::string id = job.object(name).text("id");
  if (!id.empty() || !job.has(name)) return fold(id);
  return name == "jobPreparationTask" ? kPreparationId : kReleaseId;
}

void check_special_tasks(const Reader& job) {
  if (job.has("jobReleaseTask") && !job.has("jobPreparationTask")) {
    throw invalid_property("jobReleaseTask", "set", "A job release task needs a job preparation task");
  }
  std::set<std::string> ids;
  for (const char* name : kSpecialTasks) {
    if (!job.has(name)) continue;
    const Reader task = job.object(name);
    check_resource_files(task.document());
    check_user_identity(task.document());
    if (task.has("containerSettings")) {
      throw invalid_property("containerSettings", "set",
                             "containerSettings is not implemented in this version of Batchite");
    }
    if (const std::string id = id_of_special(job, name); !ids.insert(id).second) {
      throw invalid_property("id", id, "The job manager, preparation and release tasks must have different ids");
    }
  }
}

void check_auto_pool(const Document& auto_pool) {
  const Reader reader(auto_pool);
  if (!reader.has("pool")) throw Error(errors::kMissingRequiredProperty, {{"PropertyName", "pool"}});
  check_pool_document(reader.object("pool").document());
}

void complete_auto_pool(Document& auto_pool) {
  default_to(auto_pool, "keepAlive", false);
  complete_pool_document(auto_pool["pool"]);
}

}  // namespace

void complete_job_document(Document& job) {
  drop_empty_lists(job);
  default_to(job, "priority", 0);
  default_to(job, "maxParallelTasks", -1);
  default_to(job, "usesTaskDependencies", false);
  default_to(job, "allowTaskPreemption", false);
  default_to(job, "constraints", Document::object());
  default_to(job["constraints"], "maxWallClockTime", kNoLimit);
  default_to(job["constraints"], "maxTaskRetryCount", 0);
  default_to(job, "onAllTasksComplete", "noaction");
  default_to(job, "onTaskFailure", "noaction");
  if (Reader(job).object("poolInfo").has("autoPoolSpecification")) {
    complete_auto_pool(job["poolInfo"]["autoPoolSpecification"]);
  }
  if (const auto task = job.find("jobManagerTask"); task != job.end()) {
    complete_manager(*task, job["constraints"]["maxTaskRetryCount"]);
  }
  if (const auto task = job.find("jobPreparationTask"); task != job.end()) complete_preparation(*task);
  if (const auto task = job.find("jobReleaseTask"); task != job.end()) complete_release(*task);
}

void check_job_document(const Document& job) {
  const Reader reader(job);
  const Reader pool = reader.object("poolInfo");
  if (pool.has("poolId") == pool.has("autoPoolSpecification")) {
    throw invalid_property("poolInfo", pool.document().dump(),
                           "Exactly one of poolId and autoPoolSpecification must be set");
  }
  const int parallel = reader.get("maxParallelTasks", -1);
  if (parallel == 0 || parallel < -1) {
    throw invalid_property("maxParallelTasks", std::to_string(parallel), "Must be -1 or greater than 0");
  }
  check_special_tasks(reader);
  if (reader.has("jobManagerTask")) check_task_document(reader.object("jobManagerTask").document());
  if (pool.has("autoPoolSpecification")) check_auto_pool(pool.object("autoPoolSpecification").document());
}

void check_auto_pool_lifetime(const Document& job) {
  const Reader auto_pool = Reader(job).object("poolInfo").object("autoPoolSpecification");
  const std::string lifetime = auto_pool.text("poolLifetimeOption");
  if (!same_id(lifetime, "jobschedule")) return;
  throw invalid_property("poolLifetimeOption", lifetime, "Only the jobs of a job schedule can share its auto pool");
}

void check_pool_change(const Document& before, const Document& after, JobState state) {
  Document was = Reader(before).object("poolInfo").document(), is = Reader(after).object("poolInfo").document();
  if (was == is) return;
  const bool by_id = Reader(was).has("poolId") && Reader(is).has("poolId");
  if (by_id && same_id(Reader(was).text("poolId"), Reader(is).text("poolId"))) return;
  if (state != JobState::Disabled) throw Error(errors::kOperationInvalidForCurrentState);
  if (by_id) return;
  const std::string shown = is.dump();
  const bool of_job = same_id(Reader(was).object("autoPoolSpecification").text("poolLifetimeOption"), "job");
  for (Document* info : {&was, &is}) {
    if (of_job && Reader(*info).has("autoPoolSpecification")) (*info)["autoPoolSpecification"].erase("keepAlive");
  }
  if (was != is) throw invalid_property("poolInfo", shown, "Of an auto pool, only keepAlive can be changed");
}

}  // namespace batchite
