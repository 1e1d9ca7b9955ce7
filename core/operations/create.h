// Pools and jobs come from clients' requests, but also from the service itself: a schedule's jobs, the auto pools of
// jobs.
#pragma once
#include "core/base/document.h"
#include "core/change.h"

namespace batchite {

// `pool`: a normalised document, with its id. Throws what Pool_Add answers.
PoolKey create_pool(Change& change, Document pool);

// `job`: a normalised document that has been checked, with its id. Its job manager task and its auto pool are made with
// it; when the pool fails, the job is there all the same, completed, and says why. Throws JobExists and the like.
JobKey create_job(Change& change, Document job, ScheduleKey schedule = kNoSchedule);

// The job that the schedule has become due for: {schedule}:job-{n}, by its jobSpecification of now.
void create_scheduled_job(Change& change, ScheduleKey schedule);

}  // namespace batchite
