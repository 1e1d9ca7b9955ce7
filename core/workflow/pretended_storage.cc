#include "core/workflow/pretended_storage.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/encoding.h"
#include "core/workflow/file_source.h"

namespace batchite::workflow {

std::vector<BlobItem> PretendedStorage::list(const std::string& container, const std::string& prefix) {
  const auto known = blobs_.find(container);
  std::vector<BlobItem> result;
  // Nothing is known of the container, so whatever prefix is asked for has a file.
  if (known == blobs_.end()) {
    for (const BlobItem& blob : otherwise_) result.push_back({prefix + blob.name, blob.size_bytes});
    return result;
  }
  std::copy_if(known->second.begin(), known->second.end(), std::back_inserter(result),
               [&](const BlobItem& blob) { return blob.name.starts_with(prefix); });
  std::sort(result.begin(), result.end(), [](const BlobItem& a, const BlobItem& b) { return a.name < b.name; });
  return result;
}

std::vector<BlobItem> PretendedStorage::list_url(const std::string& container_url, const std::string& prefix) {
  return list(container_of_url(container_url), prefix);
}

std::string PretendedStorage::container_url(const std::string& container, Access access) {
  return fmt::format("https://{}/{}?sig=pretended-{}", host_, container,
                     access == Access::Write ? "write" : "read-list");
}

std::string PretendedStorage::blob_url(const std::string& container, const std::string& blob) {
  return fmt::format("https://{}/{}/{}?sig=pretended-read", host_, container, percent_encode_path(blob));
}

}  // namespace batchite::workflow
