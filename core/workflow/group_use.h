// Which file groups a body reads and writes, and which parameters name them. Pure; one thread.
#pragma once
#include <string>
#include <vector>

#include "core/base/document.h"
#include "core/workflow/file_group.h"
#include "core/workflow/report.h"
#include "core/workflow/storage.h"

namespace batchite::workflow {

struct GroupParameter {
  std::string name;
  std::string value;
  bool is_file_group = false;  // says so itself
};

class GroupUse {
 public:
  // Throws UsageError for a name that no group can have.
  void note(const std::string& group, Access access);
  // Every fileGroup and container of file groups in a normalised body, before its files are resolved.
  void scan(const Document& body, const std::string& path, const Report& report);
  // The groups with their parameters. A group that only a parameter tells of (it stands in a command or a mount) is
  // taken as read.
  FileGroups named_by(const std::vector<GroupParameter>& parameters) const;

 private:
  std::vector<std::string> read_, written_;  // in the order they were seen
};

}  // namespace batchite::workflow
