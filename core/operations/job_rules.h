// What must hold within one job document beyond the types and limits of its members, and what the service fills in
// where a client left something out. For jobs as they are added or changed, and for the jobSpecification of a schedule,
// which has the same members.
// Source: learn.microsoft.com/rest/api/batchservice/job/add, and recorded answers (all defaults).
// Throw the service's Error, naming the innermost property.
#pragma once
#include "core/base/document.h"

namespace batchite {

void check_job_document(const Document& job);
void complete_job_document(Document& job);

}  // namespace batchite
