#include "core/scheduler/machine.h"

namespace batchite::scheduler {

void arm(State& state, Timer::Kind kind, std::int64_t key, Time at) {
  if (at == Time::max()) return;
  state.timers.push({at, kind, key, ++state.timer_serial});
}

static void fire(State& state, const Timer& timer, Time now, Effects& out) {
  switch (timer.kind) {
    case Timer::Kind::ResizeTimeout:
      return resize_timeout_due(state, PoolKey{timer.key}, now, out);
    case Timer::Kind::Allocation:
      return allocation_due(state, PoolKey{timer.key}, now, out);
    case Timer::Kind::NodeStart:
      return node_start_due(state, NodeKey{timer.key}, now, out);
    case Timer::Kind::JobWallClock:
      return wall_clock_passed(state, JobKey{timer.key}, now, out);
    case Timer::Kind::JobEmpty:
      if (Job* job = find(state.jobs, JobKey{timer.key})) end_if_complete(state, JobKey{timer.key}, *job, now, out);
      return;
    case Timer::Kind::Retention:
      return retention_due(state, Ticks{timer.key}, timer.at, now, out);
    case Timer::Kind::Preemption:
      return preemption_due(state, NodeKey{timer.key}, now, out);
    case Timer::Kind::PreemptionPlan:
      return preemption_plan_due(state, now, out);
    case Timer::Kind::Schedule:
      return schedule_due(state, ScheduleKey{timer.key});
    case Timer::Kind::Sample:
      return sample_due(state, PoolKey{timer.key}, timer.at, now, out);
    case Timer::Kind::Scale:
      return scale_due(state, PoolKey{timer.key}, timer.at, now, out);
  }
}

void fire_timers(State& state, Time now, Effects& out) {
  while (!state.timers.empty() && state.timers.top().at <= now) {
    const Timer timer = state.timers.top();
    state.timers.pop();
    fire(state, timer, now, out);
  }
}

void announce_earliest_timer(State& state, Effects& out) {
  if (state.timers.empty() || state.timers.top().at == state.wake_at) return;
  state.wake_at = state.timers.top().at;
  out.actions.push_back(WakeAt{state.wake_at});
}

// Whoever woke us has forgotten when to do so next.
void on(State& state, const Tick&, Time, Effects&) { state.wake_at = kNever; }

}  // namespace batchite::scheduler
