// The smallest bodies that the service takes.
#pragma once
#include "core/base/document.h"

namespace batchite {

inline Document pool_document(const std::string& id, int spot_nodes, const Document& more = Document::object()) {
  Document body = {{"id", id},
                   {"vmSize", "STANDARD_A1_v2"},
                   {"virtualMachineConfiguration",
                    {{"imageReference", {{"publisher", "canonical"}, {"offer", "ubuntuserver"}, {"sku", "18.04-lts"}}},
                     {"nodeAgentSKUId", "batch.node.ubuntu 18.04"}}},
                   {"targetLowPriorityNodes", spot_nodes}};
  body.update(more);
  return body;
}

inline Document job_document(const std::string& id, const std::string& pool_id) {
  return {{"id", id}, {"poolInfo", {{"poolId", pool_id}}}};
}

}  // namespace batchite
