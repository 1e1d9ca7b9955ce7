#include "core/workflow/template.h"

#include <cstdlib>
#include <filesystem>

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::HasSubstr;

Document listed(const std::vector<FileGroup>& groups) {
  Document result = Document::array();
  for (const FileGroup& group : groups)
    result.push_back(Document{{"parameter", group.parameter}, {"name", group.name}, {"container", group.container}});
  return result;
}

Document as_document(const Plan& plan, const PretendedStorage& storage) {
  Document result = Document::object();
  if (plan.pool) result["pool"] = *plan.pool;
  if (plan.job) result["job"] = *plan.job;
  result["tasks"] = plan.tasks;
  if (plan.patch_after_tasks) result["patch_after_tasks"] = *plan.patch_after_tasks;
  result["groups_read"] = listed(plan.file_groups.read);
  result["groups_written"] = listed(plan.file_groups.written);
  result["containers_made"] = storage.made();
  result["warnings"] = texts(plan.warnings);
  return result;
}

std::optional<TemplateFile> file_of(const Document& golden, const char* name) {
  if (!golden.contains(name)) return std::nullopt;
  const std::string path = golden[name];
  return TemplateFile{path, read_fixture(path)};
}

Document expand_golden(const Document& golden) {
  const Reader options = Reader(golden).object("options");
  const Request request = {.pool = file_of(golden, "pool"),
                           .job = file_of(golden, "job"),
                           .parameters = golden.value("parameters", Document::object()),
                           .options = {.lenient_brackets = options.get("lenient_brackets", false),
                                       .autopool = options.get("autopool", false)}};
  std::map<std::string, std::vector<BlobItem>> blobs;
  const Document listing = golden.value("blobs", Document::object());
  for (const auto& [container, names] : listing.items()) {
    for (const Document& name : names) blobs[container].push_back({name, 1});
  }
  PretendedStorage storage("store.test", blobs);
  return as_document(expand(request, storage), storage);
}

TEST(Template, ExpandsEveryFixtureToItsGoldenResult) {
  const std::filesystem::path root = std::string(BATCHITE_FIXTURES) + "/templates";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename();
    const Document result = expand_golden(read_fixture("templates/" + name + "/case.json"));
    if (std::getenv("BATCHITE_BLESS")) std::ofstream(entry.path() / "expected.json") << result.dump(2) << "\n";
    EXPECT_EQ(result.dump(2), read_fixture("templates/" + name + "/expected.json").dump(2)) << name;
    ++count;
  }
  EXPECT_GE(count, 5);
}

TEST(Template, OfTheFfmpegWorkflowNeedsNoParameters) {
  const Request request = {.pool = TemplateFile{"pool.json", read_fixture("ffmpeg/pool.json")},
                           .job = TemplateFile{"job.json", read_fixture("ffmpeg/job.json")}};
  EXPECT_TRUE(missing_parameters(request).empty());
  const FileGroups groups = file_groups(request);
  EXPECT_EQ(groups.read, (std::vector<FileGroup>{{"inputFileGroup", "ffmpeg-input", "fgrp-ffmpeg-input"}}));
  EXPECT_EQ(groups.written, (std::vector<FileGroup>{{"outputFileGroup", "ffmpeg-output", "fgrp-ffmpeg-output"}}));
}

TEST(Template, IsToldFromItsMembers) {
  const std::pair<Document, TemplateKind> cases[] = {
      {{{"pool", Document::object()}}, TemplateKind::Pool},
      {{{"parameters", Document::object()}, {"job", Document::object()}}, TemplateKind::Job},
      {{{"taskFactory", Document::object()}}, TemplateKind::Application},
      {{{"id", "p"}, {"vmSize", "a1"}}, TemplateKind::PoolBody},
      {{{"id", "j"}, {"poolInfo", Document::object()}}, TemplateKind::JobBody},
      {{{"clips", "x"}}, TemplateKind::Parameters},
      {Document::array(), TemplateKind::Parameters},
  };
  for (const auto& [document, kind] : cases) EXPECT_EQ(template_kind(document), kind) << document;
}

TEST(Template, MayHoldTheBodyInAnEnvelopeOfAnyApiVersion) {
  const Document body = {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}};
  for (const char* version : {"2018-12-01", "2022-06-01", "2099-01-01"}) {
    const Document enveloped = {{"type", "microsoft.batch/BatchAccounts/jobs"},
                                {"apiVersion", version},
                                {"location", "x"},
                                {"dependsOn", Document::array()},
                                {"properties", body}};
    const Plan plan = expanded(request_for({{"job", enveloped}}));
    EXPECT_EQ(*plan.job, body);
    EXPECT_TRUE(plan.warnings.empty());
  }
  EXPECT_EQ(*expanded(request_for({{"job", body}})).job, body);
  EXPECT_THAT(refusal(request_for({{"job", {{"type", "Microsoft.Batch/batchAccounts/pools"}, {"properties", body}}}})),
              HasSubstr("job.type: 'Microsoft.Batch/batchAccounts/pools' is not the type of a job"));
}

TEST(Template, ThatIsAPlainBodyHasNoExpressions) {
  const Document body = {{"id", "j"}, {"displayName", "[parameters('x')]"}, {"poolInfo", {{"poolId", "p"}}}};
  EXPECT_EQ(*expanded(request_for(body)).job, body);
}

TEST(Template, OfTheOtherKindIsRefused) {
  EXPECT_EQ(refusal(request_for({{"pool", Document::object()}})),
            "job.json: this is a pool template; a job template is needed here");
  EXPECT_EQ(refusal(request_for({{"x", 1}})), "job.json: no 'job' member; a job template has one");
}

TEST(Template, TellsEverythingWrongWithItsExpressionsAtOnce) {
  const std::string text = refusal(request_for(
      {{"job", {{"id", "[variables('a')]"}, {"displayName", "[parameters('b')]"}, {"poolInfo", {{"poolId", "p"}}}}}}));
  EXPECT_EQ(text,
            "job.json: job.id: the template defines no variable 'a'\n"
            "job.json: job.displayName: the template defines no parameter 'b'");
}

TEST(Template, ThatIsNoJsonIsRefusedWithLineAndColumn) {
  try {
    parse_document("{\n  \"job\": {\n    \"id\": <name>\n  }\n}\n", "job.json");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("job.json:3:11: not valid JSON"));
  }
}

TEST(Template, WithUnknownPropertiesIsRefusedOnlyWhenStrict) {
  Request request = request_for({{"job", {{"id", "j"}, {"poolInfo", {{"poolID", "p"}}}, {"prioritty", 5}}}});
  const Plan plan = expanded(request);
  EXPECT_EQ(*plan.job, (Document{{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}}));
  EXPECT_THAT(texts(plan.warnings),
              testing::ElementsAre("job.json: job.prioritty: unknown property, left out; did you mean 'priority'?"));
  request.options.strict = true;
  EXPECT_EQ(refusal(request), "job.json: job.prioritty: unknown property, left out; did you mean 'priority'?");
}

Request with_ids(const Document& parameters) {
  const Document definitions = {{"poolId", {{"type", "string"}, {"defaultValue", "p"}}},
                                {"jobId", {{"type", "string"}, {"defaultValue", "j"}}}};
  return {.pool = TemplateFile{"pool.json",
                               {{"parameters", definitions},
                                {"pool", {{"id", "[parameters('poolId')]"}, {"vmSize", "a1"}}}}},
          .job = TemplateFile{"job.json", {{"parameters", definitions}, {"job", {{"id", "x-[parameters('jobId')]"}}}}},
          .parameters = parameters};
}

TEST(Template, KnowsWhichIdsAPersonChose) {
  const Plan by_default = expanded(with_ids(Document::object()));
  EXPECT_FALSE(by_default.pool_id_is_chosen);
  EXPECT_FALSE(by_default.job_id_is_chosen);
  const Plan chosen = expanded(with_ids({{"jobId", "mine"}}));
  EXPECT_FALSE(chosen.pool_id_is_chosen);
  EXPECT_TRUE(chosen.job_id_is_chosen);
}

TEST(Template, OfAJobWithoutAPoolRunsOnThePoolBesideIt) {
  EXPECT_EQ((*expanded(with_ids(Document::object())).job)["poolInfo"], (Document{{"poolId", "p"}}));
}

TEST(Template, NeedsBothFilesForAnAutopool) {
  Request request = request_for({{"job", {{"id", "j"}}}});
  request.options.autopool = true;
  EXPECT_THAT(refusal(request), HasSubstr("an autopool needs both"));
}

Document two_groups() {
  return {{"parameters",
           {{"in", {{"type", "string"}, {"metadata", {{"advancedType", "file-group"}}}}},
            {"out", {{"type", "string"}, {"metadata", {{"advancedType", "file-group"}}}}},
            {"mounted", {{"type", "string"}, {"metadata", {{"advancedType", "file-group"}}}}}}},
          {"job",
           {{"id", "j"},
            {"poolInfo", {{"poolId", "p"}}},
            {"displayName", "fgrp-[parameters('mounted')]"},
            {"taskFactory",
             {{"type", "taskPerFile"},
              {"source", {{"FileGroup", "[parameters('in')]"}}},
              {"repeatTask",
               {{"commandLine", "/bin/sh -c x"},
                {"outputFiles",
                 {{{"filePattern", "*"},
                   {"destination", {{"autoStorage", {{"fileGroup", "[parameters('out')]"}}}}}}}}}}}}}}};
}

TEST(Template, TellsItsFileGroupsAndTheParametersThatNameThem) {
  const FileGroups groups =
      file_groups(request_for(two_groups(), {{"in", "same"}, {"out", "same"}, {"mounted", "Other"}}));
  EXPECT_EQ(groups.read, (std::vector<FileGroup>{{"in", "same", "fgrp-same"}, {"mounted", "Other", "fgrp-other"}}));
  EXPECT_EQ(groups.written, (std::vector<FileGroup>{{"out", "same", "fgrp-same"}}));
}

}  // namespace
}  // namespace batchite::workflow
