#include "core/workflow/lint.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Lint, FindsNothingWrongWithTheFfmpegWorkflow) {
  const LintResult result = lint({.pool = TemplateFile{"pool.json", read_fixture("ffmpeg/pool.json")},
                                  .job = TemplateFile{"job.json", read_fixture("ffmpeg/job.json")}});
  EXPECT_THAT(texts(result.errors), IsEmpty());
  EXPECT_THAT(texts(result.warnings), IsEmpty());
}

TEST(Lint, NeedsNoValuesAndReportsWhatIsReadOtherwiseThanWritten) {
  const Document job = {{"parameters", {{"in", {{"type", "string"}}}, {"spare", {{"type", "int"}}}}},
                        {"variables", {{"old", 1}}},
                        {"job",
                         {{"id", "[parameters('in')]"},
                          {"poolInfo", {{"poolId", "p"}}},
                          {"jobReleaseTask", {{"commandLine", "/bin/bash -c '[ -f x ] || y'"}}},
                          {"taskFactory",
                           {{"type", "taskPerFile"},
                            {"source", {{"fileGroup", "[parameters('in')]"}, {"prefix", "p/"}}},
                            {"repeatTask", {{"commandLine", "cp '{fileName}' y"}, {"nice", 3}}}}}}}};
  const LintResult result = lint(request_for(job));
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(texts(result.warnings), ElementsAre(HasSubstr("job.json: parameters.spare: the parameter is never used"),
                                                  HasSubstr("variables.old: the variable is never used"),
                                                  HasSubstr("job.jobReleaseTask.commandLine: \"[ -f x ]\" becomes"),
                                                  HasSubstr("job.taskFactory.repeatTask.nice: unknown property"),
                                                  HasSubstr("repeatTask.commandLine: its single quotes are escaped")));
}

TEST(Lint, ReportsDefinitionsThatCannotBeUsed) {
  const Document job = {
      {"parameters",
       {{"a", {{"type", "int"}, {"defaultValue", 5}, {"maxValue", 4}}},
        {"b", {{"type", "number"}}},
        {"c", {{"type", "string"}, {"metadata", {{"advancedType", "file-group-sas"}, {"dependsOn", "nothing"}}}}}}},
      {"job", {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}}}};
  EXPECT_THAT(
      texts(lint(request_for(job)).errors),
      ElementsAre(
          HasSubstr("parameters.a: its defaultValue cannot be used: parameter 'a': the value 5 is above maxValue 4"),
          HasSubstr("parameters.b: parameter 'b' has the type 'number'")));
  EXPECT_THAT(texts(lint(request_for(job)).warnings),
              testing::Contains(HasSubstr("parameters.c: it depends on 'nothing', which is no parameter")));
}

TEST(Lint, ReportsErrorsInBothFiles) {
  Request request =
      request_for({{"job", {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}, {"taskFactory", {{"type", "loop"}}}}}});
  request.pool = TemplateFile{
      "pool.json",
      {{"pool", {{"id", "p"}, {"vmSize", "a1"}, {"packageReferences", {{{"type", "rpm"}, {"id", "x"}}}}}}}};
  EXPECT_THAT(texts(lint(request).errors),
              ElementsAre(HasSubstr("job.json: job.taskFactory.type"),
                          HasSubstr("pool.json: pool.packageReferences[0]: unknown package type 'rpm'")));
}

TEST(Lint, SamplesKeepToTypeAndLimits) {
  const std::pair<Document, Document> cases[] = {
      {{{"type", "int"}}, 1},
      {{{"type", "int"}, {"minValue", 7}}, 7},
      {{{"type", "int"}, {"maxValue", -3}}, -3},
      {{{"type", "bool"}}, false},
      {{{"type", "string"}, {"maxLength", 3}}, "exa"},
      {{{"type", "string"}, {"minLength", 9}}, "examplexx"},
      {{{"type", "string"}, {"allowedValues", {"spot", "x"}}}, "spot"},
      {{{"type", "object"}}, Document::object()},
  };
  for (const auto& [definition, value] : cases) {
    EXPECT_EQ(sample_value(describe_parameters({{"parameters", {{"p", definition}}}}).at(0)), value);
  }
}

}  // namespace
}  // namespace batchite::workflow
