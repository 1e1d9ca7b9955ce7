// Statuses as the store keeps them: the fields in the order of map(), one function for writing and reading. A text
// begins with its version; new fields go to the end of a map() and raise the version, so that older texts still read.
#pragma once
#include <string>
#include <string_view>

#include "core/scheduler/state.h"

namespace batchite {

std::string to_text(const PoolStatus& status);
std::string to_text(const NodeStatus& status);
std::string to_text(const JobStatus& status);
std::string to_text(const JobNodeStatus& status);
std::string to_text(const ScheduleStatus& status);
std::string to_text(const AccountTotals& totals);
// With what the scheduler needs of its document, so that a million tasks load without parsing theirs.
std::string to_text(const Task& task);

// Throws Error(InternalError) for a text that was not written by to_text.
void from_text(std::string_view text, PoolStatus& status);
void from_text(std::string_view text, NodeStatus& status);
void from_text(std::string_view text, JobStatus& status);
void from_text(std::string_view text, JobNodeStatus& status);
void from_text(std::string_view text, ScheduleStatus& status);
void from_text(std::string_view text, AccountTotals& totals);
void from_text(std::string_view text, Task& task);  // all but spec.job

}  // namespace batchite
