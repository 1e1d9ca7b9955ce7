// What clients ask of an account as a whole, mostly when they start. Nothing of it can be set here, so the answers are
// those of an account that was just made: no logging, no metrics, no rules for browsers, nothing kept after deletion.
#include "core/blob/errors.h"
#include "core/blob/operations.h"

namespace batchite::blob_operations {

using namespace blob_errors;

BlobReply get_account_information(Request&) {
  return {.headers = {{"x-ms-sku-name", "Standard_RAGRS"},
                      {"x-ms-account-kind", "StorageV2"},
                      {"x-ms-is-hns-enabled", "false"}}};
}

BlobReply get_service_properties(Request&) {
  const Document off = {{"Enabled", false}};
  const Document metrics = {{"Version", "1.0"}, {"Enabled", false}, {"RetentionPolicy", off}};
  const Document logging = {
      {"Version", "1.0"}, {"Read", false}, {"Write", false}, {"Delete", false}, {"RetentionPolicy", off}};
  return {.body = Document{{"Logging", logging},
                           {"HourMetrics", metrics},
                           {"MinuteMetrics", metrics},
                           {"Cors", Document::object()},
                           {"DeleteRetentionPolicy", off},
                           {"StaticWebsite", off}}};
}

// Public access and stored policies cannot be set, so there are none.
BlobReply get_container_acl(Request& request) {
  const auto entry = request.store.find_container(request.container());
  if (!entry) throw Error(kContainerNotFound);
  return {.headers = stamp(entry->revision, entry->modified), .body = Document::object()};
}

}  // namespace batchite::blob_operations
