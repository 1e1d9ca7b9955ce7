// The data directory and who holds it: one process at a time.
//   batchite.db   state        blobs/  blobs        nodes/  directories of nodes
//   bin/          stand-ins    lock    the holder's pid
#pragma once
#include <filesystem>

#include "backends/local/file_descriptor.h"

namespace batchite {

class DataDirectory {
 public:
  // Makes the directory and takes its lock. Throws UsageError: somebody holds it (naming the pid), or it cannot be
  // made.
  DataDirectory(const std::filesystem::path& location, bool ephemeral);
  ~DataDirectory();  // an ephemeral one is removed
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::filesystem::path& path() const { return location_; }

 private:
  std::filesystem::path location_;
  bool ephemeral_;
  FileDescriptor lock_;
};

}  // namespace batchite
