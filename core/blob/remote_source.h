// Sources of copies that lie elsewhere: a blob of another service, or anything that answers a GET.
// Source: learn.microsoft.com/rest/api/storageservices/copy-blob, .../put-block-from-url; recordings of the service.
#pragma once
#include "core/base/error.h"
#include "core/blob/copy_source.h"

namespace batchite::blob_operations {

// What x-ms-source-range asks for, under the conditions and with the authorization that are meant for the source. Its
// content headers, metadata and type are kept where it tells them. Throws CannotVerifyCopySource with the source's own
// status, SourceConditionNotMet.
CopySource open_remote_source(Request& request, const std::string& url);

// What goes wrong at the source has the source's status, and one code.
[[noreturn]] void throw_unverified(unsigned status, const std::string& message, std::vector<ErrorValue> values = {});

}  // namespace batchite::blob_operations
