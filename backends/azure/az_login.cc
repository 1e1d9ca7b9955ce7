// Tokens of whoever is logged in to Azure's command line, which prints them.
// Source: `az account get-access-token --help`; what its errors mean is azure-identity's reading (azure_cli.py).
#include <fmt/format.h>

#include <ctime>
#include <iomanip>
#include <sstream>

#include "backends/azure/entra.h"
#include "core/base/document.h"
#include "core/base/error.h"

namespace batchite::azure {
namespace {

constexpr Ticks kPatience = std::chrono::seconds(30);  // it is slow to start
constexpr std::size_t kMostComplaint = 500;

// "2026-03-14 21:00:00.000000" in this machine's zone, all that az says before 2.54.
std::optional<Time> local_time(const std::string& text) {
  std::tm parts{};
  std::istringstream in(text);
  in >> std::get_time(&parts, "%Y-%m-%d %H:%M:%S");
  if (in.fail()) return std::nullopt;
  parts.tm_isdst = -1;
  return Time(std::chrono::seconds(std::mktime(&parts)));
}

std::optional<AccessToken> token_in(const std::string& json) {
  const Document document = Document::parse(json, nullptr, false);
  const Reader answer(document);
  const Document *text = answer.find("accessToken"), *seconds = answer.find("expires_on");
  const Document* local = answer.find("expiresOn");
  if (!text || !text->is_string()) return std::nullopt;
  if (seconds && seconds->is_number()) {
    return AccessToken{text->get<std::string>(), Time(std::chrono::seconds(seconds->get<std::int64_t>()))};
  }
  const auto expires = local && local->is_string() ? local_time(local->get<std::string>()) : std::nullopt;
  return expires ? std::optional(AccessToken{text->get<std::string>(), *expires}) : std::nullopt;
}

std::string complaint_in(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (text.size() > kMostComplaint) text = "…" + text.substr(text.size() - kMostComplaint);
  return text.empty() ? "It does not say why." : text;
}

}  // namespace

FetchToken by_az(const EntraSettings& settings, const EntraWorld& world) {
  return [path = settings.path, run = world.run](const std::string& resource) {
    const std::string az = find_program("az", path);
    if (az.empty()) throw CredentialUnavailable("az is not on PATH");
    const ProgramEnd end =
        run({az, "account", "get-access-token", "--output", "json", "--resource", resource}, kPatience);
    if (!end.in_time) throw Error(503, "AzTimedOut", fmt::format("{} gave no token within 30 seconds.", az));
    const bool is_logged_out =
        end.err.find("az login") != std::string::npos || end.err.find("az account set") != std::string::npos;
    if (end.exit_code != 0 && is_logged_out) throw CredentialUnavailable("nobody is logged in: run `az login`");
    if (end.exit_code != 0) throw Error(401, "AzRefused", complaint_in(end.err));
    auto token = token_in(end.out);
    if (!token) throw Error(503, "TokenUnreadable", fmt::format("What {} printed is no token.", az));
    return *std::move(token);
  };
}

}  // namespace batchite::azure
