#include "core/workflow/staging.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::HasSubstr;

Document task_with(const char* member, const Document& files) {
  return {{"id", "t"}, {"commandLine", "/bin/sh -c x"}, {member, files}};
}

Request job_with(const Document& task) {
  return request_for({{"job",
                       {{"id", "j"},
                        {"poolInfo", {{"poolId", "p"}}},
                        {"taskFactory", {{"type", "taskCollection"}, {"tasks", Document::array({task})}}}}}});
}

Document resolved(const Document& file) {
  return expanded(job_with(task_with("resourceFiles", Document::array({file})))).tasks[0]["resourceFiles"];
}

std::string url(const std::string& blob) { return "https://store.test/fgrp-clips/" + blob + "?sig=pretended-read"; }

TEST(ResourceFiles, OfAFileGroupBecomeOneSignedFileEach) {
  EXPECT_EQ(resolved({{"source", {{"fileGroup", "Clips"}, {"prefix", "day1/"}}}, {"fileMode", "0755"}}),
            (Document{{{"httpUrl", url("day1/a.mp4")}, {"filePath", "day1/a.mp4"}, {"fileMode", "0755"}},
                      {{"httpUrl", url("day1/b%20c.mp4")}, {"filePath", "day1/b c.mp4"}, {"fileMode", "0755"}}}));
  EXPECT_EQ(resolved({{"source", {{"fileGroup", "clips"}}}}).size(), 3U);
}

TEST(ResourceFiles, GoIntoTheFolderThatFilePathNames) {
  for (const char* folder : {"in/here", "/in/here/", "\\in/here//"}) {
    EXPECT_EQ(resolved({{"source", {{"fileGroup", "clips"}, {"prefix", "day2"}}}, {"filePath", folder}})[0]["filePath"],
              "in/here/day2/d.tar.gz");
  }
}

TEST(ResourceFiles, ThatAreTheWholePrefixTakeFilePathAsTheirName) {
  const Document source = {{"fileGroup", "clips"}, {"prefix", "day1/a.mp4"}};
  EXPECT_EQ(resolved({{"source", source}, {"filePath", "in.mp4"}}),
            Document::array({{{"httpUrl", url("day1/a.mp4")}, {"filePath", "in.mp4"}}}));
  EXPECT_EQ(resolved({{"source", source}})[0]["filePath"], "day1/a.mp4");
}

TEST(ResourceFiles, OfASignedContainerKeepItsSignature) {
  EXPECT_EQ(resolved({{"source", {{"containerUrl", "https://other.test/fgrp-clips?sig=theirs"}, {"prefix", "day2"}}}}),
            Document::array({{{"httpUrl", "https://other.test/fgrp-clips/day2/d.tar.gz?sig=theirs"},
                              {"filePath", "day2/d.tar.gz"}}}));
  EXPECT_EQ(
      resolved({{"source", {{"containerUrl", "https://store.test/fgrp-clips"}, {"prefix", "day2"}}}})[0]["httpUrl"],
      url("day2/d.tar.gz"));
}

TEST(ResourceFiles, OfAUrlAreNamedByFilePathOrTheUrl) {
  EXPECT_EQ(resolved({{"source", {{"url", "https://x.test/a/b%20c.zip?v=1"}}}}),
            Document::array({{{"httpUrl", "https://x.test/a/b%20c.zip?v=1"}, {"filePath", "b c.zip"}}}));
  EXPECT_EQ(resolved({{"source", {{"url", "https://x.test/a/b.zip"}}}, {"filePath", "z"}})[0]["filePath"], "z");
}

TEST(ResourceFiles, InTheServicesOwnFormsStayAsTheyAre) {
  const Document forms[] = {{{"httpUrl", "u"}, {"filePath", "f"}},
                            {{"autoStorageContainerName", "c"}, {"blobPrefix", "p"}, {"filePath", "d"}},
                            {{"storageContainerUrl", "u"}}};
  for (const Document& form : forms) EXPECT_EQ(resolved(form), Document::array({form}));
}

TEST(ResourceFiles, AreResolvedWhereverTheyAre) {
  const Document files = Document::array({{{"source", {{"fileGroup", "clips"}, {"prefix", "day2"}}}}});
  Document job = {
      {"id", "j"},
      {"poolInfo", {{"poolId", "p"}}},
      {"jobPreparationTask", {{"commandLine", "/bin/sh -c x"}, {"resourceFiles", files}}},
      {"jobManagerTask", {{"id", "m"}, {"commandLine", "/bin/sh -c x"}, {"resourceFiles", files}}},
      {"taskFactory",
       {{"type", "taskCollection"},
        {"tasks", Document::array({{{"id", "t"},
                                    {"commandLine", "/bin/sh -c x"},
                                    {"multiInstanceSettings",
                                     {{"coordinationCommandLine", "c"}, {"commonResourceFiles", files}}}}})}}}};
  Request request = request_for({{"job", job}});
  request.pool = TemplateFile{"pool.json",
                              {{"pool",
                                {{"id", "p"},
                                 {"virtualMachineConfiguration", {{"nodeAgentSKUId", "batch.node.ubuntu 20.04"}}},
                                 {"startTask", {{"commandLine", "/bin/sh -c x"}, {"resourceFiles", files}}}}}}};
  const Plan plan = expanded(request);
  const std::string expected = url("day2/d.tar.gz");
  EXPECT_EQ((*plan.pool)["startTask"]["resourceFiles"][0]["httpUrl"], expected);
  EXPECT_EQ((*plan.job)["jobPreparationTask"]["resourceFiles"][0]["httpUrl"], expected);
  EXPECT_EQ((*plan.job)["jobManagerTask"]["resourceFiles"][0]["httpUrl"], expected);
  EXPECT_EQ(plan.tasks[0]["multiInstanceSettings"]["commonResourceFiles"][0]["httpUrl"], expected);
}

TEST(ResourceFiles, AreRefusedNamingThePlace) {
  const std::pair<Document, const char*> cases[] = {
      {{{"filePath", "x"}}, "job.taskFactory.tasks[0].resourceFiles[0]: a resource file has exactly one of"},
      {{{"httpUrl", "u"}, {"filePath", "f"}, {"storageContainerUrl", "u"}}, "has exactly one of"},
      {{{"httpUrl", "u"}}, "needs a filePath"},
      {{{"blobSource", "u"}}, "needs a filePath"},
      {{{"source", {{"fileGroup", "clips"}, {"prefix", "nope"}}}},
       "resourceFiles[0].source: no blob in the file group 'clips' (container fgrp-clips) under the prefix 'nope'; "
       "upload the files first"},
      {{{"source", {{"prefix", "x"}}}}, "exactly one of fileGroup and containerUrl"},
  };
  for (const auto& [file, text] : cases) {
    EXPECT_THAT(refusal(job_with(task_with("resourceFiles", Document::array({file})))), HasSubstr(text));
  }
}

Document destination(const Document& value) {
  return expanded(job_with(task_with("outputFiles", Document::array({{{"filePattern", "*"}, {"destination", value}}}))))
      .tasks[0]["outputFiles"][0]["destination"];
}

TEST(OutputFiles, OfAFileGroupGoToItsSignedContainerWhichIsMade) {
  PretendedStorage storage = account();
  const Document files = Document::array({{{"filePattern", "*"},
                                           {"destination", {{"autoStorage", {{"fileGroup", "Audio"}, {"path", "p"}}}}},
                                           {"uploadOptions", {{"uploadCondition", "TaskSuccess"}}}}});
  const Plan plan = expand(job_with(task_with("outputFiles", files)), storage);
  EXPECT_EQ(
      plan.tasks[0]["outputFiles"],
      Document::array(
          {{{"filePattern", "*"},
            {"destination",
             {{"container", {{"path", "p"}, {"containerUrl", "https://store.test/fgrp-audio?sig=pretended-write"}}}}},
            {"uploadOptions", {{"uploadCondition", "tasksuccess"}}}}}));
  EXPECT_THAT(storage.made(), testing::ElementsAre("fgrp-audio"));
  EXPECT_EQ(plan.file_groups.written, (std::vector<FileGroup>{{"", "Audio", "fgrp-audio"}}));
}

TEST(OutputFiles, ToAContainerAreSignedUnlessTheyAre) {
  EXPECT_EQ(destination({{"container", {{"containerUrl", "https://store.test/out"}}}})["container"]["containerUrl"],
            "https://store.test/out?sig=pretended-write");
  EXPECT_EQ(destination({{"container", {{"containerUrl", "https://x.test/out?sig=1"}}}})["container"]["containerUrl"],
            "https://x.test/out?sig=1");
  const Document identity = {{"containerUrl", "https://x.test/out"}, {"identityReference", {{"resourceId", "r"}}}};
  EXPECT_EQ(destination({{"container", identity}})["container"], identity);
}

TEST(OutputFiles, OfAJobManagerAreResolvedToo) {
  const Document files =
      Document::array({{{"filePattern", "*"}, {"destination", {{"autoStorage", {{"fileGroup", "audio"}}}}}}});
  const Plan plan = expanded(
      request_for({{"job",
                    {{"id", "j"},
                     {"poolInfo", {{"poolId", "p"}}},
                     {"jobManagerTask", {{"id", "m"}, {"commandLine", "/bin/sh -c x"}, {"outputFiles", files}}}}}}));
  EXPECT_EQ((*plan.job)["jobManagerTask"]["outputFiles"][0]["destination"]["container"]["containerUrl"],
            "https://store.test/fgrp-audio?sig=pretended-write");
}

TEST(OutputFiles, AreRefusedNamingThePlace) {
  const std::pair<Document, const char*> cases[] = {
      {{{"filePattern", "*"}}, "job.taskFactory.tasks[0].outputFiles[0]: an output file needs a destination"},
      {{{"filePattern", "*"}, {"destination", Document::object()}},
       "outputFiles[0].destination: an output file's destination has exactly one of"},
      {{{"destination", {{"autoStorage", Document::object()}}}}, "autoStorage needs a fileGroup"},
      {{{"destination", {{"container", Document::object()}}}}, "container needs a containerUrl"},
      {{{"destination", {{"autoStorage", {{"fileGroup", "a/b"}}}}}},
       "destination.autoStorage.fileGroup: 'a/b' is no name"},
  };
  for (const auto& [file, text] : cases)
    EXPECT_THAT(refusal(job_with(task_with("outputFiles", Document::array({file})))), HasSubstr(text));
}

}  // namespace
}  // namespace batchite::workflow
