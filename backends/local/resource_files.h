// Resource files: what an array of them asks for, and bringing it into a directory. See staging.h.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backends/local/blob_transfer.h"
#include "backends/local/outcomes.h"
#include "backends/local/staging.h"

namespace batchite {

// Calls `work` for 0 … count-1 on up to `threads` threads, the caller's included; no new ones are begun once a call
// answered a failure. The answer is that of the lowest number.
std::optional<Failure> for_each_at_once(std::size_t count, unsigned threads,
                                        const std::function<std::optional<Failure>(std::size_t)>& work);

class ResourceFiles {
 public:
  ResourceFiles(BlobTransfer& transfer, const StagingOptions& options, std::string own_container_base)
      : transfer_(transfer), options_(options), own_container_base_(std::move(own_container_base)) {}

  std::optional<Failure> bring(const Document& files, const std::filesystem::path& directory);

 private:
  struct Item {
    BlobLocation source;
    std::string path;  // relative to the directory
    unsigned mode;
  };
  std::optional<Failure> expand(const Document& file, std::vector<Item>& items);
  std::optional<Failure> expand_container(const Document& file, const BlobLocation& container, unsigned mode,
                                          std::vector<Item>& items);
  std::optional<Failure> fetch(const Item& item, const std::filesystem::path& directory);

  BlobTransfer& transfer_;
  const StagingOptions& options_;
  std::string own_container_base_;  // URL of the linked account
};

}  // namespace batchite
