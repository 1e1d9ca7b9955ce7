#include "core/scheduler/failures.h"

#include <fmt/format.h>

namespace batchite {
namespace {

std::vector<Failure> unmet(const Targets& current, const Targets& target, Category category, const char* code,
                           const char* cause) {
  std::vector<Failure> failures;
  const auto tell = [&](const char* kind) {
    failures.push_back(
        {category, code, fmt::format("Desired number of {} nodes could not be allocated {}", kind, cause), {}});
  };
  if (current.dedicated != target.dedicated) tell("dedicated");
  if (current.low_priority != target.low_priority) tell("low priority");
  return failures;
}

}  // namespace

Failure exit_code_failure() {
  return {Category::UserError,
          "FailureExitCode",
          "The task exited with an exit code representing a failure",
          {{"Message", "The task process exited with an unexpected exit code"},
           {"AdditionalErrorCode", "FailureExitCode"}}};
}

Failure task_ended_failure() { return {Category::UserError, "TaskEnded", "The task was ended by user request", {}}; }

std::vector<Failure> resize_stopped(const Targets& current, const Targets& target) {
  return unmet(current, target, Category::UserError, "ResizeStopped", "due to a stop resize operation");
}

std::vector<Failure> resize_timed_out(const Targets& current, const Targets& target) {
  return unmet(current, target, Category::ServerError, "AllocationTimedOut", "as the resize timeout was reached");
}

}  // namespace batchite
