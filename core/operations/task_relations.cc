#include "core/operations/task_relations.h"

#include "core/base/ids.h"
#include "core/contract/error_codes.h"
#include "core/operations/defaults.h"

namespace batchite {
namespace {

constexpr std::size_t kMostDependencyCharacters = 64'000;
constexpr const char* kSingleConditions[] = {"preProcessingError", "fileUploadError", "default"};

// Both ends belong to it.
std::pair<std::int32_t, std::int32_t> range_of(const Document& item) {
  const Reader range(item);
  return {range.get("start", 0), range.get("end", 0)};
}

void check_range(const Document& item) {
  const auto [first, last] = range_of(item);
  if (first > last) {
    throw invalid_property("start", std::to_string(first), "The start of a range must not be greater than its end");
  }
}

void check_dependencies(const Reader& dependencies) {
  std::size_t characters = 0;
  for (const Document& id : dependencies.array("taskIds")) characters += id.get_ref<const std::string&>().size();
  if (characters > kMostDependencyCharacters) throw Error(errors::kTaskDependencyListTooLong);
  characters = 0;
  for (const Document& item : dependencies.array("taskIdRanges")) {
    check_range(item);
    const auto [first, last] = range_of(item);
    if (first < 0) throw invalid_property("start", std::to_string(first), "Ranges of task ids must not be negative");
    characters += std::to_string(first).size() + std::to_string(last).size();
  }
  if (characters > kMostDependencyCharacters) throw Error(errors::kTaskDependencyRangesTooLong);
}

void check_options(const Reader& options, const JobSpec& job) {
  const std::string action = options.text("jobAction"), dependency = options.text("dependencyAction");
  if (!action.empty() && job.on_task_failure == OnTaskFailure::NoAction) {
    throw invalid_property("jobAction", action, "The job's onTaskFailure is noaction");
  }
  if (!dependency.empty() && !job.uses_dependencies) {
    throw invalid_property("dependencyAction", dependency, "The job does not use task dependencies");
  }
}

void complete_options(Document& options, const JobSpec& job, bool is_success) {
  const std::string action = Reader(options).text("jobAction"), dependency = Reader(options).text("dependencyAction");
  options = Document::object();  // in the service's order
  if (job.on_task_failure == OnTaskFailure::PerformExitOptionsJobAction) {
    options["jobAction"] = !action.empty() ? action : is_success ? "none" : "terminate";
  }
  if (job.uses_dependencies) {
    options["dependencyAction"] = !dependency.empty() ? dependency : is_success ? "satisfy" : "block";
  }
}

ExitOptions options_of(const Reader& options, bool is_success) {
  ExitOptions read = is_success ? ExitOptions{JobAction::None, DependencyAction::Satisfy} : ExitOptions{};
  const std::string action = fold(options.text("jobAction")), dependency = fold(options.text("dependencyAction"));
  if (action == "none") read.job = JobAction::None;
  if (action == "disable") read.job = JobAction::Disable;
  if (action == "terminate") read.job = JobAction::Terminate;
  if (dependency == "satisfy") read.dependency = DependencyAction::Satisfy;
  if (dependency == "block") read.dependency = DependencyAction::Block;
  return read;
}

std::optional<ExitOptions> options_of(const Reader& conditions, const char* name) {
  if (!conditions.has(name)) return std::nullopt;
  return options_of(conditions.object(name), false);
}

ExitConditions::Range mapping_of(const Document& item, std::int32_t first, std::int32_t last) {
  return {first, last, options_of(Reader(item).object("exitOptions"), first == 0 && last == 0)};
}

bool is_success(const Document& item) {
  const Reader reader(item);
  return reader.has("code") ? reader.get("code", 0) == 0 : range_of(item) == std::pair(0, 0);
}

}  // namespace

void check_task_relations(const Document& task, const JobSpec& job) {
  const Reader reader(task);
  if (reader.has("dependsOn")) {
    if (!job.uses_dependencies) throw Error(errors::kTaskDependenciesNotSpecifiedOnJob);
    check_dependencies(reader.object("dependsOn"));
  }
  const Reader conditions = reader.object("exitConditions");
  for (const char* list : {"exitCodes", "exitCodeRanges"}) {
    for (const Document& item : conditions.array(list)) {
      check_range(item);
      check_options(Reader(item).object("exitOptions"), job);
    }
  }
  for (const char* name : kSingleConditions) check_options(conditions.object(name), job);
}

void complete_task_relations(Document& task, const JobSpec& job) {
  const auto conditions = task.find("exitConditions");
  if (conditions == task.end() || !conditions->is_object()) return;
  for (const char* list : {"exitCodes", "exitCodeRanges"}) {
    const auto items = conditions->find(list);
    if (items == conditions->end()) continue;
    for (Document& item : *items) complete_options(item["exitOptions"], job, is_success(item));
  }
  for (const char* name : kSingleConditions) {
    if (conditions->contains(name)) complete_options((*conditions)[name], job, false);
  }
}

Dependencies dependencies_of(const Document& task) {
  const Reader reader = Reader(task).object("dependsOn");
  Dependencies dependencies;
  for (const Document& id : reader.array("taskIds")) dependencies.ids.push_back(fold(id.get_ref<const std::string&>()));
  for (const Document& item : reader.array("taskIdRanges")) dependencies.ranges.emplace_back(range_of(item));
  return dependencies;
}

ExitConditions exit_conditions_of(const Document& task) {
  const Reader reader = Reader(task).object("exitConditions");
  ExitConditions conditions;
  for (const Document& item : reader.array("exitCodes")) {
    const int code = Reader(item).get("code", 0);
    conditions.codes.push_back(mapping_of(item, code, code));
  }
  for (const Document& item : reader.array("exitCodeRanges")) {
    const auto [first, last] = range_of(item);
    conditions.ranges.push_back(mapping_of(item, first, last));
  }
  conditions.pre_processing_error = options_of(reader, "preProcessingError");
  conditions.upload_error = options_of(reader, "fileUploadError");
  conditions.otherwise = options_of(reader, "default");
  return conditions;
}

}  // namespace batchite
