#include "emulator/arm/arm_routes.h"

#include <vector>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/ids.h"

namespace batchite::arm {
namespace {

struct Row {
  ArmOperation operation;
  std::string_view method;
  std::string_view path;  // below /subscriptions
};

// {s}ubscription, {g}roup, {a}ccount, {n}ame of the application, {v}ersion, {l}ocation
constexpr std::string_view kAccounts = "/{s}/resourceGroups/{g}/providers/Microsoft.Batch/batchAccounts";

constexpr Row kRows[] = {
    {ArmOperation::ListSubscriptions, "GET", ""},
    {ArmOperation::GetSubscription, "GET", "/{s}"},
    {ArmOperation::ListAccounts, "GET", "/{s}/providers/Microsoft.Batch/batchAccounts"},
    {ArmOperation::ListVmSizes, "GET", "/{s}/providers/Microsoft.Batch/locations/{l}/virtualMachineSkus"},
};

constexpr Row kAccountRows[] = {
    // below kAccounts
    {ArmOperation::ListAccounts, "GET", ""},
    {ArmOperation::GetAccount, "GET", "/{a}"},
    {ArmOperation::ListKeys, "POST", "/{a}/listKeys"},
    {ArmOperation::ListApplications, "GET", "/{a}/applications"},
    {ArmOperation::GetApplication, "GET", "/{a}/applications/{n}"},
    {ArmOperation::PutApplication, "PUT", "/{a}/applications/{n}"},
    {ArmOperation::PatchApplication, "PATCH", "/{a}/applications/{n}"},
    {ArmOperation::DeleteApplication, "DELETE", "/{a}/applications/{n}"},
    {ArmOperation::ListPackages, "GET", "/{a}/applications/{n}/versions"},
    {ArmOperation::GetPackage, "GET", "/{a}/applications/{n}/versions/{v}"},
    {ArmOperation::PutPackage, "PUT", "/{a}/applications/{n}/versions/{v}"},
    {ArmOperation::ActivatePackage, "POST", "/{a}/applications/{n}/versions/{v}/activate"},
    {ArmOperation::DeletePackage, "DELETE", "/{a}/applications/{n}/versions/{v}"},
};

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

std::string& name(ArmNames& names, char letter) {
  switch (letter) {
    case 's':
      return names.subscription;
    case 'g':
      return names.group;
    case 'a':
      return names.account;
    case 'n':
      return names.application;
    case 'l':
      return names.location;
    default:
      return names.version;
  }
}

std::optional<ArmNames> match(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  ArmNames names;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      name(names, pattern[i][1]) = percent_decode(path[i]);
    } else if (!same_id(pattern[i], path[i])) {
      return std::nullopt;
    }
  }
  return names;
}

}  // namespace

ArmRoute find_route(std::string_view method, std::string_view path) {
  const std::vector<std::string_view> parts = parts_of(path);
  bool exists = false;
  std::optional<ArmRoute> found;
  const auto try_row = [&](std::string_view prefix, const Row& row) {
    const std::string pattern = "/subscriptions" + std::string(prefix) + std::string(row.path);
    auto names = match(parts_of(pattern), parts);
    if (!names) return;
    exists = true;
    if (row.method == method) found = ArmRoute{row.operation, *std::move(names)};
  };
  for (const Row& row : kRows) try_row("", row);
  for (const Row& row : kAccountRows) try_row(kAccounts, row);
  if (found) return *std::move(found);
  if (exists) throw Error(405, "MethodNotAllowed", "This resource does not take the HTTP method.");
  throw Error(
      404, "InvalidResourceType",
      "Of Resource Manager only Batch accounts, their applications and the sizes of machines are here; the path is "
      "none of theirs.");
}

}  // namespace batchite::arm
