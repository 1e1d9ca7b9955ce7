// What must hold within one job document beyond the types and limits of its members, and what the service fills in
// where a client left something out. For jobs as they are added or changed, and for the jobSpecification of a schedule,
// which has the same members.
// Source: learn.microsoft.com/rest/api/batchservice/job/add, and recorded answers (all defaults).
// Throw the service's Error, naming the innermost property.
#pragma once
#include "core/base/document.h"
#include "core/scheduler/state.h"

namespace batchite {

void check_job_document(const Document& job);
void complete_job_document(Document& job);

// Of jobs that are no schedule's: their auto pool cannot live as long as one.
void check_auto_pool_lifetime(const Document& job);

// What an update may do to poolInfo. The same once more is always allowed (recorded of an active job's auto pool); a
// change only while the job is disabled, and of an auto pool only keepAlive. REQUIRES: complete documents.
void check_pool_change(const Document& before, const Document& after, JobState state);

}  // namespace batchite
