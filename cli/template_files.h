// Templates, parameters and inputs as the command line names them, made into a request to expand.
// Throws UsageError naming file, place and remedy.
#pragma once
#include <string>
#include <vector>

#include "cli/program.h"
#include "core/workflow/template.h"
#include "core/workflow/transfer.h"

namespace batchite::cli {

// Flags of every command that reads templates.
struct TemplateFlags {
  std::vector<std::string> paths;  // POOL.json JOB.json in any order, or one folder with both
  std::string parameters_file;
  std::vector<std::string> values;  // "name=value"
  bool strict = false;
  bool lenient_brackets = false;
  bool autopool = false;
};
void declare(CLI::App& command, TemplateFlags& flags);

// Values for parameters come from --parameters, then from -P, then (a folder) from its parameters.json.
workflow::Request read_request(const TemplateFlags& flags, const Program& program);

// Gives values to what can go without a person: a name for a file group or a job, of this run. On a terminal asks for
// the rest; else what is missing is told when the request is expanded.
void complete(workflow::Request& request, const std::string& run_id, const Program& program);

// "GLOB" for the one group that is read, "NAME=GLOB" for the group, or the parameter that names it.
std::vector<workflow::Input> read_inputs(const std::vector<std::string>& texts, const workflow::FileGroups& groups);

// "90", "90s", "15m", "2h", "1d" or "PT15M".
Ticks parse_timeout(const std::string& text, const std::string& flag);
// The same, but nothing and 0 are no time at all.
Ticks parse_delay(const std::string& text, const std::string& flag);

}  // namespace batchite::cli
