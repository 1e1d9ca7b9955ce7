#include "backends/azure/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/accounts.h"
#include "core/base/ids.h"

namespace batchite {
namespace {

constexpr std::string_view kBatchUrl = "http://127.0.0.1:10010";
constexpr std::string_view kBlobUrl = "http://127.0.0.1:10000/devstoreaccount1";
constexpr std::string_view kPublicCloud = "core.windows.net";

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
  fill(settings.storage_account, parts.get("AccountName"));
  // What it says of one account is nothing about another.
  if (!parts.has("AccountName") || settings.storage_account != parts.get("AccountName")) return;
  fill(settings.storage_key, parts.get("AccountKey"));
  fill(settings.storage_endpoint, parts.get("BlobEndpoint"));
  fill(settings.storage_suffix, parts.get("EndpointSuffix"));
  if (settings.storage_endpoint.empty()) {
    settings.storage_endpoint =
        fmt::format("{}://{}.blob.{}", parts.get("DefaultEndpointsProtocol", "https"), settings.storage_account,
                    settings.storage_suffix.empty() ? kPublicCloud : settings.storage_suffix);
  }
}

std::string with_scheme(const std::string& endpoint) {
  return endpoint.empty() || endpoint.find("://") != std::string::npos ? endpoint : "https://" + endpoint;
}

// "myaccount" of "https://myaccount.westeurope.batch.azure.com".
std::string first_label(const std::string& endpoint) {
  const std::size_t host = endpoint.find("://") + 3;
  return endpoint.substr(host, endpoint.find_first_of(".:/", host) - host);
}

void require_key(const AzureAccount& account, const char* service, const char* variable, const char* flag) {
  if (account.endpoint.empty() || !account.key.empty()) return;
  throw UsageError(fmt::format("no key of the {} account {} is given: set {}, or name a file with {}", service,
                               account.name, variable, flag));
}

}  // namespace

AzureAccounts azure_accounts(const AzureSettings& given) {
  AzureSettings settings = given;
  fill_from_connection_string(settings);
  const std::string batch_endpoint = with_scheme(settings.batch_endpoint);
  if (!batch_endpoint.empty()) fill(settings.batch_account, first_label(batch_endpoint));
  if (!settings.storage_account.empty()) {
    const std::string_view suffix =
        settings.storage_suffix.empty() ? kPublicCloud : std::string_view(settings.storage_suffix);
    fill(settings.storage_endpoint, fmt::format("https://{}.blob.{}", settings.storage_account, suffix));
  }
  AzureAccounts accounts{
      .batch = {batch_endpoint, settings.batch_account, settings.batch_key},
      .storage = {with_scheme(settings.storage_endpoint), settings.storage_account, settings.storage_key}};
  if (!accounts.storage.endpoint.empty() && accounts.storage.name.empty()) {
    throw UsageError("the name of the storage account is missing: set AZURE_STORAGE_ACCOUNT");
  }
  require_key(accounts.batch, "Batch", "AZURE_BATCH_ACCESS_KEY", "--batch-key-file");
  require_key(accounts.storage, "storage", "AZURE_STORAGE_KEY", "--storage-key-file");
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
