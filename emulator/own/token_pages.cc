#include "emulator/own/token_pages.h"

#include "core/base/document.h"
#include "core/base/error.h"
#include "core/base/query.h"

namespace batchite {
namespace {

constexpr auto kLifetime = std::chrono::hours(1);
constexpr std::size_t kMaxForm = 64 * 1024;
constexpr std::string_view kTokenPath = "/oauth2/v2.0/token";
constexpr std::string_view kOldTokenPath = "/oauth2/token";
constexpr std::string_view kConfigurationPath = "/v2.0/.well-known/openid-configuration";

http::Response json(const Document& document, unsigned status = 200) {
  http::Response response{.status = status};
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  response.body = document.dump();
  return response;
}

http::Response refuse(const char* error, const char* description) {
  return json({{"error", error}, {"error_description", description}}, 400);
}

// "https://batch.core.windows.net//.default" is a scope for "https://batch.core.windows.net/".
std::string audience_of(const Parameters& form) {
  std::string scope = form.get("scope", form.get("resource"));
  constexpr std::string_view kDefault = "/.default";
  if (scope.ends_with(kDefault)) scope.resize(scope.size() - kDefault.size());
  return scope;
}

http::Response issue(const http::Request& request, const batch::Authenticator& issuer) {
  if (request.method != "POST") return refuse("invalid_request", "Tokens are asked for with POST.");
  if (request.length.value_or(0) > kMaxForm) return refuse("invalid_request", "The form is too long.");
  Parameters form;
  try {
    form = query_parameters(read_all(*request.body));
  } catch (const Error&) {
    return refuse("invalid_request", "The form ended early.");
  }
  const std::string audience = audience_of(form);
  if (audience.empty()) return refuse("invalid_scope", "Neither scope nor resource says what the token is for.");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kLifetime).count();
  return json({{"token_type", "Bearer"},
               {"expires_in", seconds},
               {"ext_expires_in", seconds},
               {"access_token", issuer.issue_token(audience, kLifetime)}});
}

http::Response configuration(const http::Request& request) {
  const std::string tenant = request.base + request.path.substr(0, request.path.size() - kConfigurationPath.size());
  return json({{"token_endpoint", tenant + std::string(kTokenPath)},
               {"authorization_endpoint", tenant + "/oauth2/v2.0/authorize"},
               {"issuer", tenant + "/v2.0"},
               {"response_types_supported", {"token"}},
               {"token_endpoint_auth_methods_supported", {"client_secret_post"}}});
}

}  // namespace

std::optional<http::Response> token_page(const http::Request& request, const batch::Authenticator& issuer) {
  if (request.path.ends_with(kTokenPath) || request.path.ends_with(kOldTokenPath)) return issue(request, issuer);
  if (request.path.ends_with(kConfigurationPath)) return configuration(request);
  return std::nullopt;
}

}  // namespace batchite
