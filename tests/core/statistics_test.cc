// Statistics of pools, jobs, tasks and the account, and the core hours of pools.
#include "core/operations/vm_size.h"
#include "core/pool_usage.h"
#include "core/status_text.h"
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class StatisticsTest : public ServiceTest {
 protected:
  static constexpr Usage kUsage{
      .user = milliseconds(1500), .kernel = milliseconds(250), .read = 2048, .written = 4096, .peak_memory = 1 << 30};

  // The run ends `after` it was ordered.
  void ends_after(const RunTaskOrder& run, Ticks after, int exit_code, const Usage& usage = kUsage) {
    now += after - seconds(1);
    happens(TaskExited{run.what.task,
                       run.what.attempt,
                       {.exit_code = exit_code, .failure = {}, .may_retry = true, .started = kNever, .usage = usage}});
  }
  Document stats(std::string_view operation, Parameters path) {
    return ask(operation, {.path = std::move(path), .query = {{"$expand", "stats"}}}).body["stats"];
  }
  Document job_stats() { return stats("Job_Get", {{"jobId", "j"}}); }
  Document task_stats(const char* id) { return stats("Task_Get", {{"jobId", "j"}, {"taskId", id}}); }
  void add_task(const char* id, Document more = Document::object()) {
    Document body = task(id);
    body.update(more);
    ask("Task_Add", {.path = {{"jobId", "j"}}, .body = body});
  }
};

TEST_F(StatisticsTest, ATaskTellsWhatItsProcessesTook) {
  one_node();
  add_task("t", {{"constraints", {{"maxTaskRetryCount", 1}}}});
  ends_after(runs().at(0), seconds(10), 1);
  ends_after(runs().at(0), seconds(20), 0);
  const Document shown = task_stats("t");
  EXPECT_EQ(shown["url"], "http://batch/jobs/j/tasks/t");
  EXPECT_EQ(shown["userCPUTime"], "PT3S");
  EXPECT_EQ(shown["kernelCPUTime"], "PT0.5S");
  EXPECT_EQ(shown["wallClockTime"], "PT30S") << "retries included";
  EXPECT_EQ(shown["readIOps"], "4096");
  EXPECT_EQ(shown["writeIOps"], "8192");
  EXPECT_EQ(shown["readIOGiB"].dump(), "0.001953125");
  EXPECT_EQ(shown["writeIOGiB"].dump(), "0.00390625");
  EXPECT_EQ(shown["lastUpdateTime"], iso8601(now));
}

TEST_F(StatisticsTest, AJobSumsUpItsTasksEvenThoseDeleted) {
  one_node();
  EXPECT_EQ(job_stats()["numSucceededTasks"], "0");
  EXPECT_EQ(job_stats()["readIOGiB"].dump(), "0.0") << "a double keeps its point";
  add_task("good");
  add_task("bad", {{"constraints", {{"maxTaskRetryCount", 1}}}});
  ends_after(runs().at(0), seconds(10), 0);
  ends_after(runs().at(0), seconds(2), 5);
  ends_after(runs().at(0), seconds(3), 5);
  ask("Task_Delete", {.path = {{"jobId", "j"}, {"taskId", "good"}}});
  const Document shown = job_stats();
  EXPECT_EQ(shown["url"], "http://batch/jobs/j");
  EXPECT_EQ(shown["numSucceededTasks"], "1");
  EXPECT_EQ(shown["numFailedTasks"], "1");
  EXPECT_EQ(shown["numTaskRetries"], "1");
  EXPECT_EQ(shown["userCPUTime"], "PT4.5S");
  EXPECT_EQ(shown["kernelCPUTime"], "PT0.75S");
  EXPECT_EQ(shown["wallClockTime"], "PT16S") << "of the good one 11, of the bad one 5";
  EXPECT_EQ(shown["readIOps"], "6144");
  EXPECT_EQ(shown["waitTime"], "PT12S") << "the bad one waited for its latest run";
}

TEST_F(StatisticsTest, AReactivatedTaskHasNotFailed) {
  one_node();
  add_task("t");
  ends_after(runs().at(0), seconds(10), 1);
  EXPECT_EQ(job_stats()["numFailedTasks"], "1");
  ask("Task_Reactivate", {.path = {{"jobId", "j"}, {"taskId", "t"}}});
  EXPECT_EQ(job_stats()["numFailedTasks"], "0");
  ends_after(runs().at(0), seconds(10), 0);
  EXPECT_EQ(job_stats()["numSucceededTasks"], "1");
}

TEST_F(StatisticsTest, WhatAKilledProcessTookIsCountedWhenItIsKnown) {
  one_node();
  add_task("t");
  const RunTaskOrder run = runs().at(0);
  ask("Task_Terminate", {.path = {{"jobId", "j"}, {"taskId", "t"}}});
  EXPECT_EQ(task_stats("t")["userCPUTime"], "PT0S");
  ends_after(run, seconds(1), 137);
  EXPECT_EQ(task_stats("t")["userCPUTime"], "PT1.5S");
  EXPECT_EQ(job_stats()["userCPUTime"], "PT1.5S");
  EXPECT_EQ(job_stats()["numFailedTasks"], "1");
}

TEST_F(StatisticsTest, TheyAreShownOnlyWhenAskedFor) {
  one_node();
  add_task("t");
  const Parameters path = {{"poolId", "p"}, {"jobId", "j"}, {"taskId", "t"}};
  for (const char* get : {"Pool_Get", "Job_Get", "Task_Get"}) {
    EXPECT_FALSE(ask(get, {.path = path}).body.contains("stats")) << get;
    EXPECT_TRUE(ask(get, {.path = path, .query = {{"$expand", "stats"}}}).body.contains("stats")) << get;
    const auto selected = [&](const char* select) {
      return ask(get, {.path = path, .query = {{"$expand", "stats"}, {"$select", select}}}).body;
    };
    EXPECT_FALSE(selected("id,state").contains("stats")) << get;
    EXPECT_EQ(selected("stats").size(), 1U) << get;
    EXPECT_EQ(outcome(get, {.path = path, .query = {{"$expand", "nodes"}}}), "400 InvalidQueryParameterValue") << get;
  }
  for (const char* list : {"Pool_List", "Job_List", "Task_List"}) {
    EXPECT_FALSE(ask(list, {.path = path}).body["value"][0].contains("stats")) << list;
    const Document shown = ask(list, {.path = path, .query = {{"$expand", "stats"}}}).body["value"];
    EXPECT_TRUE(shown[0]["stats"].contains("lastUpdateTime")) << list;
  }
}

TEST_F(StatisticsTest, APoolTellsItsCoreTimeAndWhatItsTasksTook) {
  ask("Pool_Add", {.body = pool("p", 1, {{"vmSize", "STANDARD_D2_v2"}, {"targetDedicatedNodes", 3}})});
  ask("Job_Add", {.body = job("j", "p")});
  const Time created = now - seconds(1);
  boot_nodes();
  add_task("t");
  ends_after(runs().at(0), seconds(10), 0);
  now = created + hours(1) - seconds(1);
  const Document shown = stats("Pool_Get", {{"poolId", "p"}});
  EXPECT_EQ(shown["url"], "http://batch/pools/p");
  EXPECT_EQ(shown["usageStats"]["dedicatedCoreTime"], "PT6H") << "three nodes of two cores";
  const Document& resources = shown["resourceStats"];
  EXPECT_EQ(resources["diskReadIOps"], "2048");
  EXPECT_EQ(resources["diskWriteGiB"].dump(), "0.001953125");
  EXPECT_EQ(resources["peakMemoryGiB"].dump(), "1.0");
  EXPECT_NEAR(resources["avgCPUPercentage"].get<double>(), 100 * 1.75 / (8 * 3600), 1e-9);
  EXPECT_EQ(resources["networkReadGiB"].dump(), "0.0");
}

TEST_F(StatisticsTest, ADeallocatedNodeTakesNoCoreTime) {
  ask("Pool_Add", {.body = pool("p", 0, {{"targetDedicatedNodes", 1}})});
  const Time created = now;
  boot_nodes();
  const std::string node = ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"][0]["id"];
  const Asked the_node{.path = {{"poolId", "p"}, {"nodeId", node}}};
  now = created + hours(1) - seconds(1);
  EXPECT_EQ(outcome("ComputeNode_Deallocate", the_node), "202");
  happens(NodeRemoved{NodeKey{1}});
  now = created + hours(5);
  EXPECT_EQ(outcome("ComputeNode_Start", the_node), "202");
  now += hours(1) - seconds(1);
  EXPECT_EQ(stats("Pool_Get", {{"poolId", "p"}})["usageStats"]["dedicatedCoreTime"], "PT2H1S");
}

TEST_F(StatisticsTest, TheAccountRemembersWhatIsGone) {
  EXPECT_EQ(ask("Job_GetAllLifetimeStatistics").body["numSucceededTasks"], "0") << "of a new account";
  ask("Pool_Add", {.body = pool("p", 0, {{"targetDedicatedNodes", 1}})});
  const Time created = now;
  ask("Job_Add", {.body = job("j", "p")});
  boot_nodes();
  add_task("t");
  ends_after(runs().at(0), seconds(10), 0);
  now = created + hours(1) - seconds(2);
  ask("Job_Delete", {.path = {{"jobId", "j"}}});
  ask("Pool_Delete", {.path = {{"poolId", "p"}}});
  now = created + hours(1) - seconds(1);
  happens(NodeRemoved{NodeKey{1}});
  ask("Job_Add", {.body = job("j", "p")});

  Service again(store, files, host, {.account = "acct", .base_url = "http://batch"});
  const auto lifetime = [&](const char* operation) {
    return std::get<Reply>(again.call({*contract::find_operation(operation)}, now)).body;
  };
  const Document jobs = lifetime("Job_GetAllLifetimeStatistics");
  EXPECT_EQ(jobs["url"], "http://batch/lifetimejobstats");
  EXPECT_EQ(jobs["numSucceededTasks"], "1");
  EXPECT_EQ(jobs["userCPUTime"], "PT1.5S");
  EXPECT_EQ(jobs["startTime"], iso8601(created));
  const Document pools = lifetime("Pool_GetAllLifetimeStatistics");
  EXPECT_EQ(pools["usageStats"]["dedicatedCoreTime"], "PT1H");
  EXPECT_EQ(pools["resourceStats"]["diskReadIOps"], "2048");
}

TEST(StatusText, OfAnEarlierVersionReadsAsWithoutStatistics) {
  JobStatus job;
  from_text("1 5 70 1 0 60 10 20 30 40 6 enough2 ", job);
  EXPECT_EQ(job.state, JobState::Completed);
  EXPECT_EQ(job.previous_state, JobState::Active);
  EXPECT_EQ(job.terminate_reason, "enough");
  EXPECT_EQ(job.disable, DrainOption::TaskCompletion);
  EXPECT_EQ(job.sums.succeeded, 0);
  job.sums.succeeded = 3;
  JobStatus again;
  from_text(to_text(job), again);
  EXPECT_EQ(again.sums.succeeded, 3);
  EXPECT_THROW(from_text("3 5 70", job), Error);
}

// "13:30 p standard_d2_v2 0.5; …"
std::string told(const Document& metrics) {
  std::string text;
  for (const Document& item : metrics["value"]) {
    const std::string start = item["startTime"];
    text += start.substr(11, 5) + " " + item["poolId"].get<std::string>() + " " + item["vmSize"].get<std::string>() +
            " " + item["totalCoreHours"].dump() + "; ";
  }
  return text;
}

class UsageMetricsTest : public StatisticsTest {
 protected:
  UsageMetricsTest() { now = *parse_iso8601("2026-03-14T10:14:59Z"); }
  Document metrics(const Parameters& query = {}) { return ask("Pool_ListUsageMetrics", {.query = query}).body; }
};

TEST_F(UsageMetricsTest, WithoutTimesTheLastHalfHourThatIsOverIsTold) {
  ask("Pool_Add", {.body = pool("P", 1, {{"vmSize", "STANDARD_D2_v2"}})});
  now = *parse_iso8601("2026-03-14T10:20:00Z");
  EXPECT_EQ(told(metrics()), "");
  now = *parse_iso8601("2026-03-14T10:40:00Z");
  EXPECT_EQ(told(metrics()), "10:00 P standard_d2_v2 0.5; ") << "a quarter of an hour of two cores";
  now = *parse_iso8601("2026-03-14T11:29:00Z");
  EXPECT_EQ(told(metrics()), "10:30 P standard_d2_v2 1.0; ");
  const Document item = metrics()["value"][0];
  EXPECT_EQ(item["endTime"], "2026-03-14T11:00:00Z");
}

TEST_F(UsageMetricsTest, APoolsHoursOutliveIt) {
  ask("Pool_Add", {.body = pool("p", 1)});
  boot_nodes();
  now = *parse_iso8601("2026-03-14T11:15:00Z");
  ask("Pool_Delete", {.path = {{"poolId", "p"}}});
  now = *parse_iso8601("2026-03-14T11:15:00Z");
  happens(NodeRemoved{NodeKey{1}});
  now = *parse_iso8601("2026-03-14T15:00:00Z");
  ask("Pool_Add", {.body = pool("p", 1)});
  now = *parse_iso8601("2026-03-14T15:10:00Z");
  EXPECT_EQ(told(metrics({{"starttime", "2026-03-14T10:00:00Z"}})),
            "10:00 p standard_a1_v2 0.25; 10:30 p standard_a1_v2 0.5; 11:00 p standard_a1_v2 0.25027777777777777; ");
  EXPECT_EQ(told(metrics({{"starttime", "2026-03-14T10:00:00Z"}, {"endtime", "2026-03-14T10:30:00Z"}})),
            "10:00 p standard_a1_v2 0.25; ");
}

TEST_F(UsageMetricsTest, TheListIsFilteredByPoolAndComesInPages) {
  for (const char* id : {"b", "a", "c"}) ask("Pool_Add", {.body = pool(id, 1)});
  now = *parse_iso8601("2026-03-14T11:10:00Z");
  EXPECT_EQ(told(metrics({{"$filter", "poolId eq 'A'"}})), "10:30 a standard_a1_v2 0.5; ");
  EXPECT_EQ(told(metrics({{"$filter", "poolId gt 'a'"}, {"maxresults", "1"}})), "10:30 b standard_a1_v2 0.5; ");
  const std::string link = metrics({{"maxresults", "2"}})["odata.nextLink"];
  EXPECT_TRUE(link.starts_with("http://batch/poolusagemetrics?maxresults=2&$skiptoken=")) << link;
  const std::string token = link.substr(link.rfind('=') + 1);
  EXPECT_EQ(told(metrics({{"maxresults", "2"}, {"$skiptoken", token}})), "10:30 c standard_a1_v2 0.5; ");
}

TEST_F(UsageMetricsTest, TimesTooRecentAreRefused) {
  now = *parse_iso8601("2026-03-14T10:00:00Z");
  const Parameters refused[] = {
      {{"starttime", "2026-03-14T07:40:00Z"}},
      {{"endtime", "2026-03-14T08:10:00Z"}},
      {{"starttime", "2026-03-14T07:00:00Z"}, {"endtime", "2026-03-14T06:00:00Z"}},
      {{"starttime", "yesterday"}},
  };
  for (const Parameters& query : refused) {
    EXPECT_EQ(outcome("Pool_ListUsageMetrics", {.query = query}), "400 InvalidQueryParameterValue")
        << query.begin()->second;
  }
  EXPECT_EQ(outcome("Pool_ListUsageMetrics", {.query = {{"starttime", "2026-03-14T07:30:00Z"}}}), "200");
}

TEST(VmSize, TellsItsCores) {
  struct Case {
    const char* size;
    std::optional<int> cores;
  };
  const Case cases[] = {
      {"STANDARD_A1", 1},
      {"standard_a3", 4},
      {"Standard_A8_v2", 8},
      {"standard_d1_v2", 1},
      {"standard_d3_v2", 4},
      {"standard_d14_v2", 16},
      {"standard_d15_v2", 20},
      {"standard_d2s_v3", 2},
      {"standard_d64_v4", 64},
      {"standard_ds3_v2", 4},
      {"standard_f16s_v2", 16},
      {"standard_f4", 4},
      {"standard_b1ms", 1},
      {"standard_e16-4s_v5", 4},
      {"standard_nc24rs_v3", 24},
      {"standard_nd96asr_v4", 96},
      {"standard_hb120rs_v3", 120},
      {"standard_h16mr", 16},
      {"small", 1},
      {"extralarge", 8},
      {"basic_a2", 2},
      {"standard_g5", 32},
      {"standard_m128ms", 128},
      {"mine", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [size, cores] : cases) EXPECT_EQ(cores_of(size), cores) << size;
}

}  // namespace
}  // namespace batchite
