#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

bool passes_through(JobState state) {
  return state == JobState::Disabling || state == JobState::Enabling || state == JobState::Terminating;
}

// States that a job only passes through never become its previous one: a completed job was active before.
void move_to(State& state, JobKey key, Job& job, JobState next, Time now, Effects& out) {
  JobStatus& status = job.status;
  if (!passes_through(status.state)) {
    status.previous_state = status.state;
    status.previous_since = status.state_since;
  }
  status.state = next;
  status.state_since = now;
  touch(out.touched.jobs, key);
  file(state, key, job);
  if (next == JobState::Completed) job_has_ended(state, key, job, out);
}

bool may_be_terminated(const Job& job) {
  switch (job.status.state) {
    case JobState::Active:
    case JobState::Disabling:
    case JobState::Disabled:
    case JobState::Enabling:
      return true;
    default:
      return false;
  }
}

std::vector<TaskKey> running_tasks(const State& state, JobKey key, const Job& job) {
  std::vector<TaskKey> tasks;
  if (job.counts.running == 0) return tasks;
  for (const NodeKey node : state.pools.at(job.pool).nodes) {
    const TaskList& running = state.nodes.at(node).running;
    for (TaskKey task = running.first; task != TaskKey{}; task = state.tasks.at(task).link.next) {
      if (state.tasks.at(task).spec.job == key) tasks.push_back(task);
    }
  }
  std::ranges::sort(tasks);
  return tasks;
}

// The newest first, so that the oldest is the first of the queue afterwards.
void evict_all(State& state, JobKey key, const Job& job, Evict how, Time now, Effects& out) {
  std::vector<TaskKey> tasks = running_tasks(state, key, job);
  if (how != Evict::Terminate) std::ranges::reverse(tasks);
  for (const TaskKey task : tasks) {
    // Unless the end of one, of a job manager, has ended them all.
    if (state.tasks.at(task).status.state != TaskState::Completed) evict(state, task, how, now, out);
  }
}

void terminate(State& state, JobKey key, Job& job, const std::string& reason, Time now, Effects& out) {
  if (!may_be_terminated(job)) return;
  job.status.terminate_reason = reason;
  job.status.modified = now;
  move_to(state, key, job, JobState::Terminating, now, out);
  evict_all(state, key, job, Evict::Terminate, now, out);
  stop_preparations(key, job, now, out);
  begin_releases(state, key, job, now, out);
  end_if_released(state, key, now, out);
}

void erase_job(State& state, JobKey key, Job& job, Time now, Effects& out) {
  for (const auto& [first, last] : job.tasks) {
    for (auto task = number(first); task <= number(last); ++task) {
      if (state.tasks.find(TaskKey{task})) erase_task(state, TaskKey{task}, now, out);
    }
  }
  stop_preparations(key, job, now, out);
  leave_nodes(state, key, job);
  remove_files(state, key, job, out);
  job_has_ended(state, key, job, out);
  withdraw(state, key, job);
  accrue(state.totals.jobs, job.status.sums);
  out.totals = true;
  state.jobs.erase(key);
  out.erased.jobs.push_back(key);
}

void disable(State& state, JobKey key, Job& job, DrainOption tasks, Time now, Effects& out) {
  job.status.disable = tasks;
  job.status.modified = now;
  touch(out.touched.jobs, key);
  if (job.status.state == JobState::Disabled) return;
  if (job.status.state != JobState::Disabling) move_to(state, key, job, JobState::Disabling, now, out);
  if (tasks == DrainOption::Requeue) evict_all(state, key, job, Evict::Requeue, now, out);
  if (tasks == DrainOption::Terminate) evict_all(state, key, job, Evict::Terminate, now, out);
  after_ending(state, key, job, now, out);
}

void arm_wall_clock(State& state, JobKey key, const Job& job) {
  arm(state, Timer::Kind::JobWallClock, number(key), after(job.status.created, job.spec.max_wall_clock));
}

}  // namespace

void append(std::vector<TaskRange>& ranges, TaskKey key) {
  if (!ranges.empty() && number(ranges.back().last) + 1 == number(key)) {
    ranges.back().last = key;
  } else {
    ranges.push_back({key, key});
  }
}

// Keys of tasks that are gone weigh nothing until ranges are most of what a job has.
void compact(const State& state, Job& job) {
  const TaskCounts& counts = job.counts;
  const auto tasks = static_cast<std::size_t>(counts.active + counts.running + counts.succeeded + counts.failed);
  if (job.tasks.size() < 64 + 2 * tasks) return;
  std::vector<TaskRange> kept;
  for (const auto& [first, last] : job.tasks) {
    for (auto key = number(first); key <= number(last); ++key) {
      if (state.tasks.find(TaskKey{key})) append(kept, TaskKey{key});
    }
  }
  job.tasks = std::move(kept);
}

void after_ending(State& state, JobKey key, Job& job, Time now, Effects& out) {
  file(state, key, job);
  if (job.status.state == JobState::Disabling && job.counts.running == 0) {
    move_to(state, key, job, JobState::Disabled, now, out);
  }
  end_if_complete(state, key, job, now, out);
}

void perform(State& state, JobKey key, Job& job, JobAction action, Time now, Effects& out) {
  if (job.spec.on_task_failure != OnTaskFailure::PerformExitOptionsJobAction) return;
  if (action == JobAction::Terminate) terminate(state, key, job, "TaskFailed", now, out);
  if (action == JobAction::Disable && job.status.state == JobState::Active) {
    disable(state, key, job, DrainOption::Requeue, now, out);
  }
}

void end_if_complete(State& state, JobKey key, Job& job, Time now, Effects& out) {
  if (job.spec.on_all_tasks_complete != OnAllTasksComplete::TerminateJob) return;
  if (job.status.state != JobState::Active || job.counts.active > 0 || job.counts.running > 0) return;
  terminate(state, key, job, "AllTasksComplete", now, out);
}

void end_if_released(State& state, JobKey key, Time now, Effects& out) {
  Job* job = find(state.jobs, key);
  if (!job || !is_released(*job)) return;
  if (job->status.state == JobState::Terminating) {
    job->status.ended = now;
    leave_nodes(state, key, *job);
    move_to(state, key, *job, JobState::Completed, now, out);
  } else if (job->status.state == JobState::Deleting) {
    erase_job(state, key, *job, now, out);
  }
}

void manager_completed(State& state, JobKey key, const ManagerSpec& manager, Time now, Effects& out) {
  if (manager.kills_job) terminate(state, key, state.jobs.at(key), "JMComplete", now, out);
}

void wall_clock_passed(State& state, JobKey key, Time now, Effects& out) {
  Job* job = find(state.jobs, key);
  if (!job || after(job->status.created, job->spec.max_wall_clock) > now) return;
  terminate(state, key, *job, "MaxWallClockTimeExpiry", now, out);
}

void on(State& state, const JobAdded& e, Time now, Effects& out) {
  Job& job = state.jobs[e.job];
  job.spec = e.spec;
  if (e.spec.uses_dependencies) job.dependencies = std::make_unique<DependencyGraph>();
  JobStatus& status = job.status;
  status.schedule = e.schedule;
  status.auto_pool = e.auto_pool;
  use_auto_pool(job);
  job.pool = pool_of(state, job.spec.pool_id);
  status.state_since = status.created = status.modified = status.started = now;
  touch(out.touched.jobs, e.job);
  job_joins_schedule(state, e.job, job, out);
  if (e.scheduling_error) {
    status.scheduling_error = e.scheduling_error;
    status.ended = now;
    return move_to(state, e.job, job, JobState::Completed, now, out);
  }
  file(state, e.job, job);
  arm_wall_clock(state, e.job, job);
  if (job.spec.on_all_tasks_complete == OnAllTasksComplete::TerminateJob) {
    arm(state, Timer::Kind::JobEmpty, number(e.job), after(now, kEmptyJobGrace));
  }
}

void on(State& state, const JobSpecChanged& e, Time now, Effects& out) {
  Job* job = find(state.jobs, e.job);
  if (!job) return;
  withdraw(state, e.job, *job);
  job->spec = e.spec;
  use_auto_pool(*job);
  if (job->counts.running == 0) job->pool = pool_of(state, job->spec.pool_id);
  file(state, e.job, *job);
  if (job->pool != kNoPool) touch(state.unsettled, job->pool);  // what gives way to whom may be another matter now
  job->status.modified = now;
  touch(out.touched.jobs, e.job);
  arm_wall_clock(state, e.job, *job);
  end_if_complete(state, e.job, *job, now, out);
}

void on(State& state, const JobDisableAsked& e, Time now, Effects& out) {
  Job* job = find(state.jobs, e.job);
  if (job && may_be_terminated(*job)) disable(state, e.job, *job, e.tasks, now, out);
}

void on(State& state, const JobEnableAsked& e, Time now, Effects& out) {
  Job* job = find(state.jobs, e.job);
  if (!job || (job->status.state != JobState::Disabled && job->status.state != JobState::Disabling)) return;
  job->status.modified = now;
  move_to(state, e.job, *job, JobState::Active, now, out);
  end_if_complete(state, e.job, *job, now, out);
}

void on(State& state, const JobTerminateAsked& e, Time now, Effects& out) {
  Job* job = find(state.jobs, e.job);
  if (job) terminate(state, e.job, *job, e.reason.empty() ? "UserTerminate" : e.reason, now, out);
}

void on(State& state, const JobDeleteAsked& e, Time now, Effects& out) {
  Job* job = find(state.jobs, e.job);
  if (!job || job->status.state == JobState::Deleting) return;
  const bool was_ended = job->status.state == JobState::Completed;
  job->status.modified = now;
  move_to(state, e.job, *job, JobState::Deleting, now, out);
  if (!was_ended && owes_release(*job)) {
    // Its tasks stay until then: what they left is there for the release tasks.
    evict_all(state, e.job, *job, Evict::Terminate, now, out);
    stop_preparations(e.job, *job, now, out);
    begin_releases(state, e.job, *job, now, out);
  }
  end_if_released(state, e.job, now, out);
}

}  // namespace batchite::scheduler
