#include "core/operations/pool_rules.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/lang/autoscale/autoscale.h"
#include "core/operations/defaults.h"
#include "core/operations/endpoints.h"
#include "core/operations/vm_size.h"

namespace batchite {
namespace {

constexpr std::size_t kMounts = 10;
constexpr std::size_t kNetworkRules = 25;  // of all NAT pools together
constexpr int kSmallestPortRange = 40;
constexpr int kReservedFirst = 50000, kReservedLast = 55000;  // front-end ports

Error missing(const char* property) { return Error(errors::kMissingRequiredProperty, {{"PropertyName", property}}); }

std::string text_of(const Document& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

Error refused(const char* property, const Reader& object, std::string reason) {
  const Document* value = object.find(property);
  return invalid_property(property, value ? text_of(*value) : "null", std::move(reason));
}

int how_many(const Reader& object, std::initializer_list<const char*> members) {
  return static_cast<int>(
      std::count_if(members.begin(), members.end(), [&](const char* member) { return object.has(member); }));
}

// --- scale ----------------------------------------------------------------------------------------------------------

void check_scale(const Reader& pool) {
  if (pool.get("enableAutoScale", false)) {
    if (!pool.has("autoScaleFormula")) throw missing("autoScaleFormula");
    for (const char* target : {"targetDedicatedNodes", "targetLowPriorityNodes"}) {
      if (pool.has(target)) throw refused(target, pool, "A pool that scales by a formula takes no targets");
    }
    autoscale::parse(pool.text("autoScaleFormula"));
    return;
  }
  if (pool.has("autoScaleFormula")) {
    throw refused("autoScaleFormula", pool, "enableAutoScale must be true with a formula");
  }
  for (const char* target : {"targetDedicatedNodes", "targetLowPriorityNodes"}) {
    if (pool.get(target, 0) < 0) throw refused(target, pool, "Must not be negative");
  }
}

void check_slots(const Reader& pool) {
  const auto cores = cores_of(pool.text("vmSize"));
  if (!cores) return;
  const int most = std::min(4 * *cores, 256);
  if (pool.get("taskSlotsPerNode", 1) > most) {
    throw refused("taskSlotsPerNode", pool,
                  fmt::format("A node of this size has {} cores and takes at most {} task slots", *cores, most));
  }
}

// --- machines -------------------------------------------------------------------------------------------------------

void check_image(const Reader& image) {
  if (image.has("virtualMachineImageId")) {
    const std::string id = fold(image.text("virtualMachineImageId"));
    const bool named = id.find("/providers/microsoft.compute/images/") != std::string::npos ||
                       id.find("/providers/microsoft.compute/galleries/") != std::string::npos;
    if (!id.starts_with("/subscriptions/") || !named) {
      throw refused("virtualMachineImageId", image,
                    "It must name an image: /subscriptions/{id}/resourceGroups/{name}/providers/Microsoft.Compute/…");
    }
  }
  const int others = how_many(image, {"virtualMachineImageId", "sharedGalleryImageId", "communityGalleryImageId"});
  const bool of_marketplace = how_many(image, {"publisher", "offer", "sku", "version"}) > 0;
  if (others + of_marketplace > 1) {
    throw invalid_property("imageReference", image.document().dump(),
                           "An image is named by its id or by publisher, offer, sku and version, not by both");
  }
  if (others > 0) return;
  for (const char* part : {"publisher", "offer", "sku"}) {
    if (!image.has(part)) throw missing(part);
  }
}

void check_data_disks(const Document& disks) {
  std::set<int> units;
  for (const Document& disk : disks) {
    const Reader reader(disk);
    if (!units.insert(reader.get("lun", 0)).second) throw refused("lun", reader, "Another data disk has the same lun");
    if (reader.get("diskSizeGB", 1) < 1) throw refused("diskSizeGB", reader, "Must be greater than 0");
  }
}

void check_machine(const Reader& pool) {
  if (pool.has("virtualMachineConfiguration") == pool.has("cloudServiceConfiguration")) {
    throw invalid_property("virtualMachineConfiguration", pool.has("virtualMachineConfiguration") ? "set" : "null",
                           "Exactly one of virtualMachineConfiguration and cloudServiceConfiguration must be set");
  }
  if (!pool.has("virtualMachineConfiguration")) return;
  const Reader machine = pool.object("virtualMachineConfiguration");
  check_image(machine.object("imageReference"));
  check_data_disks(machine.array("dataDisks"));
  if (machine.has("windowsConfiguration") && !is_windows(pool.document())) {
    throw invalid_property("windowsConfiguration", "set", "The image is not one of Windows");
  }
}

// --- network --------------------------------------------------------------------------------------------------------

bool is_port_range(const std::string& text) {
  if (text == "*") return true;
  const auto port = [](std::string_view digits) {
    int value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && value <= 65535 ? value : -1;
  };
  const std::string_view view = text;
  const std::size_t dash = view.find('-');
  if (dash == std::string_view::npos) return port(view) >= 0;
  return port(view.substr(0, dash)) >= 0 && port(view.substr(0, dash)) <= port(view.substr(dash + 1));
}

void check_network_rules(const Document& rules) {
  std::set<int> priorities;
  for (const Document& rule : rules) {
    const Reader reader(rule);
    if (!priorities.insert(reader.get("priority", 0)).second) {
      throw refused("priority", reader, "Another rule of the same endpoint has this priority");
    }
    for (const Document& range : reader.array("sourcePortRanges")) {
      if (!is_port_range(range.get<std::string>())) {
        throw invalid_property("sourcePortRanges", range.get<std::string>(),
                               "It must be *, a port or a range of ports");
      }
    }
  }
}

struct Ports {
  int first, last;
};

Ports front_ports(const Reader& nat_pool) {
  const Ports ports{nat_pool.get("frontendPortRangeStart", 0), nat_pool.get("frontendPortRangeEnd", 0)};
  if (ports.last - ports.first + 1 < kSmallestPortRange) {
    throw refused("frontendPortRangeEnd", nat_pool,
                  fmt::format("The range must have at least {} ports", kSmallestPortRange));
  }
  if (ports.first <= kReservedLast && ports.last >= kReservedFirst) {
    throw refused("frontendPortRangeEnd", nat_pool,
                  fmt::format("The ports {} to {} are reserved", kReservedFirst, kReservedLast));
  }
  return ports;
}

void check_nat_pools(const Document& nat_pools) {
  std::set<std::string> names;
  std::set<int> back_ports;
  std::vector<Ports> taken;
  std::size_t rules = 0;
  for (const Document& nat_pool : nat_pools) {
    const Reader reader(nat_pool);
    if (!names.insert(fold(reader.text("name"))).second)
      throw refused("name", reader, "Another endpoint has this name");
    if (!back_ports.insert(reader.get("backendPort", 0)).second) {
      throw refused("backendPort", reader, "Another endpoint has this port");
    }
    const Ports ports = front_ports(reader);
    for (const Ports& other : taken) {
      if (ports.first <= other.last && ports.last >= other.first) {
        throw refused("frontendPortRangeStart", reader, "The range overlaps that of another endpoint");
      }
    }
    taken.push_back(ports);
    check_network_rules(reader.array("networkSecurityGroupRules"));
    rules += reader.array("networkSecurityGroupRules").size();
  }
  if (rules > kNetworkRules) {
    throw invalid_property("networkSecurityGroupRules", std::to_string(rules),
                           fmt::format("All endpoints together may have {} rules", kNetworkRules));
  }
}

void check_network(const Reader& network) {
  check_nat_pools(network.object("endpointConfiguration").array("inboundNATPools"));
  const Reader addresses = network.object("publicIPAddressConfiguration");
  const bool own = same_id(addresses.text("provision"), "usermanaged");
  if (own != !addresses.array("ipAddressIds").empty()) {
    throw invalid_property("ipAddressIds", addresses.array("ipAddressIds").dump(),
                           "Addresses are named exactly when provision is usermanaged");
  }
}

// --- accounts and mounts --------------------------------------------------------------------------------------------

void check_accounts(const Document& accounts) {
  std::set<std::string> names;
  for (const Document& account : accounts) {
    const Reader reader(account);
    if (!names.insert(fold(reader.text("name"))).second) throw refused("name", reader, "Another account has this name");
    const Reader linux_account = reader.object("linuxUserConfiguration");
    if (linux_account.has("uid") != linux_account.has("gid")) {
      throw invalid_property(linux_account.has("uid") ? "gid" : "uid", "null", "uid and gid are given together");
    }
  }
}

std::string relative_path_of(const Reader& mount) {
  for (const char* kind : {"azureBlobFileSystemConfiguration", "nfsMountConfiguration", "cifsMountConfiguration",
                           "azureFileShareConfiguration"}) {
    if (mount.has(kind)) return mount.object(kind).text("relativeMountPath");
  }
  return {};
}

void check_mounts(const Document& mounts) {
  if (mounts.size() > kMounts) {
    throw invalid_property("mountConfiguration", std::to_string(mounts.size()),
                           fmt::format("A node mounts at most {} file systems", kMounts));
  }
  std::set<std::string> paths;
  for (const Document& mount : mounts) {
    const Reader reader(mount);
    if (how_many(reader, {"azureBlobFileSystemConfiguration", "nfsMountConfiguration", "cifsMountConfiguration",
                          "azureFileShareConfiguration"}) != 1) {
      throw invalid_property("mountConfiguration", "set", "Each entry describes exactly one file system");
    }
    if (reader.has("azureBlobFileSystemConfiguration") &&
        how_many(reader.object("azureBlobFileSystemConfiguration"), {"accountKey", "sasKey", "identityReference"}) !=
            1) {
      throw invalid_property("azureBlobFileSystemConfiguration", "set",
                             "Exactly one of accountKey, sasKey and identityReference must be set");
    }
    if (const std::string path = relative_path_of(reader); !paths.insert(path).second) {
      throw invalid_property("relativeMountPath", path, "Another file system is mounted there");
    }
  }
}

// --- what is filled in ----------------------------------------------------------------------------------------------

// The service writes these three with a capital, whatever it was sent.
void capitalise(Document& object, const char* member) {
  const auto value = object.find(member);
  if (value == object.end() || !value->is_string()) return;
  std::string text = *value;
  if (text.empty()) return;
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  *value = text;
}

void complete_machine(Document& machine) {
  if (const auto found = machine.find("imageReference"); found != machine.end()) {
    if (Reader(*found).has("publisher")) default_to(*found, "version", "latest");
  }
  if (const auto found = machine.find("windowsConfiguration"); found != machine.end()) {
    default_to(*found, "enableAutomaticUpdates", true);
  }
  if (const auto found = machine.find("nodePlacementConfiguration"); found != machine.end()) {
    default_to(*found, "policy", "regional");
    capitalise(*found, "policy");
  }
  if (const auto found = machine.find("dataDisks"); found != machine.end()) {
    for (Document& disk : *found) {
      default_to(disk, "caching", "none");
      if (!Reader(disk).has("managedDisk")) default_to(disk, "storageAccountType", "standard_lrs");
    }
  }
}

void complete_network(Document& network) {
  default_to(network, "dynamicVNetAssignmentScope", "none");
  if (const auto found = network.find("publicIPAddressConfiguration"); found != network.end()) {
    default_to(*found, "provision", "batchmanaged");
  }
  if (!Reader(network).object("endpointConfiguration").has("inboundNATPools")) return;
  for (Document& nat_pool : network["endpointConfiguration"]["inboundNATPools"]) {
    if (!Reader(nat_pool).has("networkSecurityGroupRules")) continue;
    for (Document& rule : nat_pool["networkSecurityGroupRules"]) {
      default_to(rule, "sourcePortRanges", Document::array({"*"}));
    }
  }
}

void complete_accounts(Document& pool, Document& accounts) {
  for (Document& account : accounts) {
    default_to(account, "elevationLevel", "nonadmin");
    if (!is_windows(pool)) continue;
    default_to(account, "windowsUserConfiguration", Document::object());
    default_to(account["windowsUserConfiguration"], "loginMode", is_cloud_service(pool) ? "interactive" : "batch");
  }
}

}  // namespace

void check_resource_files(const Document& task, const char* name) {
  for (const Document& file : Reader(task).array(name)) {
    const Reader reader(file);
    if (how_many(reader, {"httpUrl", "storageContainerUrl", "autoStorageContainerName"}) != 1) {
      throw invalid_property(name, file.dump(),
                             "Exactly one of httpUrl, storageContainerUrl and autoStorageContainerName must be set");
    }
    if (!reader.has("httpUrl")) continue;
    if (!reader.has("filePath")) throw missing("filePath");
    if (reader.has("blobPrefix")) throw refused("blobPrefix", reader, "Only containers have prefixes");
    const std::string url = reader.text("httpUrl");
    if (url.find(' ') != std::string::npos || url.find("://") == std::string::npos) {
      throw invalid_property("httpUrl", url, "The specified HttpUrl is not a valid URI");
    }
  }
}

void check_user_identity(const Document& task) {
  const Reader identity = Reader(task).object("userIdentity");
  if (!identity.has("username") || !identity.has("autoUser")) return;
  throw invalid_property("userIdentity", identity.document().dump(), "Only one of username and autoUser can be set");
}

void check_pool_document(const Document& pool) {
  const Reader reader(pool);
  check_machine(reader);
  check_scale(reader);
  check_slots(reader);
  check_network(reader.object("networkConfiguration"));
  check_accounts(reader.array("userAccounts"));
  check_mounts(reader.array("mountConfiguration"));
  const Reader start_task = reader.object("startTask");
  check_resource_files(start_task.document());
  check_user_identity(start_task.document());
}

void complete_pool_document(Document& pool) {
  drop_empty_lists(pool);
  default_to(pool, "resizeTimeout", "PT15M");
  if (Reader(pool).get("enableAutoScale", false)) {
    default_to(pool, "autoScaleEvaluationInterval", "PT15M");
  } else {
    default_to(pool, "targetDedicatedNodes", 0);
    default_to(pool, "targetLowPriorityNodes", 0);
  }
  default_to(pool, "enableAutoScale", false);
  default_to(pool, "enableInterNodeCommunication", false);
  default_to(pool, "taskSlotsPerNode", 1);
  default_to(pool, "taskSchedulingPolicy", Document::object());
  default_to(pool["taskSchedulingPolicy"], "nodeFillType", "spread");
  capitalise(pool["taskSchedulingPolicy"], "nodeFillType");
  if (const auto found = pool.find("virtualMachineConfiguration"); found != pool.end()) complete_machine(*found);
  if (const auto found = pool.find("cloudServiceConfiguration"); found != pool.end()) {
    default_to(*found, "osVersion", "*");
  }
  if (const auto found = pool.find("networkConfiguration"); found != pool.end()) complete_network(*found);
  if (const auto found = pool.find("userAccounts"); found != pool.end()) complete_accounts(pool, *found);
  if (const auto task = pool.find("startTask"); task != pool.end()) {
    default_identity(*task);
    default_to(*task, "maxTaskRetryCount", 0);
    default_to(*task, "waitForSuccess", true);
  }
}

void drop_empty_lists(Document& resource) {
  for (const char* name : {"metadata", "applicationPackageReferences", "userAccounts", "mountConfiguration",
                           "applicationLicenses", "commonEnvironmentSettings"}) {
    const auto found = resource.find(name);
    if (found != resource.end() && found->is_array() && found->empty()) resource.erase(name);
  }
}

}  // namespace batchite
