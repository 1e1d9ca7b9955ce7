#include "backends/local/recent_blobs.h"

namespace batchite {
namespace {

constexpr std::size_t kMost = 4096;

}  // namespace

RecentBlobs::State RecentBlobs::state() {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::optional<IndexedBlob> RecentBlobs::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(key);
  return found == blobs_.end() ? std::nullopt : std::optional(found->second);
}

void RecentBlobs::add(State state, const Key& key, const IndexedBlob& blob) {
  if (!blob.entry.pages.empty()) return;  // any number of ranges
  const std::lock_guard lock(mutex_);
  if (state != state_) return;
  if (blobs_.size() >= kMost) blobs_.clear();
  blobs_.insert_or_assign(key, blob);
}

void RecentBlobs::forget(std::span<const Key> changed) {
  const std::lock_guard lock(mutex_);
  ++state_;
  for (const Key& key : changed) blobs_.erase(key);
}

void RecentBlobs::forget_all() {
  const std::lock_guard lock(mutex_);
  ++state_;
  blobs_.clear();
}

}  // namespace batchite
