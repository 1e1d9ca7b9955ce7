// Shared keys of Batch and Storage: the text that is signed, signing it, and checking what a client signed.
// Requests are given as they are on the wire: nothing decoded, nothing normalised. Account keys are the decoded bytes.
// Clients differ in small points (fixtures/signing has examples), so a check tries every reading that is known from a
// real client; all of them need the key. Pure; any thread; nothing throws.
// Sources: the authentication pages of both services, and the signing code of their SDKs.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/parameters.h"

namespace batchite::signing {

struct AccountKey {
  std::string account;
  std::string key;
};
// From the Base64 text that people have; nullopt for text that is none.
std::optional<AccountKey> account_key(std::string_view account, std::string_view base64_key);

struct SignedRequest {
  std::string method;      // upper case
  std::string path;        // "/pools/p1": still percent-encoded, without query
  std::string query = {};  // "api-version=…&timeout=30": still percent-encoded, without '?'
  Parameters headers = {};
};

// "SharedKey account:signature"
struct Authorization {
  std::string scheme;
  std::string account;
  std::string signature;
};
std::optional<Authorization> parse_authorization(std::string_view header);

// Base64(HMAC-SHA256(key, text)).
std::string sign(std::string_view key, std::string_view text);
bool equal_in_constant_time(std::string_view a, std::string_view b);

// The published form, which a client should sign and an error message should show.
std::string batch_string_to_sign(std::string_view account, const SignedRequest& request);
std::string storage_string_to_sign(std::string_view account, const SignedRequest& request);
std::string storage_lite_string_to_sign(std::string_view account, const SignedRequest& request);

// Values of the Authorization header.
std::string batch_authorization(const AccountKey& key, const SignedRequest& request);
std::string storage_authorization(const AccountKey& key, const SignedRequest& request);

// Whether the signature in `authorization` is one for this request. The caller has looked the key up by its account.
bool verify_batch(const AccountKey& key, const SignedRequest& request, const Authorization& authorization);
// Both schemes, SharedKey and SharedKeyLite; false for any other.
bool verify_storage(const AccountKey& key, const SignedRequest& request, const Authorization& authorization);

}  // namespace batchite::signing
