// Why a task is not running, in words: the scheduler's obstacles with the names that people know.
#pragma once
#include <string>

#include "core/base/document.h"
#include "core/change.h"

namespace batchite {

// As Backend::explain. Throws JobNotFound, TaskNotFound.
Document explain_task(const Change& change, const std::string& job_id, const std::string& task_id);

}  // namespace batchite
