// What autoscale formulas are worth: types, operators, functions, variables, errors, the recorded answers.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/core/autoscale_fixture.h"

namespace batchite::autoscale {
namespace {

struct Case {
  std::string_view text, expected;
};

TEST(AutoscaleValues, ExpressionsAreWorthThis) {
  const Case cases[] = {
      // doubles
      {"1 + 2 * 3 - 4 / 8", "6.5"},
      {"-(2 - 5)", "3"},
      {"100 * 1.1", "110"},
      {"1 / 3", "0.333333333333333"},
      {"-0.0", "0"},
      {"0 / 0", "nan"},
      {"-1 / 0", "-inf"},
      {"1 < 2", "1"},
      {"2 <= 1", "0"},
      {"1 == 1.0", "1"},
      {"1 != 1", "0"},
      {"3 > 2 && 2 >= 2", "1"},
      {"0 || 0", "0"},
      {"0 && undefined", "0"},
      {"1 || undefined", "1"},
      {"!3", "0"},
      {"!0 + !!7", "2"},
      {"2 ? 10 : 20", "10"},
      {"0 ? undefined : 20", "20"},
      {"1 ? \"yes\" : undefined", "yes"},
      // vectors
      {"vec(1, 2, 3)", "[1,2,3]"},
      {"vec()", "[]"},
      {"vec(1, vec(2, 3), 4)", "[1,2,3,4]"},
      {"vec(1,2,3) + 1", "[2,3,4]"},
      {"vec(1,2,3) * vec(2,2,2) - vec(1,1,1)", "[1,3,5]"},
      {"vec(1,2,4) / 2", "[0.5,1,2]"},
      // strings
      {"\"a\" < \"b\"", "1"},
      {"\"a\" == \"A\"", "0"},
      // times
      {"time()", "2016-10-13T19:18:47.805Z"},
      {"time(\"\")", "2016-10-13T19:18:47.805Z"},
      {"time(\"Wed, 13 Nov 2024 21:23:18 GMT\")", "2024-11-13T21:23:18.000Z"},
      {"time(\"2024-11-13T21:23:18.1234567Z\")", "2024-11-13T21:23:18.123Z"},
      {"time(\"2024-11-13T21:23+02:00\")", "2024-11-13T19:23:00.000Z"},
      {"time(\"2024-11-13\")", "2024-11-13T00:00:00.000Z"},
      {"time() + (-6 * TimeInterval_Hour)", "2016-10-13T13:18:47.805Z"},
      {"2 * TimeInterval_Week + time()", "2016-10-27T19:18:47.805Z"},
      {"time() - time(\"2016-10-13T19:18:17.805Z\")", "PT30S"},
      {"time() > time(\"2016-01-01\")", "1"},
      {"time().year", "2016"},
      {"time().month", "10"},
      {"time().day", "13"},
      {"time().weekday", "4"},
      {"time(\"2016-10-16\").weekday", "0"},
      {"time().hour * 10000 + time().minute * 100 + time().second", "191847"},
      // time intervals
      {"TimeInterval_Zero", "PT0S"},
      {"TimeInterval_100ns * 10 == TimeInterval_Microsecond", "1"},
      {"TimeInterval_Microsecond * 1000 == TimeInterval_Millisecond", "1"},
      {"TimeInterval_Second * 60 == TimeInterval_Minute", "1"},
      {"24 * TimeInterval_Hour == TimeInterval_Day", "1"},
      {"TimeInterval_Week / 7 == TimeInterval_Day", "1"},
      {"TimeInterval_Year", "P365D"},
      {"TimeInterval_Hour - TimeInterval_Minute * 30", "PT30M"},
      {"-TimeInterval_Minute + TimeInterval_Second", "-PT59S"},
      {"TimeInterval_Minute < TimeInterval_Hour", "1"},
      // the rest
      {"requeue", "requeue"},
      {"1 ? taskcompletion : retaineddata", "taskcompletion"},
      {"$NodeDeallocationOption", "requeue"},
      {"$TargetDedicatedNodes / 4", "0.5"},
      {"$TargetDedicated + $TargetLowPriority + $TargetLowPriorityNodes", "2"},
  };
  Situation at;
  for (const Case& one : cases) EXPECT_EQ(at.value(one.text), one.expected) << one.text;
}

TEST(AutoscaleValues, FunctionsAreWorthThis) {
  const Case cases[] = {
      {"avg(vec(1,2,3), 7)", "3.25"},
      {"len(vec(1,2), 3, vec())", "3"},
      {"len()", "0"},
      {"max(0, -5)", "0"},
      {"min(25, vec(40, 30))", "25"},
      {"norm(3, 4)", "5"},
      {"range(vec(3, 9, 5))", "6"},
      {"std(2, 4, 4, 4, 5, 5, 7, 9)", "2.1380899352994"},
      {"sum(vec(1,2,3), 4)", "10"},
      {"sum()", "0"},
      {"lg(8)", "3"},
      {"lg(vec(8))", "[3]"},
      {"ln(1)", "0"},
      {"log(1000, 10)", "[3,1]"},
      {"ceil(1.2)", "2"},
      {"ceil(vec(1.2, -1.2))", "[2,-1]"},
      {"floor(-1.2)", "-2"},
      {"round(2.5)", "3"},
      {"round(-2.4)", "-2"},
      {"percentile(vec(4,1,3,2), 50)", "2.5"},
      {"percentile(vec(1,2,3), 100)", "3"},
      {"percentile(vec(1,2,3), 0)", "1"},
      {"percentile(vec(3,0/0,1,0/0,2), 25)", "2"},
      {"val(vec(5,6,7), 1)", "6"},
      {"val(vec(5,6,7), 1.9)", "6"},
      {"rand()", "0.25"},
  };
  Situation at;
  at.inputs.random = [] { return 0.25; };
  for (const Case& one : cases) EXPECT_EQ(at.value(one.text), one.expected) << one.text;
}

TEST(AutoscaleValues, WhatCannotBeEvaluatedIsNamedWithItsPlace) {
  const Case cases[] = {
      {"y", "Line 1, Col 3: Undefined symbol: y"},
      {"$y + 1", "Line 1, Col 3: Undefined symbol: y"},
      {"$pendingtasks", "Line 1, Col 3: Undefined symbol: pendingtasks"},
      {"$nothing(1)", "Line 1, Col 11: Undefined symbol: nothing"},
      {"Requeue", "Line 1, Col 3: Undefined symbol: Requeue"},
      {"time().weeks", "Line 1, Col 10: Undefined symbol: weeks"},
      {"$PendingTasks.Sample(1)", "Line 1, Col 23: Undefined symbol: Sample"},
      {"$PendingTasks.hour",
       "Line 1, Col 3: Insufficient data from data set: $PendingTasks wanted 1 sample, received none"},
      {"vec(1).GetSample(1)", "Line 1, Col 19: A doubleVec has no GetSample"},
      {"5 .hour", "Line 1, Col 6: A double has no hour"},
      {"1 + \"a\"", "Line 1, Col 5: Operator + cannot be applied to double and string"},
      {"\"a\" + \"b\"", "Line 1, Col 7: Operator + cannot be applied to string and string"},
      {"2 * vec(1)", "Line 1, Col 5: Operator * cannot be applied to double and doubleVec"},
      {"vec(1) < 2", "Line 1, Col 10: Operator < cannot be applied to doubleVec and double"},
      {"vec(1,2) + vec(1)", "Line 1, Col 12: Operator + needs vectors of the same length, not of 2 and 1"},
      {"time() - TimeInterval_Day", "Line 1, Col 10: Operator - cannot be applied to timestamp and timeinterval"},
      {"time() + time()", "Line 1, Col 10: Operator + cannot be applied to timestamp and timestamp"},
      {"TimeInterval_Day / TimeInterval_Hour",
       "Line 1, Col 20: Operator / cannot be applied to timeinterval and timeinterval"},
      {"1 / TimeInterval_Day", "Line 1, Col 5: Operator / cannot be applied to double and timeinterval"},
      {"requeue == requeue",
       "Line 1, Col 11: Operator == cannot be applied to node deallocation option and node deallocation option"},
      {"-vec(1)", "Line 1, Col 3: Operator - cannot be applied to doubleVec"},
      {"!TimeInterval_Day", "Line 1, Col 3: Operator ! cannot be applied to timeinterval"},
      {"vec(1) ? 1 : 2", "Line 1, Col 6: A condition is a double, not a doubleVec"},
      {"1 && time()", "Line 1, Col 5: A condition is a double, not a timestamp"},
      {"avg()", "Line 1, Col 6: avg needs at least 1 number, not 0"},
      {"min(vec())", "Line 1, Col 6: min needs at least 1 number, not 0"},
      {"std(1)", "Line 1, Col 6: std needs at least 2 numbers, not 1"},
      {"avg(TimeInterval_Day)", "Line 1, Col 6: avg takes doubles and doubleVecs, not (timeinterval)"},
      {"ceil()", "Line 1, Col 7: ceil takes a double or doubleVecs, not ()"},
      {"val(1, 2)", "Line 1, Col 6: val takes (doubleVec, double), not (double, double)"},
      {"val(vec(), 0)", "Line 1, Col 6: val has no element 0 in a vector of 0"},
      {"val(vec(1), -1)", "Line 1, Col 6: val has no element -1 in a vector of 1"},
      {"percentile(vec(1), 101)", "Line 1, Col 13: percentile 101 is not between 0 and 100"},
      {"rand(1)", "Line 1, Col 7: rand takes nothing, not (double)"},
      {"time(5)", "Line 1, Col 7: time takes a string or nothing, not (double)"},
      {"time(\"2024-11-13T21:23:18.12345678Z\")",
       "Line 1, Col 7: \"2024-11-13T21:23:18.12345678Z\" is no time as in 2024-01-31T08:00:00Z or Wed, 31 Jan 2024 "
       "08:00:00 GMT"},
      {"TimeInterval_Year * 1e12", "Line 1, Col 21: The time interval is out of range"},
      {"TimeInterval_Day / 0", "Line 1, Col 20: The time interval is out of range"},
      {"time() + TimeInterval_Year * 8000", "Line 1, Col 10: The time is out of range"},
      {"stop(1)", "Line 1, Col 7: stop takes nothing"},
  };
  Situation at;
  for (const Case& one : cases) EXPECT_EQ(at.value(one.text), one.expected) << one.text;
}

TEST(AutoscaleValues, AssignmentsTakeWhatTheirVariablesAreMadeFor) {
  const Case cases[] = {
      {"$TargetDedicatedNodes = vec(1)", "Line 1, Col 28: $TargetDedicatedNodes is a double, not a doubleVec"},
      {"$TargetDedicatedNodes = 1/0", "Line 1, Col 25: inf is no number of nodes for $TargetDedicatedNodes"},
      {"$NodeDeallocationOption = 1",
       "Line 1, Col 27: $NodeDeallocationOption is requeue, terminate, taskcompletion or retaineddata, not a double"},
      {"x = 1;\n $PendingTasks = 3", "Line 2, Col 2: $PendingTasks cannot be assigned to"},
      {"TimeInterval_Day = 3", "Line 1, Col 1: TimeInterval_Day cannot be assigned to"},
      {"requeue = 3", "Line 1, Col 1: requeue cannot be assigned to"},
  };
  Situation at;
  for (const Case& one : cases) EXPECT_EQ(at.variables(one.text), one.expected) << one.text;
}

// What the targets become, with the deallocation option: "5 0 requeue".
std::string outcome(Situation& at, std::string_view text) {
  const Evaluation result = at.evaluated(text);
  if (result.error) return result.error->code;
  return std::to_string(result.targets.dedicated) + " " + std::to_string(result.targets.low_priority) + " " +
         std::string(name_of(result.deallocation));
}

TEST(AutoscaleTargets, AreWhatTheFormulaSets) {
  const Case cases[] = {
      {"x = 1", "2 0 requeue"},
      {"$TargetDedicatedNodes = 3; $TargetLowPriorityNodes = 4", "3 4 requeue"},
      {"$TargetDedicated = 3; $TargetLowPriority = 4", "3 4 requeue"},
      {"$TargetDedicated = 3; $TargetDedicatedNodes = 5; $TargetDedicated = 7", "5 0 requeue"},
      {"$TargetDedicated = 3; $TargetLowPriorityNodes = $TargetDedicatedNodes", "3 3 requeue"},
      {"$TargetDedicatedNodes = -3", "0 0 requeue"},
      {"$TargetDedicatedNodes = 2.99", "2 0 requeue"},
      {"$TargetDedicatedNodes = 1e12", "2147483647 0 requeue"},
      {"$TargetDedicatedNodes = 2.5; $TargetLowPriorityNodes = $TargetDedicatedNodes * 2", "2 5 requeue"},
      {"$TargetDedicatedNodes=min(10, 3);$NodeDeallocationOption = taskcompletion", "3 0 taskcompletion"},
      {"$NodeDeallocationOption = 0 ? requeue : terminate", "2 0 terminate"},
      {"how = retaineddata; $NodeDeallocationOption = how", "2 0 retaineddata"},
      {"$TargetDedicatedNodes = 3; stop(); $TargetDedicatedNodes = 4", "3 0 requeue"},
      {"$TargetDedicatedNodes = 3; x = 1 ? stop() : 5; $TargetDedicatedNodes = 4", "3 0 requeue"},
      {"$TargetDedicatedNodes = 3; $TargetLowPriorityNodes = nothing", "AutoScalingFormulaEvaluationError"},
  };
  Situation at;
  for (const Case& one : cases) EXPECT_EQ(outcome(at, one.text), one.expected) << one.text;
}

TEST(AutoscaleTargets, AFailedEvaluationSaysWhatTheyWereBefore) {
  Situation at;
  at.inputs.deallocation = Deallocation::TaskCompletion;
  const Evaluation result =
      at.evaluated("$TargetDedicatedNodes = 9; x = 1; $NodeDeallocationOption = terminate; y = z");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.targets, (Targets{2, 0}));
  EXPECT_EQ(result.deallocation, Deallocation::TaskCompletion);
  EXPECT_EQ(result.results, "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion");
}

TEST(AutoscaleRun, RecordedAnswersAreGiven) {
  Situation at;
  EXPECT_EQ(at.evaluated("$TargetDedicatedNodes=3").results,
            "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue");

  const Evaluation useless = at.evaluated("$something_useless");
  ASSERT_TRUE(useless.error);
  EXPECT_EQ(useless.results, "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue");
  EXPECT_EQ(useless.error->code, "AutoScalingFormulaEvaluationError");
  EXPECT_EQ(useless.error->message, "The specified auto-scaling formula has evaluation error");
  EXPECT_EQ(useless.error->values,
            (std::vector<ErrorValue>{{"Message", "Line 1, Col 1: Undefined symbol: something_useless"}}));

  const Evaluation lacking =
      at.evaluated("$RunningTasks.GetSample(10 * TimeInterval_Second, 0 * TimeInterval_Second, 100);");
  ASSERT_TRUE(lacking.error);
  EXPECT_EQ(lacking.error->code, "InsufficientSampleData");
  EXPECT_EQ(lacking.error->message, "Autoscale evaluation failed due to insufficient sample data");
  EXPECT_EQ(lacking.error->values,
            (std::vector<ErrorValue>{{"Message",
                                      "Line 1, Col 24: Insufficient data from data set: $RunningTasks wanted 100%, "
                                      "received 0%"}}));
}

TEST(AutoscaleRun, WorkedExamplesOfTheDocumentationComeOut) {
  Situation at;
  EXPECT_EQ(outcome(at, "$TargetDedicatedNodes = (time().weekday == 1 ? 5:1);"), "1 0 requeue");
  EXPECT_EQ(at.evaluated("$curTime = time(); $workHours = $curTime.hour >= 8 && $curTime.hour < 18; "
                         "$isWeekday = $curTime.weekday >= 1 && $curTime.weekday <= 5; "
                         "$isWorkingWeekdayHour = $workHours && $isWeekday; "
                         "$TargetDedicatedNodes = $isWorkingWeekdayHour ? 20:10;")
                .results,
            "$TargetDedicatedNodes=10;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;"
            "$curTime=2016-10-13T19:18:47.805Z;$isWeekday=1;$isWorkingWeekdayHour=0;$workHours=0");
  EXPECT_EQ(outcome(at, "v = vec(1,2,3); $TargetDedicatedNodes = sum(v, 4) + len(v);"), "13 0 requeue");
  EXPECT_EQ(outcome(at, "$TargetLowPriorityNodes = max(0, 25 - $TargetDedicatedNodes);"), "2 23 requeue");
  at.samples.give(Metric::CurrentDedicatedNodes, {100}, at.inputs.now);
  EXPECT_EQ(outcome(at, "$TargetDedicatedNodes = min(400, $CurrentDedicatedNodes * 1.1)"), "110 0 requeue");
  at.inputs.now = *parse_iso8601("2016-10-17T00:00:00Z");
  EXPECT_EQ(outcome(at, "$TargetDedicatedNodes = (time().weekday == 1 ? 5:1);"), "5 0 requeue");
}

TEST(AutoscaleRun, AYoungPoolKeepsItsFirstNodes) {
  Situation at;
  const std::string formula =
      "lifespan = time() - time(\"Thu, 13 Oct 2016 19:17:47 GMT\"); startup = TimeInterval_Minute * 2;\n"
      "ratio = 0.5; $TargetDedicatedNodes = lifespan > startup ? max(0, $PendingTasks.GetSample(1)) * ratio : 4;";
  EXPECT_EQ(outcome(at, formula), "4 0 requeue");
  at.inputs.now += std::chrono::minutes(2);
  EXPECT_EQ(outcome(at, formula), "0 0 requeue");
  at.samples.give(Metric::PendingTasks, {5, 9}, at.inputs.now);
  EXPECT_EQ(outcome(at, formula), "4 0 requeue");
}

}  // namespace
}  // namespace batchite::autoscale
