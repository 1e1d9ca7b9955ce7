// Cross-origin rules of an account, which let browsers use its answers.
// Source:
// learn.microsoft.com/rest/api/storageservices/cross-origin-resource-sharing--cors--support-for-the-azure-storage-services.
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include "core/base/document.h"
#include "core/base/parameters.h"

namespace batchite {

// `properties`: the account's, as GetServiceProperties answers them. Rules are tried in their order.
// The headers that answer a preflight request. CorsPreflightFailure; InvalidHeaderValue for one that is none.
Parameters answer_preflight(const Document& properties, const Parameters& headers);
// What is added to the answer of a request that has an Origin; nothing where no rule lets it in.
Parameters cors_headers(const Document& properties, const Parameters& headers, std::string_view method);

}  // namespace batchite
