// Faults of emulated nodes, and what Azure tells a machine before it takes it back. Not operations of the service: the
// emulator's own pages and the command line ask for them.
// Source: learn.microsoft.com/azure/virtual-machines/linux/scheduled-events.
#pragma once
#include "core/backend.h"
#include "core/change.h"

namespace batchite {

// Throws PoolNotFound, NodeNotFound; OperationNotValidOnNode with the reason.
void inflict_fault(Change& change, const NodeFault& fault);

// {"DocumentIncarnation": n, "Events": [{"EventId", "EventType": "Preempt", …}]}; node_id empty: of all nodes.
Document scheduled_events_of(const Change& change, const std::string& node_id);

}  // namespace batchite
