// File groups: named sets of files in the storage account, each a container. Pure; any thread.
#pragma once
#include <string>
#include <vector>

namespace batchite::workflow {

// "Data" -> "fgrp-data". Names that a container cannot have are cleaned and told apart by a hash. Throws UsageError for
// a name with anything but letters, digits, '-' and '_', or that begins with one of the latter two.
std::string container_name(const std::string& file_group);

// A group that a template reads or writes.
struct FileGroup {
  std::string parameter;  // whose value names it; empty: fixed by the template
  std::string name;
  std::string container;
  bool operator==(const FileGroup&) const = default;
};

struct FileGroups {
  std::vector<FileGroup> read;     // task sources, resource files, signatures for reading
  std::vector<FileGroup> written;  // destinations of output files, signatures for writing
};

}  // namespace batchite::workflow
