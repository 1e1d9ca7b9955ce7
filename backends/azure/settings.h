// Which accounts the azure backend works on, from what flags, files and the environment say. A value that is given wins
// over the same one in a connection string. Pure; throws UsageError naming what is missing or wrong, never a key.
// Source: learn.microsoft.com/azure/storage/common/storage-configure-connection-string; the variables are those of
// az and the SDKs; what differs between clouds is as in azure-cli-core's cloud.py, azure-identity's AzureAuthorityHosts
// and learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "backends/azure/azure_backend.h"

namespace batchite {

struct AzureSettings {
  std::string batch_endpoint = {}, batch_account = {}, batch_key = {};
  std::string storage_endpoint = {}, storage_account = {}, storage_key = {};
  std::string storage_sas = {};        // a shared access signature, with or without '?'
  std::string storage_suffix = {};     // empty: that of the Batch account's cloud
  std::string connection_string = {};  // of the storage account
  std::string subscription = {};
  std::string management_endpoint = {};  // empty: that of the Batch account's cloud
  azure::EntraSettings entra = {};       // without an authority: that of the accounts' cloud
};

struct AzureAccounts {
  AzureAccount batch = {}, storage = {};
  AzureManagement management = {};
  azure::EntraSettings entra = {};
};

// In Azure. An account that nothing is said of has no endpoint. Which of the clouds it is, the endpoints tell.
AzureAccounts azure_accounts(const AzureSettings& settings);

// Of an emulator of this machine: what is not said is as it is unless told otherwise.
AzureAccounts emulator_accounts(AzureSettings settings);

}  // namespace batchite
