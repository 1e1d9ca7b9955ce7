// Proofs of who asks, for a Sender: an account's key if there is one, else its shared access
// signature, else tokens of Entra ID. Any thread.
#pragma once
#include <memory>
#include <string>

#include "backends/azure/azure_backend.h"
#include "backends/azure/sender.h"
#include "backends/azure/tokens.h"
#include "core/signing/shared_key.h"

namespace batchite::azure {

// A token for `resource`; `date`: the header that says when the request was made.
Proof bearer_proof(std::shared_ptr<Tokens> tokens, const std::string& resource, const std::string& date);
Proof batch_proof(const AzureAccount& account, std::shared_ptr<Tokens> tokens);
Proof storage_proof(const AzureAccount& account, std::shared_ptr<Tokens> tokens);

// An account's key from its Base64 text. Throws UsageError naming the account, never the key.
signing::AccountKey key_of(const std::string& account, const std::string& base64);

}  // namespace batchite::azure
