#include "core/workflow/monitor.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"
#include "core/workflow/diagnosis.h"

namespace batchite::workflow {
namespace {

using namespace std::chrono_literals;

constexpr Ticks kTellAtLeastEvery = 1s;
constexpr int kShare = 20;            // a look every twentieth of the time passed
constexpr int kMostToldByTask = 200;  // beyond this many tasks only counts are told while the job runs

std::string state_of(const Document& resource) { return fold(Reader(resource).text("state")); }

bool is_lost(const std::string& state) { return state == "starttaskfailed" || state == "unusable"; }

// What becomes of the node is still to be seen.
bool is_coming(const std::string& state) {
  constexpr std::string_view kComing[] = {"creating",  "starting", "waitingforstarttask", "rebooting", "upgradingos",
                                          "reimaging", "unknown"};
  return std::ranges::find(kComing, state) != std::end(kComing);
}

template <class Condition>
int how_many(const std::map<std::string, int>& nodes, Condition condition) {
  int count = 0;
  for (const auto& [state, number] : nodes) count += condition(state) ? number : 0;
  return count;
}

}  // namespace

Ticks pause_after(Ticks elapsed, const Manners& manners) {
  return std::clamp(elapsed / kShare, manners.shortest_pause, manners.longest_pause);
}

TaskRow to_row(const Document& document) {
  const Reader task(document);
  const Reader execution = task.object("executionInfo");
  const Reader failure = execution.object("failureInfo");
  TaskRow row;
  row.id = task.text("id");
  row.display_name = task.text("displayName");
  row.state = fold(task.text("state"));
  row.failed =
      row.state == "completed" && (fold(execution.text("result")) == "failure" || execution.has("failureInfo"));
  if (execution.has("exitCode")) row.exit_code = execution.get<int>("exitCode", 0);
  const auto start = parse_iso8601(execution.text("startTime"));
  const auto end = parse_iso8601(execution.text("endTime"));
  if (start && end) row.took = *end - *start;
  row.node = task.object("nodeInfo").text("nodeId");
  row.failure_code = failure.text("code");
  row.failure = describe_failure(failure);
  return row;
}

Monitor::Monitor(Client& client, Pace& pace, Observer& observer, Watched watched)
    : client_(client),
      pace_(pace),
      observer_(observer),
      watched_(std::move(watched)),
      manners_(client.backend().manners()) {}

Watch Monitor::run() {
  while (true) {
    if (pace_.cancelled()) return {Ending::Cancelled, ""};
    if (auto end = look()) return *end;
    if (pace_.now() >= watched_.deadline) {
      return {Ending::TimedOut, fmt::format("{} of {} tasks had not ended when the time was up",
                                            counts_.active + counts_.running, counts_.all())};
    }
    const Ticks left = watched_.deadline - pace_.now();
    rest(std::min(pause_after(pace_.now() - watched_.began, manners_), left));
  }
}

// Who looks rarely still shows that time passes.
void Monitor::rest(Ticks left) {
  for (; left > Ticks::zero() && !pace_.cancelled(); left -= kTellAtLeastEvery) {
    pace_.pause(std::min(left, kTellAtLeastEvery));
    if (left > kTellAtLeastEvery) tell();
  }
}

std::optional<Watch> Monitor::look() {
  if (auto end = look_at_job()) return end;
  read_counts();
  const bool done = counts_.active + counts_.running == 0 && counts_.completed() >= watched_.tasks;
  std::optional<Watch> end;
  if (done) {
    end = Watch{Ending::Completed, ""};
  } else {
    end = look_at_nodes();
    if (!end && counts_.failed > 0 && counts_.running == 0) end = look_for_blocked();
  }
  tell();
  return end;
}

void Monitor::read_counts() {
  const Document body = client_.call("Job_GetTaskCounts", {{"jobId", watched_.job}}).body;
  // Older api-versions answer the counts themselves, newer ones put them below taskCounts.
  const Reader counts = Reader(body).has("taskCounts") ? Reader(body).object("taskCounts") : Reader(body);
  const Counts seen{.active = counts.get("active", 0),
                    .running = counts.get("running", 0),
                    .succeeded = counts.get("succeeded", 0),
                    .failed = counts.get("failed", 0)};
  changed_ = changed_ || seen != counts_;
  counts_ = seen;
}

std::optional<Watch> Monitor::look_at_job() {
  const auto job = client_.find("Job_Get", {{"jobId", watched_.job}}, {{"$select", "id,state,executionInfo"}});
  if (!job) return Watch{Ending::JobEnded, fmt::format("job {} was deleted while its tasks ran", watched_.job)};
  if (watched_.pool.empty()) watched_.pool = Reader(*job).object("executionInfo").text("poolId");
  const std::string state = state_of(*job);
  if (state == "active" || state == "enabling" || state.empty()) return std::nullopt;
  read_counts();
  tell();
  const std::string reason = Reader(*job).object("executionInfo").text("terminateReason");
  const bool all_ended = counts_.active + counts_.running == 0;
  // onAllTasksComplete ends the job by itself.
  if (all_ended && (state == "completed" || state == "terminating")) return Watch{Ending::Completed, ""};
  return Watch{Ending::JobEnded,
               fmt::format("job {} is {} ({}) with {} tasks not ended", watched_.job, state,
                           reason.empty() ? "no reason given" : reason, counts_.active + counts_.running)};
}

std::optional<Watch> Monitor::look_at_nodes() {
  if (watched_.pool.empty()) return std::nullopt;
  read_node_counts();
  const int all = how_many(nodes_, [](const std::string&) { return true; });
  const int lost = how_many(nodes_, is_lost);
  if (lost == all) {  // the counts of a large service may be a little behind its nodes
    const std::vector<Document> nodes = list_nodes();
    const bool any_left = std::ranges::any_of(nodes, [](const Document& node) { return !is_lost(state_of(node)); });
    if (!any_left) return look_at_pool(nodes);
  } else {
    tell_of_pool();
    if (lost > 0 && how_many(nodes_, is_coming) == 0) tell_of_lost_nodes();
  }
  return watched_.has_preparation ? look_at_preparation(static_cast<std::size_t>(all)) : std::nullopt;
}

void Monitor::read_node_counts() {
  std::map<std::string, int> seen;
  client_.for_each("Account_ListPoolNodeCounts", {}, {{"$filter", fmt::format("poolId eq '{}'", watched_.pool)}},
                   [&](const Document& pool) {
                     for (const char* kind : {"dedicated", "lowPriority"}) {
                       const Document counts = Reader(pool).object(kind).document();
                       for (const auto& [state, count] : counts.items()) {
                         if (state != "total" && count != 0) seen[fold(state)] += count.get<int>();
                       }
                     }
                   });
  changed_ = changed_ || seen != nodes_;
  nodes_ = std::move(seen);
}

std::vector<Document> Monitor::list_nodes() {
  return client_.list("ComputeNode_List", {{"poolId", watched_.pool}}, {{"$select", "id,state,startTaskInfo,errors"}});
}

// Once, when the pool has all the nodes that it will get.
void Monitor::tell_of_pool() {
  if (pool_is_told_) return;
  const auto pool =
      client_.find("Pool_Get", {{"poolId", watched_.pool}}, {{"$select", "id,allocationState,resizeErrors"}});
  if (!pool || fold(Reader(*pool).text("allocationState")) != "steady") return;
  pool_is_told_ = true;
  if (Reader(*pool).has("resizeErrors")) observer_.on(Notice{explain_resize_errors(*pool)});
}

// Once: what no longer works is paid for all the same.
void Monitor::tell_of_lost_nodes() {
  if (lost_are_told_) return;
  const auto pool = client_.find("Pool_Get", {{"poolId", watched_.pool}}, {{"$select", "id,startTask"}});
  if (!pool) return;
  lost_are_told_ = true;
  observer_.on(Notice{explain_lost_nodes(client_, *pool, list_nodes())});
}

std::optional<Watch> Monitor::look_at_pool(const std::vector<Document>& nodes) {
  const auto pool = client_.find("Pool_Get", {{"poolId", watched_.pool}});
  if (!pool) return Watch{Ending::NoNode, fmt::format("pool {} was deleted while tasks waited for it", watched_.pool)};
  const Reader view(*pool);
  if (fold(view.text("allocationState")) != "steady") return std::nullopt;
  if (!nodes.empty()) return Watch{Ending::NoNode, explain_lost_nodes(client_, *pool, nodes)};
  if (view.has("resizeErrors")) return Watch{Ending::NoCapacity, explain_resize_errors(*pool)};
  const int wanted = view.get("targetDedicatedNodes", 0) + view.get("targetLowPriorityNodes", 0);
  if (wanted == 0 && !view.get("enableAutoScale", false)) {
    return Watch{Ending::NoCapacity,
                 fmt::format("pool {} has no nodes and is to have none: set targetDedicatedNodes or "
                             "targetLowPriorityNodes in the pool template",
                             watched_.pool)};
  }
  return std::nullopt;
}

std::optional<Watch> Monitor::look_at_preparation(std::size_t nodes) {
  const std::vector<Document> statuses =
      client_.list("Job_ListPreparationAndReleaseTaskStatus", {{"jobId", watched_.job}});
  if (statuses.size() < nodes || statuses.empty()) return std::nullopt;
  const bool all_failed = std::ranges::all_of(statuses, [](const Document& status) {
    const Reader info = Reader(status).object("jobPreparationTaskExecutionInfo");
    return fold(info.text("state")) == "completed" && fold(info.text("result")) == "failure";
  });
  if (!all_failed) return std::nullopt;
  return Watch{Ending::NoNode, explain_failed_preparation(client_, watched_.job, statuses)};
}

std::optional<Watch> Monitor::look_for_blocked() {
  if (!watched_.has_dependencies || counts_ == unblocked_) return std::nullopt;
  const std::vector<Document> tasks = client_.list("Task_List", {{"jobId", watched_.job}},
                                                   {{"$select", "id,state,dependsOn,exitConditions,executionInfo"}});
  const std::vector<std::string> blocked = blocked_tasks(tasks);
  if (blocked.empty() || static_cast<int>(blocked.size()) < counts_.active) {
    unblocked_ = counts_;
    return std::nullopt;
  }
  return Watch{Ending::Blocked, fmt::format("{} tasks were not run because a task they depend on failed, the first: {}",
                                            blocked.size(), blocked.front())};
}

void Monitor::tell_ended() {
  if (counts_.completed() == told_ || counts_.all() > kMostToldByTask) return;
  told_ = counts_.completed();
  if (told_ == 0) return;
  std::string filter = "state eq 'completed'";
  // From the last one on: others may have ended in the same moment.
  if (!last_end_.empty()) filter += fmt::format(" and stateTransitionTime ge DateTime'{}'", last_end_);
  client_.for_each(
      "Task_List", {{"jobId", watched_.job}},
      {{"$filter", filter}, {"$select", "id,displayName,state,stateTransitionTime,executionInfo,nodeInfo"}},
      [&](const Document& task) {
        TaskRow row = to_row(task);
        if (row.state != "completed") return;
        last_end_ = std::max(last_end_, Reader(task).text("stateTransitionTime"));
        if (ended_.insert(row.id).second) observer_.on(TaskEnded{std::move(row)});
      });
}

void Monitor::tell() {
  const Time now = pace_.now();
  if (!changed_ && now - told_at_ < kTellAtLeastEvery) return;
  changed_ = false;
  told_at_ = now;
  tell_ended();
  observer_.on(Progress{counts_, nodes_, now - watched_.began});
}

}  // namespace batchite::workflow
