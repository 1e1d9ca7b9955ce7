// Extensions of virtual machines: what the pool asks for, shown at each node. Nothing is installed here; the status
// says so. Source: learn.microsoft.com/rest/api/batchservice/compute-node-extension.
#include "core/contract/error_codes.h"
#include "core/operations/lookup.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

Document render_extension(const NodeStatus& node, const Document& extension) {
  const bool provisioned = node.last_boot != kNever;
  const std::string state = provisioned ? "succeeded" : "creating";
  Document status = {{"code", "ProvisioningState/" + state},
                     {"displayStatus", "Provisioning " + state},
                     {"level", "Info"},
                     {"message", "Batchite does not install extensions"}};
  if (provisioned) status["time"] = iso8601(node.last_boot);
  return {{"provisioningState", provisioned ? "Succeeded" : "Creating"},
          {"vmExtension", extension},
          {"instanceView", {{"name", extension.at("name")}, {"statuses", Document::array({status})}}}};
}

Document extensions_of(const Change& change, const Call& call) {
  const NodeStatus& node = change.state().nodes.at(the_node(change, call)).status;
  const Document pool = Document::parse(change.read().get(Kind::Pool, number(node.pool)).spec);
  Document rendered = Document::array();
  for (const Document& extension : Reader(pool).object("virtualMachineConfiguration").array("extensions")) {
    rendered.push_back(render_extension(node, extension));
  }
  return rendered;
}

Answer list_extensions(Change& change, const Call& call) {
  return page_of(change.base_url(), call, extensions_of(change, call));
}

Answer get_extension(Change& change, const Call& call) {
  const std::string wanted = call.path.get("extensionName");
  for (Document& extension : extensions_of(change, call)) {
    if (same_id(extension["vmExtension"]["name"].get<std::string>(), wanted)) return one(call, std::move(extension));
  }
  throw Error(errors::kResourceNotFound);
}

constexpr OperationRow kExtensions[] = {
    {"ComputeNodeExtension_Get", get_extension},
    {"ComputeNodeExtension_List", list_extensions},
};

}  // namespace

std::span<const OperationRow> node_extension_operations() { return kExtensions; }

}  // namespace batchite
