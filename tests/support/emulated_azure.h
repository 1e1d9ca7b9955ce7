// Azure, as far as the azure backend can tell: both endpoints of the emulator before the service in memory, without
// sockets; and what goes wrong between the two, as the test says. Requests come one at a time.
#pragma once
#include <deque>
#include <functional>
#include <mutex>

#include "backends/azure/azure_backend.h"
#include "core/accounts.h"
#include "core/blob/blob_service.h"
#include "emulator/batch/batch_endpoint.h"
#include "emulator/blob/blob_endpoint.h"
#include "tests/support/blob_wire_player.h"
#include "tests/support/loop_transport.h"
#include "tests/support/memory_backend.h"
#include "tests/support/memory_blob_store.h"

namespace batchite::testing {

class EmulatedAzure {
 public:
  static constexpr const char* kBatch = "https://acct.westeurope.batch.azure.com";
  static constexpr const char* kBlobs = "https://acct.blob.core.windows.net";
  static constexpr const char* kEntra = "https://login.microsoftonline.com";

  // What becomes of one request: of what was done, or in its place.
  using Deliver = std::function<HttpAnswer()>;
  using Fault = std::function<HttpAnswer(const Deliver& deliver)>;
  std::deque<Fault> faults;        // for the next requests; an empty one lets through
  std::vector<std::string> story;  // "PUT /data/b?comp=block 201", in order
  std::vector<Ticks> pauses;       // of the backend
  // What stands between the backend and the wire.
  std::function<std::shared_ptr<Transport>(std::shared_ptr<Transport>)> listen = [](auto wire) { return wire; };
  std::function<void(const HttpRequest&)> before_each = [](const HttpRequest&) {};  // on the way, with others

  std::unique_ptr<Backend> open(azure::PieceSettings pieces = {}) {
    return open({.batch = {kBatch, "acct", std::string(kBatchKey)},
                 .storage = {kBlobs, "acct", std::string(kStorageKey)},
                 .pieces = pieces});
  }
  // Nobody knows a key: Entra ID gives tokens.
  std::unique_ptr<Backend> open_with_tokens() {
    return open({.batch = {.endpoint = kBatch, .name = "acct", .resource = "https://batch.core.windows.net/"},
                 .storage = {.endpoint = kBlobs, .name = "acct", .resource = "https://storage.azure.com"},
                 .entra = {.authority = kEntra, .tenant = "contoso", .client = "app", .client_secret = "hush"}});
  }

  std::unique_ptr<Backend> open_with_signature(const std::string& sas) {
    return open({.storage = {.endpoint = kBlobs, .name = "acct", .sas = sas}});
  }

  // A request of somebody else.
  HttpAnswer ask(const HttpRequest& request) { return send(request); }

  MemoryBackend service;
  Ticks clock_goes_wrong_by{};

 private:
  std::unique_ptr<Backend> open(AzureOptions options) {
    options.clock = [this] { return service.now + clock_goes_wrong_by; };
    options.transport = listen(std::make_shared<Wire>(*this));
    options.sleep = [this](Ticks pause) {
      pauses.push_back(pause);
      service.now += pause;
    };
    return open_azure_backend(options);
  }

  class Wire : public Transport {
   public:
    explicit Wire(EmulatedAzure& azure) : azure_(azure) {}
    HttpAnswer send(const HttpRequest& request) override { return azure_.send(request); }

   private:
    EmulatedAzure& azure_;
  };
  HttpAnswer send(const HttpRequest& request) {
    before_each(request);
    const std::lock_guard lock(mutex_);
    const bool is_blobs = request.url.starts_with(kBlobs);
    const Deliver deliver = [&] {
      HttpAnswer answer = (is_blobs ? blob_wire_ : batch_wire_).send(request);
      answer.headers.set("Date", http_date(service.now));
      return answer;
    };
    Fault fault = nullptr;
    if (!faults.empty()) {
      fault = std::move(faults.front());
      faults.pop_front();
    }
    HttpAnswer answer = fault ? fault(deliver) : deliver();
    const std::string place = request.url.substr(request.url.find('/', 8));
    story.push_back(request.method + " " + place.substr(0, place.find('?')) + " " +
                    (answer.status == 0 ? "lost" : std::to_string(answer.status)));
    return answer;
  }

  std::mutex mutex_;
  MemoryBlobStore store_;
  std::vector<BlobAccount> accounts_ = {{"acct", {std::string(kStorageKey)}}};
  BlobService blob_service_{store_, [this] { return service.now; }, accounts_};
  BlobsOnly blobs_{blob_service_};
  Metrics metrics_;
  batch::BatchEndpoint batch_{service,
                              metrics_,
                              {.account = {"acct", {std::string(kBatchKey)}},
                               .auth = batch::AuthMode::Strict,
                               .clock = [this] { return service.now; },
                               .warn = [](const std::string&) {}}};
  BlobEndpoint blob_{blobs_,
                     {.accounts = accounts_, .clock = [this] { return service.now; }, .auth = BlobAuth::Strict}};
  LoopTransport batch_wire_{batch_}, blob_wire_{blob_};
};

// The service has not seen the request.
inline HttpAnswer never_arrives(const EmulatedAzure::Deliver&) {
  return {.error = "reset", .failure = HttpFailure::Lost};
}
// It has done what was asked for, but nobody hears of it.
inline HttpAnswer answer_is_lost(const EmulatedAzure::Deliver& deliver) {
  deliver();
  return {.error = "reset", .failure = HttpFailure::Lost};
}
inline EmulatedAzure::Fault answers(unsigned status, Parameters headers = {}) {
  return [=](const EmulatedAzure::Deliver&) { return HttpAnswer{.status = status, .headers = headers}; };
}

}  // namespace batchite::testing
