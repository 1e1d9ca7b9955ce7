// Which sizes of machines Batch offers in a region. The Batch service itself does not say: Resource Manager does, to
// whoever has a token of Entra ID and the right to read there (the role Reader has it). Source:
// learn.microsoft.com/rest/api/batchmanagement/location/list-supported-virtual-machine-skus.
#pragma once
#include "backends/azure/azure_backend.h"

namespace batchite::azure {

// Never throws because of what Resource Manager says: why nothing is known is part of the answer.
VmSizes ask_machine_sizes(const AzureManagement& management, const Seams& seams, std::shared_ptr<Tokens> tokens);

}  // namespace batchite::azure
