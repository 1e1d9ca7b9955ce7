// The backends that are somewhere else: Azure, and an emulator that `start` serves.
#pragma once
#include "backends/azure/settings.h"
#include "cli/surroundings.h"

namespace batchite::cli {

// For --backend azure and emulator. Throws UsageError naming what is missing.
OpenBackend open_remote(const Globals& globals, const Serving& serving, const Surroundings& surroundings);

// What `start` serves of it: clients know only the emulator, whose storage account is `own_account`.
std::unique_ptr<Backend> open_proxy(Backend& remote, const Globals& globals, const Surroundings& surroundings,
                                    const Serving& serving);

// What it works on, and where the keys come from.
struct RemoteAccounts {
  AzureOptions options = {};
  std::string batch_key_from = {}, storage_key_from = {};  // empty: there is none
};
RemoteAccounts remote_accounts(const Globals& globals, const Surroundings& surroundings);

}  // namespace batchite::cli
