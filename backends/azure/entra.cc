#include "backends/azure/entra.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "backends/azure/scrub.h"
#include "core/base/document.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/uuid.h"
#include "core/signing/client_assertion.h"

namespace batchite::azure {
namespace {

// 169.254.0.0/16: where machines of Azure have endpoints of their own.
bool is_link_local(const boost::urls::url_view& place) {
  const auto bytes = place.host_ipv4_address().to_bytes();
  return bytes[0] == 169 && bytes[1] == 254;
}

// What Entra says of a refusal, in the form of an Error: "AADSTS7000215: Invalid client secret provided. …". Trace ids
// and what comes behind them are left out.
Error refusal_of(const HttpAnswer& answer, const EntraSettings& settings, const Query& secrets) {
  const Document document = Document::parse(answer.body, nullptr, false);
  const Reader body(document);
  const auto said = [&body](std::string_view name) {
    const Document* value = body.find(name);
    return value && value->is_string() ? value->get<std::string>() : std::string();
  };
  std::string message = said("error_description");
  message.resize(std::min({message.size(), message.find(" Trace ID:"), message.find_first_of("\r\n")}));
  std::string code = said("error");
  if (message.starts_with("AADSTS")) {
    const std::size_t colon = std::min(message.find(':'), message.size());
    code = message.substr(0, colon);
    message.erase(0, std::min(message.find_first_not_of(": ", colon), message.size()));
  }
  for (const auto& [name, secret] : secrets) replace_all(message, secret, "…");  // should it be repeated to us
  if (code.empty()) code = "TokenRefused";
  if (message.empty()) message = fmt::format("The token service answered {}.", answer.status);
  return Error(answer.status >= 500 ? 503 : 401, code, message,
               {{"Authority", settings.authority}, {"Tenant", settings.tenant}, {"Client", settings.client}});
}

std::string token_url(const EntraSettings& settings) {
  return fmt::format("{}/{}/oauth2/v2.0/token", settings.authority, percent_encode(settings.tenant));
}

// `proof`: what the client shows, by the names of the form's fields.
AccessToken ask_entra(const EntraSettings& settings, const EntraWorld& world, const std::string& resource,
                      const Query& proof) {
  Query form = {
      {"client_id", settings.client}, {"grant_type", "client_credentials"}, {"scope", resource + "/.default"}};
  form.insert(form.end(), proof.begin(), proof.end());
  const HttpRequest request{
      .method = "POST",
      .url = token_url(settings),
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
      .body = format_query(form)};
  require_secure(request.url);
  Sender sender(world.seams, world.retry, {});
  const HttpAnswer answer = sender.send(request).answer;
  if (answer.status != 200) throw refusal_of(answer, settings, proof);
  auto token = read_token(answer.body, world.seams.clock());
  if (!token) throw Error(503, "TokenUnreadable", "What came from " + settings.authority + " is no token.");
  return *std::move(token);
}

AccessToken ask_by_assertion(const EntraSettings& settings, const EntraWorld& world, const std::string& resource,
                             const std::string& assertion) {
  return ask_entra(settings, world, resource,
                   {{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                    {"client_assertion", assertion}});
}

void require(const char* name, const std::string& value) {
  if (value.empty()) throw CredentialUnavailable(fmt::format("{} is not set", name));
}

void require_client(const EntraSettings& settings) {
  require("AZURE_TENANT_ID", settings.tenant);
  require("AZURE_CLIENT_ID", settings.client);
}

std::string text_of(const char* variable, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    throw UsageError(fmt::format("{}: {}: {}", variable, path, std::generic_category().message(errno)));
  }
  return text.str();
}

}  // namespace

void require_secure(const std::string& url) {
  if (url.starts_with("https://")) return;
  const std::string without_path = url.substr(0, url.find('/', std::string_view("http://").size()));
  const auto place = boost::urls::parse_uri(without_path);
  const bool is_here = place && place->scheme() == "http" && !place->has_userinfo() &&
                       (place->host() == "localhost" || place->host_ipv4_address().is_loopback() ||
                        place->host_ipv6_address().is_loopback() || is_link_local(*place));
  if (!is_here) throw UsageError(url.substr(0, url.find('?')) + ": secrets go to https only");
}

FetchToken by_client_secret(const EntraSettings& settings, const EntraWorld& world) {
  return [settings, world](const std::string& resource) {
    require("AZURE_CLIENT_SECRET", settings.client_secret);
    require_client(settings);
    return ask_entra(settings, world, resource, {{"client_secret", settings.client_secret}});
  };
}

FetchToken by_client_certificate(const EntraSettings& settings, const EntraWorld& world) {
  return [settings, world](const std::string& resource) {
    require("AZURE_CLIENT_CERTIFICATE_PATH", settings.certificate);
    require_client(settings);
    const std::string pem = text_of("AZURE_CLIENT_CERTIFICATE_PATH", settings.certificate);
    std::string assertion;
    try {
      assertion = make_client_assertion(pem, settings.certificate_password,
                                        {.audience = token_url(settings),
                                         .client = settings.client,
                                         .id = random_uuid(world.seams.entropy),
                                         .now = world.seams.clock()});
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("AZURE_CLIENT_CERTIFICATE_PATH: {}: {}", settings.certificate, error.what()));
    }
    return ask_by_assertion(settings, world, resource, assertion);
  };
}

FetchToken by_workload_identity(const EntraSettings& settings, const EntraWorld& world) {
  return [settings, world](const std::string& resource) {
    require("AZURE_FEDERATED_TOKEN_FILE", settings.token_file);
    require_client(settings);
    std::string assertion = text_of("AZURE_FEDERATED_TOKEN_FILE", settings.token_file);
    assertion.erase(assertion.find_last_not_of(" \t\r\n") + 1);
    if (assertion.empty()) {
      throw UsageError(fmt::format("AZURE_FEDERATED_TOKEN_FILE: {}: there is no token in it", settings.token_file));
    }
    return ask_by_assertion(settings, world, resource, assertion);
  };
}

std::vector<Credential> credentials_of(const EntraSettings& settings, const EntraWorld& world) {
  return {{"client secret", by_client_secret(settings, world)},
          {"client certificate", by_client_certificate(settings, world)},
          {"workload identity", by_workload_identity(settings, world)},
          {"managed identity", by_managed_identity(settings, world)},
          {"az", by_az(settings, world)}};
}

}  // namespace batchite::azure
