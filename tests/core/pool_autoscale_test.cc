// Pools that scale by a formula, through the service's operations and hours of time that passes.
#include <fmt/format.h>

#include "core/operations/autoscale.h"
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kPending = "$TargetDedicatedNodes = min(10, $PendingTasks.GetSample(1));";

class PoolAutoscaleTest : public ServiceTest {
 protected:
  using ServiceTest::ServiceTest;

  static Document scaling(const std::string& id, const std::string& formula, const std::string& interval = "PT5M") {
    Document document = pool(
        id, 0, {{"enableAutoScale", true}, {"autoScaleFormula", formula}, {"autoScaleEvaluationInterval", interval}});
    for (const char* target : {"targetDedicatedNodes", "targetLowPriorityNodes"}) document.erase(target);
    return document;
  }
  Document shown(const std::string& id = "p") { return ask("Pool_Get", {.path = {{"poolId", id}}}).body; }
  std::string results(const std::string& id = "p") {
    const Document document = shown(id);
    return Reader(document).object("autoScaleRun").text("results");
  }
  std::string enable(const Document& body, const std::string& id = "p") {
    return outcome("Pool_EnableAutoScale", {.path = {{"poolId", id}}, .body = body});
  }
  std::string disable(const std::string& id = "p") {
    return outcome("Pool_DisableAutoScale", {.path = {{"poolId", id}}});
  }
  Document evaluated(const std::string& formula, const std::string& id = "p") {
    return ask("Pool_EvaluateAutoScale", {.path = {{"poolId", id}}, .body = {{"autoScaleFormula", formula}}}).body;
  }
  void add_tasks(int count) {
    ask("Job_Add", {.body = job("j", "p")});
    for (int i = 0; i < count; ++i) {
      ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task(fmt::format("t{}", i))});
    }
  }
  // In steps of the samples, as a host would wake the scheduler; nodes boot meanwhile.
  void passes(Ticks duration) {
    for (const Time end = now + duration; now < end;) {
      now += seconds(29);
      happens(Tick{});
      boot_nodes();
    }
  }
};

// Nodes take their time, so that a resize is seen.
class SlowPoolAutoscaleTest : public PoolAutoscaleTest {
 protected:
  SlowPoolAutoscaleTest() : PoolAutoscaleTest({.allocation_delay = seconds(10)}) {}
};

TEST_F(SlowPoolAutoscaleTest, APoolIsScaledInTheMomentOfItsCreation) {
  ask("Pool_Add", {.body = scaling("p", "$TargetDedicatedNodes = 2; $TargetLowPriorityNodes = 1;")});
  const Document document = shown();
  EXPECT_EQ(document["allocationState"], "resizing");
  EXPECT_EQ(document["targetDedicatedNodes"], 2);
  EXPECT_EQ(document["targetLowPriorityNodes"], 1);
  EXPECT_EQ(document["autoScaleEvaluationInterval"], "PT5M");
  EXPECT_EQ(
      document["autoScaleRun"],
      (Document{{"timestamp", document["creationTime"]},
                {"results", "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=1;$NodeDeallocationOption=requeue"}}));
}

TEST_F(PoolAutoscaleTest, ItGrowsAndShrinksWithItsTasks) {
  ask("Pool_Add", {.body = scaling("p", kPending)});
  EXPECT_EQ(shown()["targetDedicatedNodes"], 0);
  add_tasks(4);
  passes(minutes(5));
  EXPECT_EQ(shown()["currentDedicatedNodes"], 4);
  for (const int task : {1, 2, 3, 4}) {
    happens(TaskExited{TaskKey{task}, 1, {.exit_code = 0, .failure = {}, .may_retry = true, .started = now}});
  }
  passes(minutes(6));
  EXPECT_EQ(shown()["targetDedicatedNodes"], 0) << "no task is left";
}

TEST_F(PoolAutoscaleTest, AWindowOfSamplesFillsUp) {
  ask("Pool_Add", {.body = scaling("p", "$TargetDedicatedNodes = 0;")});
  add_tasks(3);
  const char* percent = "x = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5);";
  passes(minutes(2));
  EXPECT_LT(evaluated(percent)["results"].get<std::string>().find("x=5"), std::string::npos);
  passes(minutes(5));
  EXPECT_NE(evaluated(percent)["results"].get<std::string>().find(";x=100"), std::string::npos);
  const std::string all = evaluated(
      "a = $ActiveTasks.GetSample(1); b = $RunningTasks.GetSample(1); c = $TaskSlotsPerNode.GetSample(1);"
      "d = $CurrentDedicatedNodes.GetSample(1); e = $UsableNodeCount.GetSample(1);")["results"];
  EXPECT_NE(all.find("a=[3];b=[0];c=[1];d=[0];e=[0]"), std::string::npos) << all;
}

TEST_F(PoolAutoscaleTest, AnEvaluationThatFailsChangesNothingAndSaysWhy) {
  ask("Pool_Add", {.body = scaling("p", "$TargetDedicatedNodes = 2;")});
  boot_nodes();
  passes(seconds(30));
  ASSERT_EQ(enable({{"autoScaleFormula", "$TargetDedicatedNodes = 0; $something_useless"}}), "200");
  passes(minutes(6));
  const Document document = shown();
  EXPECT_EQ(document["targetDedicatedNodes"], 2);
  EXPECT_EQ(document["currentDedicatedNodes"], 2);
  const Document error = document["autoScaleRun"]["error"];
  EXPECT_EQ(error["code"], "AutoScalingFormulaEvaluationError");
  EXPECT_EQ(error["message"], "The specified auto-scaling formula has evaluation error");
  EXPECT_EQ(error["values"],
            Document::array({{{"name", "Message"}, {"value", "Line 1, Col 28: Undefined symbol: something_useless"}}}));
}

TEST_F(PoolAutoscaleTest, EnablingEvaluatesSoonAndDisablingKeepsTheTargets) {
  ask("Pool_Add", {.body = pool("p", 1)});
  boot_nodes();
  ASSERT_EQ(enable({{"autoScaleFormula", "$TargetLowPriorityNodes = 3;"}}), "200");
  Document document = shown();
  EXPECT_EQ(document["enableAutoScale"], true);
  EXPECT_EQ(document["autoScaleEvaluationInterval"], "PT15M");
  EXPECT_EQ(document["targetLowPriorityNodes"], 1);
  EXPECT_FALSE(document.contains("autoScaleRun")) << "the service shows none either, two seconds after";
  passes(seconds(30));
  EXPECT_EQ(shown()["currentLowPriorityNodes"], 3);
  EXPECT_EQ(results(), "$TargetDedicatedNodes=0;$TargetLowPriorityNodes=3;$NodeDeallocationOption=requeue");

  EXPECT_EQ(disable(), "200");
  document = shown();
  EXPECT_EQ(document["enableAutoScale"], false);
  EXPECT_EQ(document["targetLowPriorityNodes"], 3);
  for (const char* gone : {"autoScaleFormula", "autoScaleEvaluationInterval", "autoScaleRun"}) {
    EXPECT_FALSE(document.contains(gone)) << gone;
  }
  EXPECT_EQ(disable(), "200");
  EXPECT_EQ(outcome("Pool_Resize", {.path = {{"poolId", "p"}}, .body = {{"targetLowPriorityNodes", 0}}}), "202");
}

TEST_F(PoolAutoscaleTest, ANewIntervalBeginsAtOnceANewFormulaWaitsForTheOldOne) {
  ask("Pool_Add", {.body = scaling("p", "$TargetDedicatedNodes = 1;", "PT1H")});
  boot_nodes();
  passes(minutes(1));
  ASSERT_EQ(enable({{"autoScaleFormula", "$TargetDedicatedNodes = 2;"}}), "200");
  passes(minutes(50));
  EXPECT_EQ(shown()["targetDedicatedNodes"], 1);
  passes(minutes(10));
  EXPECT_EQ(shown()["targetDedicatedNodes"], 2);

  ASSERT_EQ(enable({{"autoScaleFormula", "$TargetDedicatedNodes = 3;"}, {"autoScaleEvaluationInterval", "PT5M"}}),
            "200");
  passes(minutes(5));
  EXPECT_EQ(shown()["targetDedicatedNodes"], 3);
}

TEST_F(SlowPoolAutoscaleTest, WhatIsRefused) {
  ask("Pool_Add", {.body = pool("p", 1)});
  const Document good = {{"autoScaleFormula", "$TargetDedicatedNodes = 1;"}};
  EXPECT_EQ(enable(good), "409 PoolBeingResized");
  passes(seconds(30));
  EXPECT_EQ(enable(Document::object()), "400 MissingRequiredProperty");
  EXPECT_EQ(enable({{"autoScaleEvaluationInterval", "PT5M"}}), "400 MissingRequiredProperty");
  EXPECT_EQ(enable({{"autoScaleFormula", "$TargetDedicatedNodes = (1;"}}), "400 AutoScalingFormulaSyntaxError");
  EXPECT_EQ(enable({{"autoScaleFormula", "1;"}, {"autoScaleEvaluationInterval", "PT4M"}}), "400 InvalidPropertyValue");
  EXPECT_EQ(enable({{"autoScaleFormula", std::string(8193, ' ')}}), "400 AutoScalingFormulaTooLong");
  EXPECT_EQ(outcome("Pool_EvaluateAutoScale", {.path = {{"poolId", "p"}}, .body = good}),
            "409 OperationInvalidForCurrentState");
  ASSERT_EQ(enable(good), "200");
  EXPECT_EQ(enable(good), "503 TooManyEnableAutoScaleRequests");
  passes(minutes(1));
  EXPECT_EQ(enable({{"autoScaleEvaluationInterval", "PT10M"}}), "200");
  EXPECT_EQ(outcome("Pool_Resize", {.path = {{"poolId", "p"}}, .body = {{"targetDedicatedNodes", 0}}}),
            "409 OperationInvalidForCurrentState");
  EXPECT_EQ(outcome("Pool_EvaluateAutoScale", {.path = {{"poolId", "p"}}, .body = {{"autoScaleFormula", "(;"}}}),
            "400 AutoScalingFormulaSyntaxError");
  EXPECT_EQ(enable(good, "nope"), "404 PoolNotFound");
}

TEST_F(PoolAutoscaleTest, APoolThatIsBeingResizedIsNotEvaluated) {
  ask("Pool_Add", {.body = scaling("p", "$TargetDedicatedNodes = 1; $NodeDeallocationOption = taskcompletion;")});
  add_tasks(1);
  boot_nodes();
  passes(seconds(30));
  ASSERT_EQ(enable({{"autoScaleFormula", "$TargetDedicatedNodes = 0; $NodeDeallocationOption = taskcompletion;"}}),
            "200");
  passes(minutes(5));
  const std::string first = shown()["autoScaleRun"]["timestamp"];
  EXPECT_EQ(shown()["allocationState"], "resizing") << "its node waits for the task";
  passes(minutes(20));
  EXPECT_EQ(shown()["autoScaleRun"]["timestamp"], first);
  EXPECT_EQ(shown()["allocationState"], "resizing") << "resizeTimeout does not matter to formulas";
}

TEST_F(PoolAutoscaleTest, ATaskThatWaitsForTheFormulaSaysSo) {
  ask("Pool_Add", {.body = scaling("p", "$TargetDedicatedNodes = 0;")});
  add_tasks(1);
  const Document reasons = service.explain("j", "t0", now);
  ASSERT_EQ(reasons.size(), 2U);
  EXPECT_EQ(reasons[1]["reason"], "AwaitsScaling");
  EXPECT_EQ(reasons[1]["message"],
            "the pool's formula wants none by now; it is evaluated next at 2026-03-14T20:38:32Z");
}

TEST_F(PoolAutoscaleTest, ARestartKeepsTheRunAndTheTimes) {
  ask("Pool_Add", {.body = scaling("p", kPending)});
  add_tasks(2);
  const std::string before = results();
  Service restarted(store, files, host, {.account = "acct", .base_url = "http://batch", .scheduler = {}});
  restarted.happened({HostRestarted{}}, now);
  EXPECT_EQ(restarted.state().pools.begin()->second.status.scale_run->results, before);
  for (int i = 0; i < 12; ++i) restarted.happened({Tick{}}, now += seconds(30));
  EXPECT_EQ(restarted.state().pools.begin()->second.status.target.dedicated, 2) << "samples go on";
}

TEST_F(PoolAutoscaleTest, AnAutoPoolScalesToo) {
  Document spec = scaling("", "$TargetDedicatedNodes = 1;");
  spec.erase("id");
  Document document = job("j", "p");
  document["poolInfo"] = {{"autoPoolSpecification", {{"poolLifetimeOption", "job"}, {"pool", spec}}}};
  ask("Job_Add", {.body = document});
  const Document pools = ask("Pool_List").body["value"];
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0]["targetDedicatedNodes"], 1);
}

TEST_F(PoolAutoscaleTest, ProcessesAreMeasuredFromSampleToSample) {
  ask("Pool_Add", {.body = scaling("p", "$TargetDedicatedNodes = 2;")});
  boot_nodes();
  const PoolKey key = service.state().pools.begin()->first;
  happens(PoolMeasured{key, {.user = seconds(1), .peak_memory = 64 << 20}});
  EXPECT_FALSE(service.samples("p", now)[0].contains("$CPUPercent")) << "the first measurement has nothing before it";
  now += seconds(9);
  happens(PoolMeasured{key, {.user = seconds(4), .kernel = seconds(2), .written = 8, .peak_memory = 64 << 20}});
  const Document sample = service.samples("p", now).back();
  EXPECT_EQ(sample["$CPUPercent"], 0.25) << "5 s of 10 s on two nodes of one core";
  EXPECT_EQ(sample["$MemoryBytes"], 32.0);
  EXPECT_EQ(sample["$DiskWriteBytes"], 4096.0);
  EXPECT_NE(evaluated("x = $CPUPercent.GetSample(1);")["results"].get<std::string>().find("x=[0.25]"),
            std::string::npos);
}

TEST_F(PoolAutoscaleTest, SamplesCanBeHadAsAFileForTheCommandLine) {
  ask("Pool_Add", {.body = scaling("p", kPending)});
  add_tasks(2);
  passes(minutes(1));
  const Document samples = service.samples("p", now);
  ASSERT_GE(samples.size(), 2U);
  EXPECT_EQ(samples[0]["time"], "2026-03-14T20:33:32Z");
  EXPECT_EQ(samples[0]["$PendingTasks"], 0);
  EXPECT_EQ(samples.back()["$ActiveTasks"], 2);
  EXPECT_EQ(samples.back()["$CurrentDedicatedNodes"], 0);
  passes(std::chrono::hours(25));
  EXPECT_LE(service.samples("p", now).size(), 24U * 120 + 1) << "a day is kept";
}

}  // namespace
}  // namespace batchite
