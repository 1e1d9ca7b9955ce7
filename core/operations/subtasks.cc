// The subtasks of a multi-instance task: what happens on its nodes but the primary's, which is what the task itself
// tells. Ordinary tasks have none, nor has one that waits.
// Source: learn.microsoft.com/rest/api/batchservice/task/list-subtasks; .../azure/batch/batch-mpi; a recorded answer of
// an ordinary task (200 with an empty list).
#include "core/operations/lookup.h"
#include "core/operations/render.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

Answer list_subtasks(Change& change, const Call& call) {
  const TaskKey key = the_task(change, call);
  const TaskStatus& status = change.state().tasks.at(key).status;
  Document subtasks = Document::array();
  if (status.instances && status.state != TaskState::Active) {
    const int instances = static_cast<int>(status.instances->size());
    for (int id = 1; id < instances; ++id) subtasks.push_back(render_subtask(change, key, id));
  }
  return page_of(change.base_url(), call, subtasks);
}

constexpr OperationRow kSubtasks[] = {
    {"Task_ListSubtasks", list_subtasks},
};

}  // namespace

std::span<const OperationRow> subtask_operations() { return kSubtasks; }

}  // namespace batchite
