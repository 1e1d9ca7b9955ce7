#include "emulator/batch/answer_cache.h"

#include <algorithm>

namespace batchite::batch {
namespace {

constexpr std::size_t kMaxBytes = 8 * 1024 * 1024;
constexpr std::string_view kKept[] = {
    "Pool_Get", "Pool_List", "ComputeNode_Get", "ComputeNode_List",  "Job_Get",
    "Job_List", "Task_Get",  "Task_List",       "Job_GetTaskCounts", "Account_ListPoolNodeCounts"};

}  // namespace

bool AnswerCache::may_keep(const Call& call) {
  if (!call.headers.empty() || call.query.has("$expand")) return false;  // statistics go on with the time
  if (call.caller) return false;                                         // a task may not see everything
  return std::find(std::begin(kKept), std::end(kKept), call.operation.id) != std::end(kKept);
}

std::optional<http::Response> AnswerCache::find(const std::string& key, std::uint64_t revision) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end() || it->second.revision != revision) return std::nullopt;
  return it->second.response;
}

void AnswerCache::keep(const std::string& key, std::uint64_t revision, const http::Response& response) {
  const std::size_t size = key.size() + response.body.size();
  if (size > kMaxBytes / 4) return;
  const std::lock_guard lock(mutex_);
  if (const auto old = entries_.find(key); old != entries_.end()) {
    bytes_ -= key.size() + old->second.response.body.size();
    entries_.erase(old);
  }
  if (bytes_ + size > kMaxBytes) {
    entries_.clear();
    bytes_ = 0;
  }
  entries_.emplace(key, Entry{revision, response});
  bytes_ += size;
}

}  // namespace batchite::batch
