// What templates need from the storage account: listings and signed addresses. Expansion decides, this does; `run` puts
// a real account behind it, a dry run and lint a pretended one. Implementations throw Error. Called from one thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace batchite::workflow {

struct BlobItem {
  std::string name;
  std::int64_t size_bytes = 0;
  bool operator==(const BlobItem&) const = default;
};

enum class Access { ReadList, Write };

class Storage {
 public:
  virtual ~Storage() = default;
  // Blobs whose names begin with `prefix`, in name order. A container that is not there has none.
  virtual std::vector<BlobItem> list(const std::string& container, const std::string& prefix) = 0;
  // The same for a container given by its address with a signature that allows reading and listing.
  virtual std::vector<BlobItem> list_url(const std::string& container_url, const std::string& prefix) = 0;
  // Addresses with a signature that is good for seven days.
  virtual std::string container_url(const std::string& container, Access access) = 0;
  virtual std::string blob_url(const std::string& container, const std::string& blob) = 0;
  // Makes the container if it is not there.
  virtual void ensure_container(const std::string& container) = 0;
};

}  // namespace batchite::workflow
