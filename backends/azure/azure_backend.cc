#include "backends/azure/azure_backend.h"

#include <optional>
#include <thread>

#include "backends/azure/batch_wire.h"
#include "backends/azure/blob_wire.h"
#include "backends/azure/credentials.h"
#include "core/blob/blob_url.h"
#include "core/signing/sas.h"

namespace batchite {
namespace {

using azure::Sender;

azure::Seams seams_of(const AzureOptions& options) {
  azure::Seams seams{options.transport, options.clock, options.sleep, options.entropy};
  if (!seams.transport) seams.transport = std::make_shared<HttpClient>(options.http);
  if (!seams.sleep) seams.sleep = [](Ticks pause) { std::this_thread::sleep_for(pause); };
  return seams;
}

std::string without_slash(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint;
}

class AzureBackend : public Backend {
 public:
  explicit AzureBackend(const AzureOptions& options)
      : batch_endpoint_(without_slash(options.batch.endpoint)),
        storage_endpoint_(without_slash(options.storage.endpoint)),
        storage_account_(options.storage.name) {
    const azure::Seams seams = seams_of(options);
    if (!batch_endpoint_.empty()) {
      batch_.emplace(seams, options.retry,
                     azure::batch_shared_key(azure::key_of(options.batch.name, options.batch.key)));
    }
    if (!storage_endpoint_.empty()) {
      storage_key_ = azure::key_of(storage_account_, options.storage.key);
      storage_.emplace(seams, options.retry, azure::storage_shared_key(*storage_key_));
    }
  }

  Reply call(const Call& call) override {
    return azure::batch_reply(call, batch().send(azure::batch_request(call, batch_endpoint_)).answer);
  }

  BlobReply blob(const BlobCall& call) override {
    if (!call.account.empty() && call.account != storage_account()) {
      throw UsageError("storage account " + call.account + " is not the one that this backend was given");
    }
    std::string body = call.body ? read_all(*call.body) : "";
    return azure::blob_reply(call,
                             storage().send(azure::blob_request(call, storage_endpoint_, std::move(body))).answer);
  }

  std::string sas_url(const SasRequest& request) override {
    storage();
    const signing::SasSpec spec{.terms = {.permissions = request.permissions, .expiry = request.expiry},
                                .account = storage_account_,
                                .container = request.container,
                                .blob = request.blob};
    return storage_endpoint_ + blob_path(request.container, request.blob) + "?" +
           signing::make_service_sas(spec, storage_key_->key);
  }

  const std::string& storage_account() const override {
    if (!storage_) throw UsageError("no storage account is given: set AZURE_STORAGE_CONNECTION_STRING");
    return storage_account_;
  }

  Document manage(const ManagementCall&) override {
    throw Error(501, "NotImplemented",
                "In Azure applications are managed by Resource Manager, not by the Batch service: use "
                "`az batch application`.");
  }

 private:
  Sender& batch() {
    if (!batch_) throw UsageError("no Batch account is given: set AZURE_BATCH_ENDPOINT");
    return *batch_;
  }
  Sender& storage() {
    storage_account();
    return *storage_;
  }

  const std::string batch_endpoint_, storage_endpoint_, storage_account_;
  std::optional<signing::AccountKey> storage_key_;
  std::optional<Sender> batch_, storage_;
};

}  // namespace

std::unique_ptr<Backend> open_azure_backend(const AzureOptions& options) {
  return std::make_unique<AzureBackend>(options);
}

}  // namespace batchite
