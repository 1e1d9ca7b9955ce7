// What running processes have taken so far, by the pool of the node that they run on. Reads /proc: proc(5), stat and
// io. Any thread. What ends while it is read is left out.
#pragma once
#include <sys/types.h>

#include <map>
#include <string>

#include "core/scheduler/state.h"

namespace batchite {

// Of everything below the process `launcher`, by AZ_BATCH_POOL_ID; a process that has lost the variable counts where
// its parent does. `peak_memory` is what is resident by now, of all processes together.
std::map<std::string, Usage> read_processes(pid_t launcher);

}  // namespace batchite
