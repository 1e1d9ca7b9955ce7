// Requests answered by an endpoint of the emulator in this process, without sockets.
#pragma once
#include "backends/http/http_client.h"
#include "core/base/bytes.h"
#include "emulator/http/message.h"

namespace batchite::testing {

class LoopTransport : public Transport {
 public:
  explicit LoopTransport(http::Endpoint& endpoint) : endpoint_(endpoint) {}

  HttpAnswer send(const HttpRequest& request) override {
    const std::size_t path = request.url.find('/', request.url.find("://") + 3);
    const std::size_t mark = std::min(request.url.find('?'), request.url.size());
    StringSource body(request.body);
    const http::Request wire{.method = request.method,
                             .path = request.url.substr(path, mark - path),
                             .query = request.url.substr(std::min(mark + 1, request.url.size())),
                             .headers = request.headers,
                             .base = request.url.substr(0, path),
                             .address = "127.0.0.1",
                             .length = request.body.size(),
                             .has_body = !request.body.empty(),
                             .body = &body};
    http::Response response = endpoint_.handle(wire);
    HttpAnswer answer{.status = response.status, .headers = response.headers};
    answer.body = response.bytes ? read_all(*response.bytes) : response.body;
    if (request.method == "HEAD") answer.body.clear();
    if (!answer.headers.has("Content-Length")) answer.headers.add("Content-Length", std::to_string(answer.body.size()));
    return answer;
  }

 private:
  http::Endpoint& endpoint_;
};

}  // namespace batchite::testing
