// The azure backend as an emulator serves it to clients that only know the emulator: they name its storage account and
// its addresses, and get those in return; what they ask is asked of the real accounts. Signatures that they made for
// the emulator's blobs, with the emulator's keys, become the real account's wherever nodes are to use them.
#pragma once
#include <memory>
#include <string>

#include "core/backend.h"

namespace batchite {

struct ProxyNames {
  std::string batch_endpoint;    // of the real account: what answers call themselves by
  std::string storage_endpoint;  // likewise
  std::string own_account;       // what clients call the storage account
};

// The backend outlives the answer.
std::unique_ptr<Backend> make_proxy(Backend& azure, ProxyNames names);

}  // namespace batchite
