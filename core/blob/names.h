// What containers and blobs may be called. Applies to every operation, not only to those that create.
// Source: learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata.
// Pure; any thread. Throws InvalidResourceName, OutOfRangeInput or InvalidUri.
#pragma once
#include <string_view>

namespace batchite {

void check_container_name(std::string_view name);
void check_blob_name(std::string_view name);  // decoded; 1 to 1024 UTF-16 units, at most 254 path segments

bool is_container_name(std::string_view name);

}  // namespace batchite
