// Job schedules, and the end of auto pools. The times at which jobs are due lie on a grid: from doNotRunUntil, or from
// the schedule's creation, one interval after the other, whether the jobs were created in time or not.
// Source: learn.microsoft.com/rest/api/batchservice/job-schedule/add (windows, recurrence, completion), and recordings
// (the first job is there at once; nextRunTime is one interval later; terminating ends the active job with the reason
// TerminateWorkitem).
#include "core/base/ids.h"
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

void move_to(ScheduleKey key, Schedule& schedule, ScheduleState next, Time now, Effects& out) {
  ScheduleStatus& status = schedule.status;
  if (status.state != ScheduleState::Terminating) {  // it only passes through that one
    status.previous_state = status.state;
    status.previous_since = status.state_since;
  }
  status.state = next;
  status.state_since = now;
  touch(out.touched.schedules, key);
}

bool is_open(const Schedule& schedule) {
  return schedule.status.state == ScheduleState::Active || schedule.status.state == ScheduleState::Disabled;
}

void release_pool(State& state, const Schedule& schedule) {
  if (schedule.spec.deletes_pool && !schedule.status.auto_pool.empty()) {
    state.outlived_pools.push_back(fold(schedule.status.auto_pool));
  }
}

void complete(State& state, ScheduleKey key, Schedule& schedule, Time now, Effects& out) {
  schedule.status.next = kNever;
  schedule.status.waiting = false;
  schedule.status.ended = now;
  release_pool(state, schedule);
  move_to(key, schedule, ScheduleState::Completed, now, out);
}

// The last time until now of the grid through `from`. REQUIRES: from <= now.
Time latest_on_grid(Time from, Ticks interval, Time now) { return from + interval * ((now - from) / interval); }

// Jobs that were due by now: only the latest of them counts. One that comes too late for its window is lost.
void pass_due_times(Schedule& schedule, Time now) {
  const ScheduleSpec& spec = schedule.spec;
  ScheduleStatus& status = schedule.status;
  if (status.next != kNever && status.next <= now) {
    status.latest = status.next;
    status.waiting = true;
    status.next = kNever;
    if (spec.interval > Ticks::zero()) {
      status.latest = latest_on_grid(status.latest, spec.interval, now);
      status.next = after(status.latest, spec.interval);
    }
  }
  if (status.waiting && after(status.latest, spec.start_window) < now) status.waiting = false;
  if (status.next > spec.not_after) status.next = kNever;
  if (now > spec.not_after) status.waiting = false;
}

void advance(State& state, ScheduleKey key, Schedule& schedule, Time now, Effects& out) {
  if (schedule.status.state == ScheduleState::Terminating && schedule.active == kNoJob) {
    return complete(state, key, schedule, now, out);
  }
  if (!is_open(schedule)) return;
  pass_due_times(schedule, now);
  touch(out.touched.schedules, key);
  ScheduleStatus& status = schedule.status;
  if (status.state == ScheduleState::Active && status.waiting && schedule.active == kNoJob && !schedule.asked) {
    status.waiting = false;
    schedule.asked = true;
    out.jobs_due.push_back(key);
  }
  const bool more = status.waiting || status.next != kNever;
  if (!more && schedule.active == kNoJob && !schedule.asked) return complete(state, key, schedule, now, out);
  arm_schedule(state, key, schedule);
}

void erase_if_empty(State& state, ScheduleKey key, Schedule& schedule, Effects& out) {
  if (schedule.status.state != ScheduleState::Deleting || !schedule.jobs.empty()) return;
  release_pool(state, schedule);
  state.schedules.erase(key);
  out.erased.schedules.push_back(key);
}

}  // namespace

// The end of a window matters when the job in it can no longer be created and nothing else is to come.
void arm_schedule(State& state, ScheduleKey key, const Schedule& schedule) {
  if (!is_open(schedule)) return;
  const ScheduleStatus& status = schedule.status;
  constexpr Ticks kOver{1};
  if (status.next != kNever) arm(state, Timer::Kind::Schedule, number(key), status.next);
  if (!status.waiting) return;
  const Time window_end = std::min(after(status.latest, schedule.spec.start_window), schedule.spec.not_after);
  if (window_end != Time::max()) arm(state, Timer::Kind::Schedule, number(key), after(window_end, kOver));
}

void schedule_due(State& state, ScheduleKey key) { touch(state.unsettled_schedules, key); }

void use_auto_pool(Job& job) {
  if (!job.status.auto_pool.empty()) job.spec.pool_id = fold(job.status.auto_pool);
}

void job_joins_schedule(State& state, JobKey key, const Job& job, Effects& out) {
  Schedule* schedule = find(state.schedules, job.status.schedule);
  if (!schedule) return;
  schedule->jobs.insert(key);
  schedule->active = key;
  schedule->asked = false;
  ++schedule->status.last_job;
  if (schedule->spec.shares_pool) schedule->status.auto_pool = job.status.auto_pool;
  touch(out.touched.schedules, job.status.schedule);
}

void job_has_ended(State& state, JobKey key, const Job& job, Effects& out) {
  if (job.spec.deletes_pool && !job.status.auto_pool.empty()) {
    state.outlived_pools.push_back(fold(job.status.auto_pool));
  }
  Schedule* schedule = find(state.schedules, job.status.schedule);
  if (!schedule) return;
  if (schedule->active == key) schedule->active = kNoJob;
  if (job.status.state == JobState::Deleting) {
    schedule->jobs.erase(key);
    accrue(schedule->status.erased, job.status.sums);
    touch(out.touched.schedules, job.status.schedule);
  }
  touch(state.unsettled_schedules, job.status.schedule);
}

void settle_schedules(State& state, Time now, Effects& out) {
  for (std::size_t i = 0; i < state.unsettled_schedules.size(); ++i) {
    const ScheduleKey key = state.unsettled_schedules[i];
    Schedule* schedule = find(state.schedules, key);
    if (!schedule) continue;
    advance(state, key, *schedule, now, out);
    erase_if_empty(state, key, *schedule, out);
  }
  state.unsettled_schedules.clear();
  for (const std::string& id : std::exchange(state.outlived_pools, {})) {
    on(state, PoolDeleteAsked{pool_of(state, id)}, now, out);
  }
}

void on(State& state, const ScheduleAdded& e, Time now, Effects& out) {
  Schedule& schedule = state.schedules[e.schedule];
  schedule.spec = e.spec;
  ScheduleStatus& status = schedule.status;
  status.state_since = status.created = status.modified = now;
  status.next = std::max(now, e.spec.not_until);
  touch(out.touched.schedules, e.schedule);
  schedule_due(state, e.schedule);
}

// What has been due stays so; the grid goes on from there with the new interval, or begins anew.
void on(State& state, const ScheduleSpecChanged& e, Time now, Effects& out) {
  Schedule* schedule = find(state.schedules, e.schedule);
  if (!schedule || !is_open(*schedule)) return;
  schedule->spec = e.spec;
  ScheduleStatus& status = schedule->status;
  status.modified = now;
  if (e.spec.not_until > now) {
    status.next = e.spec.interval > Ticks::zero() || status.latest == kNever ? e.spec.not_until : kNever;
  } else if (status.latest == kNever) {
    status.next = now;
  } else if (e.spec.interval > Ticks::zero()) {
    status.next = after(latest_on_grid(status.latest, e.spec.interval, now), e.spec.interval);
  } else {
    status.next = kNever;
  }
  touch(out.touched.schedules, e.schedule);
  schedule_due(state, e.schedule);
}

void on(State& state, const ScheduleDisableAsked& e, Time now, Effects& out) {
  Schedule* schedule = find(state.schedules, e.schedule);
  if (!schedule || !is_open(*schedule)) return;
  schedule->status.modified = now;
  if (schedule->status.state != ScheduleState::Disabled) {
    move_to(e.schedule, *schedule, ScheduleState::Disabled, now, out);
  }
  touch(out.touched.schedules, e.schedule);
}

void on(State& state, const ScheduleEnableAsked& e, Time now, Effects& out) {
  Schedule* schedule = find(state.schedules, e.schedule);
  if (!schedule || !is_open(*schedule)) return;
  schedule->status.modified = now;
  if (schedule->status.state != ScheduleState::Active) {
    move_to(e.schedule, *schedule, ScheduleState::Active, now, out);
  }
  touch(out.touched.schedules, e.schedule);
  schedule_due(state, e.schedule);
}

void on(State& state, const ScheduleTerminateAsked& e, Time now, Effects& out) {
  Schedule* schedule = find(state.schedules, e.schedule);
  if (!schedule || !is_open(*schedule)) return;
  schedule->status.modified = now;
  schedule->status.next = kNever;
  schedule->status.waiting = false;
  move_to(e.schedule, *schedule, ScheduleState::Terminating, now, out);
  schedule_due(state, e.schedule);
  if (schedule->active != kNoJob) on(state, JobTerminateAsked{schedule->active, "TerminateWorkitem"}, now, out);
}

void on(State& state, const ScheduleDeleteAsked& e, Time now, Effects& out) {
  Schedule* schedule = find(state.schedules, e.schedule);
  if (!schedule || schedule->status.state == ScheduleState::Deleting) return;
  schedule->status.modified = now;
  schedule->status.next = kNever;
  schedule->status.waiting = false;
  move_to(e.schedule, *schedule, ScheduleState::Deleting, now, out);
  schedule_due(state, e.schedule);
  for (const JobKey job : std::set<JobKey>(schedule->jobs)) on(state, JobDeleteAsked{job}, now, out);
}

}  // namespace batchite::scheduler
