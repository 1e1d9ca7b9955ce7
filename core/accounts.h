// Storage accounts, and those that are there unless others are named. Their keys are public constants, no secrets:
// every emulator of Azure Storage has the same, and every Batchite the same for Batch.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace batchite {

inline constexpr std::string_view kStorageAccount = "devstoreaccount1";
inline constexpr std::string_view kStorageKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
inline constexpr std::string_view kBatchAccount = "devbatchaccount";
// Base64 of 64 bytes that say what they are.
inline constexpr std::string_view kBatchKey =
    "QmF0Y2hpdGU6IHRoZSBwdWJsaWMga2V5IG9mIHRoZSBlbXVsYXRlZCBBenVyZSBCYXRjaCBhY2NvdW50LiA2NA==";

struct BlobAccount {
  std::string name;
  std::vector<std::string> keys;  // base64, at least one; each of them signs
  // How long deleted containers are kept to be restored; 0: not at all. In Azure it is set by Resource Manager.
  std::chrono::days keeps_containers{0};
};

std::vector<BlobAccount> default_storage_accounts();
// "name:key1:key2;name2:key1": one or two keys each. The first account is the one linked to the Batch account. Throws
// UsageError naming what is wrong with which account, never a key.
std::vector<BlobAccount> parse_storage_accounts(std::string_view text);

}  // namespace batchite
