#include "core/workflow/application_template.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::HasSubstr;

Document app() {
  return {{"templateMetadata", {{"description", "[any]"}}},
          {"parameters", {{"last", {{"type", "int"}}}, {"word", {{"type", "string"}, {"defaultValue", "hi"}}}}},
          {"onAllTasksComplete", "terminateJob"},
          {"metadata", {{{"name", "made"}, {"value", "[parameters('word')]"}}}},
          {"commonEnvironmentSettings", {{{"name", "A"}, {"value", "1"}}}},
          {"taskFactory",
           {{"type", "parametricSweep"},
            {"parameterSets", {{{"start", 1}, {"end", "[parameters('last')]"}}}},
            {"repeatTask", {{"commandLine", "/bin/sh -c {0}"}}}}}};
}

Request job_with(const Document& info, const Document& file, const Document& more = Document::object(),
                 const std::string& at = "dir/app.json") {
  Document job = {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}, {"applicationTemplateInfo", info}};
  job.update(more);
  Request request = {.job =
                         TemplateFile{"dir/job.json",
                                      {{"parameters", {{"n", {{"type", "int"}, {"defaultValue", 2}}}}}, {"job", job}}}};
  request.read_file = [file, at](const std::string& path) {
    return path == at ? std::optional(file.dump()) : std::nullopt;
  };
  return request;
}

Document info(const Document& parameters = {{"last", "[parameters('n')]"}}) {
  return {{"filePath", "app.json"}, {"parameters", parameters}};
}

TEST(ApplicationTemplate, GivesTheJobItsTasksAndItsEnd) {
  const Plan plan = expanded(job_with(info(), app()));
  EXPECT_EQ(plan.tasks.size(), 2U);
  EXPECT_EQ(*plan.patch_after_tasks, (Document{{"onAllTasksComplete", "terminatejob"}}));
  EXPECT_FALSE(plan.job->contains("applicationTemplateInfo"));
  EXPECT_FALSE(plan.job->contains("templateMetadata"));
}

TEST(ApplicationTemplate, SharesMetadataAndEnvironmentWithTheJobAndLeavesItsName) {
  const Plan plan = expanded(job_with(info(), app(),
                                      {{"metadata", {{{"name", "mine"}, {"value", "x"}}}},
                                       {"commonEnvironmentSettings", {{{"name", "B"}, {"value", "2"}}}}}));
  EXPECT_EQ((*plan.job)["metadata"], (Document{{{"name", "made"}, {"value", "hi"}},
                                               {{"name", "mine"}, {"value", "x"}},
                                               {{"name", "az_batch:template_filepath"}, {"value", "app.json"}}}));
  EXPECT_EQ((*plan.job)["commonEnvironmentSettings"],
            (Document{{{"name", "A"}, {"value", "1"}}, {{"name", "B"}, {"value", "2"}}}));
}

TEST(ApplicationTemplate, IsLookedForBesideTheJobThenInTheCurrentFolder) {
  EXPECT_EQ(expanded(job_with(info(), app(), Document::object(), "app.json")).tasks.size(), 2U);
  EXPECT_THAT(refusal(job_with(info(), app(), Document::object(), "else.json")),
              HasSubstr("dir/job.json: job.applicationTemplateInfo: there is no file 'app.json'"));
}

TEST(ApplicationTemplate, IsRefusedNamingThePlace) {
  const auto changed = [](const char* name, const Document& value) {
    Document file = app();
    file[name] = value;
    return file;
  };
  const std::pair<Document, const char*> files[] = {
      {changed("id", "x"), "dir/app.json: id: an application template may not have it"},
      {changed("poolInfo", Document::object()), "poolInfo: an application template may not have it"},
      {changed("variables", Document::object()), "variables: an application template may not have it"},
      {changed("parameters", {{"last", {{"type", "object"}}}}), "dir/app.json: parameters.last: its type is 'object'"},
      {changed("parameters", {{"last", {{"defaultValue", 1}}}}), "its type is ''"},
      {changed("metadata", {{{"name", "az_batch_x"}, {"value", "1"}}}), "names beginning with az_batch are reserved"},
  };
  for (const auto& [file, text] : files) EXPECT_THAT(refusal(job_with(info(), file)), HasSubstr(text));
  const std::pair<Document, const char*> infos[] = {
      {info(Document::object()),
       "dir/app.json: parameters without a value; give them in the job's applicationTemplateInfo.parameters:\n  last "
       "(int)"},
      {info({{"last", 1}, {"wrod", "x"}}),
       "the job gives 'wrod', which this template does not define; did you mean 'word'?"},
      {info({{"last", "x"}}), "parameter 'last': the value \"x\" is not an int"},
      {Document::object(), "needs a filePath"},
  };
  for (const auto& [value, text] : infos) EXPECT_THAT(refusal(job_with(value, app())), HasSubstr(text));
  const std::pair<Document, const char*> jobs[] = {
      {{{"onTaskFailure", "noaction"}}, "job.onTaskFailure: belongs to the application template"},
      {{{"metadata", {{{"name", "made"}, {"value", "x"}}}}},
       "job.metadata: 'made' is set by the job and by its application template"},
      {{{"commonEnvironmentSettings", {{{"name", "A"}, {"value", "x"}}}}},
       "'A' is set by the job and by its application template"},
  };
  for (const auto& [more, text] : jobs) EXPECT_THAT(refusal(job_with(info(), app(), more)), HasSubstr(text));
}

TEST(ApplicationTemplate, ThatIsNoJsonIsRefusedWithLineAndColumn) {
  Request request = job_with(info(), app());
  request.read_file = [](const std::string&) { return std::optional<std::string>("{\n  \"a\": <x>\n}"); };
  EXPECT_THAT(refusal(request), testing::StartsWith("dir/app.json:2:8: not valid JSON"));
}

}  // namespace
}  // namespace batchite::workflow
