// Plays a golden exchange of the Blob endpoint (fixtures/blob_wire, tests/emulator/blob_wire_test.cc) on the service in
// memory, or on another backend put between the two.
#pragma once
#include <regex>

#include "core/blob/blob_service.h"
#include "emulator/blob/blob_endpoint.h"
#include "tests/support/memory_blob_store.h"
#include "tests/support/wire_exchange.h"

namespace batchite::testing {

inline const std::regex kBlobIds("(x-ms-request-id: |RequestId:|batchresponse_)[-0-9a-f]{36}");

class BlobsOnly : public Backend {
 public:
  explicit BlobsOnly(BlobService& service) : service_(service) {}
  Reply call(const Call&) override { throw Error(501, "NotImplemented", "only blobs here"); }
  BlobReply blob(const BlobCall& call) override { return service_.call(call); }
  std::string sas_url(const SasRequest&) override { return {}; }
  const std::string& storage_account() const override { return account_; }

 private:
  BlobService& service_;
  std::string account_ = "acct";
};

class BlobWirePlayer {
 public:
  // Makes the backend that the endpoint talks to; null: the service itself.
  using Front = std::function<std::shared_ptr<Backend>(Backend& service, const Clock& clock)>;
  explicit BlobWirePlayer(const Front& front = nullptr) : front_(front ? front(backend_, clock_) : nullptr) {}

  std::string play(const WireExchange& exchange) {
    for (const WireSection& section : exchange.sections) {
      play_before(
          section, [this](const std::string& text) { return make(text); }, [this](Ticks time) { now_ += time; });
    }
    return to_text(make(exchange.section("request").text));
  }

 private:
  http::Response make(std::string text) {
    fill_in(text, [this](const std::string& name) {
      if (!name.starts_with("last:")) throw std::runtime_error("there is no {{" + name + "}}");
      return last_.get(name.substr(5));
    });
    std::string body;
    http::Request request = parse_wire_request(text, body);
    if (!request.headers.has("x-ms-version")) request.headers.add("x-ms-version", "2021-12-02");
    request.base = "http://127.0.0.1:10000";
    StringSource source(body);
    if (request.has_body) request.body = &source;
    http::Response response = endpoint_.handle(request);
    for (const auto& [name, value] : response.headers) last_.set(name, value);
    return response;
  }

  static std::string to_text(const http::Response& response) {
    std::string text = wire_head(response);
    std::string body = response.bytes ? read_all(*response.bytes) : response.body;
    replace_all(body, "\xEF\xBB\xBF", "{{bom}}");
    replace_all(body, "><", ">\n<");
    if (!body.empty()) text += "\n" + body;
    if (!text.ends_with('\n')) text += '\n';
    return std::regex_replace(text, kBlobIds, "$1{{request-id}}");
  }

  Time now_ = *parse_iso8601("2024-03-05T10:00:00Z");
  Parameters last_;
  std::vector<BlobAccount> accounts_ = {{"acct", {std::string(kStorageKey)}, std::chrono::days(7)}};
  MemoryBlobStore store_;
  BlobService service_{store_, [this] { return now_; }, accounts_, {.own = {"127.0.0.1:10000"}}};
  BlobsOnly backend_{service_};
  const Clock clock_ = [this] { return now_; };
  std::shared_ptr<Backend> front_;
  BlobEndpoint endpoint_{front_ ? *front_ : backend_,
                         {.accounts = accounts_, .clock = clock_, .auth = BlobAuth::Off, .token_secret = "s"}};
};

}  // namespace batchite::testing
