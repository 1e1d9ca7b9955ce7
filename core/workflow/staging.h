// Resource and output files of templates turned into what the service takes: file groups become signed addresses.
// One thread. Throws UsageError naming the place.
#pragma once
#include <string>

#include "core/workflow/file_source.h"

namespace batchite::workflow {

// Replaces the `source` form in every resourceFiles and commonResourceFiles within `document`, at any depth.
void resolve_resource_files(Document& document, const std::string& path, FileSources& sources, const Report& report);

// Replaces autoStorage destinations in the outputFiles of one task (null: nothing), and signs containers without one.
void resolve_output_files(Document* task, const std::string& path, FileSources& sources, const Report& report);

}  // namespace batchite::workflow
