// Whether a request of the Blob service may be done: shared keys, shared access signatures, bearer tokens, containers
// that are open to the public.
// Source: learn.microsoft.com/rest/api/storageservices/authorize-requests-to-azure-storage. Errors are those of service
// versions from 2019-12-12 on, and for older callers the ones they knew.
// Any thread. Throws Error with the service's codes.
#pragma once
#include <functional>
#include <string>

#include "core/base/time.h"
#include "core/blob/sas_access.h"
#include "emulator/blob/blob_routes.h"
#include "emulator/http/message.h"

namespace batchite {

enum class BlobAuth {
  Strict,   // keys, signatures, and tokens that this emulator issued
  Lenient,  // also any bearer token in its form and its time, whoever signed it
  Off,      // everybody may do everything
};

struct BlobAttempt {
  const http::Request& request;
  const Parameters& query;  // of the request, decoded
  const BlobTarget& target;
  const BlobOperationRow& route;
  const std::vector<BlobAccount>& accounts;
  BlobAuth mode;
  std::string_view token_secret;  // what this emulator signs tokens with
  std::string version;            // of the service, as the caller wants it; empty: not said
  Time now;
  // What the backend answers to GetContainerAcl: whom the container is open to, and its stored policies.
  std::function<BlobReply(const std::string& account, const std::string& container)> acl = {};
};

struct BlobAccess {
  bool may_overwrite = true;
  bool may_override_headers = false;  // by rscc, rsct, …
  Parameters identity = {};           // as in BlobCall
  std::string token = {};             // likewise
};

BlobAccess authorize_blob(const BlobAttempt& attempt);

}  // namespace batchite
