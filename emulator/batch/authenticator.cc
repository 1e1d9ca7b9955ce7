#include "emulator/batch/authenticator.h"

#include <algorithm>
#include <array>

#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/signing/bearer_token.h"
#include "core/signing/shared_key.h"

namespace batchite::batch {
namespace {

constexpr auto kSkew = std::chrono::minutes(15);
// Batch's own in each cloud, and Resource Manager's, which Cloud Shell uses.
constexpr std::array<std::string_view, 5> kAudiences = {
    "https://batch.core.windows.net", "https://batch.core.chinacloudapi.cn", "https://batch.chinacloudapi.cn",
    "https://batch.core.usgovcloudapi.net", "https://management.azure.com"};
constexpr std::string_view kOldAudience = "https://management.core.windows.net";

[[noreturn]] void fail_key(std::string detail) {
  throw Error(errors::kAuthenticationFailed, {{"AuthenticationErrorDetail", std::move(detail)}});
}

[[noreturn]] void fail_token(std::string detail) {
  ErrorCode code = errors::kAuthenticationFailed;
  code.status = 401;
  throw Error(code, {{"AuthenticationErrorDetail", std::move(detail)}});
}

constexpr std::string_view kBearer = "Bearer ";

bool is_bearer(std::string_view header) {
  return header.size() > kBearer.size() && same_id(header.substr(0, kBearer.size()), kBearer);
}

bool is_audience(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return std::find(kAudiences.begin(), kAudiences.end(), text) != kAudiences.end() || text == kOldAudience;
}

}  // namespace

Authenticator::Authenticator(Account account, AuthMode mode, std::string secret, Clock clock)
    : account_(std::move(account)), mode_(mode), secret_(std::move(secret)), clock_(std::move(clock)) {}

std::optional<TaskCaller> Authenticator::check(const http::Request& request) const {
  if (mode_ == AuthMode::Off) return std::nullopt;
  const std::string* header = request.headers.find("Authorization");
  if (!header) throw Error(errors::kMissingRequiredHeader, {{"HeaderName", "Authorization"}});
  if (is_bearer(*header)) return check_token(std::string_view(*header).substr(kBearer.size()));
  check_key(request, *header);
  return std::nullopt;
}

void Authenticator::check_bearer(const http::Request& request) const {
  if (mode_ == AuthMode::Off) return;
  const std::string header = request.headers.get("Authorization");
  if (!is_bearer(header)) fail_token("The Authorization header has to hold a bearer token.");
  if (check_token(std::string_view(header).substr(kBearer.size())))
    fail_token("The token of a task is for the Batch service only.");
}

std::string Authenticator::foreign_token(const http::Request& request) const {
  const std::string header = request.headers.get("Authorization");
  if (!is_bearer(header)) return "";
  std::string text = header.substr(kBearer.size());
  const auto token = BearerToken::parse(text);
  return token && !token->is_signed_with(secret_) ? text : "";
}

void Authenticator::check_key(const http::Request& request, const std::string& header) const {
  const auto authorization = signing::parse_authorization(header);
  if (!authorization || authorization->scheme != "SharedKey") throw Error(errors::kInvalidAuthenticationInfo);
  if (authorization->account != account_.name) {
    fail_key("The account " + authorization->account + " is not served here; it is " + account_.name + ".");
  }
  check_date(request);
  const signing::SignedRequest signed_request{request.method, request.path, request.query, request.headers};
  for (const std::string& base64 : account_.keys) {
    const auto key = signing::account_key(account_.name, base64);
    if (key && signing::verify_batch(*key, signed_request, *authorization)) return;
  }
  fail_key("The MAC signature found in the HTTP request '" + authorization->signature +
           "' is not the same as any computed signature. Server used following string to sign: '" +
           signing::batch_string_to_sign(account_.name, signed_request) + "'.");
}

void Authenticator::check_date(const http::Request& request) const {
  const std::string* text = request.headers.find("ocp-date");
  if (!text) text = request.headers.find("Date");
  if (!text) fail_key("Neither an ocp-date nor a Date header says when the request was made.");
  const auto date = parse_http_date(*text);
  if (!date) fail_key("The date '" + *text + "' is not in RFC 1123 form.");
  const Time now = clock_();
  if (*date < now - kSkew || *date > now + kSkew) {
    fail_key("The request was made at " + *text + ", more than 15 minutes from the server's time " + http_date(now) +
             ".");
  }
}

std::optional<TaskCaller> Authenticator::check_token(std::string_view text) const {
  const auto token = BearerToken::parse(text);
  if (!token) fail_token("A bearer token is a JWT: three parts with dots between them, the first two JSON objects.");
  const Time now = clock_();
  const auto expiry = token->expires();
  if (!expiry || *expiry <= now) fail_token("The bearer token has expired, or has no time of expiry.");
  if (token->begins().value_or(now) > now + kSkew) fail_token("The bearer token is not valid yet.");
  const std::string audience = token->audience();
  if (!is_audience(audience)) {
    fail_token("The bearer token is for '" + audience + "', not for https://batch.core.windows.net/.");
  }
  const auto caller = task_caller(*token);
  if ((mode_ == AuthMode::Strict || caller) && !token->is_signed_with(secret_)) {
    fail_token("The bearer token was not issued by this emulator.");
  }
  return caller;
}

std::string Authenticator::issue_token(const std::string& audience, Ticks lifetime) const {
  return BearerToken::issue(secret_, audience, clock_(), lifetime);
}

}  // namespace batchite::batch
