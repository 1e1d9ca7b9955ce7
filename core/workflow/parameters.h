// The `parameters` of a template: their definitions, and the values given for them. Values are checked when they are
// used, as the Batch CLI extension does. Pure; one thread.
// Source of behaviour: Azure Batch CLI extension 9.0, templates as documented in its doc/templates.md.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/document.h"
#include "core/workflow/storage.h"

namespace batchite::workflow {

// What a person must know to give a value.
struct ParameterInfo {
  std::string name;
  std::string type;  // "int", "string", "bool", "object"; empty if the template states none
  std::string description;
  std::optional<Document> default_value;
  Document allowed = Document::array();  // empty: anything
  std::optional<std::int64_t> min_value, max_value, min_length, max_length;
  std::string advanced_type;  // "file-group", "job-id", "file-group-sas", ...; empty if none
  std::string depends_on;     // the file-group parameter that advanced_type is about
  // A signature for the file group is made when no value is given.
  bool is_signed_for_you() const {
    return advanced_type == "file-group-sas" || advanced_type == "file-group-write-sas";
  }
};

// In the order of the template; empty if it has none. Throws nothing: a malformed definition shows as empty fields.
std::vector<ParameterInfo> describe_parameters(const Document& template_document);

// Values by name from a parameter file: "name": value, "name": {"value": value}, or all of it in an ARM
// {"parameters": {...}} wrapper. Null values count as not given. Throws UsageError naming the file.
Document read_parameters(const Document& file, const std::string& name);

// "height (int): lines of the picture"
std::string to_text(const ParameterInfo& info);

// A value as it stands in text: strings as they are, true as "True", the rest as JSON.
std::string text_form(const Document& value);

// Something is wrong with an expression; whoever knows the place reports it.
struct ExpressionError {
  std::string text;
};
// The value of a parameter was needed and is not there.
struct MissingParameter {};

class ParameterValues {
 public:
  // Makes the value of a file-group-sas parameter.
  using Sign = std::function<std::string(const std::string& file_group, Access access)>;

  // `values` as read_parameters() gives them.
  ParameterValues(const Document& template_document, Document values, Sign sign);

  // The value in its stated type. Throws ExpressionError for an unknown name, a wrong type or a broken limit, and
  // MissingParameter, noting it in missing().
  Document get(const std::string& name);

  const std::vector<ParameterInfo>& infos() const { return infos_; }
  // Used without a value, in the order of the template.
  std::vector<ParameterInfo> missing() const;
  const std::set<std::string>& used() const { return used_; }

 private:
  const ParameterInfo& find(const std::string& name) const;
  std::optional<Document> raw(const ParameterInfo& info);

  std::vector<ParameterInfo> infos_;
  Document values_;
  Sign sign_;
  std::set<std::string> used_, missing_;
};

// The checked value. Throws ExpressionError naming the parameter, the value and what is allowed.
Document check_value(const ParameterInfo& info, const Document& value);

}  // namespace batchite::workflow
