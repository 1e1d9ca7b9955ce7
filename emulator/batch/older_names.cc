#include "emulator/batch/older_names.h"

namespace batchite::batch {
namespace {

constexpr contract::Version kSlots{20200901};
constexpr const char* kOlder = "maxTasksPerNode";
constexpr const char* kNewer = "taskSlotsPerNode";

bool is_pool(const Call& call) { return call.operation.id == "Pool_Get" || call.operation.id == "Pool_List"; }

// Keeps the place among the members.
void rename(Document& object, const char* from, const char* to) {
  if (!object.is_object() || !object.contains(from)) return;
  Document renamed = Document::object();
  for (auto& [name, value] : object.items()) renamed[name == from ? to : name] = std::move(value);
  object = std::move(renamed);
}

}  // namespace

void to_current_names(Call& call) {
  if (call.version < kSlots && call.operation.id == "Pool_Add") rename(call.body, kOlder, kNewer);
}

void to_names_of(const Call& call, Document& answer) {
  if (call.version >= kSlots || !answer.is_object()) return;
  if (call.operation.id == "Job_GetTaskCounts") {
    answer = Document(answer["taskCounts"]);
  } else if (is_pool(call)) {
    rename(answer, kNewer, kOlder);
    if (answer.contains("value")) {
      for (Document& pool : answer["value"]) rename(pool, kNewer, kOlder);
    }
  }
}

}  // namespace batchite::batch
