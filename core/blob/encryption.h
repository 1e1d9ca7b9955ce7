// Customer-provided keys and encryption scopes. Nothing is encrypted here: of a key its SHA-256 is kept with the blob,
// and later requests have to bring the same key, as the service demands it. Scopes, which Resource Manager makes in
// Azure, go by any name.
// Source: learn.microsoft.com/azure/storage/blobs/encryption-customer-provided-keys and recordings of the service.
// Pure; any thread. Throws Error.
#pragma once
#include <string>
#include <string_view>

#include "core/base/parameters.h"
#include "core/blob/entries.h"

namespace batchite {

// By wire name: x-ms-encryption-key-sha256, x-ms-encryption-scope; only those that are set. They are kept so among the
// properties of a blob.
using Encryption = Parameters;

// What a request says of the blob, or, with the prefix "x-ms-source-", of the source of a copy. The scope may be said
// by a shared access signature (`ses` in the query). MissingRequiredHeader, InvalidHeaderValue.
Encryption encryption_from(const Parameters& headers, const Parameters& query, std::string_view prefix = "x-ms-");

// A request to what is kept with these properties brings its key.
void check_key(const Encryption& given, const Parameters& kept);
// So does one that changes it, which in addition may name no other scope.
void check_encryption(const Encryption& given, const Parameters& kept);

// Adds what is not there yet.
void add_encryption(const Encryption& encryption, Parameters& to);

// Create Container's headers, and those that tell of it. InvalidHeaderValue, MissingRequiredHeader.
ScopePolicy scope_policy_from(const Parameters& headers);
void add_scope_policy(const ScopePolicy& policy, Parameters& headers);
std::string told_name(const ScopePolicy& policy);
// For a request to a container: what it names as the container does anyway is taken out, and what the container denies
// is RequestForbiddenByContainerEncryptionPolicy.
void check_scope_policy(const ScopePolicy& policy, Encryption& given);
// What a new blob is encrypted with.
void add_default_scope(const ScopePolicy& policy, Encryption& given);

}  // namespace batchite
