// `autoscale eval` as a user sees it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/surroundings.h"
#include "tests/support/cli_fixture.h"

namespace batchite {
namespace {

using ::testing::HasSubstr;

class AutoscaleCommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/batchite-autoscale-XXXXXX";
    scratch = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(scratch); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(scratch / name) << text;
    return (scratch / name).string();
  }
  testing::CliResult eval(std::vector<std::string> words) {
    std::vector<std::string> all = {"autoscale", "eval"};
    all.insert(all.end(), words.begin(), words.end());
    return batchite(all);
  }

  std::filesystem::path scratch;
  testing::Cli batchite;
};

TEST_F(AutoscaleCommandsTest, AFormulaIsExplainedStepByStep) {
  const auto result =
      eval({file("f", "n = vec(1, 2);\n$TargetDedicatedNodes = sum(n) + 1;"), "--now", "2024-11-13T09:00:00Z"});
  EXPECT_EQ(result.code, cli::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("sum([1,2]) = 3"));
  EXPECT_THAT(result.out, HasSubstr("result: $TargetDedicatedNodes=4;$TargetLowPriorityNodes=0;"
                                    "$NodeDeallocationOption=requeue;n=[1,2]"));
}

TEST_F(AutoscaleCommandsTest, AMistakeIsShownWhereItIs) {
  const auto result = eval({file("f", "a = 1;\nb = (a + ;")});
  EXPECT_EQ(result.code, cli::kUsage);
  EXPECT_THAT(result.err, HasSubstr("f:2:"));
  EXPECT_THAT(result.err, HasSubstr("b = (a + ;\n"));
  EXPECT_THAT(result.err, HasSubstr("^"));
}

TEST_F(AutoscaleCommandsTest, AFormulaThatFailsEndsWithThreeAndTheServicesError) {
  const auto result = eval({file("f", "$something_useless"), "-o", "json", "--dedicated", "2"});
  EXPECT_EQ(result.code, cli::kFailed);
  const Document told = Document::parse(result.out);
  EXPECT_EQ(told["error"]["code"], "AutoScalingFormulaEvaluationError");
  EXPECT_EQ(told["error"]["values"][0]["value"], "Line 1, Col 1: Undefined symbol: something_useless");
  EXPECT_EQ(told["targetDedicatedNodes"], 2) << "targets stay as they were";
}

TEST_F(AutoscaleCommandsTest, ADayIsEvaluatedAndDrawn) {
  const std::string formula = file("f", "$TargetDedicatedNodes = min(10, $PendingTasks.GetSample(1));");
  const std::string day = file("day.csv",
                               "time,$PendingTasks\n2024-11-13T00:00:00Z,0\n2024-11-13T01:00:00Z,40\n"
                               "2024-11-13T02:00:00Z,5\n");
  const std::string picture = (scratch / "day.svg").string();
  const auto result = eval({formula, "--samples", day, "--interval", "30m", "--svg", picture, "-o", "json"});
  EXPECT_EQ(result.code, cli::kOk) << result.err;
  std::vector<int> targets;
  for (const Document& run : Document::parse(result.out)) targets.push_back(run["targetDedicatedNodes"]);
  EXPECT_EQ(targets, (std::vector<int>{0, 0, 10, 10, 5}));
  std::stringstream drawn;
  drawn << std::ifstream(picture).rdbuf();
  EXPECT_THAT(drawn.str(), HasSubstr("<svg xmlns"));
  EXPECT_THAT(drawn.str(), HasSubstr("class=\"dedicated\""));
  EXPECT_THAT(drawn.str(), HasSubstr("pending tasks"));
}

TEST_F(AutoscaleCommandsTest, BadSamplesAreRefusedWithTheirLine) {
  const std::string formula = file("f", "$TargetDedicatedNodes = 1;");
  const auto refused = [&](const std::string& text) { return eval({formula, "--samples", file("s", text)}).err; };
  EXPECT_THAT(refused("time,$PendingTask\n"), HasSubstr("did you mean '$PendingTasks'"));
  EXPECT_THAT(refused("time,$PendingTasks\n2024-11-13T00:00:00Z,many\n"), HasSubstr("s:2: 'many' is no number"));
  EXPECT_THAT(refused("time,$PendingTasks\n"), HasSubstr("there are no samples"));
}

}  // namespace
}  // namespace batchite
