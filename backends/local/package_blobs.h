// The bytes of application packages: zip files in the linked storage account, one container an application. Makes the
// containers, and takes away what nobody needs any more. Any thread.
#pragma once
#include <functional>
#include <string>

#include "core/blob/blob_service.h"
#include "core/management.h"

namespace batchite {

class PackageBlobs {
 public:
  // The rules (core/operations/management.h), which know nothing of blobs.
  using Rules = std::function<Document(const ManagementCall&)>;

  // The service outlives this.
  PackageBlobs(BlobService& blobs, std::string account, Rules rules)
      : blobs_(blobs), account_(std::move(account)), rules_(std::move(rules)) {}

  // Backend::manage. Throws Error, also for a package that is to be activated before its bytes are there.
  Document manage(const ManagementCall& call);

 private:
  bool call(BlobOperation operation, const Document& package, const std::string& blob);

  BlobService& blobs_;
  const std::string account_;
  const Rules rules_;
};

}  // namespace batchite
