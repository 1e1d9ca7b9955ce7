// The account: node counts of its pools, the images it offers.
#include "core/contract/error_codes.h"
#include "core/operations/lookup.h"
#include "core/operations/render.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

struct Image {
  std::string_view publisher, offer, sku, agent, end_of_life;
};
// Names that templates and tutorials use; a task runs on this machine whatever the image.
constexpr Image kImages[] = {
    {"canonical", "0001-com-ubuntu-server-focal", "20_04-lts", "batch.node.ubuntu 20.04", ""},
    {"canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04", ""},
    {"canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04", ""},
    {"canonical", "ubuntuserver", "18.04-lts", "batch.node.ubuntu 18.04", "2023-05-31T00:00:00Z"},
    {"debian", "debian-12", "12-gen2", "batch.node.debian 12", ""},
    {"microsoft-dsvm", "ubuntu-hpc", "2204", "batch.node.ubuntu 22.04", ""},
    {"almalinux", "almalinux-x86_64", "9-gen2", "batch.node.el 9", ""},
};

Answer supported_images(Change& change, const Call& call) {
  const std::optional<Filter> filter = filter_of(call);
  Document value = Document::array();
  for (const Image& image : kImages) {
    Document entry = {
        {"nodeAgentSKUId", image.agent},
        {"imageReference",
         {{"publisher", image.publisher}, {"offer", image.offer}, {"sku", image.sku}, {"version", "latest"}}},
        {"osType", "linux"},
        {"verificationType", "verified"}};
    if (!image.end_of_life.empty()) entry["batchSupportEndOfLife"] = image.end_of_life;
    if (!filter || filter->matches(entry)) value.push_back(std::move(entry));
  }
  return page_of(change.base_url(), call, value);
}

// The wire names of the counters, by NodeState.
constexpr std::array<const char*, kNodeStates> kCounters = {
    "idle",      "rebooting",           "reimaging",       "running",     "unusable",    "creating",
    "starting",  "waitingForStartTask", "startTaskFailed", "unknown",     "leavingPool", "offline",
    "preempted", "upgradingOS",         "deallocated",     "deallocating"};

Document count_nodes(const Change& change, const Pool& pool, bool dedicated) {
  std::array<int, kNodeStates> counts{};
  for (const NodeKey node : pool.nodes) {
    const NodeStatus& status = change.state().nodes.at(node).status;
    if (status.dedicated == dedicated) ++counts[static_cast<std::size_t>(status.state)];
  }
  Document document = Document::object();
  int total = 0;
  for (std::size_t i = 0; i < kNodeStates; ++i) {
    document[kCounters[i]] = counts[i];
    total += counts[i];
  }
  document["total"] = total;
  return document;
}

Document render_counts_of_pool(const Change& change, std::int64_t key) {
  const auto pool = change.state().pools.find(PoolKey{key});
  if (pool == change.state().pools.end()) return nullptr;
  return {{"poolId", change.read().get(Kind::Pool, key).id},
          {"dedicated", count_nodes(change, pool->second, true)},
          {"lowPriority", count_nodes(change, pool->second, false)}};
}

Answer node_counts(Change& change, const Call& call) {
  return page(change, call, Kind::Pool, 0, render_counts_of_pool);
}

constexpr OperationRow kAccount[] = {
    {"Account_ListSupportedImages", supported_images},
    {"Account_ListPoolNodeCounts", node_counts},
};

}  // namespace

std::span<const OperationRow> account_operations() { return kAccount; }

}  // namespace batchite
