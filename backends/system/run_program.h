// Runs another program for what it prints. Any thread.
#pragma once
#include <string>
#include <vector>

#include "core/base/time.h"

namespace batchite {

struct ProgramEnd {
  bool in_time = true;  // false: it was killed, with all that it had started
  int exit_code = 0;    // 128 and the signal's number when a signal ended it
  std::string out = {}, err = {};
};

// `command`: the program's path, and its arguments. It runs in "/" with this program's environment and nothing to read.
// Waits for its end, or for `limit`; more than 1 MiB of what it prints is left out. Throws std::system_error if it
// cannot be started.
ProgramEnd run_program(const std::vector<std::string>& command, Ticks limit);

// The program's path, by a PATH; empty: there is none.
std::string find_program(const std::string& name, const std::string& path);

}  // namespace batchite
