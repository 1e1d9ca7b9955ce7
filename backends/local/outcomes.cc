#include "backends/local/outcomes.h"

#include <cerrno>
#include <cstring>

#include "core/contract/error_codes.h"

namespace batchite {

Failure failure_of(const FailureCode& code, FailureDetails details) {
  return {.category = code.category == "usererror" ? Category::UserError : Category::ServerError,
          .code = std::string(code.code),
          .message = std::string(code.message),
          .details = std::move(details)};
}

Outcome outcome_of(const TaskExit& exit) {
  Outcome outcome{.exit_code = std::nullopt, .failure = std::nullopt, .may_retry = true, .started = exit.started};
  outcome.usage = {.user = exit.user_time,
                   .kernel = exit.system_time,
                   .read = exit.blocks_read,
                   .written = exit.blocks_written,
                   .peak_memory = exit.max_rss_bytes};
  switch (exit.kind) {
    case TaskExit::Kind::ProgramNotFound:
      outcome.failure =
          failure_of(failures::kCommandProgramNotFound, {{"Message", "The system cannot find the file specified"}});
      outcome.may_retry = false;
      outcome.trouble = Trouble::PreProcessing;
      return outcome;
    case TaskExit::Kind::LaunchFailed:
      outcome.failure = failure_of(exit.value == ENOSPC ? failures::kDiskFull : failures::kCommandLaunchFailed,
                                   {{"Message", exit.step + ": " + std::strerror(exit.value)}});
      outcome.may_retry = false;
      outcome.trouble = Trouble::PreProcessing;
      return outcome;
    default:
      break;
  }
  outcome.exit_code = shell_exit_code(exit);
  if (exit.timed_out) {
    outcome.failure =
        failure_of(failures::kTaskEnded, {{"Message", "The maximum execution time configured on the task was exceeded"},
                                          {"AdditionalErrorCode", "FailureExitCode"}});
    outcome.may_retry = false;
  }
  return outcome;
}

}  // namespace batchite
