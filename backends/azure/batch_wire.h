// Calls of the Batch service as requests, and its answers as replies: the reverse of emulator/batch/decode.h and
// encode.h, from the same rows of the contract. Pure; any thread.
// Source: learn.microsoft.com/rest/api/batchservice; recorded requests of the SDKs.
#pragma once
#include <string>

#include "backends/http/http_client.h"
#include "core/backend.h"

namespace batchite::azure {

// `endpoint`: "https://ACCOUNT.REGION.batch.azure.com", without a '/' at its end. Neither dated nor signed.
HttpRequest batch_request(const Call& call, const std::string& endpoint);

// Throws the service's Error for an answer that is no success.
Reply batch_reply(const Call& call, HttpAnswer answer);

}  // namespace batchite::azure
