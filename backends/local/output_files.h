// Output files: which files an array of them means, and bringing those to their containers. See staging.h.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "backends/local/blob_transfer.h"
#include "backends/local/staging.h"

namespace batchite {

// What a pattern found in a task's directory. Directory links are not followed; links to files count when the file lies
// in the node's directory.
struct FoundFile {
  std::filesystem::path file;
  std::string name;  // relative to the plain beginning of the pattern
};
struct FoundFiles {
  std::vector<FoundFile> files = {};  // by name
  bool is_pattern = false;            // it had wildcards
};
// `pattern` has its variables expanded; relative ones begin in `task_directory`/wd.
FoundFiles find_output_files(const std::string& pattern, const std::filesystem::path& task_directory);

// The blob that a found file becomes: `path` itself without wildcards, below it with.
std::string output_blob_name(const std::string& path, bool is_pattern, const std::string& name);

// What is told of an upload that failed; `url` without its signature.
Failure upload_failure(const TransferError& error, const std::string& file, const std::string& url);

class OutputFiles {
 public:
  OutputFiles(BlobTransfer& transfer, const StagingOptions& options) : transfer_(transfer), options_(options) {}
  Staging::OutputResult send(const Document& files, const Stager::Output& output);

 private:
  struct Item {
    BlobLocation container;
    std::string blob;
    std::filesystem::path file;
    Parameters headers;
  };
  void collect(const Document& file, const Stager::Output& output, std::vector<Item>& items,
               std::vector<std::string>& unmatched) const;
  std::optional<TransferError> send_one(const Item& item);

  BlobTransfer& transfer_;
  const StagingOptions& options_;
};

}  // namespace batchite
