// Compute nodes. Source: learn.microsoft.com/rest/api/batchservice/compute-node and recorded answers.
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/endpoints.h"
#include "core/operations/lookup.h"
#include "core/operations/render.h"
#include "core/operations/specs.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

Answer list_nodes(Change& change, const Call& call) {
  return page(change, call, Kind::Node, number(the_pool(change, call)), render_node);
}

Answer get_node(Change& change, const Call& call) {
  Reply reply = one(call, render_node(change, number(the_node(change, call))), change.now());
  reply.modified.reset();  // nodes have no ETag
  return reply;
}

Document body_of(const Call& call) {
  return call.body.is_null() ? Document::object() : contract::normalise(*call.operation.body, call.body);
}

// Machines that can be reimaged where they are: those of cloud services, and in newer versions all.
constexpr contract::Version kLastWithoutReimage{20230501};

void require_reimageable(const Change& change, const Call& call, NodeKey node) {
  if (call.version > kLastWithoutReimage) return;
  const PoolKey pool = change.state().nodes.at(node).status.pool;
  if (is_cloud_service(Document::parse(change.read().get(Kind::Pool, number(pool)).spec))) return;
  throw Error(errors::kOperationNotValidOnNode,
              {{"Reason", "Operation reimage can be invoked only on pools created with cloudServiceConfiguration"}});
}

Answer reboot(Change& change, const Call& call, const char* option, bool reimage) {
  const NodeKey node = the_node(change, call);
  if (reimage) require_reimageable(change, call, node);
  const NodeState state = change.state().nodes.at(node).status.state;
  // A node whose start task failed is rebooted to try it again.
  if (state != NodeState::StartTaskFailed) require_ready(change.state().nodes.at(node));
  change.write();
  change.happen(NodeRebootAsked{node, drain_option(body_of(call), option), reimage});
  return done(call);
}

Answer reboot_node(Change& change, const Call& call) { return reboot(change, call, "nodeRebootOption", false); }
Answer reimage_node(Change& change, const Call& call) { return reboot(change, call, "nodeReimageOption", true); }

bool is_away(NodeState state) { return state == NodeState::Deallocating || state == NodeState::Deallocated; }

Answer deallocate(Change& change, const Call& call) {
  const NodeKey node = the_node(change, call);
  const Node& state = change.state().nodes.at(node);
  if (is_away(state.status.state)) throw Error(errors::kOperationInvalidForCurrentState);
  require_ready(state);
  change.write();
  change.happen(NodeDeallocateAsked{node, drain_option(body_of(call), "nodeDeallocateOption")});
  return done(call);
}

Answer start(Change& change, const Call& call) {
  const NodeKey node = the_node(change, call);
  const Node& state = change.state().nodes.at(node);
  if (state.status.state != NodeState::Deallocated) {
    if (state.status.state != NodeState::Deallocating) require_ready(state);  // being created, rebooted …
    throw Error(errors::kOperationInvalidForCurrentState);
  }
  change.write();
  change.happen(NodeStartAsked{node});
  return done(call);
}

Answer set_scheduling(Change& change, const Call& call, bool enabled) {
  const NodeKey node = the_node(change, call);
  if (change.state().nodes.at(node).status.scheduling_enabled == enabled) {
    throw Error(errors::kNodeAlreadyInTargetSchedulingState);
  }
  const DrainOption drain = enabled ? DrainOption::Requeue : drain_option(body_of(call), "nodeDisableSchedulingOption");
  change.write();
  change.happen(NodeSchedulingAsked{node, enabled, drain});
  return done(call);
}

Answer disable_scheduling(Change& change, const Call& call) { return set_scheduling(change, call, false); }
Answer enable_scheduling(Change& change, const Call& call) { return set_scheduling(change, call, true); }

constexpr OperationRow kNodes[] = {
    {"ComputeNode_List", list_nodes},
    {"ComputeNode_Get", get_node},
    {"ComputeNode_Reboot", reboot_node},
    {"ComputeNode_Reimage", reimage_node},
    {"ComputeNode_Start", start},
    {"ComputeNode_Deallocate", deallocate},
    {"ComputeNode_DisableScheduling", disable_scheduling},
    {"ComputeNode_EnableScheduling", enable_scheduling},
};

}  // namespace

std::span<const OperationRow> node_operations() { return kNodes; }

}  // namespace batchite
