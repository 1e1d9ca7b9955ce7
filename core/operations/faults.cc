#include "core/operations/faults.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/digest.h"
#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/render.h"

namespace batchite {
namespace {

[[noreturn]] void refuse(std::string reason) {
  throw Error(errors::kOperationNotValidOnNode, {{"Reason", std::move(reason)}});
}

NodeKey node_of(const Change& change, const NodeFault& fault) {
  if (fault.pool_id.empty()) {
    if (const auto node = change.find_node(fault.node_id)) return *node;
    throw Error(errors::kNodeNotFound);
  }
  const auto pool = change.read().find(Kind::Pool, 0, fault.pool_id);
  if (!pool) throw Error(errors::kPoolNotFound);
  const auto node = change.find_node(PoolKey{*pool}, fault.node_id);
  if (!node) throw Error(errors::kNodeNotFound);
  return *node;
}

const NodeStatus& status_of(const Change& change, NodeKey node) { return change.state().nodes.at(node).status; }

void preempt(Change& change, NodeKey node, const NodeFault& fault) {
  if (status_of(change, node).dedicated) refuse("Only spot nodes are preempted, and this one is dedicated");
  change.happen(NodePreemptAsked{node, fault.notice, fault.away});
  const NodeStatus& after = status_of(change, node);
  if (after.state != NodeState::Preempted && after.preempt_at == kNever) {
    refuse(fmt::format("The node is {}: there is nothing to be taken", text_of(after.state)));
  }
}

void fail(Change& change, NodeKey node, const NodeFault& fault) {
  const NodeState state = status_of(change, node).state;
  if (state == NodeState::LeavingPool || state == NodeState::Deallocated || state == NodeState::Preempted) {
    refuse(fmt::format("The node is {}", text_of(state)));
  }
  change.happen(
      NodeLost{node, NodeState::Unusable,
               Failure{.category = Category::ServerError,
                       .code = fault.code.empty() ? "NodeUnusable" : fault.code,
                       .message = fault.message.empty() ? "The node was made unusable by request." : fault.message,
                       .details = {}}});
}

void recover(Change& change, NodeKey node) {
  const NodeState state = status_of(change, node).state;
  if (state != NodeState::Unusable) refuse(fmt::format("Only an unusable node recovers; it is {}", text_of(state)));
  change.happen(NodeRebootAsked{node, DrainOption::Requeue, false});
}

// The same until the node is taken.
std::string event_id(const Change& change, NodeKey node) {
  return guid_of(fmt::format("{}/{}", change.name_of(node).node_id,
                             status_of(change, node).preempt_at.time_since_epoch().count()));
}

}  // namespace

void inflict_fault(Change& change, const NodeFault& fault) {
  const NodeKey node = node_of(change, fault);
  change.write();
  switch (fault.kind) {
    case NodeFault::Kind::Preempt:
      return preempt(change, node, fault);
    case NodeFault::Kind::Fail:
      return fail(change, node, fault);
    case NodeFault::Kind::Recover:
      return recover(change, node);
  }
}

Document scheduled_events_of(const Change& change, const std::string& node_id) {
  std::vector<NodeKey> announced;
  for (const auto& [key, node] : change.state().nodes) {
    const bool asked_for = node_id.empty() || same_id(change.name_of(key).node_id, node_id);
    if (asked_for && node.status.preempt_at != kNever) announced.push_back(key);
  }
  std::ranges::sort(announced);
  Document events = Document::array();
  for (const NodeKey key : announced) {
    events.push_back({{"EventId", event_id(change, key)},
                      {"EventType", "Preempt"},
                      {"ResourceType", "VirtualMachine"},
                      {"Resources", Document::array({change.name_of(key).node_id})},
                      {"EventStatus", "Scheduled"},
                      {"NotBefore", http_date(status_of(change, key).preempt_at)},
                      {"Description", "Virtual machine is being preempted: the capacity is needed elsewhere."},
                      {"EventSource", "Platform"},
                      {"DurationInSeconds", -1}});
  }
  return {{"DocumentIncarnation", change.revision()}, {"Events", std::move(events)}};
}

}  // namespace batchite
