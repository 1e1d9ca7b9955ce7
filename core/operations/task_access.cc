#include "core/operations/task_access.h"

#include <fmt/format.h>

#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/defaults.h"

namespace batchite {
namespace {

constexpr const char* kSettings = "authenticationTokenSettings";

bool runs(const State& state, const TaskCaller& caller) {
  const Task* task = state.tasks.find(TaskKey{caller.task});
  return task && task->spec.job == JobKey{caller.job} && task->status.state == TaskState::Running &&
         task->status.attempt == caller.attempt;
}

bool has_job_access(const Document& task) {
  for (const Document& access : Reader(task).object(kSettings).array("access")) {
    if (same_id(access.get<std::string>(), "job")) return true;
  }
  return false;
}

}  // namespace

void check_task_access(const Change& change, const Call& call) {
  const TaskCaller& caller = *call.caller;
  if (!runs(change.state(), caller)) {
    ErrorCode code = errors::kAuthenticationFailed;
    code.status = 401;
    throw Error(code, {{"AuthenticationErrorDetail", "The bearer token is of a task that does not run any more."}});
  }
  const std::string own = change.read().get(Kind::Job, caller.job).id;
  if (caller.has_job_access && same_id(call.path.get("jobId"), own)) return;
  throw Error(errors::kForbidden,
              {{"Reason", fmt::format("The token of a task allows operations on its own job only{}",
                                      caller.has_job_access ? ", which is " + own : ", if it asked for that access")}});
}

void check_token_settings(const Change& change, const Document& task) {
  if (!Reader(task).has(kSettings) || !change.options().token_secret.empty()) return;
  throw invalid_property(
      kSettings, "set",
      "Nobody answers tasks that call the Batch service here: use `batchite start` or `batchite run`");
}

std::string task_token(const Change& change, const RunTask& run, const Row& row) {
  const std::string& secret = change.options().token_secret;
  if (secret.empty() || row.spec.find(kSettings) == std::string::npos) return {};  // most have none: not worth parsing
  const Document task = Document::parse(row.spec);
  if (!Reader(task).has(kSettings)) return {};
  return issue_task_token(secret, {row.parent, number(run.task), run.attempt, has_job_access(task)}, change.now());
}

}  // namespace batchite
