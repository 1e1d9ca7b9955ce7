// The body within a template: its expressions evaluated, its envelope taken off, its properties in today's names.
// One thread. Throws UsageError; problems within the body are kept in the report.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/workflow/parameters.h"
#include "core/workflow/report.h"
#include "core/workflow/template.h"

namespace batchite::workflow {

struct Body {
  Document document;
  std::string path;                         // where it lies in the template: "job.properties"
  std::vector<ParameterInfo> missing = {};  // used, but without a value
  std::vector<ParameterInfo> used = {};
  std::vector<std::string> used_variables = {};
  // The first parameter that each string holds, by the string's path as the template spells it, in lower case.
  std::map<std::string, std::string> parameter_at = {};
  bool id_is_chosen = false;  // its id holds a parameter that was given a value
};

struct BodySettings {
  const Document& parameters;  // values
  bool lenient_brackets = false;
  ParameterValues::Sign sign;
};

// `section` is "pool" or "job", `model` the contract's name for its body.
Body read_body(const TemplateFile& file, const std::string& section, const std::string& model,
               const BodySettings& settings, Report& report);

}  // namespace batchite::workflow
