// Why a task is where it is: the state of the task, its job, what it depends on, its pool and the nodes, read from the
// service and put into sentences, the decisive one first. Throws what the backend throws.
#pragma once
#include <string>
#include <vector>

#include "core/workflow/client.h"

namespace batchite::workflow {

std::vector<std::string> explain_task(Client& client, const std::string& job, const std::string& task);

}  // namespace batchite::workflow
