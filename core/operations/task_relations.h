// What a task says of the tasks it waits for and of what its ending means: dependsOn and exitConditions.
// Source: learn.microsoft.com/rest/api/batchservice/task/add (TaskDependencies, TaskIdRange, ExitConditions). The limit
// of ranges is not documented; it is taken to be that of ids, of the text they make. Stored documents show in every
// exitOptions the actions that their job can use, the default ones where the client named none (recordings of jobs
// without dependencies show jobAction alone). Throw the service's Error, naming the innermost property.
#pragma once
#include <memory>

#include "core/base/document.h"
#include "core/scheduler/state.h"

namespace batchite {

void check_task_relations(const Document& task, const JobSpec& job);
void complete_task_relations(Document& task, const JobSpec& job);

Dependencies dependencies_of(const Document& task);
ExitConditions exit_conditions_of(const Document& task);

}  // namespace batchite
