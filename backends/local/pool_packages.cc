// The part of ProcessHost that brings a pool's application packages to a node as it boots: before its start task, which
// comes only when NodeBooted has been told. A node that cannot have them is unusable.
#include "backends/local/package_installer.h"
#include "backends/local/process_host.h"

namespace batchite {

void ProcessHost::install_packages(BootNodeOrder order) {
  NodeHost& node = nodes_.at(order.what.node);
  ++node.runs;  // who wants the node to be empty waits for this as well
  node.installing = order.what.boot;
  in_background([this, order = std::move(order), applications = node.facts.root / "applications"] {
    const std::optional<Failure> failure = stager_.install(order.packages, applications);
    post([this, order, failure] { packages_installed(order, failure); });
  });
}

void ProcessHost::packages_installed(const BootNodeOrder& order, const std::optional<Failure>& failure) {
  const auto found = nodes_.find(order.what.node);
  if (found == nodes_.end() || found->second.installing != order.what.boot) return;  // it boots anew meanwhile
  NodeHost& node = found->second;
  node.installing = 0;
  --node.runs;
  if (node.when_empty) return std::exchange(node.when_empty, {})();
  if (failure) {
    events_.emplace_back(NodeLost{order.what.node, NodeState::Unusable, failure});
    return;
  }
  add_package_variables(node.facts.more, order.packages, node.facts.root);
  events_.emplace_back(NodeBooted{order.what.node, order.what.boot});
}

}  // namespace batchite
