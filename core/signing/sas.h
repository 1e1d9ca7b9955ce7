// Shared access signatures of Blob storage: making them, and checking the signature of one that came with a request.
// Whether a signature that holds also permits the request (times, addresses, letters, stored policies) is the blob
// service's to say. Pure; any thread; nothing throws.
// Sources: the reference of service, account and user delegation signatures, for every version of each.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/encoding.h"
#include "core/base/parameters.h"
#include "core/base/time.h"

namespace batchite::signing {

enum class SasKind { Service, Account, UserDelegation };

// The parameters of a signature ("sv", "sp", …, "sig"), decoded and in the order they came. Their values are signed as
// they are given, so nothing is normalised.
struct Sas {
  SasKind kind = SasKind::Service;
  Parameters parameters = {};
};

// nullopt: the query carries no signature ("sig").
std::optional<Sas> parse_sas(Parameters query);

// What a request asks for. Names are decoded; an empty blob means the container.
struct SasTarget {
  std::string account;
  std::string container = {};
  std::string blob = {};
  std::string time = {};  // of the snapshot or version asked for
  // Of the request, for delegation signatures that bind headers ("srh") or parameters ("srq"). Null: there are none.
  const Parameters* headers = nullptr;
  const Parameters* query = nullptr;
};

std::string string_to_sign(const Sas& sas, const SasTarget& target);
// `key`: decoded bytes of the account's key, or of the delegation key's value.
bool verify_sas(const Sas& sas, const SasTarget& target, std::string_view key);

// Response headers that a signature sets. Empty: the blob's own.
struct SasOverrides {
  std::string cache_control = {}, content_disposition = {}, content_encoding = {}, content_language = {},
              content_type = {};
};

// What signatures of all kinds can say. Empty members are left out.
struct SasTerms {
  std::string permissions = {};  // in any order; written in the service's
  Time start = kNever;
  Time expiry = kNever;
  std::string ip = {};        // "10.0.0.1" or "10.0.0.1-10.0.0.9"
  std::string protocol = {};  // "https" or "https,http"
  std::string version = "2021-12-02";
  std::string encryption_scope = {};
};

struct SasSpec {
  SasTerms terms = {};
  std::string account;
  std::string container;
  std::string blob = {};        // empty: the container
  std::string resource = {};    // "b", "c", "bs", "bv" or "d"; empty: "b" with a blob, else "c"
  std::string time = {};        // of the snapshot ("bs") or version ("bv")
  std::string identifier = {};  // of a stored policy
  SasOverrides overrides = {};
};

struct AccountSasSpec {
  SasTerms terms = {};
  std::string account;
  std::string services = "b";
  std::string resource_types = "sco";
};

// A user delegation key, as the service hands it out.
struct DelegationKey {
  std::string object_id, tenant_id, start, expiry, service, version;
  std::string value;  // decoded bytes
};

// Encoded query strings, ending with "sig=…".
std::string make_service_sas(const SasSpec& spec, std::string_view key);
std::string make_account_sas(const AccountSasSpec& spec, std::string_view key);
std::string make_user_delegation_sas(const SasSpec& spec, const DelegationKey& key);

// Letters in the order the service wants; nullopt for a letter the kind does not have or that comes twice.
std::optional<std::string> order_permissions(SasKind kind, std::string_view letters);
bool permissions_are_ordered(SasKind kind, std::string_view letters);

}  // namespace batchite::signing
