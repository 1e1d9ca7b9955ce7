// A job's applicationTemplateInfo: a file that holds the job's tasks and factory, with parameters of its own.
// One thread. Throws UsageError.
#pragma once
#include <string>

#include "core/workflow/body.h"

namespace batchite::workflow {

// Puts the template's members into `job` (normalised) and takes applicationTemplateInfo off. Warnings go to `warnings`.
// Nothing happens to a job without one.
void apply_application_template(Document& job, const std::string& path, const Request& request,
                                const BodySettings& settings, const Report& report, std::vector<Warning>& warnings);

}  // namespace batchite::workflow
