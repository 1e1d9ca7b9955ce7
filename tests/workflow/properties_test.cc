#include "core/workflow/properties.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Outcome {
  Document value;
  std::vector<std::string> warnings, problems;
};

Outcome normalised(const Document& source, const char* model = "PoolAddParameter", bool strict = false) {
  Report report("t.json", strict);
  Outcome outcome{.value = normalise(source, model, "pool", report),
                  .warnings = texts(report.warnings()),
                  .problems = texts(report.problems())};
  return outcome;
}

TEST(Properties, AreMatchedWithoutRegardToCase) {
  const Outcome outcome = normalised(
      {{"ID", "p"}, {"VmSize", "a1"}, {"starttask", {{"CommandLine", "x"}, {"resourceFILES", {{{"HttpUrl", "u"}}}}}}});
  EXPECT_EQ(outcome.value, (Document{{"id", "p"},
                                     {"vmSize", "a1"},
                                     {"startTask", {{"commandLine", "x"}, {"resourceFiles", {{{"httpUrl", "u"}}}}}}}));
  EXPECT_THAT(outcome.warnings, IsEmpty());
}

TEST(Properties, UnknownAreLeftOutWithPathAndNearestName) {
  const Outcome outcome = normalised({{"startTask", {{"comandLine", "x"}}}, {"nonsense", 1}});
  EXPECT_EQ(outcome.value, (Document{{"startTask", Document::object()}}));
  EXPECT_THAT(outcome.warnings,
              ElementsAre("t.json: pool.startTask.comandLine: unknown property, left out; did you mean 'commandLine'?",
                          "t.json: pool.nonsense: unknown property, left out"));
}

TEST(Properties, UnknownAreRefusedWhenStrict) {
  EXPECT_THAT(normalised({{"vmsise", "a"}}, "PoolAddParameter", true).problems,
              ElementsAre(HasSubstr("pool.vmsise: unknown property, left out; did you mean 'vmSize'?")));
}

TEST(Properties, OfEarlierVersionsAreTranslatedWithAWarning) {
  const Outcome pool = normalised(
      {{"maxTasksPerNode", 2},
       {"targetDedicated", 3},
       {"startTask",
        {{"commandLine", "x"}, {"runElevated", true}, {"resourceFiles", {{{"blobSource", "u"}, {"filePath", "f"}}}}}}});
  EXPECT_EQ(pool.value, (Document{{"taskSlotsPerNode", 2},
                                  {"targetDedicatedNodes", 3},
                                  {"startTask",
                                   {{"commandLine", "x"},
                                    {"userIdentity", {{"autoUser", {{"elevationLevel", "admin"}}}}},
                                    {"resourceFiles", {{{"httpUrl", "u"}, {"filePath", "f"}}}}}}}));
  EXPECT_THAT(pool.warnings,
              ElementsAre(HasSubstr("taken as taskSlotsPerNode"), HasSubstr("taken as targetDedicatedNodes"),
                          HasSubstr("elevationLevel"),
                          HasSubstr("pool.startTask.resourceFiles[0].blobSource: an old name, taken as httpUrl")));
  EXPECT_EQ(normalised({{"runElevated", false}, {"commandLine", "x"}}, "TaskAddParameter").value,
            (Document{{"commandLine", "x"}}));
}

TEST(Properties, TakeTheTypeThatTheServiceWants) {
  const Outcome outcome = normalised({{"targetDedicatedNodes", "3"},
                                      {"enableAutoScale", "False"},
                                      {"metadata", {{{"name", "n"}, {"value", 5}}, {{"name", true}}}},
                                      {"displayName", nullptr}});
  EXPECT_EQ(outcome.value, (Document{{"targetDedicatedNodes", 3},
                                     {"enableAutoScale", false},
                                     {"metadata", {{{"name", "n"}, {"value", "5"}}, {{"name", "True"}}}}}));
  EXPECT_THAT(outcome.problems, IsEmpty());
}

TEST(Properties, OfAnEnumerationTakeTheServicesSpelling) {
  for (const char* spelling : {"TaskSuccess", "taskSuccess", "tasksuccess"}) {
    EXPECT_EQ(normalised({{"uploadOptions", {{"uploadCondition", spelling}}}}, "OutputFile")
                  .value["uploadOptions"]["uploadCondition"],
              "tasksuccess");
  }
  EXPECT_EQ(normalised({{"onAllTasksComplete", "terminateJob"}}, "JobAddParameter").value["onAllTasksComplete"],
            "terminatejob");
}

TEST(Properties, OfTheWrongKindAreProblems) {
  const Outcome outcome =
      normalised({{"targetDedicatedNodes", "many"}, {"metadata", "x"}, {"startTask", "x"}, {"id", {1}}});
  EXPECT_THAT(
      outcome.problems,
      ElementsAre(HasSubstr("pool.targetDedicatedNodes: a number is expected here, not \"many\""),
                  HasSubstr("pool.metadata: a list is expected"), HasSubstr("pool.startTask: an object is expected"),
                  HasSubstr("pool.id: a text is expected")));
}

TEST(Properties, OfTemplatesAreKnown) {
  const Document job = {{"taskFactory",
                         {{"type", "taskPerFile"},
                          {"source", {{"fileGroup", "g"}, {"prefix", "p"}}},
                          {"repeatTask",
                           {{"commandLine", "c"},
                            {"packageReferences", {{{"type", "aptPackage"}, {"id", "x"}, {"version", 1}}}},
                            {"resourceFiles", {{{"source", {{"fileGroup", "g"}}}}}},
                            {"outputFiles", {{{"destination", {{"autoStorage", {{"fileGroup", "g"}}}}}}}}}}}},
                        {"applicationTemplateInfo", {{"filePath", "f"}, {"parameters", {{"Any", {{"Case", 1}}}}}}}};
  const Outcome outcome = normalised(job, "JobAddParameter");
  Document expected = job;
  expected["taskFactory"]["repeatTask"]["packageReferences"][0]["version"] = "1";
  EXPECT_EQ(outcome.value, expected);
  EXPECT_THAT(outcome.warnings, IsEmpty());
}

}  // namespace
}  // namespace batchite::workflow
