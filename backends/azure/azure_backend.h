// The azure backend: Azure Batch and Azure Storage over HTTP, or whatever speaks their protocols: an emulator of
// Batchite, or for blobs Azurite. A call becomes a request by the same tables from which the emulator reads one.
// What Azure has no call for stays with the defaults of Backend: nothing is explained, sampled, inflicted or watched.
#pragma once
#include <memory>
#include <string>

#include "backends/azure/blob_pieces.h"
#include "backends/azure/entra.h"
#include "backends/azure/sender.h"
#include "backends/system/real.h"
#include "core/backend.h"

namespace batchite {

// One of the two services. Without an endpoint there is none, and a call that needs it throws UsageError.
struct AzureAccount {
  std::string endpoint = {};  // "https://NAME.REGION.batch.azure.com", "http://127.0.0.1:10000/devstoreaccount1"
  std::string name = {};
  std::string key = {};       // Base64; empty: tokens of Entra ID instead…
  std::string resource = {};  // …for this: "https://batch.core.windows.net/"
  std::string sas = {};       // of a storage account, instead of both: "sv=…&sig=…"
};

// Azure Resource Manager, which alone lists the sizes of machines. Without subscription or location it is not asked.
struct AzureManagement {
  std::string endpoint = {};      // "https://management.azure.com"
  std::string resource = {};      // tokens are for this: likewise, whatever the endpoint
  std::string subscription = {};  // "00000000-0000-0000-0000-000000000000"
  std::string location = {};      // of the Batch account: "westeurope"
};

inline constexpr std::size_t kWholePage = 5000;  // the most blobs that the service lists with one call

// Azure counts requests, and its machines take minutes to come and to go.
inline constexpr Manners kCloudManners = {.calls_at_once = 8,
                                          .listed_at_once = kWholePage,
                                          .shortest_pause = std::chrono::seconds(2),
                                          .longest_pause = std::chrono::seconds(10),
                                          .patience = std::chrono::minutes(15)};

struct AzureOptions {
  AzureAccount batch = {};
  AzureAccount storage = {};  // the one linked to the Batch account
  AzureManagement management = {};
  azure::EntraSettings entra = {};
  azure::RetrySettings retry = {};
  azure::PieceSettings pieces = {};
  Manners manners = {.calls_at_once = 8, .listed_at_once = kWholePage};  // of an emulator
  HttpOptions http = {};
  Clock clock = clock_now;
  Entropy entropy = random_bytes;
  std::shared_ptr<Transport> transport = nullptr;  // null: libcurl
  std::function<void(Ticks)> sleep = nullptr;      // null: really
  std::shared_ptr<azure::Interrupt> interrupt = nullptr;
};

// Where tokens come from, for accounts without a key.
std::shared_ptr<azure::Tokens> open_tokens(const AzureOptions& options);

// Throws UsageError for a key that is none. What is wrong with a token comes out with the first call that needs it.
std::unique_ptr<Backend> open_azure_backend(const AzureOptions& options);

}  // namespace batchite
