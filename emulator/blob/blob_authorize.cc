#include "emulator/blob/blob_authorize.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/query.h"
#include "core/blob/acl.h"
#include "core/blob/blob_url.h"
#include "core/blob/errors.h"
#include "core/signing/sas.h"
#include "core/signing/shared_key.h"
#include "core/signing/task_token.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr ErrorCode kInvalidAuthenticationInfo{
    400, "InvalidAuthenticationInfo",
    "Authentication information is not given in the correct format. Check the value of Authorization header."};
constexpr ErrorCode kTokenRefused{
    401, "InvalidAuthenticationInfo",
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."};
constexpr auto kMaxSkew = std::chrono::minutes(15);
constexpr const char* kNobody = "00000000-0000-0000-0000-000000000000";  // of tokens that name none
constexpr std::string_view kChallengesSince = "2019-12-12";

[[noreturn]] void refuse(const ErrorCode& code, std::string detail) {
  throw Error(code, {{"AuthenticationErrorDetail", std::move(detail)}});
}

const BlobAccount& account_of(const BlobAttempt& attempt, std::string_view name) {
  const auto found = std::ranges::find(attempt.accounts, name, &BlobAccount::name);
  if (found == attempt.accounts.end()) throw Error(kResourceNotFound);
  return *found;
}

void check_date(const BlobAttempt& attempt) {
  const Parameters& headers = attempt.request.headers;
  const std::string text = headers.get(headers.has("x-ms-date") ? "x-ms-date" : "Date");
  if (text.empty()) refuse(kAuthenticationFailed, "Either the x-ms-date or the Date header is required.");
  const auto date = parse_http_date(text);
  if (!date) refuse(kAuthenticationFailed, "The date header in the request is incorrect: '" + text + "'.");
  if (std::chrono::abs(attempt.now - *date) <= kMaxSkew) return;
  refuse(kAuthenticationFailed,
         "Request date header too old or too new: '" + text + "'. The time is '" + http_date(attempt.now) + "'.");
}

BlobAccess check_key(const BlobAttempt& attempt, const signing::Authorization& authorization) {
  const BlobAccount& account = account_of(attempt, attempt.target.account);
  if (authorization.account != account.name) {
    refuse(kAuthenticationFailed, "The account '" + authorization.account + "' does not own the resource.");
  }
  check_date(attempt);
  const signing::SignedRequest request{.method = attempt.request.method,
                                       .path = attempt.request.path,
                                       .query = attempt.request.query,
                                       .headers = attempt.request.headers};
  for (const std::string& text : account.keys) {
    const auto key = signing::account_key(account.name, text);
    if (key && signing::verify_storage(*key, request, authorization)) return {};
  }
  const bool is_lite = same_id(authorization.scheme, "SharedKeyLite");
  refuse(kAuthenticationFailed,
         "The MAC signature found in the HTTP request '" + authorization.signature +
             "' is not the same as any computed signature. Server used following string to sign: '" +
             (is_lite ? signing::storage_lite_string_to_sign(account.name, request)
                      : signing::storage_string_to_sign(account.name, request)) +
             "'.");
}

BlobAccess check_token(const BlobAttempt& attempt, const std::string& text) {
  const auto token = BearerToken::parse(text);
  if (!token) throw Error(kInvalidAuthenticationInfo);
  if (task_caller(*token)) refuse(kTokenRefused, "Audience validation failed. The token of a task is for Batch only.");
  if (attempt.mode == BlobAuth::Strict && !token->is_signed_with(attempt.token_secret)) {
    refuse(kTokenRefused, "Signature validation failed. The token was not issued by this server.");
  }
  if (token->expires().value_or(Time::max()) < attempt.now) {
    refuse(kTokenRefused, "Lifetime validation failed. The token is expired.");
  }
  if (token->begins().value_or(attempt.now) > attempt.now + kMaxSkew) {
    refuse(kTokenRefused, "Lifetime validation failed. The token is not yet valid.");
  }
  const Reader claims(token->claims());
  return {
      .identity = {{"oid", claims.get<std::string>("oid", kNobody)}, {"tid", claims.get<std::string>("tid", kNobody)}},
      .token = token->is_signed_with(attempt.token_secret) ? "" : text};
}

PublicAccess access_of(const BlobAttempt& attempt, const std::string& account, const std::string& container) {
  try {
    return public_access_from(attempt.acl(account, container).headers);
  } catch (const Error&) {  // whether there is such a container is nobody's business
    return PublicAccess::None;
  }
}

SasUse use_of(const BlobAttempt& attempt, const BlobTarget& target, const Parameters& query) {
  return {.operation = attempt.route.operation,
          .container = target.container,
          .blob = target.blob,
          .now = attempt.now,
          .is_https = attempt.request.is_https,
          .address = attempt.request.address,
          .snapshot = query.get("snapshot"),
          .headers = &attempt.request.headers,
          .query = &query,
          .policies = [&attempt, target] { return policies_from(attempt.acl(target.account, target.container).body); }};
}

constexpr std::string_view kBearer = "Bearer ";

// Where the bytes of a copy come from, if that is one of the accounts here; another service looks at it by itself.
std::optional<BlobUrl> own_source(const BlobAttempt& attempt) {
  return parse_blob_url(attempt.request.headers.get("x-ms-copy-source"), [&](std::string_view name) {
    return std::ranges::find(attempt.accounts, name, &BlobAccount::name) != attempt.accounts.end();
  });
}

// What is refused is the source, not the request.
template <class Check>
void check_of_source(const Check& check) {
  try {
    check();
  } catch (const Error& error) {
    throw Error(error.status(), std::string(kCannotVerifyCopySource.code), error.message(), error.values());
  }
}

void check_source_token(const BlobAttempt& attempt, const std::string& text) {
  if (!own_source(attempt)) return;
  if (!same_id(text.substr(0, kBearer.size()), kBearer)) {
    throw Error(kInvalidHeaderValue, {{"HeaderName", "x-ms-copy-source-authorization"}});
  }
  check_of_source([&] { check_token(attempt, text.substr(kBearer.size())); });
}

// Who holds a signature only has no right of his own to read the source of a copy: its URL must bring one, or a token
// comes along, unless anybody may read it.
void check_copy_source(const BlobAttempt& attempt) {
  if (attempt.request.headers.has("x-ms-copy-source-authorization")) return;  // looked at already
  auto source = own_source(attempt);
  if (!source) return;
  BlobTarget target{.account = source->account, .container = source->container, .blob = source->blob};
  if (target.blob.empty()) target.blob = std::exchange(target.container, "$root");
  if (access_of(attempt, target.account, target.container) != PublicAccess::None) return;
  const Parameters query = query_parameters(source->query);
  SasUse use = use_of(attempt, target, query);
  use.operation = BlobOperation::GetBlob;
  check_of_source([&] { check_sas(source->query, account_of(attempt, source->account), use); });
}

BlobAccess check_anonymous(const BlobAttempt& attempt) {
  const PublicAccess needed = attempt.route.anonymous;
  if (needed != PublicAccess::None && access_of(attempt, attempt.target.account, attempt.target.container) >= needed) {
    return {.may_overwrite = false};
  }
  throw Error(attempt.version >= kChallengesSince ? kNoAuthenticationInformation : kResourceNotFound);
}

BlobAccess check_signature(const BlobAttempt& attempt, const signing::Sas& sas) {
  const SasGrant grant =
      check_sas(sas, account_of(attempt, attempt.target.account), use_of(attempt, attempt.target, attempt.query));
  if (!attempt.request.headers.get("x-ms-copy-source").empty()) check_copy_source(attempt);
  // Only these signatures cover the overrides.
  const bool covers = sas.kind != signing::SasKind::Account && sas.parameters.get("sv") >= "2013-08-15";
  return {.may_overwrite = grant.may_overwrite, .may_override_headers = covers};
}

}  // namespace

BlobAccess authorize_blob(const BlobAttempt& attempt) {
  if (attempt.mode == BlobAuth::Off) {
    return {.may_override_headers = true, .identity = {{"oid", kNobody}, {"tid", kNobody}}};
  }
  if (const std::string* token = attempt.request.headers.find("x-ms-copy-source-authorization")) {
    check_source_token(attempt, *token);
  }
  if (const std::string* header = attempt.request.headers.find("Authorization")) {
    if (same_id(header->substr(0, kBearer.size()), kBearer)) {
      return check_token(attempt, header->substr(kBearer.size()));
    }
    const auto authorization = signing::parse_authorization(*header);
    if (!authorization || !fold(authorization->scheme).starts_with("sharedkey"))
      throw Error(kInvalidAuthenticationInfo);
    return check_key(attempt, *authorization);
  }
  if (const auto sas = signing::parse_sas(attempt.query)) return check_signature(attempt, *sas);
  return check_anonymous(attempt);
}

}  // namespace batchite
