// A task's command line, cut into arguments as on a Linux node. There is no shell: no variables, globs, pipes or `&&`.
// Blanks separate. '…' is literal. In "…" a backslash escapes only " and \ and otherwise stays, so that
// `bash -c "echo \$HOME"` hands `echo \$HOME` on. Outside quotes it escapes any character. An unclosed quote reaches to
// the end; a backslash at the very end is itself. Quotes may join parts: a"b c"d is one argument; "" is an empty one.
// Source: the recorded start tasks and the article on command lines of tasks. Pure; any thread; never throws but
// bad_alloc.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace batchite {

std::vector<std::string> split_command_line(std::string_view line);

}  // namespace batchite
