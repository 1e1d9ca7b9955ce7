#include "core/change.h"

#include <fmt/format.h>

#include "core/announce.h"
#include "core/base/digest.h"
#include "core/base/document.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/operations/autoscale.h"
#include "core/operations/certificates.h"
#include "core/operations/create.h"
#include "core/operations/package_references.h"
#include "core/operations/specs.h"
#include "core/operations/task_access.h"
#include "core/pool_usage.h"
#include "core/status_text.h"

namespace batchite {
namespace {

// tvmps_ + 64 hexadecimal digits + _d (dedicated) or _p (spot): the service's form. Derived from what never repeats in
// one database, so that no randomness is needed.
std::string make_node_id(const std::string& account, const std::string& pool_id, NodeKey node, Time allocated,
                         bool dedicated) {
  const std::string seed =
      fmt::format("{}/{}/{}/{}", account, pool_id, number(node), allocated.time_since_epoch().count());
  return "tvmps_" + hex_encode(sha256(seed)) + (dedicated ? "_d" : "_p");
}

constexpr Ticks kSampleHistory = std::chrono::hours(24);
constexpr std::int64_t kTotals = 1;  // parent of the row of AccountTotals

// A thing may be touched many times; it is kept once.
template <class Key>
void sort_unique(std::vector<Key>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

}  // namespace

Change::Change(World& world, Time now, std::string base)
    : world_(world), now_(std::max(now, world.last)), base_(std::move(base)) {
  if (world_.must_load) load(world_);
}

Change::~Change() {
  if (committed_) return;
  if (writing_) world_.store.rollback();
  world_.must_load = world_.must_load || happened_;
}

Store& Change::write() {
  if (!writing_) world_.store.begin();
  writing_ = true;
  return world_.store;
}

void Change::happen(const Event& event) {
  happened_ = true;
  world_.last = now_;
  step(world_.state, event, now_, effects_);
  keep_samples();
  answer_what_is_due();
}

void Change::keep_samples() {
  for (const PoolSample& sample : std::exchange(effects_.samples, {})) {
    std::deque<PoolSample>& samples = world_.samples[sample.pool];
    samples.push_back(sample);
    while (samples.front().time < now_ - kSampleHistory) samples.pop_front();
  }
  for (const auto& [pool, reading] : std::exchange(effects_.readings, {}))
    world_.samples.at(pool).back().reading = reading;
}

void Change::answer_what_is_due() {
  for (const ScheduleKey key : std::exchange(effects_.jobs_due, {})) create_scheduled_job(*this, key);
  for (const PoolKey key : std::exchange(effects_.evaluations_due, {})) scale_pool(*this, key);
}

const std::deque<PoolSample>& Change::samples_of(PoolKey pool) const {
  static const std::deque<PoolSample> none;
  const auto found = world_.samples.find(pool);
  return found == world_.samples.end() ? none : found->second;
}

const NodeName& Change::name_of(NodeKey node) const { return world_.node_names.at(node); }

std::optional<NodeKey> Change::find_node(std::string_view node_id) const {
  const auto found = world_.nodes_by_id.find(fold(node_id));
  if (found == world_.nodes_by_id.end() || !world_.state.nodes.contains(found->second)) return std::nullopt;
  return found->second;
}

std::optional<NodeKey> Change::find_node(PoolKey pool, std::string_view node_id) const {
  const auto node = find_node(node_id);
  if (!node || world_.state.nodes.at(*node).status.pool != pool) return std::nullopt;
  return node;
}

std::vector<HostOrder> Change::commit() {
  if (happened_) {
    sort_unique(effects_.touched.pools);
    sort_unique(effects_.touched.nodes);
    sort_unique(effects_.touched.jobs);
    sort_unique(effects_.touched.tasks);
    sort_unique(effects_.touched.job_nodes);
    sort_unique(effects_.touched.schedules);
    keep_new_nodes();
    keep_statuses();
    keep_job_nodes();
    keep_usage();
  }
  std::vector<HostOrder> result = orders();
  const std::vector<Document> told =
      happened_ && world_.watch ? announcements(*this, effects_) : std::vector<Document>();
  if (happened_) erase_gone();
  if (writing_) world_.store.commit();
  committed_ = true;
  if (happened_ || writing_) ++world_.revision;
  for (const Document& change : told) world_.watch(change);
  return result;
}

void Change::keep_new_nodes() {
  for (const NodeKey key : effects_.touched.nodes) {
    const auto node = world_.state.nodes.find(key);
    if (node == world_.state.nodes.end() || world_.node_names.contains(key)) continue;
    const NodeStatus& status = node->second.status;
    const std::string pool_id = write().get(Kind::Pool, number(status.pool)).id;
    NodeName name{pool_id, make_node_id(options().account, pool_id, key, status.allocated, status.dedicated)};
    write().insert(
        Kind::Node,
        Row{.key = number(key), .parent = number(status.pool), .id = name.node_id, .spec = pool_id, .status = {}});
    world_.nodes_by_id.emplace(name.node_id, key);
    world_.node_names.emplace(key, std::move(name));
  }
}

void Change::keep_statuses() {
  const State& state = world_.state;
  const auto keep = [&](Kind kind, const auto& keys, const auto& find) {
    for (const auto key : keys) {
      if (const std::optional<std::string> text = find(key)) write().put_status(kind, number(key), *text);
    }
  };
  const auto from = [](const auto& map, auto key) {
    const auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional(to_text(found->second.status));
  };
  keep(Kind::Pool, effects_.touched.pools, [&](PoolKey key) { return from(state.pools, key); });
  keep(Kind::Node, effects_.touched.nodes, [&](NodeKey key) { return from(state.nodes, key); });
  keep(Kind::Job, effects_.touched.jobs, [&](JobKey key) { return from(state.jobs, key); });
  keep(Kind::JobSchedule, effects_.touched.schedules, [&](ScheduleKey key) { return from(state.schedules, key); });
  keep(Kind::Task, effects_.touched.tasks, [&](TaskKey key) {
    const Task* task = state.tasks.find(key);
    return task ? std::optional(to_text(*task)) : std::nullopt;
  });
}

void Change::keep_job_nodes() {
  for (const auto& [job, node] : effects_.touched.job_nodes) {
    const std::string id = std::to_string(number(node));
    const std::string status = to_text(world_.state.jobs.at(job).nodes.at(node));
    if (write().insert(Kind::JobNode, {.parent = number(job), .id = id, .status = status})) continue;
    write().put_status(Kind::JobNode, *read().find(Kind::JobNode, number(job), id), status);
  }
}

void Change::keep_usage() {
  WindowUses windows;
  for (const PoolUse& use : effects_.uses) {
    const Row row = read().get(Kind::Pool, number(use.pool));
    add_use(windows, use, row.id, Reader(Document::parse(row.spec)).text("vmSize"));
  }
  if (!windows.empty()) keep_uses(write(), windows);
  if (!effects_.totals) return;
  const std::string totals = to_text(world_.state.totals);
  if (!write().insert(Kind::Usage, {.parent = kTotals, .id = "totals", .status = totals})) {
    write().put_status(Kind::Usage, *read().find(Kind::Usage, kTotals, "totals"), totals);
  }
}

void Change::erase_gone() {
  for (const TaskKey key : effects_.erased.tasks) write().erase(Kind::Task, number(key));
  for (const JobKey key : effects_.erased.jobs) {
    write().erase(Kind::Job, number(key));
    write().erase_children(Kind::JobNode, number(key));
    world_.job_contexts.erase(key);
  }
  for (const ScheduleKey key : effects_.erased.schedules) write().erase(Kind::JobSchedule, number(key));
  // A node's row stays as the memory of its name; an empty status says that it is gone.
  for (const NodeKey key : effects_.erased.nodes) {
    write().put_status(Kind::Node, number(key), "");
    write().erase_children(Kind::NodeUser, number(key));
  }
  for (const PoolKey key : effects_.erased.pools) {
    write().erase(Kind::Pool, number(key));
    world_.samples.erase(key);
  }
  if (!effects_.erased.pools.empty()) settle_certificates(*this);
}

std::vector<HostOrder> Change::orders() {
  std::vector<HostOrder> result;
  result.reserve(effects_.actions.size());
  for (const Action& action : effects_.actions) result.push_back(order(action));
  return result;
}

HostOrder Change::order(const Action& action) {
  if (const auto* boot = std::get_if<BootNode>(&action)) {
    const NodeName& name = name_of(boot->node);
    if (boot->fresh) write().erase_children(Kind::NodeUser, number(boot->node));  // they were on its disk
    const NodeStatus& status = world_.state.nodes.at(boot->node).status;
    return BootNodeOrder{*boot, name.pool_id, name.node_id, status.dedicated,
                         packages_of(read(), read().get(Kind::Pool, number(status.pool)).spec)};
  }
  if (const auto* remove = std::get_if<RemoveNode>(&action)) {
    const NodeName& name = name_of(remove->node);
    return RemoveNodeOrder{*remove, name.pool_id, name.node_id};
  }
  if (const auto* start = std::get_if<RunStartTask>(&action)) {
    const PoolKey pool = world_.state.nodes.at(start->node).status.pool;
    const Document document = Document::parse(read().get(Kind::Pool, number(pool)).spec);
    return RunStartTaskOrder{*start, document.value("startTask", Document::object()).dump()};
  }
  if (const auto* run = std::get_if<RunTask>(&action)) return run_task<RunTaskOrder>(*run);
  if (const auto* run = std::get_if<RunCoordination>(&action)) return run_task<RunCoordinationOrder>(*run);
  if (const auto* remove = std::get_if<RemoveTaskFiles>(&action)) {
    const Row row = read().get(Kind::Task, number(remove->task));
    return RemoveTaskFilesOrder{remove->node, task_directory(context_of(JobKey{row.parent})->job_id, row.id)};
  }
  if (const auto* run = std::get_if<RunJobTask>(&action)) return run_job_task(*run);
  if (const auto* measure = std::get_if<MeasurePool>(&action)) {
    return MeasurePoolOrder{measure->pool, read().get(Kind::Pool, number(measure->pool)).id};
  }
  if (const auto* remove = std::get_if<RemoveJobTaskFiles>(&action)) {
    const Row row = read().get(Kind::Job, number(remove->job));
    const std::string id = Reader(job_task(Document::parse(row.spec), remove->which)).text("id");
    return RemoveTaskFilesOrder{remove->node, task_directory(row.id, id)};
  }
  return std::visit(
      [](const auto& same) -> HostOrder {
        if constexpr (std::is_constructible_v<HostOrder, decltype(same)>) return same;
        throw std::logic_error("an action without an order");
      },
      action);
}

// The task's own command or its coordination: a host has to know the same of both.
template <class Order, class Run>
HostOrder Change::run_task(const Run& run) {
  Row row = read().get(Kind::Task, number(run.task));
  std::vector<PackageFile> packages = packages_of(read(), row.spec);
  std::string token = task_token(*this, {run.task, run.attempt, run.node}, row);
  return Order{run,
               std::move(row.id),
               std::move(row.spec),
               context_of(JobKey{row.parent}),
               std::move(packages),
               std::move(token),
               instances_of(run.task)};
}

// An order may be of a task that is gone by now: a kill follows.
std::shared_ptr<const InstanceNodes> Change::instances_of(TaskKey key) const {
  const Task* task = world_.state.tasks.find(key);
  if (!task || !task->status.instances) return nullptr;
  auto nodes = std::make_shared<InstanceNodes>();
  for (const Instance& instance : *task->status.instances) {
    nodes->members.push_back({instance.node, node_address(instance.node)});
  }
  const PoolKey pool = world_.state.jobs.at(task->spec.job).pool;
  const auto found = world_.state.pools.find(pool);
  if (found != world_.state.pools.end()) nodes->cores = found->second.spec.cores;
  return nodes;
}

HostOrder Change::run_job_task(const RunJobTask& run) {
  const Document job = Document::parse(read().get(Kind::Job, number(run.job)).spec);
  Document task = job_task(job, run.which);
  // A release task has its only constraint in its first level.
  if (task.contains("maxWallClockTime")) task["constraints"]["maxWallClockTime"] = task["maxWallClockTime"];
  return RunJobTaskOrder{run, Reader(task).text("id"), task.dump(), context_of(run.job)};
}

std::shared_ptr<const JobContext> Change::context_of(JobKey job) {
  std::shared_ptr<const JobContext>& context = world_.job_contexts[job];
  if (!context) {
    const Row row = read().get(Kind::Job, number(job));
    const Document document = Document::parse(row.spec);
    const Document& common = Reader(document).array("commonEnvironmentSettings");
    context = std::make_shared<JobContext>(JobContext{row.id, common.empty() ? "" : common.dump(),
                                                      Reader(document).object("jobPreparationTask").text("id")});
  }
  return context;
}

// Only the ids of a schedule's jobs have a colon.
std::string task_directory(const std::string& job_id, const std::string& task_id) {
  const std::size_t colon = job_id.find(':');
  const std::string job =
      colon == std::string::npos ? job_id + "/job-1" : job_id.substr(0, colon) + "/" + job_id.substr(colon + 1);
  return "workitems/" + job + "/" + task_id;
}

std::string instance_directory(const std::string& job_id, const std::string& task_id, int instance) {
  return task_directory(job_id, task_id) + "/" + std::to_string(instance);
}

std::string node_address(NodeKey node) {
  const std::int64_t at = number(node) + 3;  // the first four of a network are Azure's own
  return fmt::format("127.{}.{}.{}", 1 + at / 65536 % 254, at / 256 % 256, at % 256);
}

void load(World& world) {
  world.state = State{};
  world.state.settings = world.options.scheduler;
  world.node_names.clear();
  world.nodes_by_id.clear();
  world.job_contexts.clear();
  State& state = world.state;
  world.store.each(Kind::Pool, [&](const Row& row) {
    Pool& pool = state.pools[PoolKey{row.key}];
    pool.id = fold(row.id);
    pool.spec = pool_spec(Document::parse(row.spec));
    from_text(row.status, pool.status);
  });
  world.store.each(Kind::Node, [&](const Row& row) {
    const NodeKey key{row.key};
    state.last_node = std::max(state.last_node, row.key);
    world.nodes_by_id.emplace(fold(row.id), key);
    world.node_names.emplace(key, NodeName{row.spec, row.id});
    if (!row.status.empty()) from_text(row.status, state.nodes[key].status);
  });
  world.store.each(Kind::Job, [&](const Row& row) {
    Job& job = state.jobs[JobKey{row.key}];
    job.spec = job_spec(Document::parse(row.spec));
    from_text(row.status, job.status);
  });
  world.store.each(Kind::JobNode, [&](const Row& row) {
    from_text(row.status, state.jobs.at(JobKey{row.parent}).nodes[NodeKey{std::stoll(row.id)}]);
  });
  world.store.each(Kind::JobSchedule, [&](const Row& row) {
    Schedule& schedule = state.schedules[ScheduleKey{row.key}];
    schedule.spec = schedule_spec(Document::parse(row.spec));
    from_text(row.status, schedule.status);
  });
  world.store.each(Kind::Task, [&](const Row& row) {
    Task& task = state.tasks.add(TaskKey{row.key});
    from_text(row.status, task);
    task.spec.job = JobKey{row.parent};
  });
  if (const auto totals = world.store.find(Kind::Usage, kTotals, "totals")) {
    from_text(world.store.get(Kind::Usage, *totals).status, state.totals);
  }
  rebuild(state);
  world.must_load = false;
}

}  // namespace batchite
