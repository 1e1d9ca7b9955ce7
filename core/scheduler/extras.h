// What few tasks have and most do not, kept apart so that those stay small. Part of a task's specification: it never
// changes once the task has been added.
// Source: learn.microsoft.com/rest/api/batchservice/task/add (dependsOn, exitConditions, multiInstanceSettings),
// .../job/add (JobManagerTask).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace batchite {

enum class JobAction : std::uint8_t { None, Disable, Terminate };
enum class DependencyAction : std::uint8_t { Satisfy, Block };

// What an ending means for the job and for the tasks that depend on it.
struct ExitOptions {
  JobAction job = JobAction::Terminate;
  DependencyAction dependency = DependencyAction::Block;
  bool operator==(const ExitOptions&) const = default;
};

struct ExitConditions {
  struct Range {
    std::int32_t first = 0, last = 0;  // both of it
    ExitOptions options = {};
    bool operator==(const Range&) const = default;
  };
  std::vector<Range> codes;   // of one code each; they go before ranges
  std::vector<Range> ranges;  // the first that holds the code counts
  std::optional<ExitOptions> pre_processing_error;
  std::optional<ExitOptions> upload_error;
  std::optional<ExitOptions> otherwise;  // every failure that nothing above covers; never exit code 0
  bool operator==(const ExitConditions&) const = default;
};

struct Dependencies {
  std::vector<std::string> ids;                               // folded
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;  // of ids that are integers, both ends of it
  bool empty() const { return ids.empty() && ranges.empty(); }
  bool operator==(const Dependencies&) const = default;
};

// Of a job manager task.
struct ManagerSpec {
  bool kills_job = true;            // its completion, however it ends, terminates the job
  bool is_exclusive = true;         // no other task runs on its node meanwhile
  bool allows_low_priority = true;  // nodes; else only dedicated ones
  bool operator==(const ManagerSpec&) const = default;
};

struct TaskExtras {
  std::string id;  // folded; of tasks in jobs that use dependencies
  Dependencies dependencies;
  ExitConditions exit;
  std::optional<ManagerSpec> manager = std::nullopt;
  std::int32_t instances = 0;  // of a multi-instance task, a node for each; 0: an ordinary task
  bool operator==(const TaskExtras&) const = default;
};

}  // namespace batchite
