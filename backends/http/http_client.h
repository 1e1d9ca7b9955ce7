// HTTP(S) by libcurl, in two forms. For moving files: bodies stream from and to open files, redirects are followed;
// server errors, throttling and lost connections are tried again with growing pauses; a download starts over then. As a
// Transport: one request, one answer. Connections are kept, HTTP/2 is spoken where the server does, certificates are
// verified, and proxies come from the environment. Timeouts in milliseconds. Any thread; an answer of any status is a
// value, as is the lack of one.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/parameters.h"

namespace batchite {

struct HttpOptions {
  int attempts = 5;
  long pause_ms = 500;  // before the second attempt; doubled for each further one
  long connect_timeout_ms = 15'000;
  long stall_timeout_ms = 60'000;  // without a byte moving
  std::string ca_file = {};        // PEM; empty: what the machine trusts
};

struct HttpBody {  // part of an open file
  int file = -1;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// How a request ended without an answer.
enum class HttpFailure {
  None,
  NotSent,   // no connection: whoever serves has not seen it
  Lost,      // it may have been done
  Hopeless,  // no later attempt ends otherwise: a name or a certificate that is wrong
};

struct HttpAnswer {
  unsigned status = 0;  // 0: none came
  Parameters headers = {};
  std::string body = {};   // of a download: only of an answer other than 2xx, and not more than 64 KiB
  std::string error = {};  // why none came
  HttpFailure failure = HttpFailure::None;
  bool timed_out = false;
  int write_error = 0;  // errno of the local file
  bool ok() const { return status >= 200 && status < 300 && write_error == 0; }
  std::string error_code() const;  // x-ms-error-code, or the <Code> of an error document; else empty
};

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};
  Parameters headers = {};
  std::string body = {};
  std::string operation = {};  // what it is for, for whoever listens; not sent
  bool is_next_door = false;  // to a service of the machine itself: by no proxy, and connected within a second or never
};

// Seam: one request as it stands, one answer as it came; nothing followed, nothing repeated. Any thread.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual HttpAnswer send(const HttpRequest& request) = 0;
};

class HttpClient : public Transport {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer get(const std::string& url, const Parameters& headers = {});
  // The file is emptied before each attempt.
  HttpAnswer download(const std::string& url, int file);
  HttpAnswer put(const std::string& url, const Parameters& headers, const HttpBody& body);
  HttpAnswer put(const std::string& url, const Parameters& headers, const std::string& body);
  HttpAnswer post(const std::string& url, const Parameters& headers, const std::string& body);
  HttpAnswer send(const HttpRequest& request) override;

 private:
  struct Transfer;
  class Lease;
  HttpAnswer run(Transfer& transfer);
  void attempt(Transfer& transfer);

  const HttpOptions options_;
  std::mutex lock_;
  std::vector<void*> idle_;  // curl handles; guarded by lock_
};

}  // namespace batchite
