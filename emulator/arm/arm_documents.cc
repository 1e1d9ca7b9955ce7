#include "emulator/arm/arm_documents.h"

#include <fmt/format.h>

namespace batchite::arm {
namespace {

std::string account_id(const ArmNames& names) {
  return fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Batch/batchAccounts/{}",
                     names.subscription, names.group, names.account);
}

std::string etag_of(const Document& resource) {
  const auto modified = parse_iso8601(Reader(resource).text("modified"));
  return fmt::format("W/\"{}\"", etag(modified.value_or(kNever)));
}

Document resource(const char* type, const std::string& id, const Document& from) {
  return {{"type", type},
          {"id", id},
          {"name", id.substr(id.rfind('/') + 1)},
          {"etag", etag_of(from)},
          {"properties", Document::object()}};
}

void copy(const Document& from, const char* member, Document& to, const char* name) {
  if (const Document* value = Reader(from).find(member)) to[name] = *value;
}

}  // namespace

Document account_document(const ArmNames& names, const std::string& endpoint, const std::string& storage) {
  const std::string storage_id =
      fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Storage/storageAccounts/{}",
                  names.subscription, names.group, storage);
  constexpr int kCores = 1'000'000;  // nothing is counted against them
  return {{"name", names.account},
          {"location", "local"},
          {"id", account_id(names)},
          {"type", "Microsoft.Batch/batchAccounts"},
          {"identity", {{"type", "None"}}},
          {"properties",
           {{"accountEndpoint", endpoint},
            {"nodeManagementEndpoint", endpoint},
            {"provisioningState", "Succeeded"},
            {"poolAllocationMode", "BatchService"},
            {"publicNetworkAccess", "Enabled"},
            {"autoStorage", {{"storageAccountId", storage_id}, {"authenticationMode", "StorageKeys"}}},
            {"encryption", {{"keySource", "Microsoft.Batch"}}},
            {"dedicatedCoreQuota", kCores},
            {"lowPriorityCoreQuota", kCores},
            {"dedicatedCoreQuotaPerVMFamily", Document::array()},
            {"dedicatedCoreQuotaPerVMFamilyEnforced", false},
            {"poolQuota", kCores},
            {"activeJobAndJobScheduleQuota", kCores},
            {"allowedAuthenticationModes", {"SharedKey", "AAD", "TaskAuthenticationToken"}}}}};
}

Document application_document(const ArmNames& names, const Document& application) {
  const std::string id = account_id(names) + "/applications/" + Reader(application).text("id");
  Document document = resource("Microsoft.Batch/batchAccounts/applications", id, application);
  for (const char* name : {"displayName", "allowUpdates", "defaultVersion"}) {
    copy(application, name, document["properties"], name);
  }
  return document;
}

Document package_document(const ArmNames& names, const Document& package, const StorageUrl& storage) {
  const std::string id = fmt::format("{}/applications/{}/versions/{}", account_id(names), names.application,
                                     Reader(package).text("version"));
  Document document = resource("Microsoft.Batch/batchAccounts/applications/versions", id, package);
  Document& properties = document["properties"];
  properties["state"] = Reader(package).text("state") == "active" ? "Active" : "Pending";
  copy(package, "format", properties, "format");
  properties["storageUrl"] = storage.url;
  properties["storageUrlExpiry"] = iso8601(storage.expiry);
  copy(package, "activated", properties, "lastActivationTime");
  return document;
}

std::string host_style(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  const std::size_t account = url.find('/', host) + 1;
  const std::size_t rest = url.find('/', account);
  const std::size_t colon = url.rfind(':', account);
  const std::string port = colon != std::string::npos && colon > host ? url.substr(colon, account - 1 - colon) : "";
  return url.substr(0, host) + url.substr(account, rest - account) + ".blob.localhost" + port + url.substr(rest);
}

}  // namespace batchite::arm
