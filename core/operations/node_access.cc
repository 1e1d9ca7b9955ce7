// Ways into a node: SSH for pools of virtual machines, a remote desktop file for cloud services.
// Sources: learn.microsoft.com/rest/api/batchservice/compute-node/get-remote-login-settings, get-remote-desktop;
// recorded answers (the two lines of the file, its content type).
#include <fmt/format.h>

#include "core/contract/error_codes.h"
#include "core/operations/endpoints.h"
#include "core/operations/lookup.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

void require_pool_of(const Change& change, NodeKey node, bool cloud_services, const char* operation) {
  const PoolKey pool = change.state().nodes.at(node).status.pool;
  if (is_cloud_service(Document::parse(change.read().get(Kind::Pool, number(pool)).spec)) == cloud_services) return;
  throw Error(errors::kOperationNotValidOnNode,
              {{"Reason", fmt::format("Operation {} can be invoked only on pools created with {}", operation,
                                      cloud_services ? "cloudServiceConfiguration" : "virtualMachineConfiguration")}});
}

Answer remote_login(Change& change, const Call& call) {
  const NodeKey node = the_node(change, call);
  require_pool_of(change, node, false, "remoteloginsettings");
  const int port = login_port(node);
  return one(call, {{"remoteLoginIPAddress", kNodeAddress},
                    {"remoteLoginPort", port},
                    {"ipv6RemoteLoginIPAddress", "::1"},
                    {"ipv6RemoteLoginPort", port}});
}

Answer remote_desktop(Change& change, const Call& call) {
  const NodeKey node = the_node(change, call);
  require_pool_of(change, node, true, "rdp");
  Reply reply = done(call);
  reply.headers.add("Content-Type", "application/octet-stream");
  reply.bytes = std::make_shared<StringSource>(fmt::format(
      "full address:s:{}\r\nLoadBalanceInfo:s:Cookie: mstshash=TVM#TVM_IN_{}", kNodeAddress, endpoint_index(node)));
  return reply;
}

constexpr OperationRow kAccess[] = {
    {"ComputeNode_GetRemoteLoginSettings", remote_login},
    {"ComputeNode_GetRemoteDesktop", remote_desktop},
};

}  // namespace

std::span<const OperationRow> node_access_operations() { return kAccess; }

}  // namespace batchite
