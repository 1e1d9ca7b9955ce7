// Command lines of templates: the shell in front of them, and the operating system that decides which. Pure; any
// thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "core/base/document.h"
#include "core/workflow/report.h"

namespace batchite::workflow {

enum class OperatingSystem { Linux, Windows };

// Of a pool's body or a specification. The node agent SKU decides, so that custom Linux images are Linux; without one,
// a pool without an image publisher (a cloud service) is Windows.
OperatingSystem operating_system(const Document& pool);

// Begins with cmd.exe /c, cmd /c, /bin/bash -c or /bin/sh -c.
bool is_prefixed(std::string_view command_line);

// One word for a POSIX shell: as it is if nothing in it is special, else in single quotes.
std::string shell_quote(std::string_view text);

// The command without "/bin/bash -c " and the like, and without the quotes around what remains.
std::string without_prefix(std::string_view command_line);

// Asked only when needed, since the answer may lie with the service.
using AskSystem = std::function<OperatingSystem()>;

// Puts a shell in front of the task's commandLine unless it has one. `task` may be null. Reports a missing commandLine.
void prefix_command(Document* task, const std::string& path, const AskSystem& system, Report& report);

}  // namespace batchite::workflow
