// An account that only seems to be there: for lint, for looking at a template's expansion, and for dry runs. Addresses
// are those of a storage account of the given host, with a signature that says so. One thread.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/workflow/storage.h"

namespace batchite::workflow {

class PretendedStorage : public Storage {
 public:
  // Containers hold what `blobs` says; one it does not mention holds `otherwise`.
  explicit PretendedStorage(std::string host = "account.blob.core.windows.net",
                            std::map<std::string, std::vector<BlobItem>> blobs = {},
                            std::vector<BlobItem> otherwise = {})
      : host_(std::move(host)), blobs_(std::move(blobs)), otherwise_(std::move(otherwise)) {}

  std::vector<BlobItem> list(const std::string& container, const std::string& prefix) override;
  std::vector<BlobItem> list_url(const std::string& container_url, const std::string& prefix) override;
  std::string container_url(const std::string& container, Access access) override;
  std::string blob_url(const std::string& container, const std::string& blob) override;
  void ensure_container(const std::string& container) override { made_.push_back(container); }

  // Containers that would have been made, in order.
  const std::vector<std::string>& made() const { return made_; }

 private:
  std::string host_;
  std::map<std::string, std::vector<BlobItem>> blobs_;
  std::vector<BlobItem> otherwise_;
  std::vector<std::string> made_;
};

}  // namespace batchite::workflow
