// Job schedules: add, read, change, disable, enable, terminate, delete, and their jobs. Sources:
// learn.microsoft.com/rest/api/batchservice/job-schedule and recorded answers (disable and enable answer 204, terminate
// and delete 202; the specification comes back with a job's defaults).
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/defaults.h"
#include "core/operations/job_rules.h"
#include "core/operations/lookup.h"
#include "core/operations/package_references.h"
#include "core/operations/pool_rules.h"
#include "core/operations/render.h"
#include "core/operations/specs.h"
#include "core/operations/statistics.h"
#include "core/operations/table.h"
#include "core/operations/task_access.h"

namespace batchite {
namespace {

const Schedule& state_of(const Change& change, ScheduleKey key) { return change.state().schedules.at(key); }

void check_times(const Document& job_schedule, Time now) {
  const ScheduleSpec spec = schedule_spec(job_schedule);
  const Reader schedule = Reader(job_schedule).object("schedule");
  if (!schedule.has("doNotRunAfter")) return;
  const std::string after = schedule.text("doNotRunAfter");
  if (spec.not_after <= spec.not_until) {
    throw invalid_property("doNotRunAfter", after, "It must be later than doNotRunUntil");
  }
  if (spec.not_after <= now) throw invalid_property("doNotRunAfter", after, "It must be in the future");
}

void complete_and_check(const Change& change, Document& job_schedule) {
  drop_empty_lists(job_schedule);
  default_to(job_schedule, "schedule", Document::object());
  Document& job = job_schedule["jobSpecification"];
  check_job_document(job);
  const Document& manager = Reader(job).object("jobManagerTask").document();
  check_package_references(change, manager);
  check_token_settings(change, manager);
  complete_job_document(job);
}

Answer add_schedule(Change& change, const Call& call) {
  Document document = contract::normalise(*call.operation.body, call.body);
  complete_and_check(change, document);
  check_times(document, change.now());
  const std::string id = document["id"];
  if (const auto existing = change.read().find(Kind::JobSchedule, 0, id)) {
    const ScheduleState state = state_of(change, ScheduleKey{*existing}).status.state;
    throw Error(state == ScheduleState::Deleting ? errors::kJobScheduleBeingDeleted : errors::kJobScheduleExists);
  }
  if (change.read().find(Kind::Job, 0, id)) throw Error(errors::kJobWithSameIdExists);
  const ScheduleKey key{*change.write().insert(Kind::JobSchedule, {.id = id, .spec = document.dump()})};
  change.happen(ScheduleAdded{key, schedule_spec(document)});
  Reply reply = done(call, state_of(change, key).status.modified);
  reply.headers.add("Location", schedule_url(change, id));
  return reply;
}

Answer list_schedules(Change& change, const Call& call) {
  return page(change, call, Kind::JobSchedule, 0, render_schedule);
}

Answer get_schedule(Change& change, const Call& call) {
  const ScheduleKey key = the_schedule(change, call);
  const Time modified = state_of(change, key).status.modified;
  check_conditions(call, modified);
  Document document = render_schedule(change, number(key));
  return one(call, with_statistics(change, call, Kind::JobSchedule, number(key), std::move(document)), modified);
}

Answer schedule_exists(Change& change, const Call& call) {
  const Time modified = state_of(change, the_schedule(change, call)).status.modified;
  check_conditions(call, modified);
  return done(call, modified);
}

// The schedule, once conditions hold and it is not on its way out.
ScheduleKey changeable(const Change& change, const Call& call) {
  const ScheduleKey key = the_schedule(change, call);
  const ScheduleStatus& status = state_of(change, key).status;
  check_conditions(call, status.modified);
  switch (status.state) {
    case ScheduleState::Completed:
      throw Error(errors::kJobScheduleCompleted);
    case ScheduleState::Terminating:
      throw Error(errors::kJobScheduleBeingTerminated);
    case ScheduleState::Deleting:
      throw Error(errors::kJobScheduleBeingDeleted);
    default:
      return key;
  }
}

// Jobs that are there already stay as they are.
Answer put_schedule(Change& change, const Call& call, ScheduleKey key, Document document) {
  complete_and_check(change, document);
  const Document before = Document::parse(change.read().get(Kind::JobSchedule, number(key)).spec);
  if (before["schedule"] != document["schedule"]) check_times(document, change.now());
  change.write().put_spec(Kind::JobSchedule, number(key), document.dump());
  change.happen(ScheduleSpecChanged{key, schedule_spec(document)});
  return done(call, state_of(change, key).status.modified);
}

Answer patch_schedule(Change& change, const Call& call) {
  const ScheduleKey key = changeable(change, call);
  Document document = Document::parse(change.read().get(Kind::JobSchedule, number(key)).spec);
  return put_schedule(change, call, key, patched(std::move(document), call));
}

Answer update_schedule(Change& change, const Call& call) {
  const ScheduleKey key = changeable(change, call);
  Document document = Document::parse(change.read().get(Kind::JobSchedule, number(key)).spec);
  return put_schedule(change, call, key, replaced(std::move(document), call));
}

template <class Event>
Answer act(Change& change, const Call& call, Event event) {
  change.write();
  change.happen(event);
  const auto after = change.state().schedules.find(event.schedule);
  const bool there = after != change.state().schedules.end();
  return done(call, there ? std::optional(after->second.status.modified) : std::nullopt);
}

Answer disable_schedule(Change& change, const Call& call) {
  const ScheduleKey key = changeable(change, call);
  if (state_of(change, key).status.state == ScheduleState::Disabled) throw Error(errors::kJobScheduleDisabled);
  return act(change, call, ScheduleDisableAsked{key});
}

Answer enable_schedule(Change& change, const Call& call) {
  return act(change, call, ScheduleEnableAsked{changeable(change, call)});
}

Answer terminate_schedule(Change& change, const Call& call) {
  return act(change, call, ScheduleTerminateAsked{changeable(change, call)});
}

Answer delete_schedule(Change& change, const Call& call) {
  const ScheduleKey key = the_schedule(change, call);
  const ScheduleStatus& status = state_of(change, key).status;
  check_conditions(call, status.modified);
  if (status.state == ScheduleState::Deleting) throw Error(errors::kJobScheduleBeingDeleted);
  change.write();
  change.happen(ScheduleDeleteAsked{key});
  return done(call);
}

// In the order of ids, as other lists.
Answer list_jobs(Change& change, const Call& call) {
  const std::optional<Filter> filter = filter_of(call);
  std::map<std::string, Document> jobs;
  for (const JobKey key : state_of(change, the_schedule(change, call)).jobs) {
    Document job = render_job(change, number(key));
    if (filter && !filter->matches(job)) continue;
    std::string id = job["id"];
    jobs.emplace(std::move(id), with_statistics(change, call, Kind::Job, number(key), std::move(job)));
  }
  Document items = Document::array();
  for (auto& [id, job] : jobs) items.push_back(std::move(job));
  return page_of(change.base_url(), call, items);
}

constexpr OperationRow kJobSchedules[] = {
    {"JobSchedule_Add", add_schedule},
    {"JobSchedule_List", list_schedules},
    {"JobSchedule_Get", get_schedule},
    {"JobSchedule_Exists", schedule_exists},
    {"JobSchedule_Patch", patch_schedule},
    {"JobSchedule_Update", update_schedule},
    {"JobSchedule_Disable", disable_schedule},
    {"JobSchedule_Enable", enable_schedule},
    {"JobSchedule_Terminate", terminate_schedule},
    {"JobSchedule_Delete", delete_schedule},
    {"Job_ListFromJobSchedule", list_jobs},
};

}  // namespace

std::span<const OperationRow> job_schedule_operations() { return kJobSchedules; }

}  // namespace batchite
