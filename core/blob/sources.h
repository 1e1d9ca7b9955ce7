// Seam: what copies and operations "from URL" read that is not a blob of this service. Any thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/parameters.h"

namespace batchite {

struct SourceAnswer {
  unsigned status = 0;
  std::string reason = {};  // beside the status
  Parameters headers = {};
  std::shared_ptr<ByteSource> bytes =
      nullptr;  // of an answer of any status; its read() throws when the rest is missing
};

class SourceReader {
 public:
  virtual ~SourceReader() = default;
  // A GET, answered when the head has come. Throws Error kCannotVerifyCopySource, naming why, when none comes.
  virtual SourceAnswer get(const std::string& url, const Parameters& headers) = 0;
};

struct CopySources {
  // Where this service is itself, in the form that URLs have: "127.0.0.1:10000"; for URLs with the account in their
  // host, what follows it: "blob.localhost:10000". Also what a request was sent to.
  std::vector<std::string> own = {};
  SourceReader* elsewhere = nullptr;  // null: only blobs of this service are copied
};

}  // namespace batchite
