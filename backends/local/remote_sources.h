// Sources of copies over HTTP(S): read as they come, with not much more than a buffer held. Redirects are followed, a
// few; nothing is tried again, for whoever asked for the copy does so. Any thread.
#pragma once
#include "backends/http/http_client.h"
#include "core/blob/sources.h"

namespace batchite {

class RemoteSources : public SourceReader {
 public:
  explicit RemoteSources(HttpOptions options = {}) : options_(options) {}
  SourceAnswer get(const std::string& url, const Parameters& headers) override;

 private:
  const HttpOptions options_;
};

}  // namespace batchite
