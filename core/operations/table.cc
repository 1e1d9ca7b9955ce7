#include "core/operations/table.h"

#include "core/contract/error_codes.h"

namespace batchite {

std::vector<OperationRow> operation_rows() {
  std::vector<OperationRow> rows;
  for (const auto& list :
       {account_operations(), pool_operations(), autoscale_operations(), node_operations(), node_user_operations(),
        node_access_operations(), node_log_operations(), node_extension_operations(), application_operations(),
        certificate_operations(), job_operations(), job_node_operations(), job_schedule_operations(), task_operations(),
        subtask_operations(), file_operations(), statistics_operations()}) {
    rows.insert(rows.end(), list.begin(), list.end());
  }
  return rows;
}

const OperationRow& operation_row(std::string_view id) {
  static const auto rows = [] {
    std::map<std::string_view, OperationRow> by_id;
    for (const OperationRow& row : operation_rows()) by_id.emplace(row.id, row);
    return by_id;
  }();
  return rows.at(id);
}

}  // namespace batchite
