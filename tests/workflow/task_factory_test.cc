#include "core/workflow/task_factory.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Request job_with(const Document& factory, const Document& more = Document::object()) {
  Document job = {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}, {"taskFactory", factory}};
  job.update(more);
  return request_for({{"job", job}});
}

Document sweep(const Document& sets, const std::string& command) {
  return {
      {"type", "parametricSweep"}, {"parameterSets", sets}, {"repeatTask", {{"commandLine", "/bin/sh -c " + command}}}};
}

std::vector<std::string> commands(const Plan& plan) {
  std::vector<std::string> result;
  for (const Document& task : plan.tasks)
    result.push_back(task["id"].get<std::string>() + ": " + task["commandLine"].get<std::string>().substr(11));
  return result;
}

Document set(int start, int end) { return {{"start", start}, {"end", end}}; }
Document set(int start, int end, int step) { return {{"start", start}, {"end", end}, {"step", step}}; }

TEST(TaskFactory, SweepsFromStartToEndInSteps) {
  EXPECT_THAT(commands(expanded(job_with(sweep(Document::array({set(5, 10, 3)}), "{0}")))),
              ElementsAre("0: 5", "1: 8"));
  EXPECT_THAT(commands(expanded(job_with(sweep(Document::array({set(3, 1, -1)}), "{0}")))),
              ElementsAre("0: 3", "1: 2", "2: 1"));
  EXPECT_THAT(commands(expanded(job_with(sweep(Document::array({set(4, 4)}), "{0}")))), ElementsAre("0: 4"));
  EXPECT_THAT(commands(expanded(job_with(sweep(Document::array({set(-1, 1)}), "{0}")))),
              ElementsAre("0: -1", "1: 0", "2: 1"));
}

TEST(TaskFactory, SweepsThroughEveryCombinationTheLastSetFastest) {
  EXPECT_THAT(commands(expanded(job_with(sweep({set(1, 3), set(240, 480, 240)}, "part{0:3} at {1}")))),
              ElementsAre("0: part001 at 240", "1: part001 at 480", "2: part002 at 240", "3: part002 at 480",
                          "4: part003 at 240", "5: part003 at 480"));
}

TEST(TaskFactory, TakesSweepNumbersWrittenAsText) {
  EXPECT_EQ(expanded(job_with(sweep(Document::array({{{"start", "1"}, {"end", "2"}}}), "{0}"))).tasks.size(), 2U);
}

TEST(TaskFactory, MakesOneTaskPerFileInNameOrder) {
  const Document factory = {{"type", "taskPerFile"},
                            {"source", {{"fileGroup", "Clips"}, {"prefix", "day1/"}}},
                            {"repeatTask",
                             {{"displayName", "{fileName}"},
                              {"commandLine", "/bin/sh -c {fileNameWithoutExtension}"},
                              {"resourceFiles", {{{"httpUrl", "{url}"}, {"filePath", "{filePath}"}}}}}}};
  const Plan plan = expanded(job_with(factory));
  EXPECT_THAT(commands(plan), ElementsAre("0: a", "1: b c"));
  EXPECT_EQ(plan.tasks[1]["resourceFiles"],
            (Document::array({{{"httpUrl", "https://store.test/fgrp-clips/day1/b%20c.mp4?sig=pretended-read"},
                               {"filePath", "day1/b c.mp4"}}})));
  EXPECT_EQ(plan.file_groups.read, (std::vector<FileGroup>{{"", "Clips", "fgrp-clips"}}));
}

TEST(TaskFactory, MakesOneTaskPerFileOfASignedContainer) {
  const Document factory = {
      {"type", "taskPerFile"},
      {"source", {{"containerUrl", "https://other.test/fgrp-clips?sig=theirs"}, {"prefix", "day2"}}},
      {"repeatTask", {{"commandLine", "/bin/sh -c {url}"}}}};
  EXPECT_THAT(commands(expanded(job_with(factory))),
              ElementsAre("0: https://other.test/fgrp-clips/day2/d.tar.gz?sig=theirs"));
}

TEST(TaskFactory, PassesTheTasksOfACollectionOnAsTheyAre) {
  const Document tasks = {{{"id", "a"}, {"commandLine", "/bin/sh -c '{0} {x}'"}},
                          {{"id", "b"},
                           {"commandLine", "/bin/sh -c y"},
                           {"dependsOn", {{"taskIds", {"a"}}}},
                           {"multiInstanceSettings", {{"numberOfInstances", 2}, {"coordinationCommandLine", "c"}}}}};
  const Plan plan =
      expanded(job_with({{"type", "taskCollection"}, {"tasks", tasks}}, {{"usesTaskDependencies", true}}));
  EXPECT_EQ(Document(plan.tasks), tasks);
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(TaskFactory, WarnsOfDependenciesThatTheJobDoesNotAllow) {
  const Document tasks = {{{"id", "b"}, {"commandLine", "/bin/sh -c y"}, {"dependsOn", {{"taskIds", {"a"}}}}}};
  EXPECT_THAT(texts(expanded(job_with({{"type", "taskCollection"}, {"tasks", Document::array({tasks[0]})}})).warnings),
              ElementsAre(HasSubstr("job.taskFactory.tasks[0].dependsOn: the job does not set usesTaskDependencies")));
}

TEST(TaskFactory, AddsAMergeTaskThatWaitsForAllOthers) {
  Document factory = sweep(Document::array({set(1, 4)}), "{0}");
  factory["mergeTask"] = {{"commandLine", "/bin/sh -c 'echo ${x} {0}'"},
                          {"resourceFiles", {{{"autoStorageContainerName", "fgrp-audio"}}}}};
  const Plan plan = expanded(job_with(factory));
  ASSERT_EQ(plan.tasks.size(), 5U);
  EXPECT_EQ(plan.tasks[4], (Document{{"id", "merge"},
                                     {"commandLine", "/bin/sh -c 'echo ${x} {0}'"},
                                     {"resourceFiles", {{{"autoStorageContainerName", "fgrp-audio"}}}},
                                     {"dependsOn", {{"taskIdRanges", {{{"start", 0}, {"end", 3}}}}}}}));
  EXPECT_EQ((*plan.job)["usesTaskDependencies"], true);
  EXPECT_FALSE(plan.job->contains("taskFactory"));
}

TEST(TaskFactory, PointsAMergeTaskToContainersForOutputsThatAreNotThereYet) {
  Document factory = sweep(Document::array({set(1, 2)}), "{0}");
  factory["mergeTask"] = {{"commandLine", "/bin/sh -c x"}, {"resourceFiles", {{{"source", {{"fileGroup", "empty"}}}}}}};
  EXPECT_THAT(refusal(job_with(factory)), HasSubstr("job.taskFactory.mergeTask.resourceFiles[0].source: no blob in the "
                                                    "file group 'empty' (container fgrp-empty); "
                                                    "the outputs of the other tasks are not there yet"));
}

TEST(TaskFactory, DefersOnAllTasksCompleteUntilTheTasksAreIn) {
  const Plan plan =
      expanded(job_with(sweep(Document::array({set(1, 2)}), "{0}"), {{"onAllTasksComplete", "terminateJob"}}));
  EXPECT_EQ((*plan.job)["onAllTasksComplete"], "noaction");
  EXPECT_EQ(*plan.patch_after_tasks, (Document{{"onAllTasksComplete", "terminatejob"}}));
  EXPECT_FALSE(expanded(job_with(sweep(Document::array({set(1, 2)}), "{0}"), {{"onAllTasksComplete", "noAction"}}))
                   .patch_after_tasks);
}

TEST(TaskFactory, IsNotNeededAndThenNothingIsDeferred) {
  const Plan plan = expanded(
      request_for({{"job", {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}, {"onAllTasksComplete", "terminatejob"}}}}));
  EXPECT_EQ((*plan.job)["onAllTasksComplete"], "terminatejob");
  EXPECT_FALSE(plan.patch_after_tasks);
  EXPECT_TRUE(plan.tasks.empty());
}

TEST(TaskFactory, IsRefusedNamingThePlace) {
  const Document repeat = {{"commandLine", "/bin/sh -c {0}"}};
  const auto per_file = [&](const Document& source) {
    return Document{{"type", "taskPerFile"}, {"source", source}, {"repeatTask", {{"commandLine", "x {fileName}"}}}};
  };
  const std::pair<Document, const char*> cases[] = {
      {{{"type", "loop"}}, "job.taskFactory.type: unknown kind of task factory 'loop'"},
      {sweep(Document::array(), "{0}"), "job.taskFactory.parameterSets: a parametricSweep needs at least one"},
      {sweep(Document::array({set(1, 3, -1)}), "{0}"),
       "job.taskFactory.parameterSets[0].step: -1 does not lead from 1 to 3; change its sign"},
      {sweep(Document::array({set(3, 1)}), "{0}"), "parameterSets[0].step: 1 does not lead from 3 to 1"},
      {sweep(Document::array({set(1, 3, 0)}), "{0}"), "parameterSets[0].step: may not be 0"},
      {sweep(Document::array({{{"start", 1}}}), "{0}"), "parameterSets[0].end: is missing"},
      {sweep(Document::array({{{"start", 1.5}, {"end", 3}}}), "{0}"),
       "parameterSets[0].start: must be a whole number, not 1.5"},
      {sweep({set(1, 100000), set(1, 100000)}, "{0}"), "make more than"},
      {sweep(Document::array({set(1, 2)}), "{0} ${x}"),
       "job.taskFactory.repeatTask.commandLine: '{x}' in \"/bin/sh -c {0} ${x}\" is no placeholder"},
      {sweep(Document::array({set(1, 2)}), "{1}"), "there is no parameter set 1"},
      {{{"type", "parametricSweep"},
        {"parameterSets", Document::array({set(1, 2)})},
        {"repeatTask", Document::object()}},
       "job.taskFactory.repeatTask: needs a commandLine"},
      {{{"type", "parametricSweep"},
        {"parameterSets", Document::array({set(1, 2)})},
        {"repeatTask", {{"id", "x"}, {"commandLine", "x"}}}},
       "repeatTask.id: a repeatTask may not have it"},
      {per_file({{"fileGroup", "clips"}, {"prefix", "day9/"}}),
       "job.taskFactory.source: no blob in the file group 'clips' (container fgrp-clips) under the prefix 'day9/'; "
       "upload the input files first"},
      {per_file({{"fileGroup", "a b"}}), "job.taskFactory.source.fileGroup: 'a b' is no name for a file group"},
      {per_file(Document::object()), "exactly one of fileGroup and containerUrl"},
      {{{"type", "taskPerFile"}, {"repeatTask", repeat}}, "needs a source"},
      {{{"type", "taskCollection"}}, "needs at least one task"},
      {{{"type", "taskCollection"}, {"tasks", Document::array({{{"commandLine", "x"}}})}},
       "tasks[0]: a task of a collection needs an id"},
  };
  for (const auto& [factory, text] : cases) EXPECT_THAT(refusal(job_with(factory)), HasSubstr(text));
}

}  // namespace
}  // namespace batchite::workflow
