// A day of a pool that scales by a formula, in seconds; and once more, to the same event.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/base/random.h"
#include "tests/simulation/virtual_batch.h"
#include "tests/support/documents.h"

namespace batchite::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kTasks = 10'000;
constexpr Ticks kEvery = minutes(5);
constexpr int kTurns = 24 * 12;  // of five minutes

constexpr const char* kFormula =
    "pending = avg($PendingTasks.GetSample(TimeInterval_Minute * 5, 1));"
    "$TargetDedicatedNodes = 1;"
    "$TargetLowPriorityNodes = min(60, pending / $TaskSlotsPerNode);"
    "$NodeDeallocationOption = taskcompletion;";

// Every attempt has its length and its end by the seed, whenever it begins: 10 minutes on average, one in thirty fails.
SimulatedHost::Plan plan_of(std::uint64_t seed) {
  return [seed](const std::string& spec, int attempt) {
    Random random(seed ^ std::hash<std::string>()(fmt::format("{}/{}", spec, attempt)));
    random.next();
    const double length = 30 - 570 * std::log1p(-random.fraction());
    return SimulatedHost::Course{seconds(static_cast<int>(length)), random.fraction() < 1.0 / 30 ? 1 : 0};
  };
}

// How many tasks have come until then, of all of the day: few at night, many at noon.
int arrived(int turn) {
  const double day = double(turn) / kTurns;
  return static_cast<int>(std::lround(kTasks * (day - std::sin(2 * std::numbers::pi * day) / (2 * std::numbers::pi))));
}

void add_tasks(VirtualBatch& batch, int first, int end) {
  while (first < end) {
    Document tasks = Document::array();
    for (; first < end && tasks.size() < 100; ++first) {
      tasks.push_back({{"id", fmt::format("t{}", first)},
                       {"commandLine", fmt::format("/bin/work {}", first)},
                       {"constraints", {{"maxTaskRetryCount", 1}}}});
    }
    batch.call("Task_AddCollection", {{"jobId", "j"}}, {{"value", tasks}});
  }
}

struct Day {
  std::string hash;
  std::size_t events = 0;
  int most_nodes = 0, last_nodes = 0;
  int evaluations = 0;
  TaskCounts counts;
  std::int64_t retries = 0;
};

Day a_day(std::uint64_t seed) {
  VirtualBatch batch(plan_of(seed),
                     {.preemptions = {.every = minutes(20), .notice = seconds(30), .away = minutes(2), .seed = seed}});
  Document pool = pool_document("p", 0,
                                {{"enableAutoScale", true},
                                 {"autoScaleFormula", kFormula},
                                 {"autoScaleEvaluationInterval", "PT5M"},
                                 {"taskSlotsPerNode", 4}});
  pool.erase("targetLowPriorityNodes");
  batch.call("Pool_Add", {}, pool);
  batch.call("Job_Add", {}, job_document("j", "p"));
  Day day;
  Time last_run = kNever;
  for (int turn = 0; turn < kTurns; ++turn) {
    add_tasks(batch, arrived(turn), arrived(turn + 1));
    batch.pass(kEvery);
    const PoolStatus& status = batch.state().pools.begin()->second.status;
    day.most_nodes = std::max(day.most_nodes, status.current.low_priority);
    day.evaluations += status.scale_run && status.scale_run->time != std::exchange(last_run, status.scale_run->time);
  }
  batch.pass(hours(4));
  day.hash = batch.log_hash();
  day.events = static_cast<std::size_t>(std::ranges::count(batch.log(), '\n'));
  day.last_nodes = batch.state().pools.begin()->second.status.current.low_priority;
  const Job& job = batch.state().jobs.begin()->second;
  day.counts = job.counts;
  day.retries = job.status.sums.retries;
  return day;
}

TEST(VirtualDayTest, ADayOfAutoscaleWithTenThousandTasksIsTheSameEveryTime) {
  const Day day = a_day(1);
  EXPECT_EQ(day.counts.succeeded + day.counts.failed, kTasks) << "nothing is left";
  EXPECT_GT(day.counts.succeeded, kTasks * 9 / 10);
  EXPECT_GT(day.retries, 100);
  EXPECT_GT(day.most_nodes, 20) << "the pool grew";
  EXPECT_LE(day.last_nodes, 1) << "and shrank";
  EXPECT_GT(day.evaluations, kTurns / 2) << "it was mostly steady, so the formula was evaluated";
  EXPECT_GT(day.events, std::size_t{2 * kTasks});
  EXPECT_EQ(a_day(1).hash, day.hash);
  EXPECT_NE(a_day(2).hash, day.hash);
}

}  // namespace
}  // namespace batchite::simulation
