#include "backends/azure/credentials.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace batchite::azure {
namespace {

signing::SignedRequest signed_form(const HttpRequest& request) {
  const std::size_t path = request.url.find('/', request.url.find("://") + 3);
  const std::size_t mark = std::min(request.url.find('?'), request.url.size());
  return {.method = request.method,
          .path = path < mark ? request.url.substr(path, mark - path) : "/",
          .query = request.url.substr(std::min(mark + 1, request.url.size())),
          .headers = request.headers};
}

}  // namespace

Sign batch_shared_key(signing::AccountKey key) {
  return [key = std::move(key)](HttpRequest& request, Time now) {
    request.headers.set("ocp-date", http_date(now));
    request.headers.set("Authorization", signing::batch_authorization(key, signed_form(request)));
  };
}

Sign storage_shared_key(signing::AccountKey key) {
  return [key = std::move(key)](HttpRequest& request, Time now) {
    request.headers.set("x-ms-date", http_date(now));
    request.headers.set("Authorization", signing::storage_authorization(key, signed_form(request)));
  };
}

signing::AccountKey key_of(const std::string& account, const std::string& base64) {
  auto key = signing::account_key(account, base64);
  if (!key) throw UsageError(fmt::format("the key of account {} is not Base64 text", account));
  return *std::move(key);
}

}  // namespace batchite::azure
