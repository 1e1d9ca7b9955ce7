// The sample methods of autoscale formulas, and the trace that tells what was read.
#include <gtest/gtest.h>

#include "tests/core/autoscale_fixture.h"

namespace batchite::autoscale {
namespace {

using namespace std::chrono_literals;

struct Case {
  std::string_view text, expected;
};

// Ten samples, 1 to 10, the last of them now.
Situation ten_samples() {
  Situation at;
  at.samples.give(Metric::PendingTasks, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, at.inputs.now);
  return at;
}

TEST(AutoscaleSamples, MethodsReadThem) {
  const Case cases[] = {
      {"$PendingTasks.GetSample(1)", "[10]"},
      {"$PendingTasks.GetSample(3)", "[8,9,10]"},
      {"$PendingTasks.GetSample(0)", "[]"},
      {"$PendingTasks.GetSample(500)", "[1,2,3,4,5,6,7,8,9,10]"},
      {"$PendingTasks.GetSample(TimeInterval_Minute * 2)", "[7,8,9,10]"},
      {"$PendingTasks.GetSample(TimeInterval_Minute * 2, 100)", "[7,8,9,10]"},
      {"$PendingTasks.GetSample(time() + (-1 * TimeInterval_Minute))", "[9,10]"},
      {"$PendingTasks.GetSample(TimeInterval_Minute, TimeInterval_Minute * 3)", "[5,6,7,8]"},
      {"$PendingTasks.GetSample(TimeInterval_Minute * 3, TimeInterval_Minute)", "[5,6,7,8]"},
      {"$PendingTasks.GetSample(TimeInterval_Minute * 3, TimeInterval_Minute, 80)", "[5,6,7,8]"},
      {"$PendingTasks.GetSample(time() + TimeInterval_Minute * -1, time(), 80)", "[9,10]"},
      {"$PendingTasks.GetSample(10 * TimeInterval_Minute)", "[1,2,3,4,5,6,7,8,9,10]"},
      {"$PendingTasks.GetSample(10 * TimeInterval_Minute, 50)", "[1,2,3,4,5,6,7,8,9,10]"},
      {"$PendingTasks.GetSample(TimeInterval_Zero)", "[]"},
      {"$PendingTasks.GetSamplePercent(10 * TimeInterval_Minute)", "50"},
      {"$PendingTasks.GetSamplePercent(5 * TimeInterval_Minute)", "100"},
      {"$PendingTasks.GetSamplePercent(TimeInterval_Minute * 0, TimeInterval_Minute * 20)", "25"},
      {"$PendingTasks.GetSamplePercent(TimeInterval_Second * 45)", "100"},
      {"$PendingTasks.GetSamplePeriod()", "PT30S"},
      {"$PendingTasks.Count()", "10"},
      {"$PendingTasks.HistoryBeginTime()", "2016-10-13T19:14:17.805Z"},
      {"$PendingTasks", "10"},
      {"$PendingTasks * 2 + 1", "21"},
      {"-$PendingTasks", "-10"},
      {"max($PendingTasks, 4)", "10"},
      {"vec(1,2) * $PendingTasks", "[10,20]"},
      {"$PendingTasks > 9 ? 1 : 0", "1"},
      {"$PendingTasks.GetSample($PendingTasks - 8)", "[9,10]"},
      // others have none
      {"$ActiveTasks.GetSample(1)", "[]"},
      {"$ActiveTasks.GetSample(TimeInterval_Minute)", "[]"},
      {"$ActiveTasks.GetSample(TimeInterval_Minute, 0)", "[]"},
      {"$ActiveTasks.GetSamplePercent(TimeInterval_Minute)", "0"},
      {"$ActiveTasks.Count()", "0"},
      {"max(0, $ActiveTasks.GetSample(1))", "0"},
  };
  Situation at = ten_samples();
  for (const Case& one : cases) EXPECT_EQ(at.value(one.text), one.expected) << one.text;
}

TEST(AutoscaleSamples, TooFewOfThemAreSaidToBe) {
  const Case cases[] = {
      {"$PendingTasks.GetSample(10 * TimeInterval_Minute, 70)",
       "Line 1, Col 26: Insufficient data from data set: $PendingTasks wanted 70%, received 50%"},
      {"$CPUPercent.GetSample(TimeInterval_Minute * 0, TimeInterval_Minute * 10, 10)",
       "Line 1, Col 24: Insufficient data from data set: $CPUPercent wanted 10%, received 0%"},
      {"$ActiveTasks + 1",
       "Line 1, Col 3: Insufficient data from data set: $ActiveTasks wanted 1 sample, received none"},
      {"$ActiveTasks.HistoryBeginTime()",
       "Line 1, Col 32: Insufficient data from data set: $ActiveTasks wanted 1 sample, received none"},
      {"avg($ActiveTasks.GetSample(1))", "Line 1, Col 6: avg needs at least 1 number, not 0"},
      {"val($ActiveTasks.GetSample(1), 0)", "Line 1, Col 6: val has no element 0 in a vector of 0"},
  };
  Situation at = ten_samples();
  for (const Case& one : cases) EXPECT_EQ(at.value(one.text), one.expected) << one.text;
}

TEST(AutoscaleSamples, MethodsSayWhatTheyTake) {
  const std::string forms =
      "GetSample takes (double count), (start, double samplePercent = 0) or (start, end, double samplePercent = 0)";
  const std::string_view wrong[] = {
      "$PendingTasks.GetSample()",
      "$PendingTasks.GetSample(1, 2)",
      "$PendingTasks.GetSample(\"1\")",
      "$PendingTasks.GetSample(TimeInterval_Day, \"1\")",
      "$PendingTasks.GetSample(TimeInterval_Day, TimeInterval_Day, TimeInterval_Day)",
      "$PendingTasks.GetSample(TimeInterval_Day, TimeInterval_Day, 1, 1)",
  };
  Situation at = ten_samples();
  for (const std::string_view text : wrong) EXPECT_EQ(at.value(text), "Line 1, Col 26: " + forms) << text;
  EXPECT_EQ(at.value("$PendingTasks.GetSample(-1)"), "Line 1, Col 26: GetSample cannot get -1 samples");
  EXPECT_EQ(at.value("$PendingTasks.GetSamplePercent(1)"),
            "Line 1, Col 33: GetSamplePercent takes (start) or (start, end), timestamps or time intervals");
  EXPECT_EQ(at.value("$PendingTasks.Count(1)"), "Line 1, Col 22: Count takes nothing");
}

TEST(AutoscaleSamples, WhatIsLaterThanNowIsNotSeen) {
  Situation at = ten_samples();
  at.inputs.now -= 45s;
  EXPECT_EQ(at.value("$PendingTasks.GetSample(3)"), "[6,7,8]");
  EXPECT_EQ(at.value("$PendingTasks"), "8");
  EXPECT_EQ(at.value("$PendingTasks.GetSample(TimeInterval_Minute)"), "[7,8]");
  at.inputs.now -= 24h;
  EXPECT_EQ(at.value("$PendingTasks.Count()"), "0");
}

TEST(AutoscaleSamples, TheServicesOwnExampleScalesWithPendingTasks) {
  const std::string formula =
      "startingNumberOfVMs = 1;\nmaxNumberofVMs = 25;\n"
      "p = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);\n"
      "s = p < 70 ? startingNumberOfVMs : avg($PendingTasks.GetSample(180 * TimeInterval_Second));\n"
      "$TargetDedicatedNodes=min(maxNumberofVMs, s);\n$NodeDeallocationOption = taskcompletion;";
  Situation at;
  EXPECT_EQ(at.evaluated(formula).targets.dedicated, 1);
  at.samples.give(Metric::PendingTasks, std::vector<double>(6, 40), at.inputs.now);
  EXPECT_EQ(at.evaluated(formula).targets.dedicated, 25);
  at.samples.give(Metric::PendingTasks, std::vector<double>(6, 7), at.inputs.now);
  const Evaluation result = at.evaluated(formula);
  EXPECT_EQ(result.results,
            "$TargetDedicatedNodes=7;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;"
            "maxNumberofVMs=25;p=100;s=7;startingNumberOfVMs=1");
  at.samples.give(Metric::PendingTasks, std::vector<double>(4, 7), at.inputs.now);
  EXPECT_EQ(at.evaluated(formula).targets.dedicated, 1);
}

TEST(AutoscaleSamples, EveryMetricHasANameAndIsFoundByIt) {
  for (std::size_t i = 0; i < kMetrics; ++i) {
    const auto metric = static_cast<Metric>(i);
    EXPECT_TRUE(name_of(metric).starts_with('$'));
    EXPECT_EQ(metric_named(name_of(metric)), metric);
    Situation at;
    at.samples.give(metric, {static_cast<double>(i)}, at.inputs.now);
    EXPECT_EQ(at.value(name_of(metric)), std::to_string(i));
  }
  EXPECT_EQ(metric_named("$CurrentDedicated"), Metric::CurrentDedicatedNodes);
  EXPECT_EQ(metric_named("$CurrentLowPriority"), Metric::CurrentLowPriorityNodes);
  EXPECT_EQ(metric_named("PendingTasks"), std::nullopt);
}

TEST(AutoscaleTrace, TellsEveryStatementAndWhatItRead) {
  Situation at = ten_samples();
  at.inputs.trace = true;
  const Evaluation result =
      at.evaluated("// how busy\ns = avg($PendingTasks.GetSample(1 *\n TimeInterval_Minute)); /* x */ y = s + z");
  ASSERT_EQ(result.steps.size(), 2U);
  const Step& first = result.steps[0];
  EXPECT_EQ(first.line, 2);
  EXPECT_EQ(first.source, "s = avg($PendingTasks.GetSample(1 * TimeInterval_Minute))");
  EXPECT_EQ(first.variable, "s");
  EXPECT_EQ(first.value, "9.5");
  ASSERT_EQ(first.details.size(), 2U);
  EXPECT_EQ(first.details[0].call, "$PendingTasks.GetSample(PT1M)");
  EXPECT_EQ(first.details[0].value, "[9,10]");
  ASSERT_TRUE(first.details[0].window);
  EXPECT_EQ(first.details[0].window->to, at.inputs.now);
  EXPECT_EQ(first.details[0].window->from, at.inputs.now - 60s);
  EXPECT_EQ(first.details[0].window->found, 2U);
  EXPECT_EQ(first.details[0].window->possible, 2U);
  EXPECT_EQ(first.details[1].call, "avg([9,10])");
  EXPECT_EQ(result.steps[1].source, "y = s + z");
  EXPECT_EQ(result.steps[1].value, "");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->line, 3);
  EXPECT_EQ(result.error->column, 41);
  at.inputs.trace = false;
  EXPECT_TRUE(at.evaluated("x = 1").steps.empty());
}

}  // namespace
}  // namespace batchite::autoscale
