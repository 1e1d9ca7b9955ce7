// What must hold within one task document beyond the types and limits of its members, and what the service fills in
// where a client left something out. For tasks as they are added, and for the job manager task of a job or a schedule,
// which has many of the same members.
// Source: learn.microsoft.com/rest/api/batchservice/task/add, and recorded answers (all defaults).
// Throw the service's Error, naming the innermost property.
#pragma once
#include "core/base/document.h"

namespace batchite {

void check_task_document(const Document& task);
// `job_retries`: the maxTaskRetryCount of a task that gives none.
void complete_task_document(Document& task, int job_retries);
void default_task_constraints(Document& task, int job_retries);

}  // namespace batchite
