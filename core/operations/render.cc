#include "core/operations/render.h"

#include <fmt/format.h>

#include <array>

#include "core/operations/endpoints.h"
#include "core/operations/lookup.h"

namespace batchite {
namespace {

constexpr std::array<std::string_view, 2> kPoolStates = {"active", "deleting"};
constexpr std::array<std::string_view, 3> kAllocationStates = {"steady", "resizing", "stopping"};
constexpr std::array<std::string_view, kNodeStates> kNodeStateTexts = {
    "idle",      "rebooting",           "reimaging",       "running",     "unusable",    "creating",
    "starting",  "waitingforstarttask", "starttaskfailed", "unknown",     "leavingpool", "offline",
    "preempted", "upgradingos",         "deallocated",     "deallocating"};
constexpr std::array<std::string_view, 7> kJobStates = {"active",      "disabling", "disabled", "enabling",
                                                        "terminating", "completed", "deleting"};
constexpr std::array<std::string_view, 5> kScheduleStates = {"active", "completed", "disabled", "terminating",
                                                             "deleting"};
constexpr std::array<std::string_view, 4> kTaskStates = {"active", "preparing", "running", "completed"};
constexpr std::array<std::string_view, 3> kSubtaskStates = {"preparing", "running", "completed"};

template <class Texts, class State>
std::string_view wire(const Texts& texts, State state) {
  return texts[static_cast<std::size_t>(state)];
}

void put_time(Document& document, const char* name, Time time) {
  if (time != kNever) document[name] = iso8601(time);
}

// id, url, eTag, lastModified, creationTime: how every resource begins.
Document head(const std::string& id, std::string url, Time modified, Time created) {
  return {{"id", id},
          {"url", std::move(url)},
          {"eTag", etag(modified)},
          {"lastModified", iso8601(modified)},
          {"creationTime", iso8601(created)}};
}

// What the client wrote, without the id that is there already.
void put_spec(Document& document, Document spec) {
  for (auto& [name, value] : spec.items()) {
    if (name != "id") document[name] = std::move(value);
  }
}

// `details`: what they are called here.
Document code_and_message(const Failure& failure, const char* details) {
  Document document = {{"code", failure.code}, {"message", failure.message}};
  for (const auto& [name, value] : failure.details) document[details].push_back({{"name", name}, {"value", value}});
  return document;
}

// The state of what remembers the one before.
template <class Texts, class Status>
void put_state(Document& document, const Texts& texts, const Status& status) {
  document["state"] = wire(texts, status.state);
  document["stateTransitionTime"] = iso8601(status.state_since);
  if (!status.previous_state) return;
  document["previousState"] = wire(texts, *status.previous_state);
  document["previousStateTransitionTime"] = iso8601(status.previous_since);
}

Document start_task_info(const StartTaskStatus& status) {
  Document info = {{"state", status.running ? "running" : "completed"}};
  put_time(info, "startTime", status.started);
  put_time(info, "endTime", status.ended);
  if (status.exit_code && !status.running) info["exitCode"] = *status.exit_code;
  if (status.failure) info["failureInfo"] = render_failure(*status.failure);
  if (!status.running) info["result"] = status.failure ? "failure" : "success";
  info["retryCount"] = status.retries;
  put_time(info, "lastRetryTime", status.last_retry);
  return info;
}

Document task_execution(const TaskStatus& status) {
  Document info = Document::object();
  put_time(info, "startTime", status.started);
  put_time(info, "endTime", status.ended);
  const bool completed = status.state == TaskState::Completed;
  if (completed && status.has_exit_code) info["exitCode"] = status.exit_code;
  if (status.failure) info["failureInfo"] = render_failure(*status.failure);
  if (completed) info["result"] = status.failure ? "failure" : "success";
  info["retryCount"] = status.retries;
  put_time(info, "lastRetryTime", status.last_retry);
  info["requeueCount"] = status.requeues;
  put_time(info, "lastRequeueTime", status.last_requeue);
  return info;
}

// How one of the nodes of a multi-instance task fares.
void put_instance(Document& info, const Instance& instance) {
  put_time(info, "startTime", instance.started);
  put_time(info, "endTime", instance.ended);
  const bool completed = instance.state == SubtaskState::Completed;
  if (completed && instance.exit_code) info["exitCode"] = *instance.exit_code;
  if (instance.failure) info["failureInfo"] = render_failure(*instance.failure);
}

void put_result(Document& info, const Instance& instance) {
  if (instance.state == SubtaskState::Completed) info["result"] = instance.failure ? "failure" : "success";
}

Document node_info(const Change& change, NodeKey node, const std::string& directory) {
  const NodeName& name = change.name_of(node);
  return {{"affinityId", "TVM:" + name.node_id},
          {"nodeUrl", node_url(change, name)},
          {"poolId", name.pool_id},
          {"nodeId", name.node_id},
          {"taskRootDirectory", directory},
          {"taskRootDirectoryUrl", node_url(change, name) + "/files/" + directory}};
}

// What the task does on the node, which may be one of its subtasks.
Document recent_task(const Change& change, NodeKey node, TaskKey key) {
  const Task* task = change.state().tasks.find(key);
  if (!task) return nullptr;
  const Row row = change.read().get(Kind::Task, number(key));
  const std::string job_id = change.read().get(Kind::Job, row.parent).id;
  Document recent = {{"taskUrl", task_url(change, job_id, row.id)}, {"jobId", job_id}, {"taskId", row.id}};
  int id = 0;
  const Instance* subtask = nullptr;
  if (const Instances* all = task->status.instances.get()) {
    while (all->at(static_cast<std::size_t>(id)).node != node) ++id;
    recent["subtaskId"] = id;
    if (id > 0) subtask = &(*all)[static_cast<std::size_t>(id)];
  }
  if (!subtask) {
    recent["taskState"] = wire(kTaskStates, task->status.state);
    recent["executionInfo"] = task_execution(task->status);
    return recent;
  }
  recent["taskState"] = wire(kSubtaskStates, subtask->state);
  Document info = Document::object();
  put_instance(info, *subtask);
  put_result(info, *subtask);
  info["retryCount"] = task->status.retries;
  info["requeueCount"] = task->status.requeues;
  recent["executionInfo"] = std::move(info);
  return recent;
}

// What a node was made of. Which version "latest" is, only Azure knows.
Document virtual_machine_info(const Document& pool) {
  Document image = Reader(pool).object("virtualMachineConfiguration").object("imageReference").document();
  const std::string version = Reader(image).text("version");
  if (!version.empty()) image["exactVersion"] = version == "latest" ? "1.0.0" : version;
  return {{"imageReference", std::move(image)}};
}

}  // namespace

std::string_view text_of(PoolState state) { return wire(kPoolStates, state); }
std::string_view text_of(AllocationState state) { return wire(kAllocationStates, state); }
std::string_view text_of(NodeState state) { return wire(kNodeStateTexts, state); }
std::string_view text_of(TaskState state) { return wire(kTaskStates, state); }
std::string_view text_of(JobState state) { return wire(kJobStates, state); }
std::string_view text_of(ScheduleState state) { return wire(kScheduleStates, state); }

Document render_failure(const Failure& failure) {
  Document document = {{"category", failure.category == Category::UserError ? "UserError" : "ServerError"}};
  document.update(code_and_message(failure, "details"));
  return document;
}

Document render_scale_run(const ScaleRun& run) {
  Document document = {{"timestamp", iso8601(run.time)}, {"results", run.results}};
  if (run.error) document["error"] = code_and_message(*run.error, "values");
  return document;
}

Document render_pool(const Change& change, std::int64_t key) {
  const auto found = change.state().pools.find(PoolKey{key});
  if (found == change.state().pools.end()) return nullptr;
  const PoolStatus& status = found->second.status;
  const Row row = change.read().get(Kind::Pool, key);
  Document document = head(row.id, pool_url(change, row.id), status.modified, status.created);
  document["state"] = wire(kPoolStates, status.state);
  document["stateTransitionTime"] = iso8601(status.state_since);
  document["allocationState"] = wire(kAllocationStates, status.allocation);
  document["allocationStateTransitionTime"] = iso8601(status.allocation_since);
  put_spec(document, Document::parse(row.spec));
  document["resizeTimeout"] = iso8601_duration(status.resize_timeout);
  document["currentDedicatedNodes"] = status.current.dedicated;
  document["currentLowPriorityNodes"] = status.current.low_priority;
  document["targetDedicatedNodes"] = status.target.dedicated;
  document["targetLowPriorityNodes"] = status.target.low_priority;
  if (status.scale_run) document["autoScaleRun"] = render_scale_run(*status.scale_run);
  // Known once nodes have been allocated.
  if (status.allocation == AllocationState::Steady && status.current != Targets{}) {
    const bool simplified = Reader(document).text("targetNodeCommunicationMode") == "simplified";
    document["currentNodeCommunicationMode"] = simplified ? "simplified" : "classic";
  }
  if (status.allocation == AllocationState::Steady) {
    for (const Failure& error : status.resize_errors) {
      document["resizeErrors"].push_back(code_and_message(error, "values"));
    }
  }
  return document;
}

Document render_node(const Change& change, std::int64_t key) {
  const auto found = change.state().nodes.find(NodeKey{key});
  if (found == change.state().nodes.end()) return nullptr;
  const Node& node = found->second;
  const NodeStatus& status = node.status;
  const NodeName& name = change.name_of(NodeKey{key});
  const Pool& pool = change.state().pools.at(status.pool);
  const Document spec = Document::parse(change.read().get(Kind::Pool, number(status.pool)).spec);
  Document document = {{"id", name.node_id},
                       {"url", node_url(change, name)},
                       {"state", wire(kNodeStateTexts, status.state)},
                       {"schedulingState", status.scheduling_enabled ? "enabled" : "disabled"},
                       {"stateTransitionTime", iso8601(status.state_since)}};
  put_time(document, "lastBootTime", status.last_boot);
  document["allocationTime"] = iso8601(status.allocated);
  document["ipAddress"] = node_address(NodeKey{key});
  document["affinityId"] = "TVM:" + name.node_id;
  document["vmSize"] = Reader(spec).text("vmSize");
  document["totalTasksRun"] = status.tasks_run;
  document["totalTasksSucceeded"] = status.tasks_succeeded;
  const std::size_t running = node.running.size + (node.subtask == TaskKey{} ? 0 : 1);
  document["runningTasksCount"] = running;
  document["runningTaskSlotsCount"] = running == 0 ? 0 : std::max(0, pool.spec.task_slots - node.free_slots);
  for (const TaskKey task : node.recent) {
    if (Document recent = recent_task(change, NodeKey{key}, task); !recent.is_null())
      document["recentTasks"].push_back(std::move(recent));
  }
  if (spec.contains("startTask") && status.start_task) document["startTask"] = spec["startTask"];
  if (status.start_task) document["startTaskInfo"] = start_task_info(*status.start_task);
  if (status.last_boot != kNever) document["certificateReferences"] = Reader(spec).array("certificateReferences");
  if (status.error) {
    document["errors"] = Document::array({code_and_message(*status.error, "errorDetails")});
  }
  document["isDedicated"] = status.dedicated;
  document["endpointConfiguration"] = endpoint_configuration(NodeKey{key}, spec);
  if (status.last_boot != kNever) {
    document["nodeAgentInfo"] = {{"version", "1.10.0"}, {"lastUpdateTime", iso8601(status.last_boot)}};
  }
  if (spec.contains("virtualMachineConfiguration")) document["virtualMachineInfo"] = virtual_machine_info(spec);
  return document;
}

Document render_job(const Change& change, std::int64_t key) {
  const auto found = change.state().jobs.find(JobKey{key});
  if (found == change.state().jobs.end()) return nullptr;
  const JobStatus& status = found->second.status;
  const Row row = change.read().get(Kind::Job, key);
  Document document = head(row.id, job_url(change, row.id), status.modified, status.created);
  put_state(document, kJobStates, status);
  put_spec(document, Document::parse(row.spec));
  Document& info = document["executionInfo"];
  info["startTime"] = iso8601(status.started);
  put_time(info, "endTime", status.ended);
  info["poolId"] = status.auto_pool.empty() ? Reader(document).object("poolInfo").text("poolId") : status.auto_pool;
  if (status.scheduling_error) info["schedulingError"] = render_failure(*status.scheduling_error);
  if (!status.terminate_reason.empty()) info["terminateReason"] = status.terminate_reason;
  return document;
}

Document render_schedule(const Change& change, std::int64_t key) {
  const auto found = change.state().schedules.find(ScheduleKey{key});
  if (found == change.state().schedules.end()) return nullptr;
  const Schedule& schedule = found->second;
  const ScheduleStatus& status = schedule.status;
  const Row row = change.read().get(Kind::JobSchedule, key);
  Document document = head(row.id, schedule_url(change, row.id), status.modified, status.created);
  put_state(document, kScheduleStates, status);
  put_spec(document, Document::parse(row.spec));
  Document info = Document::object();
  put_time(info, "nextRunTime", status.next);
  if (!schedule.jobs.empty()) {
    const std::string job_id = change.read().get(Kind::Job, number(*schedule.jobs.rbegin())).id;
    info["recentJob"] = {{"id", job_id}, {"url", job_url(change, job_id)}};
  }
  put_time(info, "endTime", status.ended);
  document["executionInfo"] = std::move(info);
  return document;
}

Document render_task(const Change& change, std::int64_t key) {
  const Task* task = change.state().tasks.find(TaskKey{key});
  if (!task) return nullptr;
  const TaskStatus& status = task->status;
  const Row row = change.read().get(Kind::Task, key);
  const std::string job_id = change.read().get(Kind::Job, row.parent).id;
  Document document = head(row.id, task_url(change, job_id, row.id), status.modified, status.created);
  put_state(document, kTaskStates, status);
  put_spec(document, Document::parse(row.spec));
  document["executionInfo"] = task_execution(status);
  if (status.node != kNoNode && status.state != TaskState::Active) {
    document["nodeInfo"] = node_info(
        change, status.node, status.instances ? instance_directory(job_id, row.id, 0) : task_directory(job_id, row.id));
  } else if (status.state == TaskState::Completed) {
    document["nodeInfo"] = Document::object();  // ended before it ran
  }
  return document;
}

Document render_subtask(const Change& change, TaskKey key, int id) {
  const Instance& instance = change.state().tasks.at(key).status.instances->at(static_cast<std::size_t>(id));
  const Row row = change.read().get(Kind::Task, number(key));
  const std::string job_id = change.read().get(Kind::Job, row.parent).id;
  Document document = {{"id", id},
                       {"nodeInfo", node_info(change, instance.node, instance_directory(job_id, row.id, id))}};
  put_instance(document, instance);
  put_state(document, kSubtaskStates, instance);
  put_result(document, instance);
  return document;
}

Document render_counts(const TaskCounts& counts) {
  const auto five = [](std::int64_t active, std::int64_t running, std::int64_t succeeded, std::int64_t failed) {
    return Document{{"active", active},
                    {"running", running},
                    {"completed", succeeded + failed},
                    {"succeeded", succeeded},
                    {"failed", failed}};
  };
  return {
      {"taskCounts", five(counts.active, counts.running, counts.succeeded, counts.failed)},
      {"taskSlotCounts", five(counts.active_slots, counts.running_slots, counts.succeeded_slots, counts.failed_slots)}};
}

}  // namespace batchite
