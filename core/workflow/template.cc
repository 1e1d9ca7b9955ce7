#include "core/workflow/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/workflow/application_template.h"
#include "core/workflow/body.h"
#include "core/workflow/group_use.h"
#include "core/workflow/job_body.h"
#include "core/workflow/packages.h"
#include "core/workflow/properties.h"
#include "core/workflow/staging.h"

namespace batchite::workflow {
namespace {

constexpr std::size_t kMaxAutoPoolPrefix = 20;  // characters, of the service

// Both templates of a request as far as they can be read without an account.
struct Bodies {
  Report pool_report, job_report;
  std::optional<Body> pool = std::nullopt, job = std::nullopt;
  std::vector<Warning> warnings = {};  // of an application template
  GroupUse groups = {};
};

std::vector<ParameterInfo> all_missing(const Bodies& bodies) {
  std::vector<ParameterInfo> missing;
  for (const auto* body : {&bodies.pool, &bodies.job}) {
    if (!body->has_value()) continue;
    for (const ParameterInfo& info : (*body)->missing) {
      const bool is_known =
          std::any_of(missing.begin(), missing.end(), [&](const ParameterInfo& one) { return one.name == info.name; });
      if (!is_known) missing.push_back(info);
    }
  }
  return missing;
}

void refuse_missing(const Request& request, const std::vector<ParameterInfo>& missing) {
  if (missing.empty()) return;
  std::string files;
  for (const auto* file : {&request.pool, &request.job}) {
    if (file->has_value()) files += (files.empty() ? "" : ", ") + (*file)->name;
  }
  std::string text =
      fmt::format("{}: {} without a value; give {} in a parameter file or on the command line:", files,
                  missing.size() == 1 ? "a parameter is" : fmt::format("{} parameters are", missing.size()),
                  missing.size() == 1 ? "it" : "them");
  for (const ParameterInfo& info : missing) text += "\n  " + to_text(info);
  throw UsageError(text);
}

// Names that neither template knows are ignored by Azure's own tool; most are typing errors.
void report_unknown_values(const Request& request, Report& report) {
  std::vector<std::string> names;
  for (const auto* file : {&request.pool, &request.job}) {
    if (!file->has_value()) continue;
    for (const ParameterInfo& info : describe_parameters((*file)->document)) names.push_back(info.name);
  }
  for (const auto& [name, ignored] : request.parameters.items()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      report.warn_or_refuse("parameters", fmt::format("no template defines the parameter '{}' that was given{}", name,
                                                      did_you_mean(name, names)));
    }
  }
}

// `sign` may be asked several times for the same group.
Bodies read_bodies(const Request& request, const ParameterValues::Sign& sign) {
  Bodies bodies{.pool_report = Report(request.pool ? request.pool->name : "", request.options.strict),
                .job_report = Report(request.job ? request.job->name : "", request.options.strict)};
  const ParameterValues::Sign noting = [&](const std::string& group, Access access) {
    try {
      bodies.groups.note(group, access);
      return sign(group, access);
    } catch (const UsageError& error) {
      throw ExpressionError{error.what()};
    }
  };
  const BodySettings settings{request.parameters, request.options.lenient_brackets, noting};
  if (request.pool) bodies.pool = read_body(*request.pool, "pool", "PoolAddParameter", settings, bodies.pool_report);
  if (request.job) bodies.job = read_body(*request.job, "job", "JobAddParameter", settings, bodies.job_report);
  if (!all_missing(bodies).empty()) return bodies;
  report_unknown_values(request, request.job ? bodies.job_report : bodies.pool_report);
  bodies.pool_report.refuse_problems();
  bodies.job_report.refuse_problems();
  if (bodies.job) {
    apply_application_template(bodies.job->document, bodies.job->path, request, settings, bodies.job_report,
                               bodies.warnings);
  }
  if (bodies.pool)
    bodies.groups.scan(bodies.pool->document, bodies.pool->path, bodies.pool->parameter_at, bodies.pool_report);
  if (bodies.job)
    bodies.groups.scan(bodies.job->document, bodies.job->path, bodies.job->parameter_at, bodies.job_report);
  return bodies;
}

FileGroups groups_of(const Request& request, const Bodies& bodies) {
  std::vector<GroupParameter> parameters;
  const std::pair<const std::optional<TemplateFile>*, const std::optional<Body>*> both[] = {
      {&request.pool, &bodies.pool}, {&request.job, &bodies.job}};
  for (const auto& [file, body] : both) {
    if (!body->has_value()) continue;
    ParameterValues values((*file)->document, request.parameters, [](const auto&, Access) { return ""; });
    for (const ParameterInfo& info : (*body)->used) {
      if (info.type == "string" && !info.is_signed_for_you()) {
        parameters.push_back({info.name, text_form(values.get(info.name)), info.advanced_type == "file-group"});
      }
    }
  }
  return bodies.groups.named_by(parameters);
}

// The pool inside the job, made for it and removed with it.
void fold_pool(Bodies& bodies) {
  if (!bodies.pool || !bodies.job) {
    throw UsageError("an autopool needs both a pool template and a job template");
  }
  Document specification = bodies.pool->document;
  const std::string id = Reader(specification).text("id");
  specification.erase("id");
  Document automatic = {{"poolLifetimeOption", "job"}, {"keepAlive", false}, {"pool", std::move(specification)}};
  if (!id.empty()) automatic["autoPoolIdPrefix"] = id.substr(0, kMaxAutoPoolPrefix);
  bodies.job->document["poolInfo"] = {{"autoPoolSpecification", std::move(automatic)}};
  bodies.pool.reset();
}

OperatingSystem system_of_job(const Document& job, const std::optional<Body>& pool, const Request& request,
                              Report& report) {
  const Reader info = Reader(job).object("poolInfo");
  if (const Document* automatic = info.object("autoPoolSpecification").find("pool"))
    return operating_system(*automatic);
  const std::string id = info.text("poolId");
  if (pool && same_id(Reader(pool->document).text("id"), id)) return operating_system(pool->document);
  if (const auto found = request.find_pool && !id.empty() ? request.find_pool(id) : std::nullopt)
    return operating_system(*found);
  if (request.find_pool)
    report.warn("", fmt::format("the pool '{}' is not there to ask for its operating system; taken as Linux", id));
  return OperatingSystem::Linux;
}

Document make_pool(const Body& body, FileSources& sources, Report& report) {
  Document pool = body.document;
  install_on_pool(pool, body.path, report);
  if (const auto start = pool.find("startTask"); start != pool.end()) {
    prefix_command(
        &*start, member_path(body.path, "startTask"), [&] { return operating_system(pool); }, report);
  }
  resolve_resource_files(pool, body.path, sources, report);
  return pool;
}

bool is_object_with(const Document& document, std::string_view a, std::string_view b) {
  return find_member(document, a) && find_member(document, b);
}

}  // namespace

TemplateKind template_kind(const Document& document) {
  if (find_member(document, "job")) return TemplateKind::Job;
  if (find_member(document, "pool")) return TemplateKind::Pool;
  if (is_object_with(document, "id", "vmSize")) return TemplateKind::PoolBody;
  if (is_object_with(document, "id", "poolInfo")) return TemplateKind::JobBody;
  for (const char* name :
       {"taskFactory", "jobManagerTask", "jobPreparationTask", "jobReleaseTask", "templateMetadata"}) {
    if (find_member(document, name)) return TemplateKind::Application;
  }
  return TemplateKind::Parameters;
}

Plan expand(const Request& request, Storage& storage) {
  FileSources sources(storage);
  Bodies bodies = read_bodies(request, [&](const std::string& group, Access access) {
    const std::string container = container_name(group);
    if (access == Access::Write) return sources.write_url(container);
    return storage.container_url(container, access);
  });
  refuse_missing(request, all_missing(bodies));
  Plan plan;
  plan.file_groups = groups_of(request, bodies);
  plan.pool_id_is_chosen = bodies.pool && bodies.pool->id_is_chosen;
  plan.job_id_is_chosen = bodies.job && bodies.job->id_is_chosen;
  if (request.options.autopool) fold_pool(bodies);
  if (bodies.job) {
    Document& job = bodies.job->document;
    if (bodies.pool && !job.contains("poolInfo"))
      job["poolInfo"] = {{"poolId", Reader(bodies.pool->document).text("id")}};
    const AskSystem system = [&] { return system_of_job(job, bodies.pool, request, bodies.job_report); };
    JobParts parts = make_job(*bodies.job, {sources, system, bodies.job_report});
    plan.job = std::move(parts.job);
    plan.tasks = std::move(parts.tasks);
    plan.patch_after_tasks = std::move(parts.patch_after_tasks);
  }
  if (bodies.pool) plan.pool = make_pool(*bodies.pool, sources, bodies.pool_report);
  const std::vector<Warning>* all[] = {&bodies.pool_report.warnings(), &bodies.job_report.warnings(), &bodies.warnings};
  for (const auto* warnings : all) plan.warnings.insert(plan.warnings.end(), warnings->begin(), warnings->end());
  return plan;
}

FileGroups file_groups(const Request& request) {
  const Bodies bodies = read_bodies(request, [](const std::string& group, Access) { return container_name(group); });
  refuse_missing(request, all_missing(bodies));
  return groups_of(request, bodies);
}

std::vector<ParameterInfo> missing_parameters(const Request& request) {
  const Bodies bodies = read_bodies(request, [](const std::string& group, Access) { return container_name(group); });
  return all_missing(bodies);
}

}  // namespace batchite::workflow
