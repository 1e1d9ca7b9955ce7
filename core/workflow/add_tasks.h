// Adding many tasks: in collections of at most 100, smaller where the service finds one too large, and with every
// item's own result looked at. Throws Error for the first item that is refused. One thread.
#pragma once
#include <string>
#include <vector>

#include "core/workflow/client.h"
#include "core/workflow/events.h"

namespace batchite::workflow {

inline constexpr std::size_t kTasksPerRequest = 100;  // the service's limit

// Stops between two requests when cancelled.
void add_tasks(Client& client, Pace& pace, const std::string& job, const std::vector<Document>& tasks);

}  // namespace batchite::workflow
