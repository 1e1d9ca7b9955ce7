// What the contract's tables say about the query of a request: which parameters an operation of a version has, and
// which values they take. api-version, timeout and $skiptoken are allowed everywhere. $filter is looked at where it is
// used (core/lang/odata.h). Pure; any thread.
// Source: learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes; a recorded refusal (maxresults=-5).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parameters.h"
#include "core/contract/contract.h"

namespace batchite::contract {

// Throws UnsupportedQueryParameter or InvalidQueryParameterValue for the first thing wrong, naming it. Parameters that
// are required but missing are the caller's business: in-process calls carry their version otherwise.
void check_query(const Operation& operation, const Parameters& query, Version version);

// The names in a $select, without blanks around them.
std::vector<std::string> selected_names(std::string_view select);

}  // namespace batchite::contract
