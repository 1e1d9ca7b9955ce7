// Which tasks of a job can never run.
#include <charconv>
#include <deque>
#include <limits>
#include <unordered_map>

#include "core/base/ids.h"
#include "core/workflow/monitor.h"

namespace batchite::workflow {
namespace {

// What an exitOptions says of dependants; a failed task blocks them unless told otherwise.
bool says_satisfy(const Reader& options, bool otherwise) {
  const std::string action = fold(options.text("dependencyAction"));
  return action.empty() ? otherwise : action == "satisfy";
}

// What the first exit condition that applies says.
bool satisfies(const Document& document) {
  const Reader task(document);
  const Reader execution = task.object("executionInfo");
  const Reader conditions = task.object("exitConditions");
  const bool failed = to_row(document).failed;
  const auto after_failure = [&](const char* name) {
    return says_satisfy(conditions.object(conditions.has(name) ? name : "default"), false);
  };
  if (!execution.has("exitCode")) {
    if (!failed) return true;
    const bool by_request = execution.object("failureInfo").text("code") == "TaskEnded";
    return !by_request && after_failure("preProcessingError");
  }
  const int code = execution.get("exitCode", 0);
  for (const Document& item : conditions.array("exitCodes")) {
    if (Reader(item).get("code", -1) == code) return says_satisfy(Reader(item).object("exitOptions"), code == 0);
  }
  for (const Document& item : conditions.array("exitCodeRanges")) {
    const Reader range(item);
    if (range.get("start", 0) <= code && code <= range.get("end", 0)) {
      return says_satisfy(range.object("exitOptions"), code == 0);
    }
  }
  if (!failed) return true;
  return code == 0 ? after_failure("fileUploadError") : after_failure("default");
}

// Ranges of many tasks, asked for a number; each task is given out once. A tree over the ranges by their start, each
// node knowing how far its ranges reach.
class Ranges {
 public:
  void add(int first, int last, std::size_t task) { rows_.push_back({first, last, task}); }
  void settle() {
    std::ranges::sort(rows_, {}, &Row::first);
    reach_.assign(4 * rows_.size() + 1, kNone);
    if (!rows_.empty()) build(1, 0, rows_.size());
  }
  template <class Visit>
  void take(int number, Visit visit) {
    if (!rows_.empty()) take(1, 0, rows_.size(), number, visit);
  }

 private:
  static constexpr int kNone = std::numeric_limits<int>::min();
  struct Row {
    int first, last;
    std::size_t task;
  };
  int build(std::size_t node, std::size_t begin, std::size_t end) {
    if (end - begin == 1) return reach_[node] = rows_[begin].last;
    const std::size_t middle = begin + (end - begin) / 2;
    return reach_[node] = std::max(build(2 * node, begin, middle), build(2 * node + 1, middle, end));
  }
  template <class Visit>
  void take(std::size_t node, std::size_t begin, std::size_t end, int number, Visit& visit) {
    if (reach_[node] < number || rows_[begin].first > number) return;
    if (end - begin == 1) {
      reach_[node] = kNone;
      visit(rows_[begin].task);
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    take(2 * node, begin, middle, number, visit);
    take(2 * node + 1, middle, end, number, visit);
    reach_[node] = std::max(reach_[2 * node], reach_[2 * node + 1]);
  }
  std::vector<Row> rows_;
  std::vector<int> reach_;
};

// From the tasks that are over without satisfying others to those behind them, and on.
class Blocking {
 public:
  explicit Blocking(const std::vector<Document>& tasks) : tasks_(tasks), is_blocking_(tasks.size()) {
    for (std::size_t at = 0; at < tasks.size(); ++at) {
      const Reader task(tasks[at]);
      if (const auto number = task_number(task.text("id"))) ++of_a_number_[*number];
      const std::string state = fold(task.text("state"));
      if (state == "completed" && !satisfies(tasks[at])) block(at);
      if (state == "active") note_needs(at, task.object("dependsOn"));
    }
    ranges_.settle();
  }
  std::vector<std::string> run() {
    std::vector<std::string> found;
    const auto reached = [&](std::size_t at) {
      if (is_blocking_[at]) return;
      block(at);
      found.push_back(Reader(tasks_[at]).text("id"));
    };
    for (; !open_.empty(); open_.pop_front()) {
      const std::string id = fold(Reader(tasks_[open_.front()]).text("id"));
      if (const auto needing = by_id_.find(id); needing != by_id_.end())
        std::ranges::for_each(needing->second, reached);
      // 4 and 04 are one number: it is lost when all of them are.
      const auto number = task_number(id);
      if (number && --of_a_number_[*number] == 0) ranges_.take(*number, reached);
    }
    return found;
  }

 private:
  void block(std::size_t at) {
    is_blocking_[at] = true;
    open_.push_back(at);
  }
  void note_needs(std::size_t at, const Reader& needs) {
    for (const Document& id : needs.array("taskIds")) by_id_[fold(id.get<std::string>())].push_back(at);
    for (const Document& item : needs.array("taskIdRanges")) {
      ranges_.add(Reader(item).get("start", 0), Reader(item).get("end", -1), at);
    }
  }
  const std::vector<Document>& tasks_;
  std::vector<bool> is_blocking_;
  std::deque<std::size_t> open_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_id_;  // folded: those who need it
  std::unordered_map<int, int> of_a_number_;                         // tasks that may still satisfy it
  Ranges ranges_;
};

}  // namespace

std::optional<int> task_number(std::string_view id) {
  int number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (id.empty() || id.front() == '-' || error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

std::vector<std::string> blocked_tasks(const std::vector<Document>& tasks) { return Blocking(tasks).run(); }

}  // namespace batchite::workflow
