#include "core/workflow/packages.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::HasSubstr;

std::string install(const Document& references, OperatingSystem system = OperatingSystem::Linux) {
  try {
    return install_command(references, "pool.packageReferences", system, Report("t.json"));
  } catch (const TemplateError& error) {
    return error.what();
  }
}

Document apt(const std::string& id) { return {{"type", "aptPackage"}, {"id", id}}; }

TEST(Packages, MakeTheCommandsOfTheirManager) {
  EXPECT_EQ(install({apt("ffmpeg"), {{"type", "aptPackage"}, {"id", "x"}, {"version", "1.2"}}}),
            "apt-get update;apt-get install -y ffmpeg;apt-get install -y x=1.2");
  EXPECT_EQ(install({{{"type", "yumPackage"}, {"id", "a"}, {"version", "1"}, {"disableExcludes", "all"}},
                     {{"type", "yumPackage"}, {"id", "b"}}}),
            "yum -y install a-1 --disableexcludes=all;yum -y install b");
  const std::string choco =
      install({{{"type", "chocolateyPackage"}, {"id", "a"}, {"version", "1"}, {"allowEmptyChecksums", true}},
               {{"type", "chocolateyPackage"}, {"id", "b"}}},
              OperatingSystem::Windows);
  EXPECT_THAT(choco, HasSubstr("chocolatey.org/install.ps1"));
  EXPECT_THAT(choco, testing::EndsWith("choco install a --version 1 --allow-empty-checksums & choco install b"));
  EXPECT_EQ(install(Document::array()), "");
}

TEST(Packages, AreRefusedByNameWhenTheyDoNotFit) {
  const std::pair<Document, const char*> cases[] = {
      {{apt("a"), {{"type", "yumPackage"}, {"id", "b"}}},
       "t.json: pool.packageReferences[1]: aptPackage and yumPackage in one list"},
      {{{{"type", "applicationPackage"}, {"id", "b"}}}, "applicationPackage is not supported here"},
      {{{{"type", "snap"}, {"id", "b"}}}, "unknown package type 'snap'"},
      {{{{"type", "aptPackage"}}}, "needs a type and an id"},
      {{{{"id", "x"}}}, "needs a type and an id"},
      {{{{"type", "chocolateyPackage"}, {"id", "x"}}}, "chocolateyPackage is for Windows pools only"},
  };
  for (const auto& [references, text] : cases) EXPECT_THAT(install(references), HasSubstr(text));
}

Document ubuntu() { return {{"nodeAgentSKUId", "batch.node.ubuntu 20.04"}}; }

Document pool_of(const Document& start_task) {
  Document pool = {{"id", "p"}, {"virtualMachineConfiguration", ubuntu()}, {"packageReferences", {apt("ffmpeg")}}};
  if (!start_task.is_null()) pool["startTask"] = start_task;
  PretendedStorage storage = account();
  return *expand({.pool = TemplateFile{"pool.json", {{"pool", pool}}}}, storage).pool;
}

const Document kAdmin = {{"autoUser", {{"scope", "pool"}, {"elevationLevel", "admin"}}}};

TEST(Packages, OfAPoolBecomeItsStartTask) {
  const Document pool = pool_of(nullptr);
  EXPECT_FALSE(pool.contains("packageReferences"));
  EXPECT_EQ(pool["startTask"], (Document{{"commandLine", "/bin/bash -c 'apt-get update;apt-get install -y ffmpeg'"},
                                         {"userIdentity", kAdmin},
                                         {"waitForSuccess", true}}));
}

TEST(Packages, OfAPoolComeBeforeTheStartTasksOwnCommand) {
  const Document files = {{{"httpUrl", "u"}, {"filePath", "f"}}};
  const Document start = pool_of(
      {{"commandLine", "/bin/bash -c echo hi"}, {"resourceFiles", files}, {"waitForSuccess", false}})["startTask"];
  EXPECT_EQ(start["commandLine"], "/bin/bash -c 'apt-get update;apt-get install -y ffmpeg;echo hi'");
  EXPECT_EQ(start["resourceFiles"], files);
  EXPECT_EQ(start["waitForSuccess"], true);
  EXPECT_EQ(pool_of({{"commandLine", "/bin/bash -c 'echo \"a b\"'"}})["startTask"]["commandLine"],
            "/bin/bash -c 'apt-get update;apt-get install -y ffmpeg;echo \"a b\"'");
}

Document job_with(const Document& tasks, const Document& preparation) {
  Document job = {
      {"id", "j"}, {"poolInfo", {{"poolId", "p"}}}, {"taskFactory", {{"type", "taskCollection"}, {"tasks", tasks}}}};
  if (!preparation.is_null()) job["jobPreparationTask"] = preparation;
  return {{"job", job}};
}

TEST(Packages, OfTasksAreInstalledOnceByTheJobPreparationTask) {
  const Document tasks = {
      {{"id", "a"}, {"commandLine", "/bin/sh -c x"}, {"packageReferences", {apt("one"), apt("two")}}},
      {{"id", "b"}, {"commandLine", "/bin/sh -c x"}, {"packageReferences", {apt("two"), apt("three")}}}};
  const Plan plan = expanded(request_for(job_with(tasks, {{"commandLine", "/bin/sh -c 'ls'"}})));
  EXPECT_EQ(
      (*plan.job)["jobPreparationTask"],
      (Document{
          {"commandLine",
           "/bin/bash -c 'apt-get update;apt-get install -y one;apt-get install -y two;apt-get install -y three;ls'"},
          {"userIdentity", kAdmin},
          {"waitForSuccess", true}}));
  for (const Document& task : plan.tasks) EXPECT_FALSE(task.contains("packageReferences"));
}

TEST(Packages, OfAnAutopoolBecomeItsStartTask) {
  const Document pool = {
      {"virtualMachineConfiguration", ubuntu()}, {"vmSize", "a1"}, {"packageReferences", {apt("x")}}};
  const Plan plan = expanded(request_for(
      {{"job",
        {{"id", "j"}, {"poolInfo", {{"autoPoolSpecification", {{"poolLifetimeOption", "job"}, {"pool", pool}}}}}}}}));
  const Document& made = (*plan.job)["poolInfo"]["autoPoolSpecification"]["pool"];
  EXPECT_EQ(made["startTask"]["commandLine"], "/bin/bash -c 'apt-get update;apt-get install -y x'");
  EXPECT_FALSE(made.contains("packageReferences"));
}

TEST(Packages, AreNotNeededForAPreparationCommandToGetItsQuotes) {
  const Document tasks = {{{"id", "a"}, {"commandLine", "/bin/sh -c x"}}};
  EXPECT_EQ(
      (*expanded(request_for(job_with(tasks, {{"commandLine", "mkdir a"}}))).job)["jobPreparationTask"]["commandLine"],
      "/bin/bash -c 'mkdir a'");
  Document without_tasks = job_with(tasks, {{"commandLine", "mkdir a"}});
  without_tasks["job"].erase("taskFactory");
  EXPECT_EQ((*expanded(request_for(without_tasks)).job)["jobPreparationTask"]["commandLine"],
            "/bin/bash -c 'set -e; set -o pipefail; mkdir a; wait'");
}

TEST(Packages, OfAnUnknownPoolsTasksFollowItsSystem) {
  Request request =
      request_for(job_with({{{"id", "a"}, {"commandLine", "run"}, {"packageReferences", {apt("x")}}}}, nullptr));
  request.find_pool = [](const std::string& id) {
    return id == "p" ? std::optional<Document>(
                           {{"virtualMachineConfiguration", {{"nodeAgentSKUId", "batch.node.windows amd64"}}}})
                     : std::nullopt;
  };
  EXPECT_THAT(refusal(request), HasSubstr("aptPackage is for Linux pools only"));
  request.find_pool = [](const std::string&) { return std::optional<Document>(); };
  EXPECT_THAT(texts(expanded(request).warnings), testing::ElementsAre(HasSubstr("the pool 'p' is not there to ask")));
}

}  // namespace
}  // namespace batchite::workflow
