// Answers to reads, kept until anything changes: who polls a pool or a job's tasks asks the same again and again.
// Valid for one Backend::revision(); a newer one makes every kept answer worthless at once. Any thread.
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/backend.h"
#include "emulator/http/message.h"

namespace batchite::batch {

class AnswerCache {
 public:
  // Whether the answer depends on nothing but what is asked and the revision: not on the time, files or conditions, nor
  // on who asks.
  static bool may_keep(const Call& call);

  // `key`: all of the request that the answer depends on.
  std::optional<http::Response> find(const std::string& key, std::uint64_t revision);
  void keep(const std::string& key, std::uint64_t revision, const http::Response& response);

 private:
  struct Entry {
    std::uint64_t revision;
    http::Response response;
  };

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // guarded by mutex_, as the next
  std::size_t bytes_ = 0;
};

}  // namespace batchite::batch
