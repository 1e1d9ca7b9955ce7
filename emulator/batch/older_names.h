// What requests and answers of api-versions before 2020-09-01.12.0 call otherwise: maxTasksPerNode became
// taskSlotsPerNode, tasks got slots, and task counts moved into an object of their own.
// Source: the service's release notes for that version, and recordings of the flat counts. Pure; any thread.
#pragma once
#include "core/backend.h"

namespace batchite::batch {

void to_current_names(Call& call);
void to_names_of(const Call& call, Document& answer);

}  // namespace batchite::batch
