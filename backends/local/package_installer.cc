#include "backends/local/package_installer.h"

#include <algorithm>

#include "backends/local/blob_files.h"
#include "backends/local/node_directories.h"
#include "backends/local/package_archive.h"
#include "backends/local/resource_files.h"
#include "core/base/ids.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

fs::path place_of(const PackageFile& package, const fs::path& applications) {
  return applications / package.application / package.version;
}

Failure package_failure(const PackageFile& package, const FailureCode& code, const std::string& message) {
  return failure_of(code, {{"ApplicationId", package.application}, {"Version", package.version}, {"Message", message}});
}

}  // namespace

std::optional<Failure> PackageInstaller::install(const std::vector<PackageFile>& packages,
                                                 const fs::path& applications) {
  for (const PackageFile& package : packages) {
    if (auto failure = install(package, applications)) return failure;
  }
  return std::nullopt;
}

std::optional<Failure> PackageInstaller::install(const PackageFile& package, const fs::path& applications) {
  constexpr const FailureCode& kCode = failures::kApplicationPackageError;
  if (package.blob.empty()) return package_failure(package, kCode, "The application package does not exist any more.");
  const fs::path target = place_of(package, applications);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return !busy_.contains(target.native()); });
  std::error_code ignored;
  if (fs::exists(target, ignored)) return std::nullopt;
  busy_.insert(target.native());
  lock.unlock();
  std::optional<Failure> failure;
  try {
    unpack(package, target);
  } catch (const DiskError& error) {
    const bool is_full = error.number() == ENOSPC || error.number() == EDQUOT;
    failure = package_failure(package, is_full ? failures::kDiskFull : kCode, error.message());
  } catch (const Error& error) {
    failure = package_failure(package, kCode, error.message());
  } catch (const std::exception& error) {
    failure = package_failure(package, kCode, error.what());
  }
  lock.lock();
  busy_.erase(target.native());
  done_.notify_all();
  return failure;
}

// Aside first. What an earlier attempt left there when the program was killed is taken away.
void PackageInstaller::unpack(const PackageFile& package, const fs::path& target) {
  const fs::path aside = target.parent_path() / ("." + package.version + ".new");
  remove_tree(aside);
  fs::create_directories(aside);
  try {
    const BlobReply reply = blobs_.call({.operation = BlobOperation::GetBlob,
                                         .account = account_,
                                         .container = package.container,
                                         .blob = package.blob});
    unpack_package(*reply.bytes, aside);
    fs::rename(aside, target);
  } catch (...) {
    remove_tree(aside);
    throw;
  }
}

void add_package_variables(std::vector<std::string>& environment, const std::vector<PackageFile>& packages,
                           const fs::path& root) {
  for (const PackageFile& package : packages) {
    std::string suffix = package.by_default ? package.application : package.application + "_" + package.version;
    std::ranges::replace_if(
        suffix, [](char c) { return c == '.' || c == '-' || c == '#'; }, '_');
    const std::string small = package.by_default ? fold(suffix)
                                                 : fold(suffix.substr(0, package.application.size())) +
                                                       suffix.substr(package.application.size());
    for (const std::string& name : std::set<std::string>{suffix, small}) {
      const std::string start = "AZ_BATCH_APP_PACKAGE_" + name + "=";
      std::erase_if(environment, [&start](const std::string& line) { return line.starts_with(start); });
      environment.push_back(start + place_of(package, root / "applications").string());
    }
  }
}

}  // namespace batchite
