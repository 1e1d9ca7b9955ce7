// $expand=stats of pools, jobs, job schedules (their jobs' sums) and tasks. Numbers are those of the processes that
// ran: what the kernel counted (getrusage) and when tasks were created, started and ended. Reads and writes are those
// that reached a disk, in blocks of 512 bytes, each taken as one operation. What nobody measures here (network, disk
// space, the average of memory) is 0.0, since the service's answers always have all members. Source:
// learn.microsoft.com/rest/api/batchservice/job/get, …/pool/get, …/task/get, and recorded lifetime statistics.
#pragma once
#include "core/backend.h"
#include "core/change.h"

namespace batchite {

// The document with `stats`, if the call's $expand asks for them. REQUIRES: a pool, job, schedule or task that is
// there, of an operation that takes $expand.
Document with_statistics(const Change& change, const Call& call, Kind kind, std::int64_t key, Document document);

}  // namespace batchite
