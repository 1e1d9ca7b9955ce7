#include "core/service.h"

#include "core/contract/error_codes.h"
#include "core/contract/query.h"
#include "core/contract/validate.h"
#include "core/operations/autoscale.h"
#include "core/operations/explain.h"
#include "core/operations/faults.h"
#include "core/operations/lookup.h"
#include "core/operations/management.h"
#include "core/operations/table.h"
#include "core/operations/task_access.h"

namespace batchite {
namespace {

void check_request(const Call& call) {
  const contract::Operation& operation = call.operation;
  contract::check_query(operation, call.query, call.version);
  check_condition_headers(call);
  if (!operation.body) return;
  if (call.body.is_null()) {
    if (operation.body_required) throw Error(errors::kInvalidRequestBody);
    return;
  }
  // The tasks of a collection are checked one by one where they are added: a bad one does not refuse the others
  // (github.com/Azure/azure-sdk-for-python/issues/42399 shows one task refused for an UnsupportedProperty).
  const bool one_by_one = operation.id == "Task_AddCollection";
  contract::check_body(*operation.body, call.body, {.version = call.version, .only_count = one_by_one});
}

}  // namespace

Service::Service(Store& store, NodeFiles& files, Host& host, ServiceOptions options)
    : world_{store, files, host, std::move(options)} {}

Answer Service::call(const Call& call, Time now) {
  const OperationRow& row = operation_row(call.operation.id);
  Change change(world_, now, call.base);
  if (call.caller) check_task_access(change, call);
  check_request(call);
  Answer answer = row.run(change, call);
  world_.host.enqueue(change.commit());
  return answer;
}

Document Service::manage(const ManagementCall& call, Time now) {
  Change change(world_, now);
  Document answer = batchite::manage(change, call);
  world_.host.enqueue(change.commit());
  return answer;
}

void Service::happened(const std::vector<Event>& events, Time now) {
  Change change(world_, now);
  for (const Event& event : events) change.happen(event);
  world_.host.enqueue(change.commit());
}

Document Service::explain(const std::string& job_id, const std::string& task_id, Time now) {
  const Change change(world_, now);
  return explain_task(change, job_id, task_id);
}

Document Service::samples(const std::string& pool_id, Time now) {
  const Change change(world_, now);
  return pool_samples(change, pool_id);
}

void Service::inflict(const NodeFault& fault, Time now) {
  Change change(world_, now);
  inflict_fault(change, fault);
  world_.host.enqueue(change.commit());
}

Document Service::scheduled_events(const std::string& node_id, Time now) {
  const Change change(world_, now);
  return scheduled_events_of(change, node_id);
}

const State& Service::state() {
  if (world_.must_load) load(world_);
  return world_.state;
}

}  // namespace batchite
