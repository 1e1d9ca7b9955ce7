// The Batch data plane over HTTP, on any backend. The way of a request is handle(), on one page of batch_endpoint.cc.
// Status codes, headers and framing follow recordings of the service. Any thread.
#pragma once
#include "backends/system/real.h"
#include "core/backend.h"
#include "emulator/batch/answer_cache.h"
#include "emulator/batch/authenticator.h"
#include "emulator/batch/router.h"
#include "emulator/batch/versions.h"
#include "emulator/http/message.h"
#include "emulator/own/metrics.h"

namespace batchite::batch {

struct BatchOptions {
  Account account;
  AuthMode auth = AuthMode::Lenient;
  std::string token_secret = {};
  bool strict_version = false;
  Clock clock;
  Entropy entropy = random_bytes;  // of request ids
  Versions::Warn warn;             // one line for a person
};

class BatchEndpoint : public http::Endpoint {
 public:
  // Backend and metrics outlive the endpoint.
  BatchEndpoint(Backend& backend, Metrics& metrics, BatchOptions options);

  http::Response handle(const http::Request& request) override;
  const Authenticator& authenticator() const { return authenticator_; }

 private:
  http::Response answer(const http::Request& request, std::string_view& operation_id);

  Backend& backend_;
  Metrics& metrics_;
  const BatchOptions options_;
  const Router router_;
  Versions versions_;
  const Authenticator authenticator_;
  AnswerCache cache_;
};

}  // namespace batchite::batch
