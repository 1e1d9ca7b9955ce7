// taskFactory: the rule by which a job template makes its tasks. Kinds: taskCollection, parametricSweep, taskPerFile.
// Pure but for the listing that a task per file needs; one thread. Throws UsageError naming the place.
#pragma once
#include <string>
#include <vector>

#include "core/workflow/file_source.h"

namespace batchite::workflow {

struct FactoryTask {
  Document task;     // a TaskAddParameter, still with the templates' own properties
  std::string path;  // of what it was made from, in the template
};

struct FactoryTasks {
  std::vector<FactoryTask> tasks;
  bool has_merge_task = false;  // the last one; it depends on all others
};

FactoryTasks expand_factory(const Document& factory, const std::string& path, FileSources& sources,
                            const Report& report);

}  // namespace batchite::workflow
