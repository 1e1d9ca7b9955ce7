// Pools that scale by a formula: the three operations, and the evaluation that the scheduler asks for when it is due.
#pragma once
#include <string>

#include "core/change.h"

namespace batchite {

// Answers Effects::evaluations_due.
void scale_pool(Change& change, PoolKey pool);

// What the pool was sampled for since it has a formula (at most a day, and since the service started), as
// `batchite autoscale eval --samples` reads it: [{"time": "…", "$ActiveTasks": 4, …}, …]. Throws PoolNotFound.
Document pool_samples(const Change& change, const std::string& pool_id);

}  // namespace batchite
