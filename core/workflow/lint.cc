#include "core/workflow/lint.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"
#include "core/workflow/body.h"
#include "core/workflow/pretended_storage.h"
#include "core/workflow/properties.h"

namespace batchite::workflow {
namespace {

void add(std::vector<Warning>& all, const std::vector<Warning>& more) {
  for (const Warning& one : more) {
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
  }
}

void check_definition(const ParameterInfo& info, const TemplateFile& file, const std::vector<ParameterInfo>& all,
                      LintResult& result) {
  const std::string path = member_path("parameters", info.name);
  try {
    check_value(info, info.default_value ? *info.default_value : sample_value(info));
  } catch (const ExpressionError& error) {
    const std::string which = info.default_value ? "its defaultValue cannot be used: " : "";
    add(result.errors, {{file.name, path, which + error.text}});
  }
  const bool is_unknown =
      !info.depends_on.empty() &&
      std::none_of(all.begin(), all.end(), [&](const ParameterInfo& one) { return one.name == info.depends_on; });
  if (is_unknown) {
    add(result.warnings,
        {{file.name, path, fmt::format("it depends on '{}', which is no parameter", info.depends_on)}});
  }
}

void check_use(const TemplateFile& file, const std::string& section, const Document& values, LintResult& result) {
  Report ignored(file.name);
  const BodySettings settings{values, false, [](const std::string& group, Access) { return container_name(group); }};
  const Body body =
      read_body(file, section, section == "pool" ? "PoolAddParameter" : "JobAddParameter", settings, ignored);
  for (const ParameterInfo& info : describe_parameters(file.document)) {
    const bool is_used =
        std::any_of(body.used.begin(), body.used.end(), [&](const auto& one) { return one.name == info.name; });
    if (!is_used)
      add(result.warnings, {{file.name, member_path("parameters", info.name), "the parameter is never used"}});
  }
  const Document* variables = find_member(file.document, "variables");
  if (!variables || !variables->is_object()) return;
  for (const auto& [name, value] : variables->items()) {
    const bool is_used =
        std::find(body.used_variables.begin(), body.used_variables.end(), name) != body.used_variables.end();
    if (!is_used) add(result.warnings, {{file.name, member_path("variables", name), "the variable is never used"}});
  }
}

void check_expansion(const Request& request, LintResult& result) {
  PretendedStorage storage("account.blob.core.windows.net", {}, {{"example.dat", 1}});
  try {
    add(result.warnings, expand(request, storage).warnings);
  } catch (const TemplateError& error) {
    add(result.errors, error.problems());
  } catch (const UsageError& error) {
    add(result.errors, {{"", "", error.what()}});
  }
}

// One file for itself, so that what is wrong with the other one hides nothing.
Request alone(const Request& request, bool pool) {
  Request one = request;
  one.options.autopool = false;
  (pool ? one.job : one.pool).reset();
  return one;
}

Request with_samples(const Request& request) {
  Request result = request;
  for (const auto* file : {&request.pool, &request.job}) {
    if (!file->has_value()) continue;
    for (const ParameterInfo& info : describe_parameters((*file)->document)) {
      const bool has_value = info.default_value || Reader(request.parameters).has(info.name) ||
                             (info.is_signed_for_you() && !info.depends_on.empty());
      if (!has_value) result.parameters[info.name] = sample_value(info);
    }
  }
  return result;
}

void check_file(const TemplateFile& file, const std::string& section, const Request& request, LintResult& result) {
  const std::vector<ParameterInfo> infos = describe_parameters(file.document);
  for (const ParameterInfo& info : infos) check_definition(info, file, infos, result);
  try {
    check_use(file, section, request.parameters, result);
  } catch (const TemplateError& error) {
    add(result.errors, error.problems());
  }
}

}  // namespace

Document sample_value(const ParameterInfo& info) {
  if (!info.allowed.empty()) return info.allowed[0];
  if (info.type == "int") return info.min_value.value_or(std::min<std::int64_t>(1, info.max_value.value_or(1)));
  if (info.type == "bool") return false;
  if (info.type == "object") return Document::object();
  std::string text = "example";
  if (info.min_length) text.resize(std::max<std::size_t>(text.size(), static_cast<std::size_t>(*info.min_length)), 'x');
  if (info.max_length) text.resize(std::min<std::size_t>(text.size(), static_cast<std::size_t>(*info.max_length)));
  return text;
}

LintResult lint(const Request& request) {
  LintResult result;
  const Request sampled = with_samples(request);
  if (request.pool) check_file(*request.pool, "pool", sampled, result);
  if (request.job) check_file(*request.job, "job", sampled, result);
  check_expansion(sampled, result);
  if (!result.errors.empty() && request.pool && request.job) {
    check_expansion(alone(sampled, true), result);
    check_expansion(alone(sampled, false), result);
  }
  return result;
}

}  // namespace batchite::workflow
