#include "core/operations/specs.h"

#include "core/base/ids.h"
#include "core/operations/task_relations.h"
#include "core/operations/vm_size.h"

namespace batchite {

constexpr Ticks kDefaultScaleInterval = std::chrono::minutes(15);

Ticks duration_of(const Document& object, std::string_view name, Ticks fallback) {
  const Document* value = Reader(object).find(name);
  return value ? parse_duration(value->get_ref<const std::string&>()).value_or(fallback) : fallback;
}

DrainOption drain_option(const Document& body, std::string_view name) {
  const std::string option = fold(Reader(body).text(name));
  if (option == "terminate") return DrainOption::Terminate;
  if (option == "taskcompletion" || option == "wait") return DrainOption::TaskCompletion;
  if (option == "retaineddata") return DrainOption::RetainedData;
  return DrainOption::Requeue;
}

PoolSpec pool_spec(const Document& pool) {
  const Reader reader(pool);
  PoolSpec spec;
  spec.task_slots = reader.get("taskSlotsPerNode", 1);
  spec.inter_node_communication = reader.get("enableInterNodeCommunication", false);
  spec.cores = cores_of(reader.text("vmSize")).value_or(1);
  if (reader.get("enableAutoScale", false)) {
    spec.scale_every = duration_of(pool, "autoScaleEvaluationInterval", kDefaultScaleInterval);
  }
  const bool pack = same_id(reader.object("taskSchedulingPolicy").text("nodeFillType"), "pack");
  spec.fill = pack ? FillType::Pack : FillType::Spread;
  if (const Document* start_task = reader.find("startTask")) {
    const Reader task(*start_task);
    spec.start_task = StartTaskSpec{.wait_for_success = task.get("waitForSuccess", true),
                                    .max_retries = task.get("maxTaskRetryCount", 0)};
  }
  return spec;
}

JobSpec job_spec(const Document& job) {
  const Reader reader(job);
  const Reader constraints = reader.object("constraints");
  JobSpec spec;
  const Reader auto_pool = reader.object("poolInfo").object("autoPoolSpecification");
  spec.pool_id = fold(reader.object("poolInfo").text("poolId"));
  spec.deletes_pool = same_id(auto_pool.text("poolLifetimeOption"), "job") && !auto_pool.get("keepAlive", false);
  spec.priority = reader.get("priority", 0);
  spec.max_parallel_tasks = reader.get("maxParallelTasks", -1);
  spec.max_wall_clock = duration_of(constraints.document(), "maxWallClockTime", kUnlimited);
  spec.max_task_retries = constraints.get("maxTaskRetryCount", 0);
  if (same_id(reader.text("onAllTasksComplete"), "terminatejob")) {
    spec.on_all_tasks_complete = OnAllTasksComplete::TerminateJob;
  }
  if (const Document* preparation = reader.find("jobPreparationTask")) {
    const Reader task(*preparation);
    spec.preparation = PreparationSpec{.max_retries = task.object("constraints").get("maxTaskRetryCount", 0),
                                       .wait_for_success = task.get("waitForSuccess", true),
                                       .rerun_after_reboot = task.get("rerunOnNodeRebootAfterSuccess", true)};
  }
  spec.has_release = reader.has("jobReleaseTask");
  if (same_id(reader.text("onTaskFailure"), "performexitoptionsjobaction")) {
    spec.on_task_failure = OnTaskFailure::PerformExitOptionsJobAction;
  }
  spec.uses_dependencies = reader.get("usesTaskDependencies", false);
  spec.gives_way = reader.get("allowTaskPreemption", false);
  return spec;
}

std::shared_ptr<const TaskExtras> task_extras(const Document& task, const JobSpec& job,
                                              std::optional<ManagerSpec> manager) {
  TaskExtras extras;
  extras.manager = manager;
  if (job.uses_dependencies) extras.id = fold(Reader(task).text("id"));
  extras.dependencies = dependencies_of(task);
  extras.exit = exit_conditions_of(task);
  if (const Document* instances = Reader(task).find("multiInstanceSettings")) {
    extras.instances = Reader(*instances).get("numberOfInstances", 1);
  }
  return extras == TaskExtras{} ? nullptr : std::make_shared<const TaskExtras>(std::move(extras));
}

ManagerSpec manager_spec(const Document& job) {
  const Reader task = Reader(job).object("jobManagerTask");
  return {.kills_job = task.get("killJobOnCompletion", true),
          .is_exclusive = task.get("runExclusive", true),
          .allows_low_priority = task.get("allowLowPriorityNode", true)};
}

Document manager_task(const Document& job) {
  Document task = job.at("jobManagerTask");
  for (const char* name : {"killJobOnCompletion", "runExclusive", "allowLowPriorityNode"}) task.erase(name);
  return task;
}

Document job_task(const Document& job, JobTask which) {
  return Reader(job).object(which == JobTask::Preparation ? "jobPreparationTask" : "jobReleaseTask").document();
}

ScheduleSpec schedule_spec(const Document& job_schedule) {
  const Reader reader(job_schedule), schedule = reader.object("schedule");
  const auto time = [&](const char* name, Time fallback) {
    return schedule.has(name) ? parse_iso8601(schedule.text(name)).value_or(fallback) : fallback;
  };
  const Reader auto_pool = reader.object("jobSpecification").object("poolInfo").object("autoPoolSpecification");
  ScheduleSpec spec;
  spec.not_until = time("doNotRunUntil", kNever);
  spec.not_after = time("doNotRunAfter", Time::max());
  spec.start_window = duration_of(schedule.document(), "startWindow", kUnlimited);
  spec.interval = duration_of(schedule.document(), "recurrenceInterval", {});
  spec.shares_pool = same_id(auto_pool.text("poolLifetimeOption"), "jobschedule");
  spec.deletes_pool = spec.shares_pool && !auto_pool.get("keepAlive", false);
  return spec;
}

TaskSpec task_spec(const Document& task, JobKey job) {
  const Reader reader(task);
  const Reader constraints = reader.object("constraints");
  TaskSpec spec;
  spec.job = job;
  spec.required_slots = static_cast<std::int16_t>(reader.get("requiredSlots", 1));
  spec.max_retries = constraints.get("maxTaskRetryCount", 0);
  spec.retention = duration_of(constraints.document(), "retentionTime", kUnlimited);
  return spec;
}

}  // namespace batchite
