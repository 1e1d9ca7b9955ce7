// How many events a second the scheduler steps through, and what a task costs in memory. A host that answers every
// order at once is simulated; nothing runs, nothing is stored. The small run beside the large one shows whether a step
// grows with the number of tasks.
#include <fmt/format.h>
#include <malloc.h>

#include <chrono>

#include "core/scheduler/step.h"

namespace batchite {
namespace {

enum class Shape {
  Loose,    // no dependencies
  Chain,    // each on the one before
  Prefix,   // each on all before: 1..k-1
  FanIn,    // the last on all others
  FanOut,   // all on the first
  Windows,  // each on the thousand before
};

struct Load {
  int nodes;
  int slots;
  std::int64_t tasks;
  Shape shape = Shape::Loose;
};

Dependencies dependencies_of(Shape shape, std::int64_t task, std::int64_t tasks) {
  Dependencies on;
  const bool is_first = task == 1;
  switch (shape) {
    case Shape::Loose:
      break;
    case Shape::Chain:
      if (!is_first) on.ids.push_back(std::to_string(task - 1));
      break;
    case Shape::Prefix:
      if (!is_first) on.ranges.emplace_back(1, task - 1);
      break;
    case Shape::FanIn:
      if (task == tasks) on.ranges.emplace_back(1, tasks - 1);
      break;
    case Shape::FanOut:
      if (!is_first) on.ids.emplace_back("1");
      break;
    case Shape::Windows:
      if (task > 1000) on.ranges.emplace_back(task - 1000, task - 1);
      break;
  }
  return on;
}

struct Figures {
  double seconds = 0;
  std::int64_t events = 0;
  double bytes_per_task = 0;
};

class Bench {
 public:
  explicit Bench(const Load& load) : load_(load) {}

  Figures run() {
    prepare();
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    const auto begin = std::chrono::steady_clock::now();
    events_ = 0;
    add_tasks();
    while (answered_ < to_answer_.size()) answer();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    check(state_);
    return {took.count(), events_, static_cast<double>(after - before) / static_cast<double>(load_.tasks)};
  }

 private:
  void prepare() {
    happens(PoolAdded{PoolKey{1},
                      "p",
                      {.task_slots = load_.slots, .fill = FillType::Spread, .start_task = std::nullopt},
                      {load_.nodes, 0},
                      std::chrono::minutes(15)});
    for (int node = 1; node <= load_.nodes; ++node) happens(NodeBooted{NodeKey{node}, 1});
    JobSpec job;
    job.pool_id = "p";
    job.uses_dependencies = load_.shape != Shape::Loose;
    happens(JobAdded{JobKey{1}, job});
    to_answer_.reserve(static_cast<std::size_t>(load_.tasks));
  }

  void add_tasks() {
    TaskSpec spec;
    spec.job = JobKey{1};
    spec.retention = std::chrono::days(7);
    for (std::int64_t task = 1; task <= load_.tasks;) {
      TasksAdded added;
      added.tasks.reserve(100);
      for (; added.tasks.size() < 100 && task <= load_.tasks; ++task) {
        added.tasks.push_back({TaskKey{task}, spec});
        if (load_.shape != Shape::Loose) added.tasks.back().spec.extras = extras(task);
      }
      happens(added);
    }
  }

  std::shared_ptr<const TaskExtras> extras(std::int64_t task) const {
    auto extras = std::make_shared<TaskExtras>();
    extras->id = std::to_string(task);
    extras->dependencies = dependencies_of(load_.shape, task, load_.tasks);
    return extras;
  }

  void answer() {
    const RunTask run = to_answer_[answered_++];
    happens(TaskExited{
        run.task, run.attempt, {.exit_code = 0, .failure = std::nullopt, .may_retry = true, .started = now_}});
  }

  void happens(const Event& event) {
    now_ += std::chrono::microseconds(10);
    ++events_;
    effects_.actions.clear();
    effects_.touched.nodes.clear();
    effects_.touched.tasks.clear();
    step(state_, event, now_, effects_);
    for (const Action& action : effects_.actions) {
      if (const auto* run = std::get_if<RunTask>(&action)) to_answer_.push_back(*run);
    }
  }

  Load load_;
  State state_;
  Effects effects_;
  Time now_ = Time(std::chrono::hours(24 * 365 * 50));
  std::int64_t events_ = 0;
  std::vector<RunTask> to_answer_;
  std::size_t answered_ = 0;
};

}  // namespace
}  // namespace batchite

namespace {

void print(const batchite::Load& load, const char* name) {
  const auto figures = batchite::Bench(load).run();
  const auto events = static_cast<double>(figures.events);
  fmt::print("{:>8} {:>6} {:>10} {:>10} {:>12.0f} {:>10.0f} {:>12.0f}  {}\n", load.nodes, load.slots, load.tasks,
             figures.events, events / figures.seconds, figures.seconds / events * 1e9, figures.bytes_per_task, name);
}

}  // namespace

int main() {
  using batchite::Load;
  using batchite::Shape;
  fmt::print("scheduler: tasks added by 100, every RunTask answered by TaskExited\n");
  fmt::print("{:>8} {:>6} {:>10} {:>10} {:>12} {:>10} {:>12}\n", "nodes", "slots", "tasks", "events", "events/s",
             "ns/event", "bytes/task");
  for (const Load& load : {Load{1000, 1, 1000}, Load{1000, 1, 200'000}, Load{1000, 1, 1'000'000},
                           Load{10, 1, 1'000'000}, Load{1000, 64, 1'000'000}, Load{10'000, 1, 1'000'000}}) {
    print(load, "");
  }
  fmt::print("with dependencies\n");
  for (const std::int64_t tasks : {10'000, 100'000}) {
    print({1000, 1, tasks, Shape::Chain}, "chain");
    print({1000, 1, tasks, Shape::Prefix}, "each on 1..k-1");
    print({1000, 1, tasks, Shape::FanIn}, "the last on 1..n-1");
    print({1000, 1, tasks, Shape::FanOut}, "all on the first");
    print({1000, 1, tasks, Shape::Windows}, "each on the thousand before");
  }
}
