#include "core/scheduler/explain_dependencies.h"

#include <fmt/format.h>

#include <unordered_set>

#include "core/scheduler/machine.h"

namespace batchite::scheduler {
namespace {

constexpr std::size_t kNamed = 5;            // dependencies that are told by name
constexpr std::int64_t kLookedAt = 20'000;   // numbers of one task's ranges
constexpr std::size_t kAncestors = 100'000;  // tasks behind tasks

using Reason = Obstacle::Reason;

std::string name_of(const DependencyGraph& graph, const std::string& id) {
  return graph.find(id) ? id : id + " (no such task)";
}

std::string name_of(const DependencyGraph& graph, std::int64_t first, std::int64_t last) {
  if (first != last) return fmt::format("{} to {}", first, last);
  const auto ids = graph.ids_of(first);
  return ids.empty() ? name_of(graph, std::to_string(first)) : std::string(ids.front());
}

// "a, 7 (no such task), 9 to 12 and others"
std::string missing(const DependencyGraph& graph, const Dependencies& on) {
  std::vector<std::string> names;
  for (const std::string& id : on.ids) {
    const auto* member = graph.find(id);
    if (names.size() <= kNamed && !(member && member->satisfied)) names.push_back(name_of(graph, id));
  }
  for (const auto& [first, last] : on.ranges) {
    if (names.size() > kNamed) break;
    for (const auto& [from, to] : graph.missing(first, last, kNamed + 1)) names.push_back(name_of(graph, from, to));
  }
  const bool more = names.size() > kNamed;
  if (more) names.resize(kNamed);
  return fmt::format("{}{}", fmt::join(names, ", "), more ? " and others" : "");
}

// Follows the tasks behind a task until it finds why it waits for ever, if it does: one that is over, or itself.
class DeadEnd {
 public:
  DeadEnd(const State& state, const DependencyGraph& graph, TaskKey start)
      : state_(state), graph_(graph), start_(start), open_{start}, seen_{start} {}

  std::optional<Obstacle> find() {
    while (!open_.empty() && !found_) {
      const Task& task = state_.tasks.at(open_.back());
      open_.pop_back();
      look_at(task.spec.extras->dependencies);
    }
    return found_;
  }

 private:
  void look_at(const Dependencies& on) {
    for (const std::string& id : on.ids) {
      const auto* member = graph_.find(id);
      if (member && !member->satisfied) look_at({std::string_view(id)});
    }
    std::int64_t left = kLookedAt;
    for (const auto& [first, last] : on.ranges) {
      for (const auto& [from, to] : graph_.missing(first, last, kLookedAt)) {
        for (std::int64_t number = from; number <= to && --left >= 0; ++number) look_at(graph_.ids_of(number));
      }
    }
  }
  // Any of these would do.
  void look_at(const std::vector<std::string_view>& ids) {
    if (found_ || ids.empty()) return;
    const auto task = [this](std::string_view id) { return graph_.find(id)->task; };
    const auto is_over = [&](std::string_view id) {
      return state_.tasks.at(task(id)).status.state == TaskState::Completed;
    };
    if (std::ranges::all_of(ids, is_over)) {
      found_ = Obstacle{.reason = Reason::DependencyBlocks, .tasks = std::string(ids.front())};
    } else if (ids.size() == 1) {
      follow(task(ids.front()));
    }
  }
  void follow(TaskKey key) {
    if (key == start_) {
      found_ = Obstacle{.reason = Reason::DependsOnItself};
    } else if (is_blocked(state_.tasks.at(key)) && seen_.size() < kAncestors && seen_.insert(key).second) {
      open_.push_back(key);
    }
  }

  const State& state_;
  const DependencyGraph& graph_;
  const TaskKey start_;
  std::vector<TaskKey> open_;
  std::unordered_set<TaskKey> seen_;
  std::optional<Obstacle> found_;
};

}  // namespace

void explain_dependencies(const State& state, TaskKey key, std::vector<Obstacle>& obstacles) {
  const Task& task = state.tasks.at(key);
  const DependencyGraph& graph = *state.jobs.at(task.spec.job).dependencies;
  if (auto dead_end = DeadEnd(state, graph, key).find()) obstacles.push_back(std::move(*dead_end));
  obstacles.push_back({.reason = Reason::WaitsForTasks, .tasks = missing(graph, task.spec.extras->dependencies)});
}

}  // namespace batchite::scheduler
