#include "backends/azure/machine_sizes.h"

#include <fmt/format.h>

#include "backends/azure/credentials.h"
#include "core/base/encoding.h"

namespace batchite::azure {
namespace {

constexpr const char* kVersion = "2024-07-01";
constexpr int kMostPages = 100;
constexpr int kAttempts = 3;  // a run can do without

// "AuthorizationFailed: The client …", from {"error": {"code", "message"}}.
std::string complaint_of(const HttpAnswer& answer) {
  const Document document = Document::parse(answer.body, nullptr, false);
  const Reader error = Reader(document).object("error");
  const std::string code = error.text("code");
  return code.empty() ? "" : fmt::format(": {}: {}", code, error.text("message"));
}

VmSizes all_pages(const AzureManagement& management, Sender& sender) {
  VmSizes sizes;
  std::string url = fmt::format(
      "{}/subscriptions/{}/providers/Microsoft.Batch/locations/{}/virtualMachineSkus?api-version={}",
      management.endpoint, percent_encode(management.subscription), percent_encode(management.location), kVersion);
  for (int page = 0; !url.empty() && page < kMostPages; ++page) {
    const HttpAnswer answer =
        sender.send({.url = url, .headers = {{"Accept", "application/json"}}, .operation = "VirtualMachineSkus"})
            .answer;
    if (answer.status != 200) {
      return {.unknown_because =
                  fmt::format("{} answered {}{}", management.endpoint, answer.status, complaint_of(answer))};
    }
    const Document body = Document::parse(answer.body, nullptr, false);
    for (const Document& sku : Reader(body).array("value")) sizes.names.push_back(Reader(sku).text("name"));
    url = Reader(body).text("nextLink");
    // The token is for nobody else.
    if (!url.empty() && !url.starts_with(management.endpoint + "/")) {
      return {.unknown_because = management.endpoint + " names another place for the next page"};
    }
  }
  if (sizes.names.empty()) {
    sizes.unknown_because = fmt::format("{} lists none in {}", management.endpoint, management.location);
  }
  return sizes;
}

}  // namespace

VmSizes ask_machine_sizes(const AzureManagement& management, const Seams& seams, std::shared_ptr<Tokens> tokens) {
  if (!tokens)
    return {.unknown_because = "the accounts' keys are used, and Resource Manager takes tokens of Entra ID only"};
  if (management.subscription.empty()) return {.unknown_because = "AZURE_SUBSCRIPTION_ID is not set"};
  if (management.location.empty()) return {.unknown_because = "the URL of the Batch account does not name its region"};
  Sender sender(seams, {.attempts = kAttempts}, bearer_proof(std::move(tokens), management.resource, "x-ms-date"));
  try {
    return all_pages(management, sender);
  } catch (const Error& error) {
    return {.unknown_because = error.what()};
  } catch (const UsageError& error) {
    return {.unknown_because = error.what()};
  }
}

}  // namespace batchite::azure
