// The bodies of batches: requests in, answers out, each a part of multipart/mixed in the form of application/http.
// Source: learn.microsoft.com/rest/api/storageservices/blob-batch; RFC 2046.
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "emulator/http/message.h"

namespace batchite {

struct BatchPart {
  std::string content_id;
  http::Request request;  // method, path, query and headers; the path may lack its '/' or its account
};

// InvalidHeaderValue for a type without boundary, InvalidInput for parts that cannot be read,
// ExceedsMaxBatchRequestCount.
std::vector<BatchPart> read_batch(std::string_view body, const std::string& content_type);

struct BatchAnswer {
  std::string content_id;
  http::Response response;
};
std::string batch_body(const std::vector<BatchAnswer>& answers, std::string_view boundary);

}  // namespace batchite
