// What the name of a VM size tells: how many virtual cores a node of it has. Sizes of the A, D, DS, G and GS series and
// the first cloud-service sizes count otherwise than their numbers; all others carry the number in the name (F8s_v2,
// NC24rs_v3), the last one where cores are constrained (E16-4s_v5).
// Source: learn.microsoft.com/azure/virtual-machines/sizes and …/cloud-services/cloud-services-sizes-specs.
#pragma once
#include <optional>
#include <string_view>

namespace batchite {

// nullopt: the name does not tell.
std::optional<int> cores_of(std::string_view vm_size);

}  // namespace batchite
