// From clients' documents to what the scheduler needs of them. The documents are complete: defaults are filled in.
// Throws nothing for a document that passed its checks.
#pragma once
#include "core/base/document.h"
#include "core/scheduler/state.h"

namespace batchite {

PoolSpec pool_spec(const Document& pool);
JobSpec job_spec(const Document& job);
ScheduleSpec schedule_spec(const Document& job_schedule);
// affinityInfo is left to the caller, who knows the nodes.
TaskSpec task_spec(const Document& task, JobKey job);
// Null for a task that has nothing of the kind.
std::shared_ptr<const TaskExtras> task_extras(const Document& task, const JobSpec& job,
                                              std::optional<ManagerSpec> manager = std::nullopt);

// A job's manager, and the document of its task; REQUIRES: the job has one.
ManagerSpec manager_spec(const Document& job);
Document manager_task(const Document& job);

// The job's preparation or release task; an empty object: it has none.
Document job_task(const Document& job, JobTask which);

// A duration member of the service's normal form, or the fallback.
Ticks duration_of(const Document& object, std::string_view name, Ticks fallback);

DrainOption drain_option(const Document& body, std::string_view name);

}  // namespace batchite
