// What clients ask of an account as a whole, mostly when they start. Nothing of it can be set here, so the answers are
// those of an account that was just made: no logging, no metrics, no rules for browsers, nothing kept after deletion.
#include "core/blob/operations.h"

namespace batchite::blob_operations {

namespace {

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

}  // namespace

namespace {

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::GetAccountInformation,
     .name = "GetAccountInformation",
     .methods = "GET HEAD",
     .levels = kOnAccount | kOnContainer | kOnBlob,
     .restype = "account",
     .comp = "properties",
     .rights = {.service = "r", .resource_type = '*', .account = "rwdxylacuptfi"},
     .run = get_account_information},
    {.operation = BlobOperation::GetServiceProperties,
     .name = "GetBlobServiceProperties",
     .methods = "GET",
     .levels = kOnAccount,
     .restype = "service",
     .comp = "properties",
     .rights = {.resource_type = 's', .account = "r"},
     .answer = "StorageServiceProperties",
     .run = get_service_properties},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::service_operations() { return blob_operations::kRows; }
