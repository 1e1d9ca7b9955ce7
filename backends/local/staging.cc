#include "backends/local/staging.h"

#include "backends/local/output_files.h"
#include "backends/local/resource_files.h"

namespace batchite {

Staging::Staging(BlobService& service, StagingOptions options)
    : options_(std::move(options)), transfer_(service, options_.endpoints, options_.http) {}

std::optional<Failure> Staging::stage_in(const Document& files, const std::filesystem::path& working_directory) {
  // Host style is our own wherever it points, so the linked account needs no listener.
  const std::string& account = options_.storage_account;
  const std::string base = account.empty() ? "" : "http://" + account + ".blob.localhost/";
  return ResourceFiles(transfer_, options_, base).bring(files, working_directory);
}

std::optional<Failure> Staging::stage_out(const Document& files, const Output& output) {
  return upload(files, output).failure;
}

Staging::OutputResult Staging::upload(const Document& files, const Output& output) {
  return OutputFiles(transfer_, options_).send(files, output);
}

}  // namespace batchite
