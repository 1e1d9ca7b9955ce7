// Whether the machines of a pool can be had: an image that the account does not offer is told before anything is made,
// with what it offers instead. Which sizes of machines there are is not the Batch service's to tell.
#pragma once
#include <string>

#include "core/workflow/client.h"

namespace batchite::workflow {

// Throws UsageError. The answer is a warning; empty: there is none.
std::string check_image(Client& client, const Document& pool, Time now);

}  // namespace batchite::workflow
