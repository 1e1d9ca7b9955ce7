#include "core/operations/endpoints.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"

namespace batchite {
namespace {

constexpr int kFirstLoginPort = 50000;
constexpr int kLoginPorts = 10000;
constexpr int kSshPort = 22;
constexpr int kDesktopPort = 3389;
constexpr int kCloudServiceDesktopPort = 20000;

struct Endpoint {
  std::string name;
  std::string protocol;
  int front, back;
};

Document document_of(const Endpoint& endpoint) {
  return {{"name", endpoint.name},     {"protocol", endpoint.protocol},  {"publicIPAddress", kNodeAddress},
          {"publicFQDN", "localhost"}, {"frontendPort", endpoint.front}, {"backendPort", endpoint.back}};
}

Endpoint login_endpoint(NodeKey node, const Document& pool_spec) {
  if (is_cloud_service(pool_spec)) {
    return {"Microsoft.WindowsAzure.Plugins.RemoteForwarder.RdpInput", "tcp", kDesktopPort, kCloudServiceDesktopPort};
  }
  const bool windows = is_windows(pool_spec);
  return {fmt::format("{}.{}", windows ? "RDPRule" : "SSHRule", endpoint_index(node)), "tcp", login_port(node),
          windows ? kDesktopPort : kSshPort};
}

// The pool's range is reused when nodes have come and gone more often than it is long.
Endpoint nat_endpoint(NodeKey node, const Reader& nat_pool) {
  const int first = nat_pool.get("frontendPortRangeStart", 0);
  const int length = std::max(1, nat_pool.get("frontendPortRangeEnd", first) - first + 1);
  const int index = endpoint_index(node);
  return {fmt::format("{}.{}", nat_pool.text("name"), index), fold(nat_pool.text("protocol")), first + index % length,
          nat_pool.get("backendPort", 0)};
}

}  // namespace

bool is_cloud_service(const Document& pool_spec) { return Reader(pool_spec).has("cloudServiceConfiguration"); }

bool is_windows(const Document& pool_spec) {
  const std::string agent = fold(Reader(pool_spec).object("virtualMachineConfiguration").text("nodeAgentSKUId"));
  return is_cloud_service(pool_spec) || agent.find("windows") != std::string::npos;
}

int endpoint_index(NodeKey node) { return static_cast<int>((number(node) - 1) % kLoginPorts); }

int login_port(NodeKey node) { return kFirstLoginPort + endpoint_index(node); }

Document endpoint_configuration(NodeKey node, const Document& pool_spec) {
  Document endpoints = Document::array();
  const Reader network = Reader(pool_spec).object("networkConfiguration").object("endpointConfiguration");
  for (const Document& nat_pool : network.array("inboundNATPools")) {
    endpoints.push_back(document_of(nat_endpoint(node, Reader(nat_pool))));
  }
  endpoints.push_back(document_of(login_endpoint(node, pool_spec)));
  return {{"inboundEndpoints", std::move(endpoints)}};
}

}  // namespace batchite
