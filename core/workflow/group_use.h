// Which file groups a body reads and writes, and which parameters name them. Pure; one thread.
#pragma once
#include <map>
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
  // A signature was made. Throws UsageError for a name that no group can have.
  void note(const std::string& group, Access access);
  // Every fileGroup in a normalised body, before its files are resolved. `parameter_at`: by folded path. Throws
  // UsageError.
  void scan(const Document& body, const std::string& path, const std::map<std::string, std::string>& parameter_at,
            const Report& report);
  // All groups. Parameters are looked up by value where no path told them. A group that only a parameter tells of (it
  // stands in a command or a mount) is taken as read.
  FileGroups named_by(const std::vector<GroupParameter>& parameters) const;

 private:
  FileGroups seen_;
};

}  // namespace batchite::workflow
