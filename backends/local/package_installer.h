// Application packages on nodes: each is unpacked once, to {node}/applications/{application}/{version}, which is there
// either whole or not at all, and stays until the node's disk is made anew (a package that was replaced meanwhile does
// not reach nodes that have it: github.com/Azure/Batch/issues/63). Any thread; blocks until done.
#pragma once
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/blob/blob_service.h"
#include "core/host.h"

namespace batchite {

class PackageInstaller {
 public:
  // The service outlives this. `account`: the linked storage account.
  PackageInstaller(BlobService& blobs, std::string account) : blobs_(blobs), account_(std::move(account)) {}

  // Failures are data, with the service's code.
  std::optional<Failure> install(const std::vector<PackageFile>& packages, const std::filesystem::path& applications);

 private:
  std::optional<Failure> install(const PackageFile& package, const std::filesystem::path& applications);
  void unpack(const PackageFile& package, const std::filesystem::path& target);

  BlobService& blobs_;
  const std::string account_;
  std::mutex mutex_;
  std::condition_variable done_;  // with mutex_
  std::set<std::string> busy_;    // guarded by mutex_: what is being unpacked
};

// Adds the variables by which tasks find the packages of the node at `root`, in place of others of the same names:
// AZ_BATCH_APP_PACKAGE_{application}_{version}, or without the version where it was not asked for. '.', '-' and '#'
// become '_'. Azure's documents show applications with capitals both as they are and in small letters, so that both are
// set. Source: learn.microsoft.com/azure/batch/batch-application-packages.
void add_package_variables(std::vector<std::string>& environment, const std::vector<PackageFile>& packages,
                           const std::filesystem::path& root);

}  // namespace batchite
