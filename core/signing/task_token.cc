#include "core/signing/task_token.h"

namespace batchite {
namespace {

constexpr std::string_view kAudience = "https://batch.core.windows.net/";
constexpr std::string_view kClaim = "batchite_task";
constexpr Ticks kLifetime = std::chrono::hours(24 * 180);  // of a task, at most

}  // namespace

std::string issue_task_token(std::string_view secret, const TaskCaller& caller, Time now) {
  Document claims = Document::object();
  claims[std::string(kClaim)] = {
      {"job", caller.job}, {"task", caller.task}, {"attempt", caller.attempt}, {"jobAccess", caller.has_job_access}};
  return BearerToken::issue(secret, std::string(kAudience), now, kLifetime, claims);
}

// A claim that is not ours in all its parts belongs to nobody: such a caller may do nothing.
std::optional<TaskCaller> task_caller(const BearerToken& token) {
  const Document* claim = Reader(token.claims()).find(kClaim);
  if (!claim) return std::nullopt;
  const auto number = [claim](const char* name) {
    const Document* value = Reader(*claim).find(name);
    return value && value->is_number_integer() ? value->get<std::int64_t>() : 0;
  };
  const Document* access = Reader(*claim).find("jobAccess");
  return TaskCaller{number("job"), number("task"), static_cast<int>(number("attempt")),
                    access && access->is_boolean() && access->get<bool>()};
}

}  // namespace batchite
