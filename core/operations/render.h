// Resources as the service shows them: the client's document joined with the status. The only place where read-only
// properties are written; their order is that of the recorded answers. A null document: it is gone.
#pragma once
#include "core/base/document.h"
#include "core/change.h"

namespace batchite {

// Wire texts of states, by enumerator: read both ways.
std::string_view text_of(PoolState state);
std::string_view text_of(AllocationState state);
std::string_view text_of(NodeState state);
std::string_view text_of(TaskState state);
std::string_view text_of(JobState state);
std::string_view text_of(ScheduleState state);

Document render_pool(const Change& change, std::int64_t key);
Document render_node(const Change& change, std::int64_t key);
Document render_job(const Change& change, std::int64_t key);
Document render_schedule(const Change& change, std::int64_t key);
Document render_task(const Change& change, std::int64_t key);
// Of a multi-instance task; `instance` from 1.
Document render_subtask(const Change& change, TaskKey key, int instance);

// failureInfo.
Document render_scale_run(const ScaleRun& run);
Document render_failure(const Failure& failure);

// taskCounts and taskSlotCounts.
Document render_counts(const TaskCounts& counts);

}  // namespace batchite
