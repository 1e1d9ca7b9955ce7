#include "backends/azure/azure_backend.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "backends/azure/at_once.h"
#include "backends/azure/batch_wire.h"
#include "backends/azure/blob_wire.h"
#include "backends/azure/credentials.h"
#include "backends/azure/delegation.h"
#include "backends/azure/machine_sizes.h"
#include "backends/azure/uncertain.h"
#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/blob/blob_url.h"
#include "core/signing/sas.h"

namespace batchite {
namespace {

using azure::Sender;

azure::Seams seams_of(const AzureOptions& options) {
  azure::Seams seams{options.transport, options.clock, options.sleep, options.entropy, options.interrupt};
  if (!seams.transport) seams.transport = std::make_shared<HttpClient>(options.http);
  if (!seams.sleep) seams.sleep = [](Ticks pause) { std::this_thread::sleep_for(pause); };
  return seams;
}

std::string without_slash(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint;
}

// Whether one of the accounts is to be reached by tokens.
bool needs_tokens(const AzureOptions& options) {
  const auto lacks_key = [](const AzureAccount& one) {
    return !one.endpoint.empty() && one.key.empty() && one.sas.empty();
  };
  return lacks_key(options.batch) || lacks_key(options.storage);
}

class AzureBackend : public Backend {
 public:
  explicit AzureBackend(const AzureOptions& options)
      : clock_(options.clock),
        entropy_(options.entropy),
        pieces_(azure::with_lanes(options.pieces)),
        manners_(options.manners),
        batch_endpoint_(without_slash(options.batch.endpoint)),
        storage_endpoint_(without_slash(options.storage.endpoint)),
        storage_account_(options.storage.name),
        storage_sas_(options.storage.sas),
        management_(options.management) {
    const azure::Seams seams = seams_of(options);
    const auto tokens = open_tokens(options);
    ask_sizes_ = [this, seams, tokens = needs_tokens(options) ? tokens : nullptr] {
      return azure::ask_machine_sizes(management_, seams, tokens);
    };
    if (!batch_endpoint_.empty()) batch_.emplace(seams, options.retry, azure::batch_proof(options.batch, tokens));
    if (!storage_endpoint_.empty()) {
      if (!options.storage.key.empty()) storage_key_ = azure::key_of(storage_account_, options.storage.key);
      storage_.emplace(seams, options.retry, azure::storage_proof(options.storage, tokens));
    }
  }

  Reply call(const Call& call) override {
    const bool is_whole_file = call.operation.answers_bytes && call.operation.resource == "File";
    if (is_whole_file && !call.headers.has("ocp-range")) return get_file(call);
    return ask(call);
  }

  BlobReply blob(const BlobCall& call) override {
    if (!call.account.empty() && call.account != storage_account()) {
      throw UsageError("storage account " + call.account + " is not the one that this backend was given");
    }
    const bool is_ranged = call.headers.has("Range") || call.headers.has("x-ms-range");
    if (call.operation == BlobOperation::GetBlob && !is_ranged) return azure::get_in_pieces(call, ask_blob_, pieces_);
    if (call.operation == BlobOperation::PutBlob && call.body &&
        same_id(call.headers.get("x-ms-blob-type"), "BlockBlob")) {
      return azure::put_in_pieces(call, ask_blob_, pieces_, entropy_);
    }
    return ask_blob_(call, call.body ? read_all(*call.body) : "");
  }

  std::string sas_url(const SasRequest& request) override {
    storage();
    signing::SasSpec spec{.terms = {.permissions = request.permissions, .expiry = request.expiry},
                          .account = storage_account_,
                          .container = request.container,
                          .blob = request.blob};
    return storage_endpoint_ + blob_path(request.container, request.blob) + "?" + signature_of(spec);
  }

  const std::string& storage_account() const override {
    if (!storage_) throw UsageError("no storage account is given: set AZURE_STORAGE_CONNECTION_STRING");
    return storage_account_;
  }

  Manners manners() const override { return manners_; }
  VmSizes vm_sizes() override { return ask_sizes_(); }
  void each(std::size_t count, const Numbered& work, const Numbered& told) override {
    azure::each_at_once(count, manners_.calls_at_once, work, told);
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

  // By the account's key, else by one that its service gives who has a token: for less time, if it gives less.
  std::string signature_of(signing::SasSpec& spec) {
    if (storage_key_) return signing::make_service_sas(spec, storage_key_->key);
    if (!storage_sas_.empty()) return storage_sas_;  // no other can be made of it
    const signing::DelegationKey key = delegation_keys_.key_until(spec.terms.expiry);
    spec.terms.expiry = std::min(spec.terms.expiry, parse_iso8601(key.expiry).value_or(spec.terms.expiry));
    return signing::make_user_delegation_sas(spec, key);
  }

  HttpRequest request_of(const Call& call) const {
    return proven(azure::batch_request(call, batch_endpoint_), call.token, "ocp-date");
  }
  HttpRequest request_of(const BlobCall& call, std::string body) const {
    return proven(azure::blob_request(call, storage_endpoint_, std::move(body)), call.token, "x-ms-date");
  }
  // By who asks, if that is somebody with a token of their own; else it is signed when it is sent.
  HttpRequest proven(HttpRequest request, const std::string& token, const char* date) const {
    if (token.empty()) return request;
    azure::require_secure(request.url);
    request.headers.set(date, http_date(clock_()));
    request.headers.set("Authorization", "Bearer " + token);
    return request;
  }

  Reply ask(const Call& call) {
    const azure::Sent sent = batch().send(request_of(call), settle_of(call));
    try {
      Reply reply = azure::batch_reply(call, sent.answer);
      if (sent.is_uncertain && call.operation.id == kAddCollection) settle_items(call, reply, clock_() - sent.begun);
      return reply;
    } catch (const Error& error) {
      if (!sent.is_uncertain || !azure::means_done(call, error)) throw;
      return {.status = call.operation.status};
    }
  }

  BlobReply ask_blob(const BlobCall& call, std::string body) {
    const azure::Sent sent = storage().send(request_of(call, std::move(body)), settle_of(call));
    try {
      return azure::blob_reply(call, sent.answer);
    } catch (const Error& error) {
      if (!sent.is_uncertain || !azure::means_done(call, error)) throw;
      return {.status = kAccepted};
    }
  }

  template <class AnyCall>
  azure::Settle settle_of(const AnyCall& call) {
    switch (azure::repeat_of(call)) {
      case azure::Repeat::Freely:
        return nullptr;
      case azure::Repeat::AfterALook:
        return [this, &call](Ticks ago) { return look(call, ago); };
      case azure::Repeat::Never:
        return [](Ticks) -> std::optional<HttpAnswer> {
          throw Error(503, "OutcomeUnknown",
                      "The connection broke before the answer came. What was asked for may have been done, and is not "
                      "repeated: look before you do it again.");
        };
    }
    return nullptr;
  }

  // The answer that was lost, if what the call makes is there and was made since.
  std::optional<HttpAnswer> look(const Call& call, Ticks ago) {
    Call look = azure::look_of(call);
    look.token = call.token;
    HttpAnswer answer = batch().send(request_of(look)).answer;
    if (answer.status != kOk) return std::nullopt;
    const Document body = Document::parse(answer.body, nullptr, false);
    const auto made = parse_iso8601(Reader(body).text("creationTime"));
    if (!made || !azure::was_made_since(*made, date_of(answer), ago)) return std::nullopt;
    answer.status = call.operation.status;
    answer.body.clear();
    return answer;
  }
  std::optional<HttpAnswer> look(const BlobCall& call, Ticks ago) {
    BlobCall look = azure::look_of(call);
    look.token = call.token;
    HttpAnswer answer = storage().send(request_of(look, "")).answer;
    const auto made = parse_http_date(answer.headers.get("Last-Modified"));
    if (answer.status != kOk || !made || !azure::was_made_since(*made, date_of(answer), ago)) return std::nullopt;
    return HttpAnswer{
        .status = kCreated,
        .headers = {{"ETag", answer.headers.get("ETag")}, {"Last-Modified", answer.headers.get("Last-Modified")}}};
  }
  Time date_of(const HttpAnswer& answer) const {
    return parse_http_date(answer.headers.get("Date")).value_or(clock_());
  }

  // Tasks that are there already because the collection's first answer was lost.
  void settle_items(const Call& call, Reply& reply, Ticks ago) {
    for (Document& item : reply.body["value"]) {
      const Reader result(item);
      if (result.object("error").text("code") != "TaskExists") continue;
      Call add{.operation = *contract::find_operation("Task_Add"), .path = call.path, .version = call.version};
      add.body = {{"id", result.text("taskId")}};
      add.token = call.token;
      if (!look(add, ago)) continue;
      item.erase("error");
      item["status"] = "success";
    }
  }

  // Piece by piece, like blobs; how long the file is is asked only if it has more than one.
  Reply get_file(const Call& call) {
    const auto piece_of = [this, call](std::uint64_t offset, std::size_t size) {
      Call piece = call;
      piece.headers.add("ocp-range", fmt::format("bytes={}-{}", offset, offset + size - 1));
      return ask(piece);
    };
    Reply reply;
    try {
      reply = piece_of(0, pieces_.size);
    } catch (const Error& error) {
      if (error.status() != kRangeNotSatisfiable) throw;
      return ask(call);  // an empty file has no first byte
    }
    std::string first = read_all(*reply.bytes);
    if (first.size() != pieces_.size) {
      reply.bytes = std::make_shared<StringSource>(std::move(first));
      return reply;
    }
    std::string id(call.operation.id);
    id.replace(id.find("_Get"), 4, "_GetProperties");
    const Reply properties = ask({.operation = *contract::find_operation(id), .path = call.path, .token = call.token});
    const std::uint64_t total = std::strtoull(properties.headers.get("Content-Length").c_str(), nullptr, 10);
    const auto fetch = [piece_of](std::uint64_t offset, std::size_t size) {
      return read_all(*piece_of(offset, size).bytes);
    };
    reply.bytes = std::make_shared<azure::PieceSource>(std::move(first), total, fetch, pieces_);
    return reply;
  }

  static constexpr std::string_view kAddCollection = "Task_AddCollection";
  static constexpr unsigned kOk = 200, kCreated = 201, kAccepted = 202, kRangeNotSatisfiable = 416;

  const Clock clock_;
  const Entropy entropy_;
  const azure::PieceSettings pieces_;
  const Manners manners_;
  const azure::AskBlob ask_blob_ = [this](const BlobCall& call, std::string body) {
    return ask_blob(call, std::move(body));
  };
  const std::string batch_endpoint_, storage_endpoint_, storage_account_, storage_sas_;
  const AzureManagement management_;
  std::function<VmSizes()> ask_sizes_;
  std::optional<signing::AccountKey> storage_key_;  // none: tokens prove who asks
  azure::DelegationKeys delegation_keys_{ask_blob_, clock_};
  std::optional<Sender> batch_, storage_;
};

}  // namespace

std::shared_ptr<azure::Tokens> open_tokens(const AzureOptions& options) {
  const azure::EntraWorld world{.seams = seams_of(options), .retry = options.retry};
  return std::make_shared<azure::Tokens>(azure::credentials_of(options.entra, world), options.clock);
}

std::unique_ptr<Backend> open_azure_backend(const AzureOptions& options) {
  return std::make_unique<AzureBackend>(options);
}

}  // namespace batchite
