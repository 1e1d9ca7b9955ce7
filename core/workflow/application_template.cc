#include "core/workflow/application_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"
#include "core/workflow/expression.h"
#include "core/workflow/properties.h"

namespace batchite::workflow {
namespace {

// What the template owns; a job that names one may not set these itself.
constexpr std::string_view kOwned[] = {"jobManagerTask",       "jobPreparationTask", "jobReleaseTask",
                                       "usesTaskDependencies", "onAllTasksComplete", "onTaskFailure",
                                       "taskFactory"};
// What both may have.
constexpr std::string_view kShared[] = {"metadata", "commonEnvironmentSettings"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view one) { return same_id(one, name); });
}

bool is_absolute(const std::string& path) { return path.starts_with('/'); }

// Relative to the job file's folder, else to the current one.
TemplateFile open(const std::string& named, const std::string& path, const Request& request, const Report& report) {
  const std::string& job_file = report.file();
  const std::size_t slash = job_file.rfind('/');
  const std::string beside =
      slash == std::string::npos || is_absolute(named) ? named : job_file.substr(0, slash + 1) + named;
  for (const std::string& candidate : {beside, named}) {
    const auto text = request.read_file ? request.read_file(candidate) : std::nullopt;
    if (text) return {candidate, parse_document(*text, candidate)};
  }
  report.fail(path,
              fmt::format("there is no file '{}', neither beside the job template nor in the current folder", named));
}

void check_definitions(const TemplateFile& file, const Document& values, const Report& report) {
  std::vector<std::string> names;
  std::string missing;
  for (const ParameterInfo& info : describe_parameters(file.document)) {
    const std::string at = member_path("parameters", info.name);
    names.push_back(info.name);
    if (info.type != "int" && info.type != "string" && info.type != "bool") {
      report.fail(
          at, fmt::format("its type is '{}'; an application template's parameters are int, string or bool", info.type));
    }
    if (!info.default_value && !Reader(values).has(info.name)) missing += "\n  " + to_text(info);
  }
  if (!missing.empty()) {
    report.fail("", "parameters without a value; give them in the job's applicationTemplateInfo.parameters:" + missing);
  }
  for (const auto& [name, ignored] : values.items()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      report.fail("parameters", fmt::format("the job gives '{}', which this template does not define{}", name,
                                            did_you_mean(name, names)));
    }
  }
}

// The members that make it into the job, as written.
Document own_members(const TemplateFile& file, const Report& report) {
  Document members = Document::object();
  for (const auto& [name, value] : file.document.items()) {
    if (same_id(name, "parameters") || same_id(name, "templateMetadata") || name == "$schema") continue;
    if (!contains(kOwned, name) && !contains(kShared, name)) {
      report.fail(member_path("", name),
                  "an application template may not have it; it belongs into the job, or nowhere");
    }
    members[name] = value;
  }
  return members;
}

Document read_members(const TemplateFile& file, const Document& values, const BodySettings& settings, Report& report) {
  ParameterValues parameters(file.document, values, settings.sign);
  const Document no_variables = nullptr;
  Expander expander(no_variables, parameters, report, {.lenient_brackets = settings.lenient_brackets});
  const Document expanded = expander.expand(own_members(file, report), "");
  report.refuse_problems();
  Document members = normalise(expanded, "JobAddParameter", "", report);
  report.refuse_problems();
  return members;
}

// The template's items, then the job's; a name in both is refused.
Document merged(const Document& from_template, const Document& from_job, const std::string& path,
                const Report& report) {
  Document result = from_template;
  for (const Document& item : from_job) {
    const std::string name = Reader(item).text("name");
    const bool is_double = std::any_of(from_template.begin(), from_template.end(),
                                       [&](const Document& one) { return Reader(one).text("name") == name; });
    if (is_double)
      report.fail(path, fmt::format("'{}' is set by the job and by its application template; keep one", name));
    result.push_back(item);
  }
  return result;
}

void check_metadata(const Document& metadata, const std::string& path, const Report& report) {
  for (const Document& item : metadata) {
    if (Reader(item).text("name").starts_with("az_batch")) {
      report.fail(path, fmt::format("'{}': names beginning with az_batch are reserved", Reader(item).text("name")));
    }
  }
}

}  // namespace

void apply_application_template(Document& job, const std::string& path, const Request& request,
                                const BodySettings& settings, const Report& report, std::vector<Warning>& warnings) {
  const auto info = job.find("applicationTemplateInfo");
  if (info == job.end()) return;
  const std::string at = member_path(path, "applicationTemplateInfo");
  const std::string named = Reader(*info).text("filePath");
  if (named.empty()) report.fail(at, "needs a filePath");
  for (const std::string_view owned : kOwned) {
    if (job.contains(owned)) {
      report.fail(member_path(path, std::string(owned)),
                  "belongs to the application template that the job names; set it there");
    }
  }
  const TemplateFile file = open(named, at, request, report);
  Report own(file.name, request.options.strict);
  const Document values =
      read_parameters(Reader(*info).find("parameters") ? (*info)["parameters"] : Document::object(), report.file());
  check_definitions(file, values, own);
  const Document members = read_members(file, values, settings, own);

  job.erase("applicationTemplateInfo");
  for (const std::string_view shared : kShared) {
    Document all = merged(Reader(members).array(shared), Reader(job).array(shared),
                          member_path(path, std::string(shared)), report);
    if (shared == "metadata") {
      check_metadata(all, member_path(path, "metadata"), report);
      all.push_back({{"name", "az_batch:template_filepath"}, {"value", named}});
    }
    if (!all.empty()) job[std::string(shared)] = std::move(all);
  }
  for (const auto& [name, value] : members.items()) {
    if (contains(kOwned, name)) job[name] = value;
  }
  warnings.insert(warnings.end(), own.warnings().begin(), own.warnings().end());
}

}  // namespace batchite::workflow
