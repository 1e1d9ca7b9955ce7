// The Blob service's rules, once, over any store: names, conditions, ranges, metadata, checksums, block lists,
// listings, copies. Whoever calls has checked signatures already. An operation is one row and one function, in one file
// (core/blob/operation_table.h). What is not implemented is refused by name. Source:
// learn.microsoft.com/rest/api/storageservices/blob-service-rest-api and recordings of the service. Any thread; throws
// Error with the service's codes.
//
// Replies carry Content-Length, also of downloads. Listings keep blobs and prefixes in two arrays, each in order: on
// the wire they are one sequence by name.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/base/clock.h"
#include "core/blob/blob_store.h"
#include "core/blob/sas_access.h"
#include "core/blob/sources.h"

namespace batchite {

class BlobService {
 public:
  // The store outlives the service. Requests for other accounts are answered ResourceNotFound. Keys serve to check
  // signatures in the source URLs of copies between accounts.
  BlobService(BlobStore& store, Clock clock, std::vector<BlobAccount> accounts, CopySources sources = {});

  BlobReply call(const BlobCall& call);

  const BlobAccount* account(std::string_view name) const;
  const std::vector<BlobAccount>& accounts() const { return accounts_; }
  // Of a container; none where there is no such one.
  std::vector<StoredPolicy> policies(const ContainerName& container);
  BlobStore& store() { return store_; }
  const CopySources& sources() const { return sources_; }
  Time now() const { return clock_(); }

 private:
  BlobStore& store_;
  Clock clock_;
  std::vector<BlobAccount> accounts_;
  CopySources sources_;
};

}  // namespace batchite
