#include "tests/simulation/kept_statuses.h"

#include <fmt/format.h>

#include <stdexcept>

#include "core/scheduler/step.h"
#include "core/status_text.h"

namespace batchite::simulation {
namespace {

template <class Kept, class Rows>
void keep_rows(Kept& kept, const Rows& rows) {
  for (const auto& [key, row] : rows) kept[key] = to_text(row.status);
}

template <class Kept, class Rows, class Keys>
void keep_touched(Kept& kept, const Rows& rows, const Keys& touched, const Keys& erased) {
  for (const auto key : touched) kept[key] = to_text(rows.at(key).status);
  for (const auto key : erased) kept.erase(key);
}

template <class Rows>
void expect_same(const Rows& kept, const Rows& all, const char* what) {
  if (kept == all) return;
  for (const auto& [key, text] : all) {
    const auto found = kept.find(key);
    if (found != kept.end() && found->second == text) continue;
    throw std::logic_error(fmt::format("{}: it was not told that {} became {}", what,
                                       found == kept.end() ? "nothing" : found->second, text));
  }
  throw std::logic_error(fmt::format("{}: it was not told that some are gone", what));
}

}  // namespace

KeptStatuses::KeptStatuses(const State& state) {
  keep_rows(pools_, state.pools);
  keep_rows(nodes_, state.nodes);
  keep_rows(jobs_, state.jobs);
  keep_rows(schedules_, state.schedules);
  for (const auto& [key, job] : state.jobs) {
    for (const auto& [node, status] : job.nodes) job_nodes_[{key, node}] = to_text(status);
  }
  state.tasks.each([&](TaskKey key, const Task& task) { tasks_[key] = to_text(task); });
  totals_ = to_text(state.totals);
}

void KeptStatuses::keep(const State& state, const Effects& effects) {
  const Effects::Keys& touched = effects.touched;
  const Effects::Keys& erased = effects.erased;
  keep_touched(pools_, state.pools, touched.pools, erased.pools);
  keep_touched(nodes_, state.nodes, touched.nodes, erased.nodes);
  keep_touched(jobs_, state.jobs, touched.jobs, erased.jobs);
  keep_touched(schedules_, state.schedules, touched.schedules, erased.schedules);
  for (const TaskKey key : touched.tasks) tasks_[key] = to_text(state.tasks.at(key));
  for (const TaskKey key : erased.tasks) tasks_.erase(key);
  for (const auto& key : touched.job_nodes) {
    job_nodes_[key] = to_text(state.jobs.at(key.first).nodes.at(key.second));
  }
  for (const JobKey job : erased.jobs) {
    std::erase_if(job_nodes_, [job](const auto& one) { return one.first.first == job; });
  }
  if (effects.totals) totals_ = to_text(state.totals);
}

State KeptStatuses::restored(const State& state) const {
  State fresh;
  fresh.settings = state.settings;
  fresh.last_node = state.last_node;
  for (const auto& [key, text] : pools_) {
    Pool& pool = fresh.pools[key];
    pool.id = state.pools.at(key).id;
    pool.spec = state.pools.at(key).spec;
    from_text(text, pool.status);
  }
  for (const auto& [key, text] : nodes_) from_text(text, fresh.nodes[key].status);
  for (const auto& [key, text] : jobs_) {
    fresh.jobs[key].spec = state.jobs.at(key).spec;
    from_text(text, fresh.jobs[key].status);
  }
  for (const auto& [key, text] : job_nodes_) from_text(text, fresh.jobs.at(key.first).nodes[key.second]);
  for (const auto& [key, text] : schedules_) {
    fresh.schedules[key].spec = state.schedules.at(key).spec;
    from_text(text, fresh.schedules[key].status);
  }
  for (const auto& [key, text] : tasks_) {
    Task& task = fresh.tasks.add(key);
    from_text(text, task);
    task.spec.job = state.tasks.at(key).spec.job;
  }
  if (!totals_.empty()) from_text(totals_, fresh.totals);
  rebuild(fresh);
  return fresh;
}

void KeptStatuses::expect_all_of(const State& state) const {
  const KeptStatuses all(state);
  expect_same(pools_, all.pools_, "pools");
  expect_same(nodes_, all.nodes_, "nodes");
  expect_same(jobs_, all.jobs_, "jobs");
  expect_same(schedules_, all.schedules_, "schedules");
  expect_same(tasks_, all.tasks_, "tasks");
  expect_same(job_nodes_, all.job_nodes_, "preparations and releases");
  if (!totals_.empty() && totals_ != all.totals_) throw std::logic_error("totals: it was not told that they grew");
}

}  // namespace batchite::simulation
