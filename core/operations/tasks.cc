// Tasks: add (one or a collection), read, change, terminate, reactivate, delete. Sources:
// learn.microsoft.com/rest/api/batchservice/task and recorded answers.
#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/defaults.h"
#include "core/operations/lookup.h"
#include "core/operations/package_references.h"
#include "core/operations/render.h"
#include "core/operations/specs.h"
#include "core/operations/statistics.h"
#include "core/operations/table.h"
#include "core/operations/task_access.h"
#include "core/operations/task_relations.h"
#include "core/operations/task_rules.h"

namespace batchite {
namespace {

constexpr std::size_t kCollectionSize = 100;

NodeKey affinity_of(const Change& change, const Job& job, const Document& task) {
  const std::string wish = Reader(task).object("affinityInfo").text("affinityId");
  if (!wish.starts_with("TVM:") || job.pool == kNoPool) return kNoNode;
  return change.find_node(job.pool, std::string_view(wish).substr(4)).value_or(kNoNode);
}

// The tasks that a job has for its nodes have directories beside those of its tasks, so no task may have their ids.
struct ReservedIds {
  std::string preparation, release;  // empty: there is none

  void check(const std::string& id) const {
    if (same_id(id, preparation)) throw Error(errors::kTaskIdSameAsJobPreparationTask);
    if (same_id(id, release)) throw Error(errors::kTaskIdSameAsJobReleaseTask);
  }
};

ReservedIds reserved_ids(const Change& change, JobKey key) {
  if (!change.state().jobs.at(key).spec.preparation) return {};
  const Document job = Document::parse(change.read().get(Kind::Job, number(key)).spec);
  return {Reader(job_task(job, JobTask::Preparation)).text("id"), Reader(job_task(job, JobTask::Release)).text("id")};
}

// Checks, completes and stores one task; the scheduler hears of it from the caller. Throws TaskExists.
TasksAdded::One store_task(Change& change, JobKey key, const ReservedIds& reserved, Document task) {
  const Job& job = change.state().jobs.at(key);
  check_task_document(task);
  reserved.check(task["id"]);
  check_task_relations(task, job.spec);
  check_package_references(change, task);
  check_token_settings(change, task);
  complete_task_document(task, job.spec.max_task_retries);
  complete_task_relations(task, job.spec);
  TasksAdded::One added{{}, task_spec(task, key)};
  added.spec.extras = task_extras(task, job.spec);
  added.spec.affinity = affinity_of(change, job, task);
  const auto stored = change.write().insert(Kind::Task, {.parent = number(key), .id = task["id"], .spec = task.dump()});
  if (!stored) throw Error(errors::kTaskExists);
  added.task = TaskKey{*stored};
  return added;
}

std::string url_of(Change& change, const Call& call, std::string_view task_id) {
  return task_url(change, call.path.get("jobId"), task_id);
}

Answer add_task(Change& change, const Call& call) {
  const JobKey job = the_job(change, call);
  require_open(change.state().jobs.at(job));  // a disabled job takes tasks too: they wait
  const Document body = contract::normalise(*call.operation.body, call.body);
  const TasksAdded::One added = store_task(change, job, reserved_ids(change, job), body);
  change.happen(TasksAdded{{added}});
  Reply reply = done(call, change.state().tasks.at(added.task).status.modified);
  reply.headers.add("Location", url_of(change, call, body["id"].get<std::string>()));
  return reply;
}

Document failed_item(const std::string& id, const Error& error) {
  Document result = {{"status", error.status() < 500 ? "ClientError" : "ServerError"},
                     {"taskId", id},
                     {"error", {{"code", error.code()}, {"message", {{"lang", "en-US"}, {"value", error.message()}}}}}};
  for (const auto& [name, value] : error.values()) {
    result["error"]["values"].push_back({{"key", name}, {"value", value}});
  }
  return result;
}

Answer add_collection(Change& change, const Call& call) {
  const JobKey job = the_job(change, call);
  require_open(change.state().jobs.at(job));
  const Document& items = call.body.at("value");
  if (items.size() > kCollectionSize) {
    throw invalid_property("value", std::to_string(items.size()), "At most 100 tasks can be added in one request");
  }
  const contract::Model& model = *call.operation.body->find("value")->model;
  const contract::CheckOptions options{.version = call.version};
  const ReservedIds reserved = reserved_ids(change, job);
  Document results = Document::array();
  TasksAdded added;
  const Time modified = change.now();
  for (const Document& item : items) {
    // Without an id there is no result to tell it in: that refuses them all.
    if (const Document* id = Reader(item).find("id"); !id || !id->is_string())
      contract::check_body(model, item, options);
    const std::string id = Reader(item).text("id");
    try {
      contract::check_body(model, item, options);
      added.tasks.push_back(store_task(change, job, reserved, contract::normalise(model, item)));
      results.push_back({{"status", "Success"},
                         {"taskId", id},
                         {"eTag", etag(modified)},
                         {"lastModified", iso8601(modified)},
                         {"location", url_of(change, call, id)}});
    } catch (const Error& error) {
      if (error.status() >= 500) throw;
      results.push_back(failed_item(id, error));
    }
  }
  if (!added.tasks.empty()) change.happen(added);
  return Reply{.status = call.operation.status, .body = {{"value", std::move(results)}}};
}

Answer list_tasks(Change& change, const Call& call) {
  return page(change, call, Kind::Task, number(the_job(change, call)), render_task);
}

Answer get_task(Change& change, const Call& call) {
  const TaskKey key = the_task(change, call);
  const Time modified = change.state().tasks.at(key).status.modified;
  check_conditions(call, modified);
  return one(call, with_statistics(change, call, Kind::Task, number(key), render_task(change, number(key))), modified);
}

Answer update_task(Change& change, const Call& call) {
  const TaskKey key = the_task(change, call);
  const Task& state = change.state().tasks.at(key);
  check_conditions(call, state.status.modified);
  if (state.status.state == TaskState::Completed) throw Error(errors::kTaskCompleted);
  const Document body = contract::normalise(*call.operation.body, call.body);
  Document task = Document::parse(change.read().get(Kind::Task, number(key)).spec);
  task["constraints"] = Reader(body).has("constraints") ? body["constraints"] : Document::object();
  default_task_constraints(task, change.state().jobs.at(state.spec.job).spec.max_task_retries);
  TaskSpec spec = task_spec(task, state.spec.job);
  spec.affinity = state.spec.affinity;
  change.write().put_spec(Kind::Task, number(key), task.dump());
  change.happen(TaskSpecChanged{key, spec});
  return done(call, change.state().tasks.at(key).status.modified);
}

Answer terminate_task(Change& change, const Call& call) {
  const TaskKey key = the_task(change, call);
  const TaskStatus& status = change.state().tasks.at(key).status;
  check_conditions(call, status.modified);
  if (status.state == TaskState::Completed) throw Error(errors::kTaskCompleted);
  change.write();
  change.happen(TaskTerminateAsked{key});
  return done(call, change.state().tasks.at(key).status.modified);
}

Answer reactivate_task(Change& change, const Call& call) {
  const TaskKey key = the_task(change, call);
  const Task& task = change.state().tasks.at(key);
  check_conditions(call, task.status.modified);
  require_open(change.state().jobs.at(task.spec.job));
  if (task.status.state != TaskState::Completed) throw Error(errors::kTaskNotCompleted);
  if (!task.status.failure) throw Error(errors::kTaskSucceeded);
  change.write();
  change.happen(TaskReactivateAsked{key});
  return done(call, change.state().tasks.at(key).status.modified);
}

Answer delete_task(Change& change, const Call& call) {
  const TaskKey key = the_task(change, call);
  check_conditions(call, change.state().tasks.at(key).status.modified);
  change.write();
  change.happen(TaskDeleteAsked{key});
  return done(call);
}

constexpr OperationRow kTasks[] = {
    {"Task_Add", add_task},
    {"Task_AddCollection", add_collection},
    {"Task_List", list_tasks},
    {"Task_Get", get_task},
    {"Task_Update", update_task},
    {"Task_Terminate", terminate_task},
    {"Task_Reactivate", reactivate_task},
    {"Task_Delete", delete_task},
};

}  // namespace

std::span<const OperationRow> task_operations() { return kTasks; }

}  // namespace batchite
