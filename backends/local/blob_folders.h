// Finds files that somebody put into a container's folder by hand. A folder's own time stamp changes with its entries,
// so a listing reads again only the folders that changed since they were last read; changes made by the store itself
// are told to it and cost nothing. (A file put by hand within the few milliseconds of the clock's grain around a change
// of the store's own is found at the folder's next change, or when it is asked for by name.) Any thread.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "backends/local/blob_files.h"

namespace batchite {

class BlobFolders {
 public:
  explicit BlobFolders(const BlobFiles& files) : files_(files) {}

  // Calls `found` with every file (its path below `container`) of folders not seen as they are now, as far as names
  // that start with `prefix` can be there.
  void scan(const std::string& container, const std::string& prefix, const std::function<void(std::string)>& found);

  // Brackets a change of the store's own to the folder of `path`: before() ahead of it, after() with its answer.
  struct Before {
    std::string folder;
    std::int64_t mtime_ns = 0;
  };
  Before before(const std::string& folder) const;
  void after(const Before& before);
  void forget(const std::string& container);  // with all folders below it

 private:
  struct Seen {
    std::int64_t mtime_ns = 0;
    bool is_fresh = false;  // so young when read that a later entry could bear the same time
  };
  using Found = std::function<void(std::string)>;
  void scan_folder(const std::string& container, const std::string& below, const std::string& prefix,
                   const Found& found);
  void read_folder(const std::string& container, const std::string& below, const Found& found);

  const BlobFiles& files_;
  std::mutex lock_;
  std::map<std::string, Seen> seen_;                          // by path below the root; guarded by lock_
  std::map<std::string, std::vector<std::string>> children_;  // folders in a folder, as last read; guarded by lock_
};

}  // namespace batchite
