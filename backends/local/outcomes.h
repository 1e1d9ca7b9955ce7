// How work ended, in the service's words. Pure; any thread.
// Source: learn.microsoft.com/rest/api/batchservice/task/get (TaskFailureInformation) and recordings.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "backends/local/launcher_protocol.h"
#include "core/contract/failure.h"
#include "core/scheduler/event.h"

namespace batchite {

// Data for failures: name and value.
using FailureDetails = std::vector<std::pair<std::string, std::string>>;
Failure failure_of(const FailureCode& code, FailureDetails details);

// What the service says of an attempt whose process ended, or could not begin.
Outcome outcome_of(const TaskExit& exit);

}  // namespace batchite
