// Finding what a request names, and the parts that answers have in common.
#pragma once
#include <optional>
#include <string>

#include "core/backend.h"
#include "core/change.h"
#include "core/lang/odata.h"

namespace batchite {

// Each throws the service's …NotFound.
PoolKey the_pool(const Change& change, const Call& call);          // path poolId
NodeKey the_node(const Change& change, const Call& call);          // path poolId and nodeId
JobKey the_job(const Change& change, const Call& call);            // path jobId
TaskKey the_task(const Change& change, const Call& call);          // path jobId and taskId
ScheduleKey the_schedule(const Change& change, const Call& call);  // path jobScheduleId

// A resource's document with what the call's body gives it; `replaced` forgets first whatever a body can give.
Document patched(Document document, const Call& call);
Document replaced(Document document, const Call& call);

// Throws what the service says of a node that is neither idle nor running: that it is being created, started, …
void require_ready(const Node& node);

// Jobs on their way out refuse changes and tasks, each in its own words (JobBeingTerminated, JobCompleted,
// JobBeingDeleted).
void require_open(const Job& job);

// Throws MultipleConditionHeadersNotSupported for conditional headers that cannot stand together (only If-None-Match
// with If-Modified-Since and If-Match with If-Unmodified-Since can), InvalidHeaderValue for what is no date. Operations
// without conditions do not look at any.
void check_condition_headers(const Call& call);

// Throws ConditionNotMet (304 for reads, 412 for writes) when the call's conditions do not hold for `modified`.
void check_conditions(const Call& call, Time modified);

// An answer without a body, with the operation's success status.
Reply done(const Call& call, std::optional<Time> modified = std::nullopt);

// One resource, reduced to $select.
Reply one(const Call& call, Document document, std::optional<Time> modified = std::nullopt);

// The call's $filter; nullopt: none was asked for.
std::optional<Filter> filter_of(const Call& call);

// A page of a list: rows of the store after $skiptoken that $filter lets through, rendered one by one, and a link to
// the rest. Rows whose id or state rules them out are not rendered.
Reply page(Change& change, const Call& call, Kind kind, std::int64_t parent,
           Document (*render)(const Change&, std::int64_t key));

// The same for a list that is at hand as a whole, its $filter applied already; pages go by position. `base` is the
// change's base_url().
Reply page_of(const std::string& base, const Call& call, const Document& items);

// "http://…/pools/p1"; `base` without a slash at the end.
std::string pool_url(const Change& change, std::string_view pool_id);
std::string node_url(const Change& change, const NodeName& name);
std::string job_url(const Change& change, std::string_view job_id);
std::string schedule_url(const Change& change, std::string_view schedule_id);
std::string task_url(const Change& change, std::string_view job_id, std::string_view task_id);

}  // namespace batchite
