#include "core/operations/table.h"

#include "core/contract/error_codes.h"

namespace batchite {
namespace {

// What a later milestone brings (docs/ROADMAP.md).
constexpr OperationRow kLater[] = {
    {"Application_List", nullptr},
    {"Application_Get", nullptr},
    {"Pool_ListUsageMetrics", nullptr},
    {"Pool_GetAllLifetimeStatistics", nullptr},
    {"Job_GetAllLifetimeStatistics", nullptr},
    {"Certificate_Add", nullptr},
    {"Certificate_List", nullptr},
    {"Certificate_CancelDeletion", nullptr},
    {"Certificate_Delete", nullptr},
    {"Certificate_Get", nullptr},
    {"Pool_DisableAutoScale", nullptr},
    {"Pool_EnableAutoScale", nullptr},
    {"Pool_EvaluateAutoScale", nullptr},
    {"JobSchedule_Exists", nullptr},
    {"JobSchedule_Delete", nullptr},
    {"JobSchedule_Get", nullptr},
    {"JobSchedule_Patch", nullptr},
    {"JobSchedule_Update", nullptr},
    {"JobSchedule_Disable", nullptr},
    {"JobSchedule_Enable", nullptr},
    {"JobSchedule_Terminate", nullptr},
    {"JobSchedule_Add", nullptr},
    {"JobSchedule_List", nullptr},
    {"Job_ListFromJobSchedule", nullptr},
    {"Job_ListPreparationAndReleaseTaskStatus", nullptr},
    {"Task_ListSubtasks", nullptr},
    {"ComputeNode_AddUser", nullptr},
    {"ComputeNode_DeleteUser", nullptr},
    {"ComputeNode_UpdateUser", nullptr},
    {"ComputeNode_Start", nullptr},
    {"ComputeNode_Deallocate", nullptr},
    {"ComputeNode_GetRemoteLoginSettings", nullptr},
    {"ComputeNode_GetRemoteDesktop", nullptr},
    {"ComputeNode_UploadBatchServiceLogs", nullptr},
    {"ComputeNodeExtension_Get", nullptr},
    {"ComputeNodeExtension_List", nullptr},
};

}  // namespace

std::span<const OperationRow> later_operations() { return kLater; }

std::vector<OperationRow> operation_rows() {
  std::vector<OperationRow> rows;
  for (const auto& list : {account_operations(), pool_operations(), node_operations(), job_operations(),
                           task_operations(), file_operations(), later_operations()}) {
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
