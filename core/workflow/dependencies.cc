// Which tasks of a job can never run.
#include <map>

#include "core/base/ids.h"
#include "core/workflow/monitor.h"

namespace batchite::workflow {
namespace {

// What the first matching exit condition says of dependants; a failed task blocks them unless told otherwise.
bool satisfies(const Document& document) {
  const Reader task(document);
  const Reader execution = task.object("executionInfo");
  const Reader conditions = task.object("exitConditions");
  const auto says = [](const Reader& options, bool otherwise) {
    const std::string action = fold(options.text("dependencyAction"));
    return action.empty() ? otherwise : action == "satisfy";
  };
  const bool failed = to_row(document).failed;
  if (!execution.has("exitCode")) return failed ? says(conditions.object("preProcessingError"), false) : true;
  const int code = execution.get("exitCode", 0);
  for (const Document& item : conditions.array("exitCodes")) {
    if (Reader(item).get("code", -1) == code) return says(Reader(item).object("exitOptions"), code == 0);
  }
  for (const Document& item : conditions.array("exitCodeRanges")) {
    const Reader range(item);
    if (range.get("start", 0) <= code && code <= range.get("end", 0))
      return says(range.object("exitOptions"), code == 0);
  }
  if (code == 0 && failed) return says(conditions.object("fileUploadError"), false);
  return says(conditions.object("default"), !failed);
}

}  // namespace

std::vector<std::string> blocked_tasks(const std::vector<Document>& tasks) {
  std::map<std::string, bool> blocks;  // by folded id: is over without satisfying its dependants, or never will be
  for (const Document& task : tasks) {
    blocks[fold(Reader(task).text("id"))] = fold(Reader(task).text("state")) == "completed" && !satisfies(task);
  }
  const auto is_blocking = [&](const std::string& id) {
    const auto it = blocks.find(fold(id));
    return it != blocks.end() && it->second;
  };
  const auto depends_on_blocking = [&](const Document& task) {
    const Reader needs = Reader(task).object("dependsOn");
    for (const Document& id : needs.array("taskIds")) {
      if (is_blocking(id.get<std::string>())) return true;
    }
    for (const Document& item : needs.array("taskIdRanges")) {
      for (int id = Reader(item).get("start", 0); id <= Reader(item).get("end", -1); ++id) {
        if (is_blocking(std::to_string(id))) return true;
      }
    }
    return false;
  };
  std::vector<std::string> found;
  for (bool more = true; more;) {  // each round finds those that depend on what the last one found
    more = false;
    for (const Document& task : tasks) {
      const std::string id = Reader(task).text("id");
      if (fold(Reader(task).text("state")) != "active" || is_blocking(id) || !depends_on_blocking(task)) continue;
      blocks[fold(id)] = true;
      found.push_back(id);
      more = true;
    }
  }
  return found;
}

}  // namespace batchite::workflow
