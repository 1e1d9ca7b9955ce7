#include "backends/azure/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/accounts.h"
#include "core/base/ids.h"

namespace batchite {
namespace {

constexpr std::string_view kBatchUrl = "http://127.0.0.1:10010";
constexpr std::string_view kBlobUrl = "http://127.0.0.1:10000/devstoreaccount1";

struct Cloud {
  std::string_view authority, batch_suffix, batch_resource, storage_suffix, management;
};
constexpr Cloud kClouds[] = {
    // the first one unless something says otherwise
    {"https://login.microsoftonline.com", ".batch.azure.com", "https://batch.core.windows.net/", "core.windows.net",
     "https://management.azure.com"},
    {"https://login.microsoftonline.us", ".batch.usgovcloudapi.net", "https://batch.core.usgovcloudapi.net/",
     "core.usgovcloudapi.net", "https://management.usgovcloudapi.net"},
    {"https://login.chinacloudapi.cn", ".batch.chinacloudapi.cn", "https://batch.chinacloudapi.cn/",
     "core.chinacloudapi.cn", "https://management.chinacloudapi.cn"},
};
constexpr const char* kStorageResource = "https://storage.azure.com";  // in every cloud

// "AccountName=a;AccountKey=b==;…"
Parameters parts_of(const std::string& text) {
  Parameters parts;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find(';', from), text.size());
    const std::string part = text.substr(from, end - from);
    from = end + 1;
    const std::size_t equals = part.find('=');
    if (part.find_first_not_of(" \t\r\n") == std::string::npos) continue;
    if (equals == std::string::npos || equals == 0) {
      throw UsageError("the storage connection string is not of the form NAME=VALUE;NAME=VALUE");
    }
    parts.set(part.substr(0, equals), part.substr(equals + 1));
  }
  return parts;
}

std::string with_scheme(const std::string& endpoint) {
  return endpoint.empty() || endpoint.find("://") != std::string::npos ? endpoint : "https://" + endpoint;
}

// "myaccount" of "https://myaccount.westeurope.batch.azure.com".
std::string first_label(const std::string& endpoint) {
  const std::size_t host = endpoint.find("://") + 3;
  return endpoint.substr(host, endpoint.find_first_of(".:/", host) - host);
}

// Whose blobs these are: "acct" of "https://acct.blob.core.windows.net" and of "http://127.0.0.1:10000/acct".
std::string account_of(const std::string& blob_endpoint) {
  if (blob_endpoint.empty()) return "";
  const std::size_t path = blob_endpoint.find('/', blob_endpoint.find("://") + 3);
  if (path == std::string::npos || path + 1 == blob_endpoint.size()) return first_label(blob_endpoint);
  return blob_endpoint.substr(path + 1, blob_endpoint.find('/', path + 1) - path - 1);
}

void fill(std::string& value, const std::string& other) {
  if (value.empty()) value = other;
}

void fill_development_storage(AzureSettings& settings) {
  fill(settings.storage_endpoint, std::string(kBlobUrl));
  fill(settings.storage_account, std::string(kStorageAccount));
  fill(settings.storage_key, std::string(kStorageKey));
}

void fill_from_connection_string(AzureSettings& settings) {
  const Parameters parts = parts_of(settings.connection_string);
  if (same_id(parts.get("UseDevelopmentStorage"), "true")) return fill_development_storage(settings);
  const std::string account = parts.get("AccountName", account_of(with_scheme(parts.get("BlobEndpoint"))));
  fill(settings.storage_account, account);
  // What it says of one account is nothing about another.
  if (account.empty() || settings.storage_account != account) return;
  if (settings.storage_key.empty() && settings.storage_sas.empty()) {
    settings.storage_key = parts.get("AccountKey");
    settings.storage_sas = parts.get("SharedAccessSignature");
  }
  fill(settings.storage_endpoint, parts.get("BlobEndpoint"));
  fill(settings.storage_suffix, parts.get("EndpointSuffix"));
  if (settings.storage_endpoint.empty()) {
    settings.storage_endpoint =
        fmt::format("{}://{}.blob.{}", parts.get("DefaultEndpointsProtocol", "https"), settings.storage_account,
                    settings.storage_suffix.empty() ? kClouds[0].storage_suffix : settings.storage_suffix);
  }
}

std::string host_of(const std::string& url) {
  const std::size_t at = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  return fold(url.substr(at, url.find_first_of(":/", at) - at));
}

// By where Batch is, else by where the blobs are, else by who gives tokens.
const Cloud& cloud_of(const AzureSettings& settings) {
  const std::string batch = host_of(settings.batch_endpoint), blobs = host_of(settings.storage_endpoint);
  for (const Cloud& cloud : kClouds) {
    if (batch.ends_with(cloud.batch_suffix)) return cloud;
  }
  for (const Cloud& cloud : kClouds) {
    if (settings.storage_suffix == cloud.storage_suffix || blobs.ends_with(cloud.storage_suffix)) return cloud;
  }
  for (const Cloud& cloud : kClouds) {
    if (host_of(settings.entra.authority) == host_of(std::string(cloud.authority))) return cloud;
  }
  return kClouds[0];
}

// "login.microsoftonline.us/" is one, too.
std::string place_of(const std::string& given, std::string_view otherwise) {
  std::string place = with_scheme(given.empty() ? std::string(otherwise) : given);
  while (place.ends_with('/')) place.pop_back();
  return place;
}

// "westeurope" of "https://myaccount.westeurope.batch.azure.com". Emulators have one region, and say so only if they
// are named as who manages it.
std::string region_of(const std::string& batch_endpoint, bool names_manager) {
  const std::string host = host_of(batch_endpoint);
  for (const Cloud& cloud : kClouds) {
    if (!host.ends_with(cloud.batch_suffix)) continue;
    const std::string name = host.substr(0, host.size() - cloud.batch_suffix.size());
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? "" : name.substr(dot + 1);
  }
  return names_manager ? "local" : "";
}

}  // namespace

AzureAccounts azure_accounts(const AzureSettings& given) {
  AzureSettings settings = given;
  fill_from_connection_string(settings);
  const std::string batch_endpoint = with_scheme(settings.batch_endpoint);
  if (!batch_endpoint.empty()) fill(settings.batch_account, first_label(batch_endpoint));
  const Cloud& cloud = cloud_of(settings);
  if (!settings.storage_account.empty()) {
    const std::string_view suffix =
        settings.storage_suffix.empty() ? cloud.storage_suffix : std::string_view(settings.storage_suffix);
    fill(settings.storage_endpoint, fmt::format("https://{}.blob.{}", settings.storage_account, suffix));
  }
  AzureAccounts accounts{
      .batch = {batch_endpoint, settings.batch_account, settings.batch_key, std::string(cloud.batch_resource)},
      .storage = {with_scheme(settings.storage_endpoint), settings.storage_account, settings.storage_key,
                  kStorageResource, settings.storage_sas},
      .management = {place_of(settings.management_endpoint, cloud.management), std::string(cloud.management),
                     settings.subscription, region_of(batch_endpoint, !settings.management_endpoint.empty())},
      .entra = settings.entra};
  if (accounts.storage.sas.starts_with('?')) accounts.storage.sas.erase(0, 1);
  accounts.entra.authority = place_of(settings.entra.authority, cloud.authority);
  if (!accounts.storage.endpoint.empty() && accounts.storage.name.empty()) {
    throw UsageError("the name of the storage account is missing: set AZURE_STORAGE_ACCOUNT");
  }
  return accounts;
}

AzureAccounts emulator_accounts(AzureSettings settings) {
  fill(settings.batch_endpoint, std::string(kBatchUrl));
  fill(settings.batch_account, std::string(kBatchAccount));
  fill(settings.batch_key, std::string(kBatchKey));
  if (settings.connection_string.empty()) fill_development_storage(settings);
  return azure_accounts(settings);
}

}  // namespace batchite
