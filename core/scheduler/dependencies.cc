#include "core/scheduler/dependencies.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <limits>

namespace batchite {
namespace {

struct EndsLater {
  bool operator()(const auto& a, const auto& b) const { return a.last > b.last; }
};

template <class Watch>
void push(std::vector<Watch>& crowd, const Watch& watch) {
  crowd.push_back(watch);
  std::push_heap(crowd.begin(), crowd.end(), EndsLater{});
}

template <class Watch>
Watch pop(std::vector<Watch>& crowd) {
  std::pop_heap(crowd.begin(), crowd.end(), EndsLater{});
  const Watch watch = crowd.back();
  crowd.pop_back();
  return watch;
}

bool is_padded(std::string_view id) { return id.size() > 1 && id.front() == '0'; }

}  // namespace

std::optional<std::int64_t> number_of_id(std::string_view id) {
  std::int32_t number = 0;  // what a range can hold
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (id.empty() || id.front() == '-' || error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

// --- numbers ---

void NumberSet::insert(std::int64_t number) {
  auto next = last_by_first_.upper_bound(number);
  if (next != last_by_first_.begin() && std::prev(next)->second >= number) return;
  std::int64_t first = number, last = number;
  if (next != last_by_first_.end() && next->first == number + 1) {
    last = next->second;
    next = last_by_first_.erase(next);
  }
  if (next != last_by_first_.begin() && std::prev(next)->second == number - 1) {
    std::prev(next)->second = last;
    return;
  }
  last_by_first_.emplace_hint(next, first, last);
}

void NumberSet::erase(std::int64_t number) {
  auto at = last_by_first_.upper_bound(number);
  if (at == last_by_first_.begin() || (--at)->second < number) return;
  const auto [first, last] = *at;
  at = last_by_first_.erase(at);
  if (number < last) at = last_by_first_.emplace_hint(at, number + 1, last);
  if (first < number) last_by_first_.emplace_hint(at, first, number - 1);
}

std::int64_t NumberSet::first_missing(std::int64_t from) const {
  const auto next = last_by_first_.upper_bound(from);
  if (next == last_by_first_.begin() || std::prev(next)->second < from) return from;
  return std::prev(next)->second + 1;
}

std::int64_t NumberSet::last_missing(std::int64_t from) const {
  const auto next = last_by_first_.upper_bound(from);
  return next == last_by_first_.end() ? std::numeric_limits<std::int64_t>::max() - 1 : next->first - 1;
}

// --- members ---

void DependencyGraph::join(TaskKey task, std::string_view id) {
  [[maybe_unused]] const bool is_new = members_.try_emplace(id, Member{task}).second;
  assert(is_new);
  if (const auto number = number_of_id(id); number && is_padded(id)) padded_.emplace(*number, id);
}

void DependencyGraph::leave(std::string_view id) {
  unsatisfy(id);
  if (const auto number = number_of_id(id); number && is_padded(id)) {
    const auto [begin, end] = padded_.equal_range(*number);
    padded_.erase(std::find_if(begin, end, [id](const auto& row) { return row.second == id; }));
  }
  members_.erase(id);
}

std::vector<TaskKey> DependencyGraph::satisfy(std::string_view id) {
  Member& member = members_.at(id);
  if (member.satisfied) return {};
  member.satisfied = true;
  Crowd through;
  if (const auto at = at_id_.find(std::string(id)); at != at_id_.end()) {
    through = std::move(at->second);
    at_id_.erase(at);
  }
  if (const auto number = number_of_id(id)) {
    if (numbers_.first_missing(*number) != *number) {
      ++more_of_a_number_[*number];
    } else {
      numbers_.insert(*number);
      move_on(*number, through);
    }
  }
  std::vector<TaskKey> free;
  for (const Watch& watch : through) {
    if (!is_current(watch)) {
      --stale_;
    } else if (!stand(watch.task, waiting_.at(watch.task))) {
      waiting_.erase(watch.task);
      free.push_back(watch.task);
    }
  }
  std::ranges::sort(free);
  return free;
}

void DependencyGraph::unsatisfy(std::string_view id) {
  const auto member = members_.find(id);
  if (member == members_.end() || !member->second.satisfied) return;
  member->second.satisfied = false;
  const auto number = number_of_id(id);
  if (!number) return;
  if (const auto more = more_of_a_number_.find(*number); more == more_of_a_number_.end()) {
    numbers_.erase(*number);
  } else if (--more->second == 0) {
    more_of_a_number_.erase(more);
  }
}

const DependencyGraph::Member* DependencyGraph::find(std::string_view id) const {
  const auto member = members_.find(id);
  return member == members_.end() ? nullptr : &member->second;
}

std::vector<std::string_view> DependencyGraph::ids_of(std::int64_t number) const {
  std::vector<std::string_view> ids;
  if (const auto plain = members_.find(std::to_string(number)); plain != members_.end()) ids.push_back(plain->first);
  const auto [begin, end] = padded_.equal_range(number);
  for (auto at = begin; at != end; ++at) ids.push_back(at->second);
  std::ranges::sort(ids);
  return ids;
}

// --- those who wait ---

bool DependencyGraph::wait(TaskKey task, const Dependencies& on) {
  if (is_satisfied(on)) return false;
  Waiting& waiting = waiting_[task];
  waiting = {&on, 0, ++serial_};
  return stand(task, waiting);
}

void DependencyGraph::stop_waiting(TaskKey task) {
  if (waiting_.erase(task) == 0) return;
  ++stale_;
  if (stale_ > 64 + 2 * waiting_.size()) forget_stale();
}

// From the dependency where it stood, once around. False: nothing is missing.
bool DependencyGraph::stand(TaskKey task, Waiting& waiting) {
  const std::size_t all = waiting.on->ids.size() + waiting.on->ranges.size();
  for (std::size_t i = 0; i < all; ++i) {
    const std::size_t dependency = waiting.at + i < all ? waiting.at + i : waiting.at + i - all;
    if (!stand_at(task, waiting, dependency)) continue;
    waiting.at = dependency;
    return true;
  }
  return false;
}

bool DependencyGraph::stand_at(TaskKey task, Waiting& waiting, std::size_t dependency) {
  const Dependencies& on = *waiting.on;
  if (dependency < on.ids.size()) {
    const std::string& id = on.ids[dependency];
    const Member* member = find(id);
    if (member && member->satisfied) return false;
    at_id_[id].push_back({0, task, waiting.serial});
    return true;
  }
  const auto& [first, last] = on.ranges[dependency - on.ids.size()];
  const std::int64_t number = numbers_.first_missing(first);
  if (number > last) return false;
  push(at_number_[number], {last, task, waiting.serial});
  return true;
}

bool DependencyGraph::is_current(const Watch& watch) const {
  const auto waiting = waiting_.find(watch.task);
  return waiting != waiting_.end() && waiting->second.serial == watch.serial;
}

// All who stand at the number go to the next one that is missing; `through` gets those whose range ends before it.
void DependencyGraph::move_on(std::int64_t number, Crowd& through) {
  const auto at = at_number_.find(number);
  if (at == at_number_.end()) return;
  Crowd crowd = std::move(at->second);
  at_number_.erase(at);
  const std::int64_t next = numbers_.first_missing(number);
  while (!crowd.empty() && crowd.front().last < next) through.push_back(pop(crowd));
  if (crowd.empty()) return;
  Crowd& there = at_number_[next];
  if (there.size() < crowd.size()) there.swap(crowd);
  for (const Watch& watch : crowd) push(there, watch);
}

void DependencyGraph::forget_stale() {
  at_id_.clear();
  at_number_.clear();
  stale_ = 0;
  for (auto& [task, waiting] : waiting_) stand(task, waiting);
}

// --- for those who ask ---

bool DependencyGraph::is_satisfied(const Dependencies& on) const {
  const auto has_ended = [this](const std::string& id) {
    const Member* member = find(id);
    return member && member->satisfied;
  };
  return std::ranges::all_of(on.ids, has_ended) && std::ranges::all_of(on.ranges, [this](const auto& range) {
           return numbers_.first_missing(range.first) > range.second;
         });
}

std::vector<std::pair<std::int64_t, std::int64_t>> DependencyGraph::missing(std::int64_t first, std::int64_t last,
                                                                            std::size_t most) const {
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  std::int64_t at = numbers_.first_missing(first);
  while (at <= last && found.size() < most) {
    found.emplace_back(at, std::min(last, numbers_.last_missing(at)));
    at = numbers_.first_missing(found.back().second + 1);
  }
  return found;
}

}  // namespace batchite
