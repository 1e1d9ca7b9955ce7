// The expressions of templates: "[concat('cut-', parameters('clips'))]" in any string of a document. Pure; one thread.
// Source of behaviour: the expander of Azure Batch CLI extension 9.0; where it would crash or lose something without a
// word, the text stays or a warning says so.
//
// A string that is one expression takes the type of its result; within other text the result's text form is put in.
// "[[" stands for "[". Brackets around anything but a call are dropped with a warning, or kept when lenient.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/base/document.h"
#include "core/workflow/parameters.h"
#include "core/workflow/report.h"

namespace batchite::workflow {

class Expander {
 public:
  struct Settings {
    bool lenient_brackets = false;
  };

  // `variables` is the template's member of that name, or null. All are borrowed.
  Expander(const Document& variables, ParameterValues& parameters, Report& report, Settings settings)
      : variables_(variables), parameters_(parameters), report_(report), settings_(settings) {}

  // Expands every string and every member name. What cannot be expanded is reported as a problem at its path and left
  // as it is; a missing parameter is only noted in `parameters`.
  Document expand(const Document& value, const std::string& path);

  const std::set<std::string>& used_variables() const { return used_variables_; }
  // The first parameter that each string holds, by the string's path.
  const std::map<std::string, std::string>& parameter_at() const { return parameter_at_; }

 private:
  // A result, and whether it came from a call (of the two kinds of brackets, only that one is an expression).
  struct Result {
    Document value;
    bool is_call = false;
  };

  Document expand_members(const Document& value, const std::string& path);
  Document expand_string(const std::string& text, const std::string& path);
  Document replace_brackets(const std::string& text);
  Document replace_bracket(const std::string& text, std::size_t open, std::size_t close);
  bool is_escape(const std::string& text, std::size_t open);
  void leave_rest(const std::string& text, std::size_t open, bool is_unclosed);

  Result evaluate(std::string_view expression);
  Document evaluate_call(std::string_view name, std::string_view call);
  Document parameter(const std::string& name);
  const Document& variable(const std::string& name);
  Document evaluate_inside(const Document& value, const std::string& call);
  std::string concat(std::string_view arguments);
  std::string single_argument(std::string_view name, std::string_view arguments);
  Document reach(Document value, std::string_view references, const std::string& owner);
  Document reach_one(const Document& value, const std::string& key, const std::string& owner);

  const Document& variables_;
  ParameterValues& parameters_;
  Report& report_;
  Settings settings_;
  std::string path_;                   // of the string at hand
  std::set<std::string> in_progress_;  // calls whose results are being evaluated
  std::set<std::string> used_variables_;
  std::map<std::string, std::string> parameter_at_;
};

}  // namespace batchite::workflow
