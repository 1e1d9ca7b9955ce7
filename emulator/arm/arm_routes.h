// Which request of Resource Manager is which, by method and path. Fixed words compare without regard to case, as there.
// Pure; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace batchite::arm {

enum class ArmOperation {
  ListSubscriptions,
  GetSubscription,
  ListAccounts,
  GetAccount,
  ListKeys,
  ListApplications,
  GetApplication,
  PutApplication,
  PatchApplication,
  DeleteApplication,
  ListPackages,
  GetPackage,
  PutPackage,
  ActivatePackage,
  DeletePackage,
  ListVmSizes,
};

// What a path names; empty: not in it.
struct ArmNames {
  std::string subscription = {}, group = {}, account = {}, application = {}, version = {}, location = {};
};

struct ArmRoute {
  ArmOperation operation;
  ArmNames names;
};

// Throws Error: 404 for a path that there is not, 405 for one without this method. `path` is percent-encoded.
ArmRoute find_route(std::string_view method, std::string_view path);

}  // namespace batchite::arm
