// The few calls the workflow makes, over any Backend: by operation id, with every page of a list.
// Throws what the backend throws. Same thread rule as the Backend.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend.h"

namespace batchite::workflow {

class Client {
 public:
  explicit Client(Backend& backend) : backend_(backend) {}

  // REQUIRES: `operation` is an id of the contract.
  Reply call(std::string_view operation, const Parameters& path = {}, const Parameters& query = {},
             const Document& body = nullptr);
  // nullopt: the resource is not there (404).
  std::optional<Document> find(std::string_view operation, const Parameters& path, const Parameters& query = {});
  // The items of all pages.
  std::vector<Document> list(std::string_view operation, const Parameters& path = {}, const Parameters& query = {});
  void for_each(std::string_view operation, const Parameters& path, const Parameters& query,
                const std::function<void(const Document&)>& take);

  Backend& backend() { return backend_; }

 private:
  Backend& backend_;
};

struct ContainerInfo {
  std::string name;
  Document metadata;  // an object of texts
};

struct StoredBlob {
  std::string name;
  std::int64_t size_bytes = 0;
  std::string etag;
};

// Blob calls on the linked storage account.
class Containers {
 public:
  explicit Containers(Backend& backend) : backend_(backend) {}

  // False: a container of this name was there already, and stays as it is.
  bool create(const std::string& container, const Parameters& metadata);
  void remove(const std::string& container);
  void set_metadata(const std::string& container, const Parameters& metadata);
  std::vector<ContainerInfo> list();
  std::vector<StoredBlob> blobs(const std::string& container, const std::string& prefix = "");
  void put(const std::string& container, const std::string& blob, ByteSource& content, const Parameters& metadata = {});
  std::shared_ptr<ByteSource> get(const std::string& container, const std::string& blob);
  std::string sas_url(const SasRequest& request) { return backend_.sas_url(request); }

  Backend& backend() { return backend_; }

 private:
  BlobCall on(BlobOperation operation, const std::string& container, const std::string& blob = "") const;
  // The items of all pages of a listing, below its member `items`.
  void for_each(BlobCall call, std::string_view items, const std::function<void(const Document&)>& take);

  Backend& backend_;
};

// The last `limit` bytes, from the start of a line where they hold one. Without control characters but line breaks
// and tabs, so that it can be shown on a terminal.
std::string tail_of(ByteSource& content, std::size_t limit);

}  // namespace batchite::workflow
