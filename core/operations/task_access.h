// What a task may do with the token that it was given, and who gets one.
// Source: learn.microsoft.com/rest/api/batchservice/task/add (AuthenticationTokenSettings: "job" allows all operations
// that have to do with the task's job).
#pragma once
#include <string>

#include "core/backend.h"
#include "core/change.h"

namespace batchite {

// REQUIRES: the call is a task's. Throws AuthenticationFailed (401) once the task does not run any more, Forbidden for
// whatever is not an operation on its own job.
void check_task_access(const Change& change, const Call& call);

// Of a task as it is added, or a job manager task. Throws InvalidPropertyValue where nobody could be called with a
// token.
void check_token_settings(const Change& change, const Document& task);

// The token for an attempt of the task in this row; empty: it did not ask for one.
std::string task_token(const Change& change, const RunTask& run, const Row& row);

}  // namespace batchite
