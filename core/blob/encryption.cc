#include "core/blob/encryption.h"

#include <algorithm>

#include "core/base/digest.h"
#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr ErrorCode kUsesEncryption{
    409, "BlobUsesCustomerSpecifiedEncryption",
    "The blob is encrypted with customer specified encryption, but it was not provided in the request."};
constexpr ErrorCode kUsesNoEncryption{
    409, "BlobDoesNotUseCustomerSpecifiedEncryption",
    "The blob is not encrypted with customer specified encryption, but one was provided in the request."};
constexpr ErrorCode kMismatch{
    409, "BlobCustomerSpecifiedEncryptionMismatch",
    "The given customer specified encryption does not match the encryption used to encrypt the blob."};

constexpr ErrorCode kForbiddenByContainer{403, "RequestForbiddenByContainerEncryptionPolicy",
                                          "The container's encryption policy does not allow the request to name "
                                          "another encryption scope or a key."};

constexpr std::string_view kDigest = "x-ms-encryption-key-sha256", kScope = "x-ms-encryption-scope";
constexpr std::size_t kKeyBytes = 32;

// Never with the value: it may be a key.
[[noreturn]] void refuse(const ErrorCode& code, const std::string& header) {
  throw Error(code, {{"HeaderName", header}});
}

// Its SHA-256 in Base64. A key, its digest and the algorithm are sent together.
std::string checked_digest(const Parameters& headers, const std::string& prefix) {
  const std::string key_name = prefix + "encryption-key", digest_name = key_name + "-sha256",
                    algorithm_name = prefix + "encryption-algorithm";
  const std::string text = headers.get(key_name), digest = headers.get(digest_name);
  const std::string algorithm = headers.get(algorithm_name);
  if (text.empty() && digest.empty() && algorithm.empty()) return {};
  if (text.empty()) refuse(kMissingRequiredHeader, key_name);
  if (digest.empty()) refuse(kMissingRequiredHeader, digest_name);
  if (algorithm.empty()) refuse(kMissingRequiredHeader, algorithm_name);
  if (!same_id(algorithm, "AES256")) refuse(kInvalidHeaderValue, algorithm_name);
  const auto key = base64_decode(text);
  if (!key || key->size() != kKeyBytes) refuse(kInvalidHeaderValue, key_name);
  if (base64_encode(sha256(*key)) != digest) refuse(kInvalidHeaderValue, digest_name);
  return digest;
}

// Hardly any request does, and it is asked of all.
bool mentions_encryption(const Parameters& headers, std::string_view prefix) {
  constexpr std::string_view kWord = "encryption-";
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
    const std::string_view name = header.first;
    return name.size() > prefix.size() + kWord.size() && same_id(name.substr(0, prefix.size()), prefix) &&
           same_id(name.substr(prefix.size(), kWord.size()), kWord);
  });
}

void check_same(std::string_view name, const Encryption& given, const Parameters& kept) {
  const std::string *ours = given.find(name), *theirs = kept.find(name);
  if (!ours && theirs) throw Error(kUsesEncryption);
  if (ours && !theirs) throw Error(kUsesNoEncryption);
  if (ours && *ours != *theirs) throw Error(kMismatch);
}

constexpr std::string_view kDefaultScope = "x-ms-default-encryption-scope",
                           kDeniesOther = "x-ms-deny-encryption-scope-override",
                           kAccountsKey = "$account-encryption-key";

}  // namespace

Encryption encryption_from(const Parameters& headers, const Parameters& query, std::string_view prefix) {
  Encryption encryption;
  if (!mentions_encryption(headers, prefix) && !query.has("ses")) return encryption;
  if (std::string digest = checked_digest(headers, std::string(prefix)); !digest.empty()) {
    encryption.add(std::string(kDigest), std::move(digest));
  }
  const std::string scope_name = std::string(prefix) + "encryption-scope";
  const std::string scope = headers.get(scope_name, query.get("ses"));
  if (scope.empty()) return encryption;
  if (encryption.has(kDigest)) refuse(kInvalidHeaderValue, scope_name);
  encryption.add(std::string(kScope), scope);
  return encryption;
}

void check_key(const Encryption& given, const Parameters& kept) { check_same(kDigest, given, kept); }

void check_encryption(const Encryption& given, const Parameters& kept) {
  check_key(given, kept);
  if (given.has(kScope)) check_same(kScope, given, kept);
}

void add_encryption(const Encryption& encryption, Parameters& to) {
  for (const auto& [name, value] : encryption) {
    if (!to.has(name)) to.add(name, value);
  }
}

ScopePolicy scope_policy_from(const Parameters& headers) {
  const std::string name = headers.get(kDefaultScope), denies = headers.get(kDeniesOther);
  const bool is_denying = same_id(denies, "true");
  if (!denies.empty() && !is_denying && !same_id(denies, "false"))
    refuse(kInvalidHeaderValue, std::string(kDeniesOther));
  if (is_denying && name.empty()) refuse(kMissingRequiredHeader, std::string(kDefaultScope));
  return {name == kAccountsKey ? "" : name, is_denying};
}

std::string told_name(const ScopePolicy& policy) {
  return policy.name.empty() ? std::string(kAccountsKey) : policy.name;
}

void add_scope_policy(const ScopePolicy& policy, Parameters& headers) {
  headers.add(std::string(kDefaultScope), told_name(policy));
  headers.add(std::string(kDeniesOther), policy.denies_other ? "true" : "false");
}

void check_scope_policy(const ScopePolicy& policy, Encryption& given) {
  if (given.empty()) return;
  if (given.get(kScope) == told_name(policy))
    given = given.without([](std::string_view name) { return name == kScope; });
  if (policy.denies_other && !given.empty()) throw Error(kForbiddenByContainer);
}

void add_default_scope(const ScopePolicy& policy, Encryption& given) {
  if (given.empty() && !policy.name.empty()) given.add(std::string(kScope), policy.name);
}

}  // namespace batchite
