// Tokens that tasks get (authenticationTokenSettings) to call the Batch service about their own job: bearer tokens with
// one more claim, which says whose they are. What such a caller may do: core/operations/task_access.h.
// Source: learn.microsoft.com/rest/api/batchservice/task/add (AuthenticationTokenSettings); how the service's tokens
// look is documented nowhere. Pure; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/signing/bearer_token.h"

namespace batchite {

// A task that calls by its token.
struct TaskCaller {
  std::int64_t job = 0, task = 0;  // keys
  int attempt = 0;                 // a later one has another token
  bool has_job_access = false;     // "job" is in its access
  bool operator==(const TaskCaller&) const = default;
};

std::string issue_task_token(std::string_view secret, const TaskCaller& caller, Time now);

// nullopt: the token is no task's. The signature is the caller's business.
std::optional<TaskCaller> task_caller(const BearerToken& token);

}  // namespace batchite
