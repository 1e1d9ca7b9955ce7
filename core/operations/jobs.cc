// Jobs: add, read, change, disable, enable, terminate, delete. Sources: learn.microsoft.com/rest/api/batchservice/job
// and recorded answers.
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/create.h"
#include "core/operations/defaults.h"
#include "core/operations/job_rules.h"
#include "core/operations/lookup.h"
#include "core/operations/package_references.h"
#include "core/operations/render.h"
#include "core/operations/specs.h"
#include "core/operations/statistics.h"
#include "core/operations/table.h"
#include "core/operations/task_access.h"

namespace batchite {
namespace {

const Job& state_of(const Change& change, JobKey job) { return change.state().jobs.at(job); }

Answer add_job(Change& change, const Call& call) {
  Document job = contract::normalise(*call.operation.body, call.body);
  check_job_document(job);
  check_auto_pool_lifetime(job);
  const Document& manager = Reader(job).object("jobManagerTask").document();
  check_package_references(change, manager);
  check_token_settings(change, manager);
  const std::string id = job["id"];
  if (change.read().find(Kind::JobSchedule, 0, id)) throw Error(errors::kJobScheduleWithSameIdExists);
  const JobKey key = create_job(change, std::move(job));
  Reply reply = done(call, state_of(change, key).status.modified);
  reply.headers.add("Location", job_url(change, id));
  return reply;
}

Answer list_jobs(Change& change, const Call& call) { return page(change, call, Kind::Job, 0, render_job); }

Answer get_job(Change& change, const Call& call) {
  const JobKey job = the_job(change, call);
  const Time modified = state_of(change, job).status.modified;
  check_conditions(call, modified);
  return one(call, with_statistics(change, call, Kind::Job, number(job), render_job(change, number(job))), modified);
}

Answer put_job(Change& change, const Call& call, JobKey key, Document job) {
  check_job_document(job);
  complete_job_document(job);
  const Job& state = state_of(change, key);
  const JobSpec spec = job_spec(job);
  if (state.spec.on_all_tasks_complete == OnAllTasksComplete::TerminateJob &&
      spec.on_all_tasks_complete == OnAllTasksComplete::NoAction) {
    throw invalid_property("onAllTasksComplete", "noaction", "Cannot go back from terminatejob to noaction");
  }
  check_pool_change(Document::parse(change.read().get(Kind::Job, number(key)).spec), job, state.status.state);
  change.write().put_spec(Kind::Job, number(key), job.dump());
  change.happen(JobSpecChanged{key, spec});
  const auto after = change.state().jobs.find(key);
  return done(call, after->second.status.modified);
}

Answer patch_job(Change& change, const Call& call) {
  const JobKey key = the_job(change, call);
  check_conditions(call, state_of(change, key).status.modified);
  require_open(state_of(change, key));
  Document job = Document::parse(change.read().get(Kind::Job, number(key)).spec);
  return put_job(change, call, key, patched(std::move(job), call));
}

Answer update_job(Change& change, const Call& call) {
  const JobKey key = the_job(change, call);
  check_conditions(call, state_of(change, key).status.modified);
  require_open(state_of(change, key));
  Document job = Document::parse(change.read().get(Kind::Job, number(key)).spec);
  return put_job(change, call, key, replaced(std::move(job), call));
}

// Checks what all job actions have in common and lets the event happen.
template <class Event>
Answer act(Change& change, const Call& call, Event event) {
  change.write();
  change.happen(event);
  const auto job = change.state().jobs.find(event.job);
  const bool there = job != change.state().jobs.end();
  return done(call, there ? std::optional(job->second.status.modified) : std::nullopt);
}

Answer disable_job(Change& change, const Call& call) {
  const JobKey key = the_job(change, call);
  check_conditions(call, state_of(change, key).status.modified);
  require_open(state_of(change, key));
  const Document body = contract::normalise(*call.operation.body, call.body);
  return act(change, call, JobDisableAsked{key, drain_option(body, "disableTasks")});
}

Answer enable_job(Change& change, const Call& call) {
  const JobKey key = the_job(change, call);
  check_conditions(call, state_of(change, key).status.modified);
  require_open(state_of(change, key));
  const JobState state = state_of(change, key).status.state;
  if (state != JobState::Disabled && state != JobState::Disabling)
    throw Error(errors::kOperationInvalidForCurrentState);
  return act(change, call, JobEnableAsked{key});
}

Answer terminate_job(Change& change, const Call& call) {
  const JobKey key = the_job(change, call);
  check_conditions(call, state_of(change, key).status.modified);
  require_open(state_of(change, key));
  return act(change, call,
             JobTerminateAsked{key, call.body.is_null() ? "" : Reader(call.body).text("terminateReason")});
}

Answer delete_job(Change& change, const Call& call) {
  const JobKey key = the_job(change, call);
  check_conditions(call, state_of(change, key).status.modified);
  if (state_of(change, key).status.state == JobState::Deleting) throw Error(errors::kJobBeingDeleted);
  change.write();
  change.happen(JobDeleteAsked{key});
  return done(call);
}

Answer task_counts(Change& change, const Call& call) {
  return Reply{.status = call.operation.status, .body = render_counts(state_of(change, the_job(change, call)).counts)};
}

constexpr OperationRow kJobs[] = {
    {"Job_Add", add_job},       {"Job_List", list_jobs},
    {"Job_Get", get_job},       {"Job_Patch", patch_job},
    {"Job_Update", update_job}, {"Job_Disable", disable_job},
    {"Job_Enable", enable_job}, {"Job_Terminate", terminate_job},
    {"Job_Delete", delete_job}, {"Job_GetTaskCounts", task_counts},
};

}  // namespace

std::span<const OperationRow> job_operations() { return kJobs; }

}  // namespace batchite
