// Which tasks of one job wait for which others. What counts is how things stand: a dependency is satisfied while there
// is a task of that id that has ended so that its dependants may go, and a task goes once all of its are. (A parent
// that is deleted or runs again is therefore waited for anew, but only by those that have not gone yet.) Ranges select
// tasks whose ids are integers, whatever zeros they begin with; each number of a range must be satisfied. Ids that
// nobody has are waited for; a task that waits for itself, or in a circle, waits for ever. Source:
// learn.microsoft.com/rest/api/batchservice/task/add (TaskDependencies, TaskIdRange), .../batch-task-dependencies.
//
// Cost: a waiting task stands at one unsatisfied dependency, a range at one missing number. All who stand at the same
// number move on together, the smaller crowd joining the larger, so that a range costs O(log²) amortised, however many
// members it has. Plain data; ids are folded; any order of calls gives the same answers.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/scheduler/extras.h"
#include "core/scheduler/keys.h"

namespace batchite {

// An id as ranges see it; nullopt: they do not.
std::optional<std::int64_t> number_of_id(std::string_view id);

// Numbers, as few intervals as possible.
class NumberSet {
 public:
  void insert(std::int64_t number);
  void erase(std::int64_t number);
  // The first number from there on that is not in it.
  std::int64_t first_missing(std::int64_t from) const;
  std::int64_t last_missing(std::int64_t from) const;  // of those that follow each other. REQUIRES: from is missing

 private:
  std::map<std::int64_t, std::int64_t> last_by_first_;  // disjoint, and with a gap between each two
};

class DependencyGraph {
 public:
  struct Member {
    TaskKey task;
    bool satisfied = false;
  };

  // A task of the job, whether it depends on anything or not. The view must stay valid until it leaves. REQUIRES: no
  // other member has the id.
  void join(TaskKey task, std::string_view id);
  void leave(std::string_view id);
  // It ended so that its dependants may go. Gives those of which this was the last dependency, in the order of keys;
  // they wait no more.
  std::vector<TaskKey> satisfy(std::string_view id);
  void unsatisfy(std::string_view id);  // it is to run again

  // False: all is satisfied, and it need not wait. The dependencies must stay where they are while it waits.
  bool wait(TaskKey task, const Dependencies& on);
  void stop_waiting(TaskKey task);
  bool is_waiting(TaskKey task) const { return waiting_.contains(task); }
  std::size_t waiting() const { return waiting_.size(); }

  const Member* find(std::string_view id) const;
  std::vector<std::string_view> ids_of(std::int64_t number) const;  // of members; 4, 04 …
  bool is_satisfied(const Dependencies& on) const;
  // The first numbers of [first, last] that are not satisfied, as ranges; at most so many of them.
  std::vector<std::pair<std::int64_t, std::int64_t>> missing(std::int64_t first, std::int64_t last,
                                                             std::size_t most) const;

 private:
  struct Waiting {
    const Dependencies* on;
    std::size_t at = 0;  // the dependency it stands at: ids first, then ranges
    std::uint64_t serial;
  };
  // One who stands somewhere. Who has gone from there is known by the serial.
  struct Watch {
    std::int64_t last;  // of the range
    TaskKey task;
    std::uint64_t serial;
  };
  using Crowd = std::vector<Watch>;  // at a number: a heap, the smallest `last` first

  bool stand(TaskKey task, Waiting& waiting);
  bool stand_at(TaskKey task, Waiting& waiting, std::size_t dependency);
  bool is_current(const Watch& watch) const;
  void move_on(std::int64_t number, Crowd& through);
  void forget_stale();

  std::unordered_map<std::string_view, Member> members_;
  std::unordered_multimap<std::int64_t, std::string_view> padded_;  // ids of members that begin with needless zeros
  NumberSet numbers_;                                               // satisfied
  std::unordered_map<std::int64_t, int> more_of_a_number_;          // satisfied members beyond the first: 4, 04 …
  std::unordered_map<TaskKey, Waiting> waiting_;
  std::unordered_map<std::string, Crowd> at_id_;  // in no order
  std::unordered_map<std::int64_t, Crowd> at_number_;
  std::size_t stale_ = 0;  // at most so many watches are of nobody
  std::uint64_t serial_ = 0;
};

}  // namespace batchite
