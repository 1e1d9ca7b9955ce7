// Auto pools: learn.microsoft.com/rest/api/batchservice/job/add. Recorded: their ids are an upper-case GUID, behind
// "{prefix}_" if there is a prefix; a job whose pool could not be made is completed at once and shows both the pool's
// id and the error, whose details are those of the refusal.
#include <fmt/format.h>

#include <algorithm>

#include "core/base/digest.h"
#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/create.h"
#include "core/operations/job_rules.h"
#include "core/operations/specs.h"

namespace batchite {
namespace {

struct Refused {
  const ErrorCode& by;
  const FailureCode& failure;
};
constexpr Refused kRefusals[] = {
    {errors::kInvalidCertificateReferences, scheduling_errors::kInvalidCertificatesInAutoPool},
    {errors::kInvalidApplicationPackageReferences, scheduling_errors::kInvalidApplicationPackageReferencesInAutoPool},
    {errors::kPoolQuotaReached, scheduling_errors::kAutoPoolCreationFailedWithQuotaReached},
    {errors::kInvalidAutoScalingSettings, scheduling_errors::kInvalidAutoScaleFormulaInAutoPool},
    {errors::kAutoScalingFormulaSyntaxError, scheduling_errors::kInvalidAutoScaleFormulaInAutoPool},
    {errors::kAutoScalingFormulaTooLong, scheduling_errors::kInvalidAutoScaleFormulaInAutoPool},
};

Failure scheduling_error(const Error& error) {
  const auto found = std::ranges::find_if(kRefusals, [&](const Refused& row) { return error.is(row.by); });
  const FailureCode& code = found == std::end(kRefusals) ? scheduling_errors::kInvalidAutoPoolSettings : found->failure;
  Failure failure{Category::UserError, std::string(code.code), std::string(code.message), {}};
  for (const ErrorValue& value : error.values()) failure.details.emplace_back(value.key, value.value);
  return failure;
}

// Derived from what never repeats in one database, so that no randomness is needed.
std::string auto_pool_id(const Change& change, const Document& auto_pool, JobKey job) {
  const std::string seed =
      fmt::format("{}/auto pool/{}/{}", change.options().account, number(job), change.now().time_since_epoch().count());
  const std::string prefix = Reader(auto_pool).text("autoPoolIdPrefix");
  return (prefix.empty() ? "" : prefix + "_") + guid_of(seed);
}

// The pool that the schedule's jobs share, if it is there and stays.
std::string shared_pool(const State& state, ScheduleKey key) {
  const auto schedule = state.schedules.find(key);
  if (schedule == state.schedules.end() || !schedule->second.spec.shares_pool) return {};
  const std::string& id = schedule->second.status.auto_pool;
  const auto pool = state.pools_by_id.find(fold(id));
  if (pool == state.pools_by_id.end()) return {};
  return state.pools.at(pool->second).status.state == PoolState::Active ? id : std::string();
}

// Fills in what became of the job's auto pool.
void provide_auto_pool(Change& change, const Document& auto_pool, JobAdded& added) {
  added.auto_pool = shared_pool(change.state(), added.schedule);
  if (!added.auto_pool.empty()) return;
  added.auto_pool = auto_pool_id(change, auto_pool, added.job);
  Document pool = {{"id", added.auto_pool}};
  pool.update(auto_pool.at("pool"));
  try {
    create_pool(change, std::move(pool));
  } catch (const Error& error) {
    if (error.status() >= 500) throw;
    added.scheduling_error = scheduling_error(error);
  }
}

// The job's other tasks cannot come before it: it is the first that they are queued behind.
void add_manager(Change& change, const Document& job, const JobAdded& added) {
  const Document task = manager_task(job);
  TasksAdded::One manager{{}, task_spec(task, added.job)};
  manager.spec.extras = task_extras(task, added.spec, manager_spec(job));
  manager.task = TaskKey{
      *change.write().insert(Kind::Task, {.parent = number(added.job), .id = task.at("id"), .spec = task.dump()})};
  change.happen(TasksAdded{{manager}});
}

[[noreturn]] void refuse_existing(const Change& change, const std::string& id) {
  const JobKey existing{*change.read().find(Kind::Job, 0, id)};
  const JobState state = change.state().jobs.at(existing).status.state;
  if (state == JobState::Completed) throw Error(errors::kJobCompleted);
  throw Error(state == JobState::Deleting ? errors::kJobBeingDeleted : errors::kJobExists);
}

}  // namespace

JobKey create_job(Change& change, Document job, ScheduleKey schedule) {
  complete_job_document(job);
  const std::string id = job["id"];
  const auto key = change.write().insert(Kind::Job, {.id = id, .spec = job.dump()});
  if (!key) refuse_existing(change, id);
  JobAdded added{.job = JobKey{*key}, .spec = job_spec(job), .schedule = schedule};
  const Document& pool_info = job.at("poolInfo");
  if (Reader(pool_info).has("autoPoolSpecification")) {
    provide_auto_pool(change, pool_info.at("autoPoolSpecification"), added);
  }
  change.happen(added);
  if (Reader(job).has("jobManagerTask") && !added.scheduling_error) add_manager(change, job, added);
  return added.job;
}

void create_scheduled_job(Change& change, ScheduleKey schedule) {
  const auto found = change.state().schedules.find(schedule);
  if (found == change.state().schedules.end()) return;
  const Row row = change.read().get(Kind::JobSchedule, number(schedule));
  Document job = {{"id", fmt::format("{}:job-{}", row.id, found->second.status.last_job + 1)}};
  job.update(Document::parse(row.spec).at("jobSpecification"));
  create_job(change, std::move(job), schedule);
}

}  // namespace batchite
