// Pools that scale by a formula: when they are sampled, when the formula is evaluated, what becomes of its targets.
// Source: learn.microsoft.com/rest/api/batchservice/pool/enable-auto-scale; learn.microsoft.com/azure/batch/
// batch-automatic-scaling (a sample every 30 seconds; no evaluation while the pool is being resized).
#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

// After an enabling. Recordings show no run two seconds later; for clients it must not be as late as the next interval.
constexpr Ticks kFirstEvaluation = std::chrono::seconds(5);

// Of active multi-instance tasks, each of which counts as many times as it has instances.
std::int64_t further_instances(const Job& job) {
  std::int64_t sum = 0;
  for (auto it = job.queues.upper_bound(kMaxSlots); it != job.queues.lower_bound(kNoRoom); ++it) {
    sum += std::int64_t{it->first - kMaxSlots - 1} * static_cast<std::int64_t>(it->second.size);
  }
  return sum;
}

void take_sample(const State& state, PoolKey key, const Pool& pool, Time now, Effects& out) {
  PoolSample sample{.pool = key, .time = now, .slots_per_node = pool.spec.task_slots};
  for (const auto& [job_key, job] : state.jobs) {
    if (job.pool != key) continue;
    sample.active += job.counts.active - job.blocked + further_instances(job);
    sample.running += job.counts.running;
    sample.succeeded += job.counts.succeeded;
    sample.failed += job.counts.failed;
  }
  sample.dedicated = pool.status.current.dedicated;
  sample.low_priority = pool.status.current.low_priority;
  for (const NodeKey at : pool.nodes) {
    const Node& node = state.nodes.at(at);
    sample.usable += takes_tasks(node);
    sample.preempted += node.status.state == NodeState::Preempted;
  }
  out.samples.push_back(sample);
  out.actions.push_back(MeasurePool{key});
}

void sample_now(State& state, PoolKey key, Pool& pool, Time now, Effects& out) {
  take_sample(state, key, pool, now, out);
  pool.sample_at = after(now, kPoolSamplePeriod);
  arm(state, Timer::Kind::Sample, number(key), pool.sample_at);
}

void evaluate_at(State& state, PoolKey key, Pool& pool, Time at, Effects& out) {
  pool.status.scale_at = at;
  arm(state, Timer::Kind::Scale, number(key), at);
  touch(out.touched.pools, key);
}

// A resize that is under way has a time limit again.
void stop(State& state, PoolKey key, Pool& pool) {
  PoolStatus& status = pool.status;
  status.scale_run.reset();
  status.scale_at = kNever;
  pool.sample_at = pool.measured = kNever;
  if (status.allocation == AllocationState::Steady) return;
  arm(state, Timer::Kind::ResizeTimeout, number(key), after(status.allocation_since, status.resize_timeout));
}

}  // namespace

void begin_scaling(State& state, PoolKey key, Pool& pool, Time first, Time now, Effects& out) {
  sample_now(state, key, pool, now, out);
  evaluate_at(state, key, pool, first, out);
}

void resume_scaling(State& state, PoolKey key, Pool& pool) {
  pool.sample_at = pool.spec.scale_every ? Time() : kNever;  // at once
  if (!pool.spec.scale_every) return;
  arm(state, Timer::Kind::Sample, number(key), pool.sample_at);
  arm(state, Timer::Kind::Scale, number(key), pool.status.scale_at);
}

void sample_due(State& state, PoolKey key, Time timer, Time now, Effects& out) {
  Pool* pool = find(state.pools, key);
  if (pool && pool->sample_at == timer) sample_now(state, key, *pool, now, out);
}

void scale_due(State& state, PoolKey key, Time timer, Time now, Effects& out) {
  Pool* pool = find(state.pools, key);
  if (!pool || pool->status.state == PoolState::Deleting || pool->status.scale_at != timer) return;
  evaluate_at(state, key, *pool, after(now, *pool->spec.scale_every), out);
  if (pool->status.allocation == AllocationState::Steady) out.evaluations_due.push_back(key);
}

void on(State& state, const PoolScalingAsked& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool || pool->status.state == PoolState::Deleting) return;
  const bool scaled = pool->spec.scale_every.has_value();
  on(state, PoolSpecChanged{e.pool, e.spec}, now, out);
  if (!e.spec.scale_every) return stop(state, e.pool, *pool);
  pool->status.scale_asked = now;
  if (!scaled) {
    begin_scaling(state, e.pool, *pool, after(now, kFirstEvaluation), now, out);
  } else if (e.restarts) {
    evaluate_at(state, e.pool, *pool, after(now, *e.spec.scale_every), out);
  }
}

// Processes that have ended are in the pool's sums; those that run are added. What both grew by is the period's.
void on(State& state, const PoolMeasured& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool || pool->sample_at == kNever) return;
  Usage usage = pool->status.sums.usage;
  accrue(usage, e.running);
  const Time before = std::exchange(pool->measured, now);
  const Usage used = std::exchange(pool->measured_usage, usage);
  const int nodes = pool->status.current.dedicated + pool->status.current.low_priority;
  if (before == kNever || before >= now || nodes == 0) return;
  const auto grown = [](auto from, auto to) { return std::max(0.0, static_cast<double>((to - from))); };
  const double busy = grown((used.user + used.kernel).count(), (usage.user + usage.kernel).count());
  const double there = static_cast<double>((now - before).count()) * pool->spec.cores * nodes;
  constexpr double kBlock = 512;
  out.readings.emplace_back(e.pool, PoolReading{.cpu = std::min(1.0, busy / there),
                                                .memory = static_cast<double>(e.running.peak_memory) / nodes,
                                                .read = kBlock * grown(used.read, usage.read),
                                                .written = kBlock * grown(used.written, usage.written)});
}

void on(State& state, const PoolScaled& e, Time now, Effects& out) {
  Pool* pool = find(state.pools, e.pool);
  if (!pool || pool->status.state == PoolState::Deleting || !pool->spec.scale_every) return;
  pool->status.scale_run = e.run;
  touch(out.touched.pools, e.pool);
  if (e.target == pool->status.target || pool->status.allocation != AllocationState::Steady) return;
  on(state, PoolResizeAsked{e.pool, e.target, pool->status.resize_timeout, e.drain}, now, out);
}

}  // namespace batchite::scheduler
