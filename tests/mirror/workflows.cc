#include "tests/mirror/workflows.h"

#include <fstream>
#include <sstream>

#include "core/workflow/client.h"
#include "core/workflow/template.h"
#include "tests/support/documents.h"

namespace batchite::mirror {
namespace {

using workflow::Storage;
using workflow::Work;
using namespace std::chrono_literals;

constexpr const char* kInputs = "fgrp-in";
constexpr const char* kOutputs = "fgrp-out";

Document shell(const std::string& id, const std::string& script, const Document& more = Document::object()) {
  Document task = {{"id", id}, {"commandLine", "/bin/sh -c '" + script + "'"}};
  task.update(more);
  return task;
}

Document depends_on(const std::vector<std::string>& ids) { return {{"dependsOn", {{"taskIds", ids}}}}; }

Work work_of(std::vector<Document> tasks, const Document& job = Document::object(),
             const Document& pool = Document::object(), int nodes = 2) {
  Work work{.pool = pool_document("pool", nodes, pool), .job = job_document("job", "pool"), .tasks = std::move(tasks)};
  work.job.update(job);
  if (!job.contains("onAllTasksComplete")) work.patch_after_tasks = {{"onAllTasksComplete", "terminatejob"}};
  return work;
}

// A workflow that reads and writes no files.
Workflow plain(std::string name, const std::vector<Document>& tasks, const Document& job = Document::object(),
               const Document& pool = Document::object(), int nodes = 2) {
  return {.name = std::move(name), .plan = [=](Storage&) { return work_of(tasks, job, pool, nodes); }};
}

Document output_of(Storage& storage, const std::string& pattern, const std::string& path) {
  return {
      {"filePattern", pattern},
      {"destination",
       {{"container", {{"containerUrl", storage.container_url(kOutputs, workflow::Access::Write)}, {"path", path}}}}},
      {"uploadOptions", {{"uploadCondition", "taskSuccess"}}}};
}

// A task a file, which makes another file of it.
Workflow files_to_files(std::string name, std::map<std::string, std::string> files, const std::string& command) {
  Workflow one{.name = std::move(name), .files = std::move(files)};
  one.settings.inputs = {{kInputs, "in/*"}};
  one.plan = [command](Storage& storage) {
    storage.ensure_container(kOutputs);
    std::vector<Document> tasks;
    for (const workflow::BlobItem& blob : storage.list(kInputs, "")) {
      const Document input = {{"httpUrl", storage.blob_url(kInputs, blob.name)}, {"filePath", "input"}};
      tasks.push_back(shell(std::to_string(tasks.size()), command,
                            {{"resourceFiles", {input}}, {"outputFiles", {output_of(storage, "output", blob.name)}}}));
    }
    return work_of(tasks);
  };
  return one;
}

Document read_json(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return parse_document(text.str(), path);
}

// The README's, from its templates; its videos are none, so that ffmpeg says what is wrong with them.
Workflow ffmpeg() {
  Workflow one{.name = "FfmpegTemplates", .files = {{"in/a.mp4", "no video"}, {"in/b.mp4", "none either"}}};
  one.settings.inputs = {{"fgrp-ffmpeg-input", "in/*"}};
  one.plan = [](Storage& storage) {
    const std::string folder = std::string(BATCHITE_FIXTURES) + "/ffmpeg/";
    workflow::Request request;
    request.pool = {folder + "pool.json", read_json(folder + "pool.json")};
    request.job = {folder + "job.json", read_json(folder + "job.json")};
    workflow::Plan plan = workflow::expand(request, storage);
    return Work{.pool = *plan.pool,
                .job = *plan.job,
                .tasks = plan.tasks,
                .patch_after_tasks = plan.patch_after_tasks.value_or(nullptr)};
  };
  return one;
}

Workflow with_missing_files() {
  Workflow one{.name = "InputsAndOutputsThatAreNotThere"};
  one.plan = [](Storage& storage) {
    storage.ensure_container(kOutputs);
    const Document input = {{"httpUrl", storage.blob_url(kOutputs, "none")}, {"filePath", "input"}};
    return work_of({shell("no-input", "true", {{"resourceFiles", {input}}}),
                    shell("no-output", "true", {{"outputFiles", {output_of(storage, "none", "none")}}})});
  };
  return one;
}

Workflow with_timeout() {
  Workflow one = plain("TimeIsUp", {shell("t", "sleep 1000")});
  one.settings.timeout = Ticks(300ms);
  return one;
}

Workflow that_is_kept() {
  Workflow one = plain("WhatIsKept", {shell("t", "true")});
  one.settings.keep = true;
  return one;
}

Workflow on_a_pool_that_differs() {
  Workflow one = plain("APoolThatIsThereAndDiffers", {shell("t", "true")});
  one.before = [](Backend& backend) {
    workflow::Client(backend).call("Pool_Add", {}, {}, pool_document("pool-r1", 1, {{"vmSize", "standard_d3"}}));
  };
  return one;
}

std::vector<Document> many(int count) {
  std::vector<Document> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back({{"id", "t" + std::to_string(i)}, {"commandLine", "/bin/true"}});
  return tasks;
}

void add_files(std::vector<Workflow>& all) {
  all.push_back(files_to_files("FilesBecomeFiles", {{"in/a", "one"}, {"in/b", "two"}, {"in/c", "three"}},
                               "tr a-z A-Z < input > output"));
  all.push_back(files_to_files("OneFileOfThreeIsBad", {{"in/a", "one"}, {"in/b", "two"}, {"in/c", "three"}},
                               "grep -v two input > output"));
  all.push_back(files_to_files("NamesThatNeedEscapes",
                               {{"in/a b/ü+ñ.txt", "x"}, {"in/100%#?&=.txt", "y"}, {"in/empty", ""}},
                               "cp input output"));
  all.push_back(
      files_to_files("LargeFiles", {{"in/large", std::string(20'000'000, 'x')}, {"in/small", "y"}}, "cp input output"));
  all.push_back(ffmpeg());
  all.push_back(with_missing_files());
}

void add_failures(std::vector<Workflow>& all) {
  all.push_back(plain("AFailedTask", {shell("good", "true"), shell("bad", "echo so it goes >&2; exit 7")}));
  all.push_back(plain("ACommandThatIsNotThere", {{{"id", "t"}, {"commandLine", "/no/such/program"}}}));
  all.push_back(plain("RetriesAreSpent", {shell("t", "exit 3", {{"constraints", {{"maxTaskRetryCount", 2}}}})}));
  all.push_back(
      plain("ARetrySucceeds",
            {shell("t", "test -e $AZ_BATCH_NODE_SHARED_DIR/mark || { touch $AZ_BATCH_NODE_SHARED_DIR/mark; exit 1; }",
                   {{"constraints", {{"maxTaskRetryCount", 1}}}})},
            Document::object(), Document::object(), 1));
  all.push_back(
      plain("ATaskThatTakesTooLong", {shell("t", "sleep 1000", {{"constraints", {{"maxWallClockTime", "PT0.2S"}}}})}));
  all.push_back(
      plain("AStartTaskThatFails", {shell("t", "true")}, Document::object(),
            {{"startTask", {{"commandLine", "/bin/sh -c 'echo no >&2; exit 4'"}, {"waitForSuccess", true}}}}));
  all.push_back(plain("APreparationThatFails", {shell("t", "true")},
                      {{"jobPreparationTask", {{"commandLine", "/bin/sh -c 'exit 5'"}}}}));
  all.push_back(plain("NoNodes", {shell("t", "true")}, Document::object(), Document::object(), 0));
  all.push_back(plain("AnIdTwice", {shell("t", "true"), shell("t", "true")}));
  all.push_back(plain("APropertyOutOfRange", {shell("t", "true", {{"constraints", {{"maxTaskRetryCount", -5}}}})}));
  all.push_back(plain("AnIdThatIsNone", {shell("a b", "true")}));
  all.push_back(plain("APropertyThatIsUnknown", {shell("t", "true")}, {{"colour", "blue"}}));
  all.push_back(on_a_pool_that_differs());
  all.push_back(with_timeout());
}

void add_order(std::vector<Workflow>& all) {
  const Document dependencies = {{"usesTaskDependencies", true}};
  all.push_back(plain("AChainAndAFan",
                      {shell("a", "true"), shell("b", "true", depends_on({"a"})), shell("c", "true", depends_on({"a"})),
                       shell("d", "true", depends_on({"b", "c"}))},
                      dependencies));
  all.push_back(
      plain("ADependencyThatFails", {shell("a", "exit 1"), shell("b", "true", depends_on({"a"}))}, dependencies));
  const Document satisfies = {
      {"exitConditions", {{"exitCodes", {{{"code", 1}, {"exitOptions", {{"dependencyAction", "satisfy"}}}}}}}}};
  all.push_back(plain("AFailureThatSatisfies", {shell("a", "exit 1", satisfies), shell("b", "true", depends_on({"a"}))},
                      dependencies));
  const Document ends_job = {{"exitConditions", {{"default", {{"jobAction", "terminate"}}}}}};
  all.push_back(plain("AFailureThatEndsTheJob", {shell("a", "exit 1", ends_job)},
                      {{"onTaskFailure", "performexitoptionsjobaction"}}, Document::object(), 1));
  all.push_back(plain("PreparationAndRelease", {shell("t", "test -e $AZ_BATCH_JOB_PREP_WORKING_DIR/mark")},
                      {{"jobPreparationTask", {{"commandLine", "/bin/sh -c 'touch mark'"}}},
                       {"jobReleaseTask", {{"commandLine", "/bin/sh -c 'true'"}}}}));
  all.push_back(plain("ManyTasks", many(350), Document::object(), {{"taskSlotsPerNode", 4}}));
  all.push_back(
      plain("SlotsAndVariables",
            {shell("t", "test \"$COLOUR\" = blue",
                   {{"requiredSlots", 2}, {"environmentSettings", {{{"name", "COLOUR"}, {"value", "blue"}}}}})},
            Document::object(), {{"taskSlotsPerNode", 2}}));
  all.push_back(plain("NoTasks", {}, {{"onAllTasksComplete", "noaction"}, {"priority", 5}}));
  all.push_back(that_is_kept());
}

}  // namespace

std::vector<Workflow> workflows() {
  std::vector<Workflow> all;
  add_files(all);
  add_failures(all);
  add_order(all);
  return all;
}

}  // namespace batchite::mirror
