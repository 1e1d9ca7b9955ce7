// Plays a golden exchange of the Batch endpoint (fixtures/wire, tests/emulator/wire_test.cc) on the service in memory,
// or on another backend put between the two.
#pragma once
#include "emulator/batch/batch_endpoint.h"
#include "tests/support/memory_backend.h"
#include "tests/support/wire_exchange.h"

namespace batchite::testing {

inline constexpr const char* kUsualVersion = "2024-07-01.20.0";
inline constexpr std::string_view kBase = "https://acct.westeurope.batch.azure.com";

inline http::Request parse_request(const std::string& text, std::string& body) {
  http::Request request = parse_wire_request(text, body);
  if (request.query.find("api-version") == std::string::npos) {
    request.query += (request.query.empty() ? "" : "&") + std::string("api-version=") + kUsualVersion;
  }
  request.base = kBase;
  return request;
}

inline Settings settings_of(const WireExchange& exchange) {
  Settings settings;
  constexpr std::string_view kDelay = "allocation-delay ";
  for (const WireSection& section : exchange.sections) {
    if (section.title.starts_with(kDelay)) {
      settings.allocation_delay = parse_duration(section.title.substr(kDelay.size())).value();
    }
  }
  return settings;
}

class WirePlayer {
 public:
  // Makes the backend that the endpoint talks to; null: the service itself.
  using Front = std::function<std::shared_ptr<Backend>(MemoryBackend& service)>;
  explicit WirePlayer(const WireExchange& exchange, const Front& front = nullptr)
      : backend_(settings_of(exchange)), front_(front ? front(backend_) : nullptr) {}

  http::Response make(std::string text) {
    fill_in(text, [this](const std::string& name) { return value_of(name); });
    std::string body;
    http::Request request = parse_request(text, body);
    StringSource source(body);
    request.body = &source;
    http::Response response = (request.headers.has("Authorization") ? guarded_ : endpoint_).handle(request);
    if (request.method == "HEAD") response.body.clear();  // the server does not send it
    remember(response);
    return response;
  }

  std::string play(const WireExchange& exchange) {
    for (const WireSection& section : exchange.sections) {
      play_before(
          section, [this](const std::string& text) { return make(text); }, [this](Ticks time) { backend_.wait(time); });
      if (section.title == "stall") backend_.stalled = true;
    }
    return to_text(make(exchange.section("request").text));
  }

 private:
  std::string value_of(const std::string& name) {
    if (name == "etag") return etag_;
    if (name == "next-link") return next_link_;
    const std::string argument = name.substr(name.find(':') + 1);
    if (name.starts_with("text:")) return std::string(std::stoul(argument), 'x');
    if (name.starts_with("token:")) return backend_.tokens.at(argument);
    if (!name.starts_with("node:")) throw std::runtime_error("there is no {{" + name + "}}");
    const Call call{.operation = *contract::find_operation("ComputeNode_List"), .path = {{"poolId", argument}}};
    return backend_.call(call).body["value"].at(0)["id"].get<std::string>();
  }

  void remember(const http::Response& response) {
    if (const std::string* etag = response.headers.find("ETag")) etag_ = *etag;
    const Document body = Document::parse(response.body, nullptr, false);
    if (!body.is_object() || !body.contains("odata.nextLink")) return;
    next_link_ = body["odata.nextLink"].get<std::string>().substr(kBase.size());
  }

  std::string to_text(http::Response response) const {
    std::string text = wire_head(response);
    if (response.bytes) {
      if (const auto size = response.bytes->size()) text += "Content-Length: " + std::to_string(*size) + "\n";
      response.body = read_all(*response.bytes);
    } else if (response.chunked) {
      text += "Transfer-Encoding: chunked\n";
    }
    if (!response.body.empty()) {
      const bool is_json = response.headers.get("Content-Type").starts_with("application/json");
      text += "\n" + (is_json ? Document::parse(response.body).dump(2) + "\n" : response.body);
    }
    if (!text.ends_with('\n')) text += '\n';  // Content-Length tells where it really ends
    replace_all(text, response.headers.get("request-id"), "{{request-id}}");
    return text;
  }

  std::string etag_;
  std::string next_link_;  // from its path on
  MemoryBackend backend_;
  std::shared_ptr<Backend> front_;
  Backend& reached() { return front_ ? *front_ : backend_; }
  Metrics metrics_;
  batch::BatchOptions options(batch::AuthMode auth) {
    return {.account = {"acct", {}},
            .auth = auth,
            .token_secret = "secret",
            .clock = [this] { return backend_.now; },
            .warn = [](const std::string&) {}};
  }
  batch::BatchEndpoint endpoint_{reached(), metrics_, options(batch::AuthMode::Off)};
  batch::BatchEndpoint guarded_{reached(), metrics_, options(batch::AuthMode::Strict)};  // for those who show a token
};

}  // namespace batchite::testing
