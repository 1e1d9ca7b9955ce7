#include "core/workflow/why.h"

#include <fmt/format.h>

#include <map>

#include "core/base/ids.h"
#include "core/workflow/diagnosis.h"
#include "core/workflow/monitor.h"

namespace batchite::workflow {
namespace {

using Reasons = std::vector<std::string>;

constexpr std::size_t kNamedDependencies = 5;

// What documents do not show.
constexpr std::string_view kToldByScheduler[] = {
    "BehindOthers",    "JobAtMaxParallel", "AboutToStart", "NoInterNodeCommunication",
    "NeedsWholeNodes", "NeedsMoreNodes",   "NodesTaken"};

void explain_job(const Document& job, Reasons& reasons) {
  const std::string state = fold(Reader(job).text("state"));
  if (state == "active") return;
  reasons.push_back(fmt::format("job {} is {}: only the tasks of an active job are started{}", Reader(job).text("id"),
                                state, state == "disabled" ? " (`batchite job enable`)" : ""));
}

void explain_dependencies(Client& client, const std::string& job, const Document& task, Reasons& reasons) {
  const Reader needs = Reader(task).object("dependsOn");
  if (needs.array("taskIds").empty() && needs.array("taskIdRanges").empty()) return;
  const std::vector<Document> all = client.list("Task_List", {{"jobId", job}});
  std::map<std::string, const Document*> by_id;
  std::map<int, const Document*> by_number;
  for (const Document& other : all) {
    const std::string id = Reader(other).text("id");
    by_id[fold(id)] = &other;
    if (const auto number = task_number(id)) by_number[*number] = &other;
  }
  std::size_t named = 0;
  const auto look = [&](const Document* other, const std::string& id) {
    const std::string state = other ? to_row(*other).state : std::string();
    if (state == "completed" || ++named > kNamedDependencies) return;
    reasons.push_back(other ? fmt::format("it depends on task {}, which is {}", to_row(*other).id, state)
                            : fmt::format("it depends on task {}, which does not exist", id));
  };
  for (const Document& item : needs.array("taskIds")) {
    const auto id = item.get<std::string>();
    const auto it = by_id.find(fold(id));
    look(it == by_id.end() ? nullptr : it->second, id);
  }
  for (const Document& item : needs.array("taskIdRanges")) {
    const std::int64_t last = Reader(item).get("end", -1);
    for (std::int64_t id = Reader(item).get("start", 0); id <= last && named <= kNamedDependencies; ++id) {
      const auto it = by_number.find(static_cast<int>(id));
      look(it == by_number.end() ? nullptr : it->second, std::to_string(id));
    }
  }
  if (named > kNamedDependencies) reasons.push_back("it depends on more tasks that are not completed");
  for (const std::string& blocked : blocked_tasks(all)) {
    if (same_id(blocked, Reader(task).text("id"))) {
      reasons.insert(reasons.begin(), "it can never run: a task it depends on, directly or not, failed");
    }
  }
}

void explain_nodes(Client& client, const Document& pool, const Document& task, Reasons& reasons) {
  const Reader view(pool);
  const std::string id = view.text("id");
  const std::vector<Document> nodes = client.list("ComputeNode_List", {{"poolId", id}});
  std::map<std::string, int> states;
  for (const Document& node : nodes) ++states[fold(Reader(node).text("state"))];
  const int lost = states["starttaskfailed"] + states["unusable"];
  if (!nodes.empty() && lost == static_cast<int>(nodes.size())) {
    reasons.push_back(explain_lost_nodes(client, pool, nodes));
    return;
  }
  const int slots = view.get("taskSlotsPerNode", 1), wanted = Reader(task).get("requiredSlots", 1);
  if (wanted > slots) {
    reasons.push_back(fmt::format("it needs {} slots, but a node of pool {} has only {}", wanted, id, slots));
  }
  if (nodes.empty()) {
    reasons.push_back(view.has("resizeErrors")
                          ? explain_resize_errors(pool)
                          : fmt::format("pool {} has no nodes (allocation: {})", id, view.text("allocationState")));
    return;
  }
  std::string text;
  for (const auto& [state, count] : states) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
  }
  reasons.push_back(fmt::format("the nodes of pool {}: {}", id, text));
}

}  // namespace

namespace {

// What the documents do not show. Nodes are told of together, by explain_nodes.
Reasons told_by_scheduler(Client& client, const std::string& job, const std::string& task) {
  Reasons reasons;
  int full = 0;
  for (const Document& obstacle : client.backend().explain(job, task)) {
    const std::string reason = Reader(obstacle).text("reason");
    if (reason == "NodeFull") ++full;
    if (std::ranges::find(kToldByScheduler, reason) != std::end(kToldByScheduler)) {
      reasons.push_back(Reader(obstacle).text("message"));
    }
  }
  if (full > 0)
    reasons.push_back(
        fmt::format("{} of the pool's nodes {} too few free slots for it", full, full == 1 ? "has" : "have"));
  return reasons;
}

}  // namespace

std::vector<std::string> explain_task(Client& client, const std::string& job, const std::string& task) {
  const Document document = client.call("Task_Get", {{"jobId", job}, {"taskId", task}}).body;
  const TaskRow row = to_row(document);
  if (row.state == "completed") {
    if (!row.failed) return {fmt::format("task {} completed with exit code {}", row.id, row.exit_code.value_or(0))};
    const std::string exit = row.exit_code ? fmt::format("exit code {}", *row.exit_code) : "its process never started";
    Reasons reasons = {
        fmt::format("task {} failed: {}{}", row.id, exit, row.failure.empty() ? "" : "; " + row.failure)};
    const std::string output = stderr_of_task(client, job, task);
    if (!output.empty()) reasons.push_back("its stderr ends:\n" + output);
    return reasons;
  }
  if (row.state != "active") return {fmt::format("task {} is {} on node {}", row.id, row.state, row.node)};
  Reasons reasons = told_by_scheduler(client, job, task);
  const Document owner = client.call("Job_Get", {{"jobId", job}}).body;
  explain_job(owner, reasons);
  explain_dependencies(client, job, document, reasons);
  std::string pool = Reader(owner).object("executionInfo").text("poolId");
  if (pool.empty()) pool = Reader(owner).object("poolInfo").text("poolId");
  const auto found = client.find("Pool_Get", {{"poolId", pool}});
  if (!found) {
    reasons.push_back(fmt::format("pool {} does not exist", pool));
  } else {
    explain_nodes(client, *found, document, reasons);
  }
  return reasons;
}

}  // namespace batchite::workflow
