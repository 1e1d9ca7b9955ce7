#include "core/blob/sas_access.h"

#include <algorithm>
#include <charconv>

#include "core/base/encoding.h"
#include "core/base/query.h"
#include "core/blob/delegation.h"
#include "core/blob/errors.h"
#include "core/blob/operation_table.h"

namespace batchite {
namespace {

using namespace blob_errors;
using signing::Sas;
using signing::SasKind;

[[noreturn]] void refuse(const std::string& detail) {
  throw Error(kAuthenticationFailed, {{"AuthenticationErrorDetail", detail}});
}

std::optional<Time> time_in(const Sas& sas, std::string_view name) {
  const std::string text = sas.parameters.get(name);
  if (text.empty()) return std::nullopt;
  const auto time = parse_iso8601(text);
  if (!time) refuse(std::string(name) + " is not a time: " + text);
  return time;
}

// What a signature and the stored policy that it names come to. Each of the three is said by one of them only.
struct Terms {
  std::string permissions;
  std::optional<Time> start, expiry;
};

template <class Value>
Value from_one(std::string_view name, const Value& own, const Value& stored) {
  if (own == Value() || stored == Value()) return own == Value() ? stored : own;
  throw Error(kInvalidQueryParameterValue,
              {{"QueryParameterName", std::string(name)},
               {"Reason", "It is given by the signature and by its stored access policy."}});
}

StoredPolicy policy_of(const Sas& sas, const SasUse& use) {
  const std::string id = sas.parameters.get("si");
  if (id.empty()) return {};
  if (sas.kind != SasKind::Service) refuse("Only a service signature names a stored access policy.");
  for (StoredPolicy& policy : use.policies ? use.policies() : std::vector<StoredPolicy>()) {
    if (policy.id == id) return std::move(policy);
  }
  refuse("The stored access policy '" + id + "' does not exist.");
}

Terms terms_of(const Sas& sas, const SasUse& use) {
  const StoredPolicy policy = policy_of(sas, use);
  const Terms terms{from_one("sp", sas.parameters.get("sp"), policy.permissions),
                    from_one("st", time_in(sas, "st"), policy.start),
                    from_one("se", time_in(sas, "se"), policy.expiry)};
  if (terms.permissions.empty()) refuse("sp is mandatory. Cannot be empty");
  if (!terms.expiry) refuse("se is mandatory. Cannot be empty");
  return terms;
}

void check_form(const Sas& sas) {
  if (sas.parameters.get("sv").empty()) refuse("sv is mandatory. Cannot be empty");
  if (sas.kind != SasKind::Account && sas.parameters.get("sr").empty()) refuse("sr is mandatory. Cannot be empty");
}

// The keys that may have signed: the account's, or the delegation keys made of them.
std::vector<std::string> keys_of(const Sas& sas, const BlobAccount& account) {
  std::vector<std::string> keys;
  for (const std::string& text : account.keys) {
    const auto bytes = base64_decode(text);
    if (!bytes) continue;
    keys.push_back(sas.kind == SasKind::UserDelegation ? delegation_key(sas.parameters, *bytes) : *bytes);
  }
  return keys;
}

void check_signature(const Sas& sas, const BlobAccount& account, const SasUse& use) {
  const signing::SasTarget target{.account = account.name,
                                  .container = use.container,
                                  .blob = use.blob,
                                  .time = use.snapshot,
                                  .headers = use.headers,
                                  .query = use.query};
  for (const std::string& key : keys_of(sas, account)) {
    if (signing::verify_sas(sas, target, key)) return;
  }
  refuse("Signature did not match. String to sign used was " + signing::string_to_sign(sas, target));
}

void check_window(std::string_view what, std::optional<Time> start, Time expiry, Time now) {
  if ((!start || now >= *start) && now <= expiry) return;
  refuse(std::string(what) + " not valid in the specified time frame: Start [" +
         (start ? http_date(*start) : std::string()) + "] - Expiry [" + http_date(expiry) + "] - Current [" +
         http_date(now) + "]");
}

void check_delegation(const Sas& sas, Time now) {
  const auto start = time_in(sas, "skt"), expiry = time_in(sas, "ske");
  if (!start || !expiry || !is_delegation_time(*start, *expiry)) refuse("The delegation key has no valid time.");
  check_window("Delegation key", start, *expiry, now);
  if (sas.parameters.get("sks") != "b") throw Error(kAuthorizationServiceMismatch);
}

std::optional<std::uint32_t> ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value > 255) return std::nullopt;
    address = address << 8 | value;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (part == 3) break;
    if (!text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
  }
  return text.empty() ? std::optional(address) : std::nullopt;
}

bool address_fits(std::string_view range, std::string_view address) {
  const auto dash = range.find('-');
  const std::string_view first = range.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : range.substr(dash + 1);
  const auto low = ipv4(first), high = ipv4(last), own = ipv4(address);
  return low && high && own ? *low <= *own && *own <= *high : first == address;
}

void check_way(const Sas& sas, const SasUse& use) {
  if (sas.parameters.get("spr") == "https" && !use.is_https) throw Error(kAuthorizationProtocolMismatch);
  const std::string range = sas.parameters.get("sip");
  if (range.empty() || use.address.empty() || address_fits(range, use.address)) return;
  throw Error(kAuthorizationSourceIpMismatch, {{"SourceIP", use.address}});
}

bool has_any(std::string_view letters, std::string_view wanted) {
  return letters.find_first_of(wanted) != std::string_view::npos;
}

std::string header(const SasUse& use, std::string_view name) { return use.headers ? use.headers->get(name) : ""; }

// What a header asks for beside the operation needs a letter of its own.
bool allows_headers(std::string_view given, const SasUse& use) {
  constexpr std::pair<std::string_view, std::string_view> kLetters[] = {
      {"x-ms-tags", "t"}, {"x-ms-immutability-policy-until-date", "i"}, {"x-ms-legal-hold", "i"}};
  return std::ranges::all_of(
      kLetters, [&](const auto& letter) { return header(use, letter.first).empty() || has_any(given, letter.second); });
}

SasGrant check_permission(std::string_view given, std::string_view wanted, const SasUse& use) {
  const bool leases = use.operation == BlobOperation::LeaseBlob || use.operation == BlobOperation::LeaseContainer;
  const bool breaks = leases && same_id(header(use, "x-ms-lease-action"), "break");
  // Who may delete what is leased may break the lease.
  const bool fits = has_any(given, wanted) || (breaks && has_any(given, "d"));
  if (!fits || !allows_headers(given, use)) throw Error(kAuthorizationPermissionMismatch);
  const bool creates = has_any(wanted, "c");
  return {.may_overwrite = !creates || has_any(given, "w")};
}

SasGrant check_service(const Sas& sas, const Terms& terms, const BlobRights& rights, const SasUse& use) {
  if (rights.service.empty()) throw Error(kAuthorizationFailure);
  const std::string resource = sas.parameters.get("sr");
  const bool whole_container = resource == "c" || resource == "d";
  const bool is_snapshot = resource == "bs" && !use.snapshot.empty();
  if (!whole_container && resource != "b" && !is_snapshot) throw Error(kAuthorizationResourceTypeMismatch);
  if (use.blob.empty() && !whole_container) throw Error(kAuthorizationResourceTypeMismatch);
  return check_permission(terms.permissions, rights.service, use);
}

SasGrant check_account(const Sas& sas, const BlobRights& rights, const SasUse& use) {
  if (!has_any(sas.parameters.get("ss"), "b")) throw Error(kAuthorizationServiceMismatch);
  const bool fits = rights.resource_type == '*' || has_any(sas.parameters.get("srt"), {&rights.resource_type, 1});
  if (!fits) throw Error(kAuthorizationResourceTypeMismatch);
  return check_permission(sas.parameters.get("sp"), rights.account, use);
}

}  // namespace

SasGrant check_sas(const Sas& sas, const BlobAccount& account, const SasUse& use) {
  check_form(sas);
  check_signature(sas, account, use);
  const Terms terms = terms_of(sas, use);
  check_window("Signature", terms.start, *terms.expiry, use.now);
  if (sas.kind == SasKind::UserDelegation) check_delegation(sas, use.now);
  check_way(sas, use);
  const BlobRights& rights = blob_operation_row(use.operation).rights;
  return sas.kind == SasKind::Account ? check_account(sas, rights, use) : check_service(sas, terms, rights, use);
}

SasGrant check_sas(std::string_view query, const BlobAccount& account, const SasUse& use) {
  const auto sas = signing::parse_sas(query_parameters(query));
  if (!sas) throw Error(kNoAuthenticationInformation);
  return check_sas(*sas, account, use);
}

}  // namespace batchite
