// Proofs of who asks, for a Sender. Any thread.
#pragma once
#include <string>

#include "backends/azure/sender.h"
#include "core/signing/shared_key.h"

namespace batchite::azure {

Sign batch_shared_key(signing::AccountKey key);
Sign storage_shared_key(signing::AccountKey key);

// An account's key from its Base64 text. Throws UsageError naming the account, never the key.
signing::AccountKey key_of(const std::string& account, const std::string& base64);

}  // namespace batchite::azure
