// Requests and answers as endpoints see them: HTTP without its library. emulator/http/server.cc translates.
//
// One thread serves a connection: what an endpoint does with a request, reading its body and the answer's bytes
// included, happens on that thread, and blocks nobody else.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/parameters.h"

namespace batchite::http {

struct Request {
  std::string method = {};  // as sent: "GET"
  std::string path = {};    // still percent-encoded; "/" at least
  std::string query = {};   // still percent-encoded, without '?'
  Parameters headers = {};  // names as sent
  // "http://127.0.0.1:10010": scheme and Host header, as the client reaches this server; no slash at the end.
  std::string base = {};
  std::string address = {};  // of the client, without port
  bool is_https = false;
  std::optional<std::uint64_t> length = std::nullopt;  // of the body; nullopt: chunked (has_body), or there is none
  bool has_body = false;                               // Content-Length above 0, or chunked
  // The body, read from the connection piece by piece. The first read answers Expect: 100-continue. A body that is not
  // read is drained afterwards, or the connection closed. Throws Error when the client stops sending or is too slow.
  ByteSource* body = nullptr;
};

struct Response {
  unsigned status = 200;
  std::string reason = {};  // of the status line; empty: the standard phrase
  Parameters headers = {};  // Content-Length and Transfer-Encoding are the server's business, except for HEAD
  std::string body = {};    // sent when there is no `bytes`
  std::shared_ptr<ByteSource> bytes = nullptr;  // sent with Content-Length if its size is known, else chunked
  bool chunked = false;                         // send `body` chunked, as the Batch service does
  bool close = false;                           // the connection, afterwards
};

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // Any thread. Throws nothing: errors are answers.
  virtual Response handle(const Request& request) = 0;
};

}  // namespace batchite::http
