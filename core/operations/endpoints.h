// How clients reach a node from outside, by the service's scheme: a load balancer whose front-end ports count the nodes
// up. Nothing listens there; what matters is that all answers agree. A node keeps its ports for life.
// Source: recorded answers (rules SSHRule.0, {NAT pool}.0; front ends 50000 + n and frontendPortRangeStart + n).
#pragma once
#include <string>

#include "core/base/document.h"
#include "core/scheduler/keys.h"

namespace batchite {

bool is_cloud_service(const Document& pool_spec);
bool is_windows(const Document& pool_spec);

inline constexpr const char* kNodeAddress = "127.0.0.1";

// The port of SSH (Linux) or remote desktop (Windows) at kNodeAddress.
int login_port(NodeKey node);
// A node's number in the names and ports of its rules.
int endpoint_index(NodeKey node);

// endpointConfiguration of the node document.
Document endpoint_configuration(NodeKey node, const Document& pool_spec);

}  // namespace batchite
