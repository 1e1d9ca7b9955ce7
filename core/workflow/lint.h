// What can be said of templates without running them: what would fail, what Azure's own tool would read otherwise, what
// is never used. Parameters without a value get an invented one. Pure; any thread; throws nothing.
#pragma once
#include <vector>

#include "core/workflow/template.h"

namespace batchite::workflow {

struct LintResult {
  std::vector<Warning> errors;    // the template cannot be used
  std::vector<Warning> warnings;  // it can
};

LintResult lint(const Request& request);

// A value that keeps to the parameter's type and limits; for allowed values the first one.
Document sample_value(const ParameterInfo& info);

}  // namespace batchite::workflow
