#include "core/operations/task_rules.h"

#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/defaults.h"
#include "core/operations/pool_rules.h"

namespace batchite {
namespace {

// The service writes these with capitals, whatever it was sent.
void complete_output_files(Document& task) {
  const auto files = task.find("outputFiles");
  if (files == task.end()) return;
  for (Document& file : *files) {
    const std::string condition = Reader(file).object("uploadOptions").text("uploadCondition");
    for (const char* spelling : {"TaskSuccess", "TaskFailure", "TaskCompletion"}) {
      if (same_id(condition, spelling)) file["uploadOptions"]["uploadCondition"] = spelling;
    }
  }
}

}  // namespace

void check_task_document(const Document& task) {
  const Reader reader(task);
  check_resource_files(task);
  check_resource_files(reader.object("multiInstanceSettings").document(), "commonResourceFiles");
  check_user_identity(task);
  for (const Document& file : reader.array("outputFiles")) {
    if (!Reader(file).object("destination").has("container")) {
      throw Error(errors::kMissingRequiredProperty, {{"PropertyName", "container"}});
    }
  }
  // What a later milestone brings is refused by name.
  if (reader.has("containerSettings")) {
    throw invalid_property("containerSettings", "set",
                           "containerSettings is not implemented in this version of Batchite");
  }
}

void complete_task_document(Document& task, int job_retries) {
  drop_empty_lists(task);
  default_identity(task);
  default_task_constraints(task, job_retries);
  complete_output_files(task);
  default_to(task, "requiredSlots", 1);
  if (task.contains("multiInstanceSettings")) default_to(task["multiInstanceSettings"], "numberOfInstances", 1);
}

void default_task_constraints(Document& task, int job_retries) {
  default_to(task, "constraints", Document::object());
  default_to(task["constraints"], "maxWallClockTime", kNoLimit);
  default_to(task["constraints"], "retentionTime", "P7D");
  default_to(task["constraints"], "maxTaskRetryCount", job_retries);
}

}  // namespace batchite
