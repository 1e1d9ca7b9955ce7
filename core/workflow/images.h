// Whether the machines of a pool can be had: an image that the account does not offer, and a size that there is not,
// are told before a pool is made, with what there is instead.
#pragma once
#include <string>

#include "core/workflow/client.h"

namespace batchite::workflow {

// Throws UsageError. The answer is a warning; empty: there is none.
std::string check_image(Client& client, const Document& pool, Time now);

// Throws UsageError for a size that the backend knows not to be there.
void check_vm_size(Backend& backend, const Document& pool);

}  // namespace batchite::workflow
