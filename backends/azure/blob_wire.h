// Calls of the Blob service as requests, and its answers as replies: the reverse of emulator/blob, from the same rows
// of core/blob/operation_table.h. Pure; any thread. Source:
// learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
#pragma once
#include <string>

#include "backends/http/http_client.h"
#include "core/backend.h"

namespace batchite::azure {

// `endpoint`: "https://ACCOUNT.blob.core.windows.net" or "http://127.0.0.1:10000/ACCOUNT", without a '/' at its end.
// `body`: the bytes of call.body. Neither dated nor signed.
HttpRequest blob_request(const BlobCall& call, const std::string& endpoint, std::string body = {});

// Throws the service's Error for an answer that is no success.
BlobReply blob_reply(const BlobCall& call, HttpAnswer answer);

}  // namespace batchite::azure
