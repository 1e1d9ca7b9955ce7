// Tokens of managed identities, from endpoints that only the machine itself can reach: no secret is needed.
// Sources: learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token (what is asked
// again; how often, and how long between, is MSAL's: its docs/imds_retry_based_on_errors.md),
// .../azure/app-service/overview-managed-identity; what an answer of 400 means is azure-identity's reading (imds.py).
#include <fmt/format.h>

#include <span>

#include "backends/azure/entra.h"
#include "core/base/document.h"
#include "core/base/encoding.h"
#include "core/base/error.h"

namespace batchite::azure {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMetadataHost = "http://169.254.169.254";

HttpRequest request_of(const EntraSettings& settings, const std::string& url, const char* version,
                       const std::string& resource) {
  Query query = {{"api-version", version}, {"resource", resource}};
  if (!settings.client.empty()) query.emplace_back("client_id", settings.client);
  const char mark = url.find('?') == std::string::npos ? '?' : '&';
  return {.url = url + mark + format_query(query), .is_next_door = true};
}

// What the endpoint says is wrong: {"error": …, "error_description": …}, or {"message": …} of App Service.
std::string complaint_of(const HttpAnswer& answer) {
  const Document document = Document::parse(answer.body, nullptr, false);
  for (const char* name : {"error_description", "message", "error"}) {
    const Document* value = Reader(document).find(name);
    if (value && value->is_string()) return value->get<std::string>();
  }
  return fmt::format("it answered {}", answer.status);
}

AccessToken token_of(const HttpAnswer& answer, const EntraWorld& world) {
  if (answer.status == 200) {
    if (auto token = read_token(answer.body, world.seams.clock())) return *std::move(token);
    throw Error(503, "TokenUnreadable", "What came from the endpoint of the managed identity is no token.");
  }
  throw Error(answer.status >= 500 ? 503 : 401, "ManagedIdentityRefused", complaint_of(answer));
}

AccessToken ask_app_service(const EntraSettings& settings, const EntraWorld& world, const std::string& resource) {
  HttpRequest request = request_of(settings, settings.identity_endpoint, "2019-08-01", resource);
  request.headers.add("X-IDENTITY-HEADER", settings.identity_header);
  require_secure(request.url);
  return token_of(Sender(world.seams, world.retry, {}).send(request).answer, world);
}

// Before it is asked again: 404 is answered while the metadata service is updated, 410 for up to 70 seconds; what is
// too busy is asked after a second at the soonest, then as any service.
using Pauses = std::span<const std::chrono::seconds>;
constexpr std::chrono::seconds k404[] = {1s, 2s, 4s}, k410[] = {10s, 10s, 10s, 10s, 10s, 10s, 10s}, kBusy[] = {1s};

Pauses pauses_after(unsigned status) {
  if (status == 404) return k404;
  if (status == 410) return k410;
  return status == 429 || status >= 500 ? Pauses(kBusy) : Pauses();
}

HttpAnswer ask_until_it_is_there(const HttpRequest& request, HttpAnswer answer, const EntraWorld& world) {
  const Patience patience(world.seams);
  for (std::size_t tries = 0;; ++tries) {
    const Pauses pauses = pauses_after(answer.status);
    if (tries >= pauses.size() || !patience.wait(pauses[tries])) return answer;
    answer = Sender(world.seams, world.retry, {}).send(request).answer;
  }
}

AccessToken ask_metadata_service(const EntraSettings& settings, const EntraWorld& world, const std::string& resource) {
  const std::string host = settings.metadata_host.empty() ? kMetadataHost : settings.metadata_host;
  HttpRequest request = request_of(settings, host + "/metadata/identity/oauth2/token", "2018-02-01", resource);
  request.headers.add("Metadata", "true");
  HttpAnswer answer = world.seams.transport->send(request);
  if (answer.status == 0)
    throw CredentialUnavailable("nothing answers at " + host + ", so this is no machine of Azure");
  answer = ask_until_it_is_there(request, std::move(answer), world);
  if (answer.status == 400) throw CredentialUnavailable("this machine has none that fits: " + complaint_of(answer));
  return token_of(answer, world);
}

}  // namespace

FetchToken by_managed_identity(const EntraSettings& settings, const EntraWorld& world) {
  return [settings, world](const std::string& resource) {
    const bool is_app_service = !settings.identity_endpoint.empty() && !settings.identity_header.empty();
    return is_app_service ? ask_app_service(settings, world, resource)
                          : ask_metadata_service(settings, world, resource);
  };
}

}  // namespace batchite::azure
