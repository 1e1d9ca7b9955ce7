// The emulator: Batch REST and Blob REST on two loopback ports over one backend, and the emulator's own pages on both.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/system/real.h"
#include "core/backend.h"
#include "core/blob/sas_access.h"
#include "emulator/batch/authenticator.h"
#include "emulator/http/tls.h"

namespace batchite {

struct EmulatorOptions {
  std::string host = "127.0.0.1";
  unsigned short batch_port = 10010;  // 0: any free one
  unsigned short blob_port = 10000;
  std::shared_ptr<const http::TlsContext> tls = nullptr;  // null: HTTP only; else HTTPS as well, on the same ports
  batch::Account account;
  std::vector<BlobAccount> storage_accounts;
  batch::AuthMode auth = batch::AuthMode::Lenient;
  bool strict_version = false;
  std::string token_secret = {};
  Document info = Document::object();            // for /_batchite/info, besides the URLs
  std::function<void(const std::string&)> warn;  // one line for a person; any thread
  Clock clock = clock_now;
  Entropy entropy = random_bytes;  // of request ids
};

class Emulator {
 public:
  // Takes both ports, but starts no thread. Throws UsageError naming the port.
  explicit Emulator(EmulatorOptions options);
  ~Emulator();  // stops
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  std::string batch_url() const;  // "http://127.0.0.1:10010"
  std::string blob_url() const;   // "http://127.0.0.1:10000", without the account

  // Returns when a request to each port has succeeded. The backend outlives the emulator, or its stop(). Throws Error.
  void serve(Backend& backend);
  // Takes no new requests and finishes those under way.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace batchite
