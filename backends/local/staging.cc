#include "backends/local/staging.h"

#include <sys/mman.h>
#include <unistd.h>

#include "backends/local/file_descriptor.h"
#include "backends/local/output_files.h"
#include "backends/local/resource_files.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

// A file in memory. REQUIRES less than the kernel writes at once (2 GiB).
FileDescriptor file_of(const std::string& text) {
  FileDescriptor file(::memfd_create("upload", MFD_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Error(errors::kIOError);
  }
  return file;
}

}  // namespace

Staging::Staging(BlobService& service, StagingOptions options)
    : options_(std::move(options)),
      transfer_(service, options_.endpoints, options_.http),
      packages_(service, options_.storage_account) {}

std::optional<Failure> Staging::stage_in(const Document& files, const std::filesystem::path& working_directory) {
  // Host style is our own wherever it points, so the linked account needs no listener.
  const std::string& account = options_.storage_account;
  const std::string base = account.empty() ? "" : "http://" + account + ".blob.localhost/";
  return ResourceFiles(transfer_, options_, base).bring(files, working_directory);
}

std::optional<Failure> Staging::stage_out(const Document& files, const Output& output) {
  return upload(files, output).failure;
}

std::optional<Failure> Staging::upload_texts(const TextUpload& texts) {
  for (const TextUpload::Blob& blob : texts.blobs) {
    const FileDescriptor file = file_of(blob.text);
    const Transferred error = transfer_.upload({.container = {texts.container_url, texts.has_identity},
                                                .blob = blob.name,
                                                .file = file.get(),
                                                .size = blob.text.size(),
                                                .headers = {{"Content-Type", "text/plain"}}});
    if (error) return upload_failure(*error, blob.name, texts.container_url);
  }
  return std::nullopt;
}

Staging::OutputResult Staging::upload(const Document& files, const Output& output) {
  return OutputFiles(transfer_, options_).send(files, output);
}

}  // namespace batchite
