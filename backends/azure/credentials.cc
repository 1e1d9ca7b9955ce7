#include "backends/azure/credentials.h"

#include <fmt/format.h>

#include "backends/azure/entra.h"
#include "core/base/error.h"

namespace batchite::azure {
namespace {

const std::string kBearer = "Bearer ";

signing::SignedRequest signed_form(const HttpRequest& request) {
  const std::size_t path = request.url.find('/', request.url.find("://") + 3);
  const std::size_t mark = std::min(request.url.find('?'), request.url.size());
  return {.method = request.method,
          .path = path < mark ? request.url.substr(path, mark - path) : "/",
          .query = request.url.substr(std::min(mark + 1, request.url.size())),
          .headers = request.headers};
}

}  // namespace

// A token goes with each request, and to https only; a refused one is replaced once.
Proof bearer_proof(std::shared_ptr<Tokens> tokens, const std::string& resource, const std::string& date) {
  const auto sign = [tokens, resource, date](HttpRequest& request, Time now) {
    require_secure(request.url);
    request.headers.set(date, http_date(now));
    request.headers.set("Authorization", kBearer + tokens->get(resource));
  };
  const auto renew = [tokens, resource](const HttpRequest& refused) {
    return tokens->replace(resource, refused.headers.get("Authorization").substr(kBearer.size()));
  };
  return {sign, renew};
}

Proof batch_proof(const AzureAccount& account, std::shared_ptr<Tokens> tokens) {
  if (account.key.empty()) return bearer_proof(std::move(tokens), account.resource, "ocp-date");
  return {[key = key_of(account.name, account.key)](HttpRequest& request, Time now) {
    request.headers.set("ocp-date", http_date(now));
    request.headers.set("Authorization", signing::batch_authorization(key, signed_form(request)));
  }};
}

Proof storage_proof(const AzureAccount& account, std::shared_ptr<Tokens> tokens) {
  if (account.key.empty() && !account.sas.empty()) {
    return {[sas = account.sas](HttpRequest& request, Time) {
      require_secure(request.url);
      request.url += (request.url.find('?') == std::string::npos ? '?' : '&') + sas;
    }};
  }
  if (account.key.empty()) return bearer_proof(std::move(tokens), account.resource, "x-ms-date");
  return {[key = key_of(account.name, account.key)](HttpRequest& request, Time now) {
    request.headers.set("x-ms-date", http_date(now));
    request.headers.set("Authorization", signing::storage_authorization(key, signed_form(request)));
  }};
}

signing::AccountKey key_of(const std::string& account, const std::string& base64) {
  auto key = signing::account_key(account, base64);
  if (!key) throw UsageError(fmt::format("the key of account {} is not Base64 text", account));
  return *std::move(key);
}

}  // namespace batchite::azure
