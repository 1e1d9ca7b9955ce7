// Adding many tasks: in collections of at most 100, as many at once as the backend's manners say, smaller where the
// service finds one too large, and with every item's own result looked at: the service's failures are tried again.
// Throws Error for the first item that is refused, once the calls that go on at the same time have ended. Called by one
// thread; what the backend calls at once is its own.
// Source: azure-batch 14 for Python, what it does for add_collection.
#pragma once
#include <string>
#include <vector>

#include "core/workflow/client.h"
#include "core/workflow/events.h"

namespace batchite::workflow {

inline constexpr std::size_t kTasksPerRequest = 100;  // the service's limit

// Stops between two waves of requests when cancelled.
void add_tasks(Client& client, Pace& pace, const std::string& job, const std::vector<Document>& tasks);

}  // namespace batchite::workflow
