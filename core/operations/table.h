// Which function carries out which operation of the contract. One row each, in the file of its resource; table.cc
// gathers the files.
#pragma once
#include <span>
#include <string_view>

#include "core/service.h"

namespace batchite {

struct OperationRow {
  std::string_view id;
  Answer (*run)(Change&, const Call&);
};

// REQUIRES: an id of the contract (tests/core/operations_test.cc holds the table against it).
const OperationRow& operation_row(std::string_view id);

// Every row, for the coverage page and the tests.
std::vector<OperationRow> operation_rows();

std::span<const OperationRow> account_operations();
std::span<const OperationRow> pool_operations();
std::span<const OperationRow> autoscale_operations();
std::span<const OperationRow> node_operations();
std::span<const OperationRow> node_user_operations();
std::span<const OperationRow> node_access_operations();
std::span<const OperationRow> node_log_operations();
std::span<const OperationRow> node_extension_operations();
std::span<const OperationRow> application_operations();
std::span<const OperationRow> certificate_operations();
std::span<const OperationRow> job_operations();
std::span<const OperationRow> job_node_operations();
std::span<const OperationRow> job_schedule_operations();
std::span<const OperationRow> task_operations();
std::span<const OperationRow> subtask_operations();
std::span<const OperationRow> statistics_operations();
std::span<const OperationRow> file_operations();

}  // namespace batchite
