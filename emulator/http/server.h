// An HTTP/1.1 server on one loopback address, plain and TLS on the same port (told apart by the first byte).
//
// A connection is served by one thread, taken from a pool that grows as connections come: requests are short, bodies
// are read and written where they are handled, and no request waits for another. The server's own thread accepts, and
// cuts connections that let their deadline pass.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "emulator/http/message.h"
#include "emulator/http/tls.h"

namespace batchite::http {

struct ServerOptions {
  std::string host = "127.0.0.1";                                      // a loopback address
  unsigned short port = 0;                                             // 0: any free one
  std::shared_ptr<const TlsContext> tls = nullptr;                     // null: no TLS
  std::size_t max_connections = 1024;                                  // beyond these, new ones are closed at once
  std::chrono::milliseconds head_timeout = std::chrono::seconds(30);   // from a request's first byte to its last header
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(300);  // between requests
  std::chrono::milliseconds body_timeout = std::chrono::seconds(60);   // without any progress, in either direction
  std::chrono::milliseconds grace = std::chrono::seconds(5);           // for requests under way at stop()
};

class Server {
 public:
  // Binds. Starts no thread. Throws UsageError: the port is taken, or the address is not of this machine's loopback.
  explicit Server(ServerOptions options);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  unsigned short port() const;
  std::string url() const;  // "http://127.0.0.1:10010", without a slash at the end

  // The endpoint outlives the server, or its stop().
  void serve(Endpoint& endpoint);
  // Accepts nothing more; requests under way are finished, within the grace.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace batchite::http
