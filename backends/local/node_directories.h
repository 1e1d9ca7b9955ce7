// Where nodes live on disk, and their files as the service's clients see them.
// A node's root is {nodes}/{pool id}/{node id}; inside it is the service's layout. Any thread.
#pragma once
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "core/host.h"

namespace batchite {

class NodeDirectories : public NodeFiles {
 public:
  // `nodes` is made if missing. What an earlier run left half removed is removed.
  explicit NodeDirectories(std::filesystem::path nodes);

  // Makes the node's root known, so that its files can be read; it need not be there yet.
  std::filesystem::path know(NodeKey node, const std::string& pool_id, const std::string& node_id);
  // Makes the node's root known and its directories there; `fresh` empties it first.
  std::filesystem::path make(NodeKey node, const std::string& pool_id, const std::string& node_id, bool fresh);
  // Takes the node's directories out of sight at once and says where they now wait for their removal.
  std::filesystem::path take_away(NodeKey node);
  // The same for one directory of a node; its name is free again at once. Empty: it was not there.
  std::filesystem::path take_away(const std::filesystem::path& directory);
  // Throws NodeNotFound.
  std::filesystem::path root(NodeKey node) const;

  std::vector<FileEntry> list(NodeKey node, const std::string& directory, bool recursive) override;
  FileEntry stat(NodeKey node, const std::string& path) override;
  std::shared_ptr<ByteSource> open(NodeKey node, const std::string& path, std::optional<Range> range) override;
  void remove(NodeKey node, const std::string& path, bool recursive) override;

 private:
  std::filesystem::path nodes_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<NodeKey, std::filesystem::path> roots_;  // guarded by mutex_
  std::int64_t removed_ = 0;                                  // guarded by mutex_
};

// Removes a tree whatever its modes are; what cannot be removed is left.
void remove_tree(const std::filesystem::path& tree);

}  // namespace batchite
