// No text makes the autoscale language crash, hang or take memory without end.
#include <gtest/gtest.h>

#include <random>

#include "tests/core/autoscale_fixture.h"

namespace batchite::autoscale {
namespace {

constexpr std::string_view kSeeds[] = {
    "startingNumberOfVMs = 1; maxNumberofVMs = 25; p = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second); "
    "s = p < 70 ? startingNumberOfVMs : avg($PendingTasks.GetSample(180 * TimeInterval_Second)); "
    "$TargetDedicatedNodes=min(maxNumberofVMs, s); $NodeDeallocationOption = taskcompletion;",
    "$curTime = time(); $workHours = $curTime.hour >= 8 && $curTime.hour < 18; // office\n"
    "$TargetDedicatedNodes = $workHours ? 20:10;",
    "v = vec(1,2,3) * 2; x = val(v, 1) + percentile(v, 50) - std(v); /* all */ y = -x / !0; stop(); z = rand()",
    "lifespan = time() - time(\"Wed, 13 Nov 2024 21:23:18 GMT\"); w = lifespan > TimeInterval_Minute * 2 ? 1 : 0",
    "$TargetLowPriorityNodes = max(0, 25 - $TargetDedicatedNodes) + $CurrentLowPriorityNodes.Count();",
};
constexpr std::string_view kPieces[] = {
    "(",           ")",
    "?",           ":",
    ";",           "=",
    ",",           ".",
    "\"",          "//",
    "/*",          "*/",
    "\n",          "$",
    "!",           "-",
    "&&",          "||",
    "<=",          "1e308",
    "0",           "time()",
    "vec()",       "requeue",
    "stop()",      "\xFF",
    "%",           "$PendingTasks",
    ".GetSample(", "TimeInterval_Year",
    "v",           ".hour",
    "9999999999",  "vec(v,v)",
};

TEST(AutoscaleRobustness, MutatedFormulasEndInAnAnswerOrAnError) {
  std::mt19937 random(20161013);  // NOLINT(bugprone-random-generator-seed): the same formulas every time
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  Situation at;
  at.samples.give(Metric::PendingTasks, std::vector<double>(20, 3), at.inputs.now);
  at.inputs.trace = true;
  int refused = 0, failed = 0, done = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string text(kSeeds[below(std::size(kSeeds))]);
    for (std::size_t change = 0; change <= below(5); ++change) {
      const std::size_t from = below(text.size() + 1);
      if (below(2) == 0) text.erase(from, below(8));
      if (below(3) == 0) text.insert(from, text.substr(below(text.size() + 1), below(40)));
      if (below(2) == 0) text.insert(from, kPieces[below(std::size(kPieces))]);
    }
    try {
      const Evaluation result = at.evaluated(text);
      EXPECT_GE(result.targets.dedicated, 0);
      EXPECT_TRUE(result.results.starts_with("$TargetDedicatedNodes="));
      ++(result.error ? failed : done);
      if (result.error) {
        EXPECT_EQ(result.targets, at.inputs.current) << text;
        EXPECT_GE(result.error->line, 1) << text;
        EXPECT_GE(result.error->column, 1) << text;
      }
    } catch (const SyntaxError& error) {
      EXPECT_GE(error.line, 1) << text;
      EXPECT_GE(error.column, 1) << text;
      ++refused;
    }
  }
  // Or the mutations would be too wild or too tame to say anything.
  EXPECT_GT(refused, 100);
  EXPECT_GT(failed, 100);
  EXPECT_GT(done, 100);
}

TEST(AutoscaleRobustness, VectorsThatDoubleEndInAnError) {
  std::string text = "v = vec(1);";
  for (int i = 0; i < 99; ++i) text += "v=vec(v,v);";
  Situation at;
  const Evaluation result = at.evaluated(text);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->reason, "A vector has at most 50000 numbers");
}

TEST(AutoscaleRobustness, TheDeepestAndTheLongestFormulasAreEvaluated) {
  const auto repeated = [](std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
  };
  Situation at;
  EXPECT_EQ(at.value(repeated("(", 90) + "7" + repeated(")", 90)), "7");
  EXPECT_EQ(at.value(repeated("max(1,", 90) + "7" + repeated(")", 90)), "7");
  EXPECT_EQ(at.value(repeated("0?1:", 90) + "7"), "7");
  EXPECT_EQ(at.value(repeated("0||1&&1==2<1+1*-(", 40) + "7" + repeated(")", 40)), "0");
  EXPECT_EQ(at.value(repeated("!", 8'000) + "7"), "1");
  EXPECT_EQ(at.value(repeated("1+", 4'000) + "1"), "4001");
  EXPECT_EQ(at.value("len(" + repeated("1,", 4'000) + "1)"), "4001");
}

}  // namespace
}  // namespace batchite::autoscale
