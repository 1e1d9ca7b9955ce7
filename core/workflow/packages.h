// packageReferences: lists of operating system packages that become the setup part of a start or job preparation task.
// Pure; any thread. Throws UsageError naming the list.
#pragma once
#include <string>
#include <vector>

#include "core/workflow/command_line.h"

namespace batchite::workflow {

// "apt-get update;apt-get install -y ffmpeg;…" for a list of one kind; empty for an empty list.
std::string install_command(const Document& references, const std::string& path, OperatingSystem system,
                            const Report& report);

// The task with `install` in front of its own command, run as administrator, and waited for. `task` may be null.
Document with_setup(const Document* task, const std::string& install, OperatingSystem system);

// Takes packageReferences off the pool and puts their installation into its start task.
void install_on_pool(Document& pool, const std::string& path, const Report& report);

// Takes them off a task, adding those to `all` whose id is not there yet.
void collect_packages(Document& task, const std::string& path, Document& all, const Report& report);

}  // namespace batchite::workflow
