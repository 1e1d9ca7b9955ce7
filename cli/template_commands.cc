// `template lint|expand|params`: looking at templates without running them.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/template_files.h"
#include "core/workflow/lint.h"
#include "core/workflow/pretended_storage.h"

namespace batchite::cli {
namespace {

constexpr Column kFindings[] = {{"LEVEL", "level"}, {"FILE", "file"}, {"PLACE", "path"}, {"WHAT", "text"}};
constexpr Column kParameters[] = {{"PARAMETER", "name"},
                                  {"TYPE", "type"},
                                  {"DEFAULT", "default"},
                                  {"ALLOWED", "allowed"},
                                  {"DESCRIPTION", "description"}};

Document to_document(const workflow::Warning& finding, const char* level) {
  return {{"level", level}, {"file", finding.file}, {"path", finding.path}, {"text", finding.text}};
}

int lint(Program& program, const TemplateFlags& flags) {
  const workflow::LintResult result = workflow::lint(read_request(flags, program));
  std::vector<Document> rows;
  for (const workflow::Warning& error : result.errors) rows.push_back(to_document(error, "error"));
  for (const workflow::Warning& warning : result.warnings) rows.push_back(to_document(warning, "warning"));
  if (!rows.empty() || program.globals().format != Format::Table) program.printer().list(rows, kFindings);
  return result.errors.empty() ? kOk : kFailed;
}

int expand(Program& program, const TemplateFlags& flags) {
  workflow::Request request = read_request(flags, program);
  complete(request, "example", program);
  // A task per file needs files: one stands for all.
  workflow::PretendedStorage storage("account.blob.core.windows.net", {}, {{"example.bin", 0}});
  const workflow::Plan plan = workflow::expand(request, storage);
  for (const workflow::Warning& warning : plan.warnings) program.warn(workflow::to_text(warning));
  Document document = Document::object();
  if (plan.pool) document["pool"] = *plan.pool;
  if (plan.job) document["job"] = *plan.job;
  if (plan.job) document["tasks"] = plan.tasks;
  if (plan.patch_after_tasks) document["patchAfterTasks"] = *plan.patch_after_tasks;
  program.printer().json(document);
  return kOk;
}

int show_parameters(Program& program, const TemplateFlags& flags) {
  const workflow::Request request = read_request(flags, program);
  std::vector<Document> rows;
  for (const auto* file : {&request.pool, &request.job}) {
    if (!file->has_value()) continue;
    for (const workflow::ParameterInfo& info : workflow::describe_parameters((*file)->document)) {
      Document row = {{"name", info.name}, {"type", info.type}};
      if (info.default_value) row["default"] = *info.default_value;
      if (!info.allowed.empty()) row["allowed"] = info.allowed;
      if (info.min_value) row["minValue"] = *info.min_value;
      if (info.max_value) row["maxValue"] = *info.max_value;
      if (!info.advanced_type.empty()) row["advancedType"] = info.advanced_type;
      row["description"] = info.description;
      row["file"] = (*file)->name;
      rows.push_back(std::move(row));
    }
  }
  program.printer().list(rows, kParameters);
  return kOk;
}

}  // namespace

void declare_templates(Program& program) {
  struct Row {
    const char* name;
    const char* summary;
    int (*function)(Program&, const TemplateFlags&);
  };
  static constexpr Row kRows[] = {
      {"lint", "What is wrong or unusual in templates", lint},
      {"expand", "What templates become, as JSON", expand},
      {"params", "The parameters of templates", show_parameters},
  };
  CLI::App* parent = program.add(program.app(), "template", "Look at pool and job templates");
  parent->require_subcommand(0, 1);
  for (const Row& row : kRows) {
    auto flags = std::make_shared<TemplateFlags>();
    CLI::App* command = program.add(*parent, row.name, row.summary);
    declare(*command, *flags);
    program.on_chosen(command, [&program, flags, function = row.function] { return function(program, *flags); });
  }
}

}  // namespace batchite::cli
