#include "core/announce.h"

#include "core/operations/render.h"

namespace batchite {
namespace {

class Announcer {
 public:
  explicit Announcer(const Change& change) : change_(change) {}

  void pool(PoolKey key) {
    const auto it = state().pools.find(key);
    if (it == state().pools.end()) return;
    const PoolStatus& status = it->second.status;
    if (!is_new(status.state_since) && !is_new(status.allocation_since)) return;
    add("pool", {{"id", id(Kind::Pool, number(key))},
                 {"state", text_of(status.state)},
                 {"allocationState", text_of(status.allocation)}});
  }
  void node(NodeKey key) {
    const auto it = state().nodes.find(key);
    if (it == state().nodes.end() || !is_new(it->second.status.state_since)) return;
    node_is(key, text_of(it->second.status.state));
  }
  void job(JobKey key) {
    const auto it = state().jobs.find(key);
    if (it == state().jobs.end() || !is_new(it->second.status.state_since)) return;
    add("job", {{"id", id(Kind::Job, number(key))}, {"state", text_of(it->second.status.state)}});
  }
  void schedule(ScheduleKey key) {
    const auto it = state().schedules.find(key);
    if (it == state().schedules.end() || !is_new(it->second.status.state_since)) return;
    add("schedule", {{"id", id(Kind::JobSchedule, number(key))}, {"state", text_of(it->second.status.state)}});
  }
  void task(TaskKey key) {
    const Task* task = state().tasks.find(key);
    if (task && is_new(task->status.state_since)) task_is(key, text_of(task->status.state));
  }

  void node_is(NodeKey key, std::string_view state) {
    const NodeName& name = change_.name_of(key);
    add("node", {{"poolId", name.pool_id}, {"id", name.node_id}, {"state", state}});
  }
  void task_is(TaskKey key, std::string_view state) {
    const Row row = change_.read().get(Kind::Task, number(key));
    add("task", {{"jobId", id(Kind::Job, row.parent)}, {"id", row.id}, {"state", state}});
  }
  void gone(const char* kind, Kind rows, std::int64_t key) { add(kind, {{"id", id(rows, key)}, {"state", "deleted"}}); }

  std::vector<Document> take() { return std::move(told_); }

 private:
  const State& state() const { return change_.state(); }
  bool is_new(Time since) const { return since == change_.now(); }
  std::string id(Kind kind, std::int64_t key) const { return change_.read().get(kind, key).id; }

  void add(const char* kind, Document what) {
    Document document = {{"time", iso8601(change_.now())}, {"kind", kind}};
    document.update(what);
    told_.push_back(std::move(document));
  }

  const Change& change_;
  std::vector<Document> told_;
};

}  // namespace

std::vector<Document> announcements(const Change& change, const Effects& effects) {
  Announcer announcer(change);
  for (const PoolKey key : effects.touched.pools) announcer.pool(key);
  for (const ScheduleKey key : effects.touched.schedules) announcer.schedule(key);
  for (const JobKey key : effects.touched.jobs) announcer.job(key);
  for (const NodeKey key : effects.touched.nodes) announcer.node(key);
  for (const TaskKey key : effects.touched.tasks) announcer.task(key);
  for (const TaskKey key : effects.erased.tasks) announcer.task_is(key, "deleted");
  for (const NodeKey key : effects.erased.nodes) announcer.node_is(key, "deleted");
  for (const JobKey key : effects.erased.jobs) announcer.gone("job", Kind::Job, number(key));
  for (const ScheduleKey key : effects.erased.schedules) announcer.gone("schedule", Kind::JobSchedule, number(key));
  for (const PoolKey key : effects.erased.pools) announcer.gone("pool", Kind::Pool, number(key));
  return announcer.take();
}

}  // namespace batchite
