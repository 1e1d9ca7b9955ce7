// HTTP(S) for moving files: bodies stream from and to open files, connections are kept, redirects followed. Server
// errors, throttling and lost connections are tried again with growing pauses; a download starts over then. Timeouts in
// milliseconds. Any thread; an answer of any status is a value, as is the lack of one.
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
};

struct HttpBody {  // part of an open file
  int file = -1;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct HttpAnswer {
  unsigned status = 0;  // 0: none came
  Parameters headers = {};
  std::string body = {};   // of a download: only of an answer other than 2xx, and not more than 64 KiB
  std::string error = {};  // why none came
  bool timed_out = false;
  int write_error = 0;  // errno of the local file
  bool ok() const { return status >= 200 && status < 300 && write_error == 0; }
  std::string error_code() const;  // x-ms-error-code, or the <Code> of an error document; else empty
};

class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer get(const std::string& url, const Parameters& headers = {});
  // The file is emptied before each attempt.
  HttpAnswer download(const std::string& url, int file);
  HttpAnswer put(const std::string& url, const Parameters& headers, const HttpBody& body);
  HttpAnswer put(const std::string& url, const Parameters& headers, const std::string& body);
  HttpAnswer post(const std::string& url, const Parameters& headers, const std::string& body);

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
