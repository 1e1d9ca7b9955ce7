// Whether a shared access signature allows an operation. The order of the checks is the service's: form and signature,
// time, protocol and address, service and resource type, permission.
// Source: learn.microsoft.com/rest/api/storageservices/create-service-sas and .../create-account-sas.
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts.h"
#include "core/backend.h"
#include "core/base/time.h"
#include "core/blob/entries.h"
#include "core/signing/sas.h"

namespace batchite {

// What the signature is used for.
struct SasUse {
  BlobOperation operation;
  std::string container = {};
  std::string blob = {};  // decoded
  Time now;
  bool is_https = false;
  std::string address = {};   // of the client; empty: unknown, then `sip` is not looked at
  std::string snapshot = {};  // of the query
  // Of the request. Null: there are none.
  const Parameters* headers = nullptr;
  const Parameters* query = nullptr;
  // The container's, asked for when a signature names one. Absent: there are none.
  std::function<std::vector<StoredPolicy>()> policies = {};
};

// What a signature that allows the operation leaves to be looked at.
struct SasGrant {
  bool may_overwrite = true;  // false: it creates blobs only; pass it on in BlobCall
};

SasGrant check_sas(const signing::Sas& sas, const BlobAccount& account, const SasUse& use);
// `query` is the URL's, raw.
SasGrant check_sas(std::string_view query, const BlobAccount& account, const SasUse& use);

}  // namespace batchite
