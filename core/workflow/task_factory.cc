#include "core/workflow/task_factory.h"

#include <fmt/format.h>

#include "core/workflow/placeholder.h"

namespace batchite::workflow {
namespace {

constexpr std::size_t kMaxTasks = 10'000'000;

struct Making {
  const Document& factory;
  const std::string& path;
  const Report& report;
};

const Document& repeat_task(const Making& making) {
  const Document* task = Reader(making.factory).find("repeatTask");
  const std::string path = member_path(making.path, "repeatTask");
  if (!task || Reader(*task).text("commandLine").empty()) making.report.fail(path, "needs a commandLine");
  for (const char* own : {"id", "dependsOn"}) {
    if (task->contains(own)) {
      making.report.fail(member_path(path, own), "a repeatTask may not have it; its tasks get the ids 0, 1, ...");
    }
  }
  return *task;
}

Document with_id(const std::string& id, const Document& task) {
  Document result = {{"id", id}};
  result.update(task);
  return result;
}

void add_repeated(FactoryTasks& made, const Making& making, const Document& repeat, const Fill& fill) {
  const std::string path = member_path(making.path, "repeatTask");
  made.tasks.push_back(
      {with_id(std::to_string(made.tasks.size()), fill_task(repeat, fill, path, making.report)), path});
}

void add_merge_task(FactoryTasks& made, const Making& making) {
  const Document* merge = Reader(making.factory).find("mergeTask");
  if (!merge) return;
  const std::string path = member_path(making.path, "mergeTask");
  if (Reader(*merge).text("commandLine").empty()) making.report.fail(path, "needs a commandLine");
  for (const char* own : {"id", "dependsOn"}) {
    if (merge->contains(own)) {
      making.report.fail(member_path(path, own),
                         "a mergeTask may not have it; its id is merge, and it waits for all others");
    }
  }
  Document task = with_id("merge", *merge);
  task["dependsOn"] = {{"taskIdRanges", {{{"start", 0}, {"end", made.tasks.size() - 1}}}}};
  made.tasks.push_back({std::move(task), path});
  made.has_merge_task = true;
}

std::int64_t number(const Document& set, const char* name, const std::string& path, const Report& report) {
  const Document* value = Reader(set).find(name);
  if (!value && std::string_view(name) == "step") return 1;
  if (!value || !value->is_number_integer()) {
    report.fail(member_path(path, name), value ? fmt::format("must be a whole number, not {}", value->dump())
                                               : std::string("is missing; a parameter set has start and end"));
  }
  return value->get<std::int64_t>();
}

std::vector<std::int64_t> values_of(const Document& set, const std::string& path, const Report& report) {
  const std::int64_t start = number(set, "start", path, report);
  const std::int64_t end = number(set, "end", path, report);
  const std::int64_t step = number(set, "step", path, report);
  if (step == 0) report.fail(member_path(path, "step"), "may not be 0");
  if ((step > 0 && end < start) || (step < 0 && end > start)) {
    report.fail(member_path(path, "step"),
                fmt::format("{} does not lead from {} to {}; change its sign", step, start, end));
  }
  const auto distance = step > 0 ? static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start)
                                 : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(end);
  const std::uint64_t stride = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  if (distance / stride >= kMaxTasks) report.fail(path, fmt::format("makes more than {} tasks", kMaxTasks));
  std::vector<std::int64_t> values;
  for (std::uint64_t i = 0; i <= distance / stride; ++i) values.push_back(start + static_cast<std::int64_t>(i) * step);
  return values;
}

std::vector<std::vector<std::int64_t>> parameter_sets(const Making& making) {
  const Document& sets = Reader(making.factory).array("parameterSets");
  const std::string path = member_path(making.path, "parameterSets");
  if (sets.empty()) making.report.fail(path, "a parametricSweep needs at least one parameter set {start, end, step}");
  std::vector<std::vector<std::int64_t>> result;
  std::size_t count = 1;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    result.push_back(values_of(sets[i], item_path(path, i), making.report));
    count *= result.back().size();
    if (count > kMaxTasks) making.report.fail(path, fmt::format("make more than {} tasks", kMaxTasks));
  }
  return result;
}

// The next combination, the last set varying fastest; false after the last one.
bool advance(std::vector<std::size_t>& at, const std::vector<std::vector<std::int64_t>>& sets) {
  for (std::size_t i = sets.size(); i-- > 0;) {
    if (++at[i] < sets[i].size()) return true;
    at[i] = 0;
  }
  return false;
}

void sweep(FactoryTasks& made, const Making& making) {
  const Document& repeat = repeat_task(making);
  const auto sets = parameter_sets(making);
  std::vector<std::size_t> at(sets.size());
  std::vector<std::int64_t> values(sets.size());
  const Fill fill = sweep_filler(values);
  do {
    for (std::size_t i = 0; i < sets.size(); ++i) values[i] = sets[i][at[i]];
    add_repeated(made, making, repeat, fill);
  } while (advance(at, sets));
}

void per_file(FactoryTasks& made, const Making& making, FileSources& sources) {
  const Document& repeat = repeat_task(making);
  const std::string path = member_path(making.path, "source");
  const Document* source = Reader(making.factory).find("source");
  if (!source) making.report.fail(path, "a taskPerFile needs a source {fileGroup, prefix}");
  const std::vector<SourceFile>& files = sources.list(*source, path, making.report);
  if (files.empty()) {
    making.report.fail(path, fmt::format("no blob in {}; upload the input files first", to_text_of_source(*source)));
  }
  for (const SourceFile& file : files) add_repeated(made, making, repeat, file_filler(file));
}

void collection(FactoryTasks& made, const Making& making) {
  const Document& tasks = Reader(making.factory).array("tasks");
  const std::string path = member_path(making.path, "tasks");
  if (tasks.empty()) making.report.fail(path, "a taskCollection needs at least one task");
  if (making.factory.contains("mergeTask")) {
    making.report.fail(member_path(making.path, "mergeTask"), "a taskCollection has none; add a task with dependsOn");
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (Reader(tasks[i]).text("id").empty())
      making.report.fail(item_path(path, i), "a task of a collection needs an id");
    made.tasks.push_back({tasks[i], item_path(path, i)});
  }
}

}  // namespace

FactoryTasks expand_factory(const Document& factory, const std::string& path, FileSources& sources,
                            const Report& report) {
  const std::string type = Reader(factory).text("type");
  const Making making{factory, path, report};
  FactoryTasks made;
  if (type == "taskCollection") {
    collection(made, making);
    return made;
  }
  if (type == "parametricSweep") {
    sweep(made, making);
  } else if (type == "taskPerFile") {
    per_file(made, making, sources);
  } else {
    report.fail(
        member_path(path, "type"),
        fmt::format("unknown kind of task factory '{}'; there are taskCollection, parametricSweep and taskPerFile",
                    type));
  }
  add_merge_task(made, making);
  return made;
}

}  // namespace batchite::workflow
