#include "backends/local/remote_sources.h"

#include <cstring>

#include "backends/http/curl_request.h"
#include "core/base/error.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

constexpr std::size_t kHeld = std::size_t{1} << 20;  // then the source waits for the reader
constexpr int kPollMs = 1000;

struct FreeCurl {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// One transfer, driven by whoever reads it.
class Download : public ByteSource {
 public:
  Download(const std::string& url, const Parameters& headers, const HttpOptions& options) : asked_(list_of(headers)) {
    set_up(easy_.get(), url, options);
    curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, error_);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, asked_.get());
    curl_easy_setopt(easy_.get(), CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy_.get(), CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, this);
    curl_multi_add_handle(multi_.get(), easy_.get());
    wait_for_bytes();  // those of redirects do not come here, so the head is that of the last answer
  }
  ~Download() override { curl_multi_remove_handle(multi_.get(), easy_.get()); }
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  unsigned status() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<unsigned>(status);
  }
  const std::string& reason() const { return reason_; }
  const Parameters& headers() const { return headers_; }

  std::size_t read(std::span<char> into) override {
    wait_for_bytes();
    const std::size_t count = std::min(into.size(), held_.size() - taken_);
    std::memcpy(into.data(), held_.data() + taken_, count);
    taken_ += count;
    return count;
  }

  std::optional<std::uint64_t> size() const override {
    curl_off_t size = -1;
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    return size < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(size));
  }

 private:
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& download = *static_cast<Download*>(self);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
      download.headers_ = {};  // of a redirect before
      download.reason_ = reason_in(line);
    }
    add_header(line, download.headers_);
    return size;
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& download = *static_cast<Download*>(self);
    if (download.held_.size() >= kHeld) {
      download.is_paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    download.held_.append(data, size);
    return size;
  }

  static std::string reason_in(std::string_view line) {  // "HTTP/1.1 404 Not Found\r\n"
    for (int words = 0; words < 2; ++words) {
      const auto space = line.find(' ');
      if (space == std::string_view::npos) return {};
      line.remove_prefix(space + 1);
    }
    return std::string(line.substr(0, line.find_last_not_of("\r\n ") + 1));
  }

  void wait_for_bytes() {
    if (taken_ < held_.size()) return;
    held_.clear();
    taken_ = 0;
    if (std::exchange(is_paused_, false)) curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
    while (held_.empty() && !is_done_) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      look_for_end();
      if (held_.empty() && !is_done_) curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
    }
    if (held_.empty() && result_ != CURLE_OK) {
      throw Error(blob_errors::kCannotVerifyCopySource,
                  {{"Reason", *error_ ? std::string(error_) : std::string(curl_easy_strerror(result_))}});
    }
  }

  void look_for_end() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      is_done_ = true;
      result_ = message->data.result;
    }
  }

  const HeaderList asked_;
  char error_[CURL_ERROR_SIZE] = "";
  Parameters headers_ = {};
  std::string reason_ = {};
  std::string held_ = {};
  std::size_t taken_ = 0;  // of held_
  bool is_paused_ = false, is_done_ = false;
  CURLcode result_ = CURLE_OK;
  std::unique_ptr<CURLM, FreeMulti> multi_{curl_multi_init()};
  std::unique_ptr<CURL, FreeCurl> easy_{curl_easy_init()};
};

}  // namespace

SourceAnswer RemoteSources::get(const std::string& url, const Parameters& headers) {
  start_curl();
  auto download = std::make_shared<Download>(url, headers, options_);
  return {.status = download->status(),
          .reason = download->reason(),
          .headers = download->headers(),
          .bytes = std::move(download)};
}

}  // namespace batchite
