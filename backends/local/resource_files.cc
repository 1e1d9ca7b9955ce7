#include "backends/local/resource_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <charconv>
#include <mutex>
#include <thread>

#include "backends/local/file_descriptor.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kDefaultMode = 0770;

std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

FailureDetails details(const std::string& path, const std::string& url, const std::string& message) {
  FailureDetails all = {{"FilePath", path}};
  if (!url.empty()) all.emplace_back("BlobUrl", without_query(url));  // its query is a secret
  if (!message.empty()) all.emplace_back("Message", message);
  return all;
}

// The mode as octal digits; the default where there is none, or no number.
unsigned mode_of(const Document& file) {
  const std::string text = Reader(file).text("fileMode");
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool is_octal = error == std::errc() && end == text.data() + text.size() && mode <= 07777;
  return is_octal ? mode : kDefaultMode;
}

bool stays_below(const fs::path& path) {
  if (path.is_absolute()) return false;
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

// Whether the directory, links followed, is the given one or below it.
bool is_within(const fs::path& path, const fs::path& directory) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error), root = fs::canonical(directory, error);
  if (error) return false;
  const auto [end, at] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  return end == root.end();
}

Failure download_failure(const TransferError& error, const FailureDetails& all) {
  if (error.disk_error == ENOSPC || error.disk_error == EDQUOT) return failure_of(failures::kDiskFull, all);
  if (error.disk_error != 0) return failure_of(failures::kResourceFileWriteFailed, all);
  if (error.denied()) return failure_of(failures::kBlobAccessDenied, all);
  if (error.missing()) return failure_of(failures::kBlobNotFound, all);
  if (error.timed_out) return failure_of(failures::kBlobDownloadTimedOut, all);
  return failure_of(failures::kBlobDownloadMiscError, all);
}

Failure list_failure(const TransferError& error, const FailureDetails& all) {
  if (error.denied()) return failure_of(failures::kResourceContainerAccessDenied, all);
  if (error.missing()) return failure_of(failures::kResourceContainerNotFound, all);
  if (error.timed_out) return failure_of(failures::kResourceContainerListTimedOut, all);
  return failure_of(failures::kResourceContainerListMiscError, all);
}

}  // namespace

std::optional<Failure> for_each_at_once(std::size_t count, unsigned threads,
                                        const std::function<std::optional<Failure>(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex lock;
  std::size_t first_failed = count;
  std::optional<Failure> failure;
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      auto result = work(i);
      if (!result) continue;
      next = count;
      const std::lock_guard guard(lock);
      if (i < first_failed) {
        first_failed = i;
        failure = std::move(result);
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min<std::size_t>(count, std::max(1u, threads));
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(run);
    run();
  }
  return failure;
}

std::optional<Failure> ResourceFiles::bring(const Document& files, const fs::path& directory) {
  std::vector<Item> items;
  for (const Document& file : files) {
    if (auto failure = expand(file, items)) return failure;
  }
  return for_each_at_once(items.size(), options_.parallel, [&](std::size_t i) { return fetch(items[i], directory); });
}

std::optional<Failure> ResourceFiles::expand(const Document& file, std::vector<Item>& items) {
  const Reader reader(file);
  const unsigned mode = mode_of(file);
  const bool has_identity = reader.has("identityReference");
  const std::string path = reader.text("filePath");
  if (const std::string url = reader.text("httpUrl"); !url.empty()) {
    items.push_back({{url, has_identity}, path, mode});
    return std::nullopt;
  }
  if (const std::string url = reader.text("storageContainerUrl"); !url.empty()) {
    return expand_container(file, {url, has_identity}, mode, items);
  }
  const std::string container = reader.text("autoStorageContainerName");
  if (own_container_base_.empty() || container.empty()) {
    return failure_of(failures::kResourceContainerNotFound,
                      details(path, "",
                              container.empty() ? "The resource file names no source."
                                                : "No storage account is linked to the Batch account."));
  }
  return expand_container(file, {own_container_base_ + container, true}, mode, items);
}

std::optional<Failure> ResourceFiles::expand_container(const Document& file, const BlobLocation& container,
                                                       unsigned mode, std::vector<Item>& items) {
  const Reader reader(file);
  const std::string folder = reader.text("filePath");
  auto listing = transfer_.list(container, reader.text("blobPrefix"));
  if (listing.error) {
    return list_failure(*listing.error, details(folder, container.url, listing.error->message));
  }
  for (const std::string& name : listing.names) {
    if (name.ends_with('/')) continue;  // the mark of an empty directory
    items.push_back({{BlobTransfer::blob_url(container.url, name), container.has_identity},
                     folder.empty() ? name : fmt::format("{}/{}", folder, name),
                     mode});
  }
  return std::nullopt;
}

std::optional<Failure> ResourceFiles::fetch(const Item& item, const fs::path& directory) {
  const fs::path relative = fs::path(item.path).lexically_normal();
  if (item.path.empty() || !relative.has_filename() || !stays_below(item.path)) {
    return failure_of(failures::kResourceFileCreateFailed,
                      details(item.path, item.source.url, "The path leaves the working directory, or is none."));
  }
  const fs::path target = directory / relative;
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error || !is_within(target.parent_path(), directory)) {
    const std::string cause = error ? error.message() : "A link leads out of the working directory.";
    return failure_of(failures::kResourceDirectoryCreateFailed, details(item.path, item.source.url, cause));
  }
  // A new file each time: neither through a link, nor into what an earlier attempt may still have open.
  ::unlink(target.c_str());
  const FileDescriptor file(::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    const int number = errno;
    return failure_of(number == ENOSPC ? failures::kDiskFull : failures::kResourceFileCreateFailed,
                      details(item.path, item.source.url, std::generic_category().message(number)));
  }
  if (const auto failed = transfer_.download(item.source, file.get())) {
    ::unlink(target.c_str());
    return download_failure(*failed, details(item.path, item.source.url, failed->message));
  }
  ::fchmod(file.get(), item.mode);
  return std::nullopt;
}

}  // namespace batchite
