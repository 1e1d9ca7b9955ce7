// Rows of the blob index that were read lately: a small blob that is asked for again costs no query. Bounded. Any
// thread.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "backends/local/blob_index_rows.h"

namespace batchite {

class RecentBlobs {
 public:
  using Key = std::pair<std::int64_t, std::string>;  // container, name
  using State = std::uint64_t;                       // of the index: another after every commit

  State state();
  std::optional<IndexedBlob> find(const Key& key);
  // What a query found that began after `state` was asked for. Not taken if something was committed since: the row may
  // be one from before.
  void add(State state, const Key& key, const IndexedBlob& blob);
  // A change of these rows has been committed, and nobody was told yet.
  void forget(std::span<const Key> changed);
  void forget_all();

 private:
  std::mutex mutex_;
  State state_ = 0;                   // guarded by mutex_
  std::map<Key, IndexedBlob> blobs_;  // guarded by mutex_
};

}  // namespace batchite
