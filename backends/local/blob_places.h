// Where containers lie below the store's root. Not for others than FileBlobStore. Pure; any thread.
#pragma once
#include <string>

#include "backends/local/blob_names.h"
#include "core/blob/blob_store.h"

namespace batchite::blob_places {

// Account names come from configuration, so they are made safe as blob names are.
inline std::string account_folder(const std::string& account) { return blob_path_components(account).front(); }
inline std::string folder_of(const ContainerName& name) { return account_folder(name.account) + '/' + name.container; }
inline ContainerName container_of(const BlobName& name) { return {name.account, name.container}; }

}  // namespace batchite::blob_places
