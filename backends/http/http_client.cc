#include "backends/http/http_client.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "backends/http/curl_request.h"

namespace batchite {
namespace {

constexpr long kNextDoorTimeoutMs = 1'000;
constexpr curl_off_t kMostReserved = curl_off_t{64} << 20;
constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;

bool write_all(int file, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(file, data, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    data += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

HttpFailure failure_of(CURLcode result) {
  switch (result) {
    case CURLE_OK:
      return HttpFailure::None;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_TOO_MANY_REDIRECTS:
      return HttpFailure::Hopeless;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return HttpFailure::NotSent;
    default:
      return HttpFailure::Lost;
  }
}

bool is_worth_repeating(const HttpAnswer& answer) {
  if (answer.write_error != 0 || answer.failure == HttpFailure::Hopeless) return false;
  return answer.status == 0 || answer.status >= 500 || answer.status == 429 || answer.status == 408;
}

}  // namespace

struct HttpClient::Transfer {
  std::string url;
  const Parameters& headers;
  const char* method = nullptr;  // null: GET
  bool has_body = true;          // with a method
  bool follows = false;          // redirects
  bool is_next_door = false;
  int into = -1;               // download: the file
  HttpBody file = {};          // put: part of a file…
  std::string_view text = {};  // …or a text
  HttpAnswer answer = {};
  std::uint64_t sent = 0;
  CURL* handle = nullptr;

  std::uint64_t body_size() const { return file.file >= 0 ? file.size : text.size(); }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& answer = static_cast<Transfer*>(self)->answer;
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) answer.headers = {};  // of a redirect before
    add_header(line, answer.headers);
    return size;
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    if (transfer.into >= 0 && status >= 200 && status < 300) {
      if (write_all(transfer.into, data, size)) return size;
      transfer.answer.write_error = errno;
      return 0;
    }
    const bool is_error = status < 200 || status >= 300;
    if (transfer.answer.body.empty() && !is_error) transfer.reserve();
    const std::size_t room = is_error ? kMaxErrorBody - std::min(kMaxErrorBody, transfer.answer.body.size()) : size;
    transfer.answer.body.append(data, std::min(size, room));
    return size;
  }

  // As much as is to come, so that it does not take twice the space in the end.
  void reserve() {
    curl_off_t length = -1;
    curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > 0 && length <= kMostReserved) answer.body.reserve(static_cast<std::size_t>(length));
  }

  static std::size_t on_send(char* into, std::size_t unit, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t wanted = std::min<std::uint64_t>(unit * count, transfer.body_size() - transfer.sent);
    if (wanted == 0) return 0;
    if (transfer.file.file < 0) {
      std::memcpy(into, transfer.text.data() + transfer.sent, wanted);
      transfer.sent += wanted;
      return wanted;
    }
    const ssize_t got =
        ::pread(transfer.file.file, into, wanted, static_cast<off_t>(transfer.file.offset + transfer.sent));
    if (got <= 0) return CURL_READFUNC_ABORT;  // the file shrank or cannot be read
    transfer.sent += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

  // curl asks to start over after a redirect or on a connection that had gone away.
  static int on_seek(void* self, curl_off_t offset, int) {
    static_cast<Transfer*>(self)->sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
};

// A curl handle for one attempt, with its connections.
class HttpClient::Lease {
 public:
  explicit Lease(HttpClient& client) : client_(client) {
    const std::lock_guard lock(client.lock_);
    if (!client.idle_.empty()) {
      handle_ = client.idle_.back();
      client.idle_.pop_back();
    } else {
      start_curl();
      handle_ = curl_easy_init();
    }
    curl_easy_reset(handle_);
  }
  ~Lease() {
    const std::lock_guard lock(client_.lock_);
    client_.idle_.push_back(handle_);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  CURL* get() const { return handle_; }

 private:
  HttpClient& client_;
  CURL* handle_ = nullptr;
};

std::string HttpAnswer::error_code() const {
  std::string code = headers.get("x-ms-error-code");
  if (!code.empty()) return code;
  const auto start = body.find("<Code>"), end = body.find("</Code>");
  return start == std::string::npos || end == std::string::npos || end < start
             ? std::string()
             : body.substr(start + 6, end - start - 6);
}

HttpClient::HttpClient(HttpOptions options) : options_(options) {}

HttpClient::~HttpClient() {
  for (void* handle : idle_) curl_easy_cleanup(handle);
}

void HttpClient::attempt(Transfer& transfer) {
  const Lease lease(*this);
  CURL* handle = transfer.handle = lease.get();
  const HeaderList headers = list_of(transfer.headers);
  char error[CURL_ERROR_SIZE] = "";
  set_up(handle, transfer.url, options_);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, transfer.follows ? 1L : 0L);
  if (transfer.is_next_door) {
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kNextDoorTimeoutMs);
  }
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, Transfer::on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, Transfer::on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  if (transfer.method && std::string_view(transfer.method) == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (transfer.method) {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, transfer.method);
  }
  if (transfer.method && transfer.has_body) {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(transfer.body_size()));
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, Transfer::on_send);
    curl_easy_setopt(handle, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, Transfer::on_seek);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, &transfer);
  }
  const CURLcode result = curl_easy_perform(handle);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  transfer.answer.status = result == CURLE_OK ? static_cast<unsigned>(status) : 0;
  transfer.answer.failure = failure_of(result);
  transfer.answer.timed_out = result == CURLE_OPERATION_TIMEDOUT;
  if (result != CURLE_OK) transfer.answer.error = *error ? error : curl_easy_strerror(result);
  curl_easy_reset(handle);  // drops what points into this frame
}

HttpAnswer HttpClient::run(Transfer& transfer) {
  for (int attempts = 1;; ++attempts) {
    transfer.answer = {};
    transfer.sent = 0;
    if (transfer.into >= 0 && (::ftruncate(transfer.into, 0) != 0 || ::lseek(transfer.into, 0, SEEK_SET) != 0)) {
      transfer.answer.write_error = errno;
      return std::move(transfer.answer);
    }
    attempt(transfer);
    if (attempts >= options_.attempts || !is_worth_repeating(transfer.answer)) {
      return std::move(transfer.answer);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(options_.pause_ms << (attempts - 1)));
  }
}

HttpAnswer HttpClient::get(const std::string& url, const Parameters& headers) {
  Transfer transfer{.url = url, .headers = headers, .follows = true};
  return run(transfer);
}

HttpAnswer HttpClient::download(const std::string& url, int file) {
  const Parameters none;
  Transfer transfer{.url = url, .headers = none, .follows = true, .into = file};
  return run(transfer);
}

HttpAnswer HttpClient::put(const std::string& url, const Parameters& headers, const HttpBody& body) {
  Transfer transfer{.url = url, .headers = headers, .method = "PUT", .file = body};
  return run(transfer);
}

HttpAnswer HttpClient::put(const std::string& url, const Parameters& headers, const std::string& body) {
  Transfer transfer{.url = url, .headers = headers, .method = "PUT", .text = body};
  return run(transfer);
}

HttpAnswer HttpClient::post(const std::string& url, const Parameters& headers, const std::string& body) {
  Transfer transfer{.url = url, .headers = headers, .method = "POST", .text = body};
  return run(transfer);
}

HttpAnswer HttpClient::send(const HttpRequest& request) {
  const std::string& method = request.method;
  const bool has_body = !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  Transfer transfer{.url = request.url,
                    .headers = request.headers,
                    .method = method.c_str(),
                    .has_body = has_body,
                    .is_next_door = request.is_next_door,
                    .text = request.body};
  attempt(transfer);
  return std::move(transfer.answer);
}

}  // namespace batchite
