#include "backends/azure/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

#include "backends/azure/scrub.h"
#include "core/base/error.h"

namespace batchite::azure {
namespace {

namespace fs = std::filesystem;

// Those of fixtures/wire and fixtures/blob_wire.
constexpr const char* kBatch = "https://acct.westeurope.batch.azure.com";
constexpr const char* kBlobs = "http://127.0.0.1:10000/acct";
constexpr std::size_t kMostBytes = 64 * 1024;  // of a body; larger ones are only told of

// What of a URL makes no difference comes before its path.
std::string path_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return url.substr(std::min(url.find('/', scheme == std::string::npos ? 0 : scheme + 3), url.size()));
}

bool is_text(const std::string& body) {
  return std::ranges::none_of(
             body, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t'; }) &&
         Document(body).dump(-1, ' ', false, Document::error_handler_t::ignore).size() >= body.size() + 2;
}

class Recorder : public Transport {
 public:
  Recorder(std::shared_ptr<Transport> transport, const Recording& recording,
           std::function<void(const std::string&)> warn)
      : transport_(std::move(transport)),
        folder_(recording.folder),
        scrubber_(replacements_of(recording)),
        warn_(std::move(warn)) {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) throw UsageError(fmt::format("--record {}: {}", recording.folder, error.message()));
  }

  HttpAnswer send(const HttpRequest& request) override {
    HttpAnswer answer = transport_->send(request);
    write(fmt::format("{}.{:04}.http", request.operation.empty() ? "Other" : request.operation, ++count_),
          text_of(request, answer));
    return answer;
  }

 private:
  static Scrubber::Replacements replacements_of(const Recording& recording) {
    Scrubber::Replacements all;
    for (const std::string& secret : recording.secrets) all.emplace_back(secret, std::string(kScrubbed));
    all.emplace_back(recording.batch_endpoint, kBatch);
    all.emplace_back(recording.storage_endpoint, kBlobs);
    // Other addresses of the accounts: http instead of https, another service.
    for (const std::string& account : {recording.batch_account, recording.storage_account}) {
      if (account.empty()) continue;
      all.emplace_back("//" + account + ".", "//acct.");
      all.emplace_back("/" + account + "/", "/acct/");
    }
    return all;
  }

  std::string body_of(const std::string& body) const {
    if (body.size() > kMostBytes || !is_text(body)) return fmt::format("{{{{{} bytes}}}}", body.size());
    const Document document = Document::parse(body, nullptr, false);
    return document.is_structured() ? scrubber_.document(document).dump(2) : scrubber_.text(body);
  }

  std::string part(const Parameters& headers, const std::string& body) const {
    std::string text;
    for (const auto& [name, value] : scrubber_.headers(headers)) text += name + ": " + value + "\n";
    if (!body.empty()) text += "\n" + body_of(body) + "\n";
    return text;
  }

  std::string text_of(const HttpRequest& request, const HttpAnswer& answer) const {
    std::string text = fmt::format("# Recorded.\n### request\n{} {}\n{}", request.method,
                                   path_of(scrubber_.text(request.url)), part(request.headers, request.body));
    if (answer.status == 0) return text + "### no answer\n" + scrubber_.text(answer.error) + "\n";
    text += fmt::format("### answer\nHTTP/1.1 {}\n{}", answer.status, part(answer.headers, answer.body));
    for (const char* name : {"request-id", "x-ms-request-id"}) {
      replace_all(text, answer.headers.get(name), "{{request-id}}");
    }
    return text;
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream file(fs::path(folder_) / name, std::ios::binary);
    file << text;
    file.close();
    if (!file) warn_(fmt::format("{}/{} cannot be written", folder_, name));
  }

  const std::shared_ptr<Transport> transport_;
  const std::string folder_;
  const Scrubber scrubber_;
  const std::function<void(const std::string&)> warn_;
  std::atomic<int> count_{0};
};

}  // namespace

std::shared_ptr<Transport> record(std::shared_ptr<Transport> transport, const Recording& recording,
                                  std::function<void(const std::string&)> warn) {
  return std::make_shared<Recorder>(std::move(transport), recording, std::move(warn));
}

}  // namespace batchite::azure
