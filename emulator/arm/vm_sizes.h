// Sizes of machines as Resource Manager lists them. Pure; any thread.
// Source: learn.microsoft.com/rest/api/batchmanagement/location/list-supported-virtual-machine-skus; the names are
// those of learn.microsoft.com/azure/virtual-machines/sizes and of Batch Explorer's list of what Batch supports.
#pragma once
#include <string>
#include <vector>

#include "core/base/document.h"

namespace batchite::arm {

// Some of the A, D, E and F series and of those with GPUs: by far not all that Azure has, and not of one region.
const std::vector<std::string>& usual_vm_sizes();

// {"name", "capabilities": [{"name": "vCPUs", "value"}]}: what the name tells. Family, memory and disks are left out.
Document vm_size_document(const std::string& name);

}  // namespace batchite::arm
