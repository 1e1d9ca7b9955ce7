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
  return first == last ? name_of(graph, std::to_string(first)) : fmt::format("{} to {}", first, last);
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

// Visits the tasks that one waits for, until a visit says true.
template <class Visit>
bool any_awaited(const DependencyGraph& graph, const Dependencies& on, Visit visit) {
  const auto look = [&](const std::string& id) {
    const auto* member = graph.find(id);
    return member && !member->satisfied && visit(id, member->task);
  };
  if (std::ranges::any_of(on.ids, look)) return true;
  std::int64_t left = kLookedAt;
  for (const auto& [first, last] : on.ranges) {
    for (const auto& [from, to] : graph.missing(first, last, kLookedAt)) {
      for (std::int64_t number = from; number <= to; ++number) {
        if (--left < 0) return false;
        if (look(std::to_string(number))) return true;
      }
    }
  }
  return false;
}

// Why it waits for ever, if it does: an ancestor that is over, or itself.
std::optional<Obstacle> find_dead_end(const State& state, TaskKey start) {
  const DependencyGraph& graph = *state.jobs.at(state.tasks.at(start).spec.job).dependencies;
  std::vector<TaskKey> open{start};
  std::unordered_set<TaskKey> seen{start};
  std::optional<Obstacle> found;
  const auto look = [&](const std::string& id, TaskKey key) {
    const Task& task = state.tasks.at(key);
    if (key == start) {
      found = Obstacle{.reason = Reason::DependsOnItself};
    } else if (task.status.state == TaskState::Completed) {
      found = Obstacle{.reason = Reason::DependencyBlocks, .tasks = id};
    } else if (is_blocked(task) && seen.size() < kAncestors && seen.insert(key).second) {
      open.push_back(key);
    }
    return found.has_value();
  };
  while (!open.empty() && !found) {
    const Task& task = state.tasks.at(open.back());
    open.pop_back();
    any_awaited(graph, task.spec.extras->dependencies, look);
  }
  return found;
}

}  // namespace

void explain_dependencies(const State& state, TaskKey key, std::vector<Obstacle>& obstacles) {
  const Task& task = state.tasks.at(key);
  const DependencyGraph& graph = *state.jobs.at(task.spec.job).dependencies;
  if (auto dead_end = find_dead_end(state, key)) obstacles.push_back(std::move(*dead_end));
  obstacles.push_back({.reason = Reason::WaitsForTasks, .tasks = missing(graph, task.spec.extras->dependencies)});
}

}  // namespace batchite::scheduler
