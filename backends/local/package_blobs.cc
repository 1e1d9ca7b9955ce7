#include "backends/local/package_blobs.h"

#include "core/blob/errors.h"

namespace batchite {
namespace {

constexpr ErrorCode kNotUploaded{409, "ApplicationPackageNotUploaded",
                                 "The package's file has not been uploaded to its storageUrl."};

}  // namespace

// False: there is no such blob or container, or there was one already where one was to be made.
bool PackageBlobs::call(BlobOperation operation, const Document& package, const std::string& blob) {
  try {
    blobs_.call({.operation = operation,
                 .account = account_,
                 .container = package.at("container").get<std::string>(),
                 .blob = blob});
    return true;
  } catch (const Error& error) {
    const bool expected = error.status() == 404 || error.is(blob_errors::kContainerAlreadyExists);
    if (!expected) throw;
    return false;
  }
}

Document PackageBlobs::manage(const ManagementCall& asked) {
  if (asked.action == Management::ActivatePackage) {
    const Document package = rules_({Management::GetPackage, asked.application, asked.version});
    if (!call(BlobOperation::GetBlobProperties, package, package.at("blob"))) throw Error(kNotUploaded);
  }
  Document answer = rules_(asked);
  switch (asked.action) {
    case Management::PutPackage:
      call(BlobOperation::CreateContainer, answer, "");
      break;
    case Management::DeletePackage:
      if (!answer.is_null()) call(BlobOperation::DeleteBlob, answer, answer.at("blob"));
      break;
    case Management::DeleteApplication:
      if (!answer.is_null() && !answer["packages"].empty()) {
        call(BlobOperation::DeleteContainer, answer["packages"].front(), "");
      }
      break;
    default:
      break;
  }
  return answer;
}

}  // namespace batchite
