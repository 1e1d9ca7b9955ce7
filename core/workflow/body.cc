#include "core/workflow/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"
#include "core/workflow/expression.h"
#include "core/workflow/properties.h"

namespace batchite::workflow {
namespace {

const Document& null_document() {
  static const Document null = nullptr;
  return null;
}

const Document& member_or_null(const Document& object, std::string_view name) {
  const Document* member = find_member(object, name);
  return member ? *member : null_document();
}

// {type, apiVersion, properties}: the properties, if it is one. Any apiVersion will do.
const Document& unwrapped(const Document& section, const std::string& name, std::string& path, const Report& report) {
  const Document* properties = find_member(section, "properties");
  if (!properties) return section;
  const Document& type = member_or_null(section, "type");
  const std::string expected = "Microsoft.Batch/batchAccounts/" + name + "s";
  if (type.is_string() && !same_id(type.get<std::string>(), expected)) {
    report.fail(member_path(path, "type"),
                fmt::format("'{}' is not the type of a {}; write {}", type.get<std::string>(), name, expected));
  }
  path = member_path(path, "properties");
  return *properties;
}

// An expander of its own, so that only what the id needs is seen.
bool is_id_chosen(const Document& id, const Document& variables, const TemplateFile& file,
                  const BodySettings& settings) {
  if (!id.is_string()) return false;
  Report ignored(file.name);
  ParameterValues values(file.document, settings.parameters, settings.sign);
  Expander(variables, values, ignored, {}).expand(id, "id");
  return std::any_of(values.used().begin(), values.used().end(),
                     [&](const std::string& name) { return Reader(settings.parameters).has(name); });
}

Body plain_body(const TemplateFile& file, const std::string& model, Report& report) {
  return {.document = normalise(file.document, model, "", report), .path = ""};
}

[[noreturn]] void refuse_section(const TemplateFile& file, const std::string& section, const Report& report) {
  const std::string other = section == "pool" ? "job" : "pool";
  report.fail("", find_member(file.document, other)
                      ? fmt::format("this is a {} template; a {} template is needed here", other, section)
                      : fmt::format("no '{0}' member; a {0} template has one", section));
}

}  // namespace

Body read_body(const TemplateFile& file, const std::string& section, const std::string& model,
               const BodySettings& settings, Report& report) {
  const TemplateKind kind = template_kind(file.document);
  if (kind == (section == "pool" ? TemplateKind::PoolBody : TemplateKind::JobBody))
    return plain_body(file, model, report);
  const Document* source = find_member(file.document, section);
  if (!source) refuse_section(file, section, report);
  const Document& variables = member_or_null(file.document, "variables");
  ParameterValues values(file.document, settings.parameters, settings.sign);
  Expander expander(variables, values, report, {.lenient_brackets = settings.lenient_brackets});

  Body body{.document = {}, .path = section};
  const Document& wanted = unwrapped(*source, section, body.path, report);
  const Document expanded = expander.expand(wanted, body.path);
  body.missing = values.missing();
  for (const ParameterInfo& info : values.infos()) {
    if (values.used().contains(info.name)) body.used.push_back(info);
  }
  body.used_variables.assign(expander.used_variables().begin(), expander.used_variables().end());
  for (const auto& [path, name] : expander.parameter_at()) body.parameter_at.try_emplace(fold(path), name);
  body.id_is_chosen = is_id_chosen(member_or_null(wanted, "id"), variables, file, settings);
  // Values in the place of missing ones would only lead to further complaints.
  body.document =
      body.missing.empty() && report.problems().empty() ? normalise(expanded, model, body.path, report) : expanded;
  return body;
}

}  // namespace batchite::workflow
