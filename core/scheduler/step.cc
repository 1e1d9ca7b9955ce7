#include "core/scheduler/step.h"

#include "core/scheduler/machine.h"

namespace batchite {
namespace {

template <class Key, class Rows>
void forget_gone(std::vector<Key>& keys, const Rows& rows) {
  std::erase_if(keys, [&](Key key) { return !rows.contains(key); });
}

void place_unsettled(State& state, Time now, Effects& out) {
  std::vector<PoolKey>& pools = state.unsettled;
  for (std::size_t i = 0; i < pools.size(); ++i) scheduler::place(state, pools[i], now, out);
  pools.clear();
}

}  // namespace

void step(State& state, const Event& event, Time now, Effects& effects) {
  scheduler::keep_preemption_plan(state, now);
  scheduler::fire_timers(state, now, effects);
  if (state.totals.since == kNever) {
    state.totals.since = now;
    effects.totals = true;
  }
  std::visit([&](const auto& fact) { scheduler::on(state, fact, now, effects); }, event);
  // Each may leave something to do for the other: a pool that goes lets jobs end, a job that ends lets its pool go.
  do {
    scheduler::end_released_jobs(state, now, effects);
    scheduler::settle_schedules(state, now, effects);
  } while (!state.released.empty() || !state.unsettled_schedules.empty());
  place_unsettled(state, now, effects);
  scheduler::announce_earliest_timer(state, effects);
  Effects::Keys& touched = effects.touched;
  const Effects::Keys& erased = effects.erased;
  if (!erased.pools.empty()) forget_gone(touched.pools, state.pools);
  if (!erased.nodes.empty()) forget_gone(touched.nodes, state.nodes);
  if (!erased.jobs.empty()) {
    forget_gone(touched.jobs, state.jobs);
    std::erase_if(touched.job_nodes, [&](const auto& key) { return !state.jobs.contains(key.first); });
  }
  if (!erased.tasks.empty()) forget_gone(touched.tasks, state.tasks);
  if (!erased.pools.empty()) forget_gone(effects.evaluations_due, state.pools);
  if (!erased.schedules.empty()) forget_gone(touched.schedules, state.schedules);
}

}  // namespace batchite
