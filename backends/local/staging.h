// Moves a task's files: resource files into its working directory before it runs, output files to their containers
// after. Several at once. Blobs of our own service are taken from the store directly, their signatures checked all the
// same. Any thread; blocks until done; failures are data, with the service's codes and the detail FilePath. Source:
// learn.microsoft.com/rest/api/batchservice/task/add, ResourceFile and OutputFile; .../batch-task-output-files.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "backends/local/blob_transfer.h"
#include "backends/local/package_installer.h"
#include "backends/local/stager.h"

namespace batchite {

struct StagingOptions {
  std::string storage_account = {};         // for autoStorageContainerName; empty: none is linked
  std::vector<std::string> endpoints = {};  // base URLs of our own blob service
  unsigned parallel = 4;                    // files moved at once, for one task
  HttpOptions http = {};
};

class Staging : public Stager {
 public:
  // The service outlives this.
  Staging(BlobService& service, StagingOptions options);

  std::optional<Failure> stage_in(const Document& files, const std::filesystem::path& working_directory) override;
  std::optional<Failure> stage_out(const Document& files, const Output& output) override;
  std::optional<Failure> install(const std::vector<PackageFile>& packages,
                                 const std::filesystem::path& applications) override {
    return packages_.install(packages, applications);
  }
  std::optional<Failure> upload_texts(const TextUpload& texts) override;

  // The same, with the patterns that matched nothing: no error to the service, but worth a warning to a person.
  struct OutputResult {
    std::optional<Failure> failure = {};
    std::vector<std::string> unmatched = {};
  };
  OutputResult upload(const Document& files, const Output& output);

 private:
  const StagingOptions options_;
  BlobTransfer transfer_;
  PackageInstaller packages_;
};

}  // namespace batchite
