#include "core/workflow/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/workflow/add_tasks.h"
#include "core/workflow/cleanup.h"
#include "core/workflow/diagnosis.h"
#include "core/workflow/images.h"

namespace batchite::workflow {
namespace {

constexpr std::size_t kMostTails = 10;  // failed tasks whose stderr is fetched
constexpr unsigned kTimedOut = 408;
constexpr unsigned kServerError = 500;  // and above

// Passes events on and keeps the downloads for the result.
class Recorder : public Observer {
 public:
  Recorder(Observer& observer, RunResult& result) : observer_(observer), result_(result) {}
  void on(const Event& event) override {
    if (const auto* file = std::get_if<FileDownloaded>(&event)) result_.outputs.push_back(*file);
    observer_.on(event);
  }

 private:
  Observer& observer_;
  RunResult& result_;
};

class Run {
 public:
  Run(Backend& backend, const RunSettings& settings, const RunSeams& seams)
      : settings_(settings),
        files_(seams.files),
        pace_(seams.pace),
        observer_(seams.observer, result_),
        client_(backend),
        storage_(backend, seams.pace, observer_,
                 settings.keep ? Parameters{} : Parameters{{std::string(kRunMark), settings.id}}),
        cleanup_(client_, seams.pace, observer_),
        began_(seams.pace.now()) {}

  RunResult go(const Planner& plan) {
    try {
      conclude(carry_out(plan));
    } catch (const Error& error) {
      if (!cancelled()) fail();
      // What was asked of the service was given up for it.
      result_.outcome = Outcome::Cancelled;
      result_.cause = error.what();
    } catch (...) {
      fail();
    }
    clean_up();
    result_.took = pace_.now() - began_;
    return std::move(result_);
  }

 private:
  [[noreturn]] void fail() {
    clean_up();
    throw;
  }
  Watch carry_out(const Planner& plan);
  void create_pool();
  void create_job();
  void add_all_tasks();
  Watch watch();
  void conclude(const Watch& watch);
  void collect_rows();
  void collect_outputs();
  void clean_up();
  void make(Stage deletion, const std::string& id, std::string_view operation, const Document& body);
  bool cancelled() const { return pace_.cancelled(); }

  template <class Step>
  void stage(Stage stage, const std::string& subject, std::size_t count, Step step) {
    observer_.on(StageStarted{stage, subject, count});
    const Time begin = pace_.now();
    step();
    observer_.on(StageFinished{stage, subject, pace_.now() - begin});
  }

  const RunSettings& settings_;
  RunResult result_;
  Files& files_;
  Pace& pace_;
  Recorder observer_;
  Client client_;
  RunStorage storage_;
  Cleanup cleanup_;
  Time began_;
  Work work_;
  bool job_is_made_ = false;
};

Watch Run::carry_out(const Planner& plan) {
  if (settings_.is_alone) cleanup_.remove(cleanup_.leftovers());
  for (const Input& input : settings_.inputs) {
    if (cancelled()) return {Ending::Cancelled, ""};
    storage_.upload(input, files_);
  }
  work_ = plan(storage_);
  name_resources(work_, settings_);
  result_.job = Reader(work_.job).text("id");
  for (const auto step : {&Run::create_pool, &Run::create_job, &Run::add_all_tasks}) {
    if (cancelled()) return {Ending::Cancelled, ""};
    (this->*step)();
  }
  if (cancelled()) return {Ending::Cancelled, ""};
  return watch();
}

void Run::create_pool() {
  const bool is_ours = !work_.pool.is_null();
  result_.pool = is_ours ? Reader(work_.pool).text("id") : Reader(work_.job).object("poolInfo").text("poolId");
  if (result_.pool.empty()) return;  // an autopool, made with the job
  const auto existing = client_.find("Pool_Get", {{"poolId", result_.pool}});
  if (!is_ours) {
    if (existing) return;
    throw UsageError(
        fmt::format("pool '{}', on which the job is to run, does not exist: give its template as well, or "
                    "create it first",
                    result_.pool));
  }
  if (existing) {
    const std::string property = difference(work_.pool, *existing);
    if (property.empty() || settings_.reuse) return;
    throw UsageError(
        fmt::format("pool '{}' exists and differs from the template in {}: delete it, choose another id, or "
                    "take it as it is with --reuse",
                    result_.pool, property));
  }
  if (settings_.checks_machines) {
    check_vm_size(client_.backend(), work_.pool);
    const std::string warning = check_image(client_, work_.pool, pace_.now());
    if (!warning.empty()) observer_.on(Notice{warning});
  }
  stage(Stage::CreatePool, result_.pool, 0, [&] { make(Stage::DeletePool, result_.pool, "Pool_Add", work_.pool); });
}

// Whatever the answer, what there may be now is to go again: a service that failed may have made it.
void Run::make(Stage deletion, const std::string& id, std::string_view operation, const Document& body) {
  try {
    client_.call(operation, {}, {}, body);
  } catch (const Error& error) {
    if (error.status() == kTimedOut || error.status() >= kServerError) cleanup_.add(deletion, id);
    throw;
  }
  cleanup_.add(deletion, id);
}

void Run::create_job() {
  if (client_.find("Job_Get", {{"jobId", result_.job}}, {{"$select", "id"}})) {
    throw UsageError(fmt::format("job '{}' exists: delete it, or choose another id", result_.job));
  }
  stage(Stage::CreateJob, result_.job, 0, [&] {
    make(Stage::DeleteJob, result_.job, "Job_Add", work_.job);
    job_is_made_ = true;
  });
}

void Run::add_all_tasks() {
  if (!work_.tasks.empty()) {
    stage(Stage::AddTasks, result_.job, work_.tasks.size(),
          [&] { add_tasks(client_, pace_, result_.job, work_.tasks); });
  } else if (!Reader(work_.job).has("jobManagerTask")) {
    observer_.on(Notice{"the job has no tasks"});
  }
  if (work_.patch_after_tasks.is_null() || cancelled()) return;
  client_.call("Job_Patch", {{"jobId", result_.job}}, {}, work_.patch_after_tasks);
}

Watch Run::watch() {
  const Reader job(work_.job);
  Watched watched{
      .job = result_.job, .pool = result_.pool, .tasks = static_cast<int>(work_.tasks.size()), .began = began_};
  if (job.has("jobManagerTask")) ++watched.tasks;
  if (settings_.timeout) watched.deadline = after(began_, *settings_.timeout);
  watched.has_dependencies = job.get("usesTaskDependencies", false);
  watched.has_preparation = job.has("jobPreparationTask");
  Monitor monitor(client_, pace_, observer_, watched);
  Watch end;
  stage(Stage::Monitor, result_.job, work_.tasks.size(), [&] { end = monitor.run(); });
  result_.pool = monitor.pool();
  return end;
}

void Run::conclude(const Watch& watch) {
  result_.cause = watch.cause;
  if (job_is_made_) collect_rows();
  const bool any_failed = std::ranges::any_of(result_.tasks, &TaskRow::failed);
  switch (watch.ending) {
    case Ending::Completed:
      result_.outcome = any_failed ? Outcome::TasksFailed : Outcome::Succeeded;
      break;
    case Ending::TimedOut:
      result_.outcome = Outcome::TimedOut;
      break;
    case Ending::Cancelled:
      result_.outcome = Outcome::Cancelled;
      break;
    case Ending::NoNode:
      result_.outcome = Outcome::NoNode;
      break;
    case Ending::NoCapacity:
      result_.outcome = Outcome::NoCapacity;
      break;
    case Ending::Blocked:
    case Ending::JobEnded:
      result_.outcome = Outcome::TasksFailed;
      break;
  }
  if (watch.ending != Ending::Cancelled) collect_outputs();
}

void Run::collect_rows() {
  try {
    client_.for_each("Task_List", {{"jobId", result_.job}},
                     {{"$select", "id,displayName,state,executionInfo,nodeInfo"}},
                     [&](const Document& task) { result_.tasks.push_back(to_row(task)); });
  } catch (const Error& error) {
    if (error.code() != "JobNotFound") throw;  // somebody deleted it; the cause says so
  }
  if (cancelled()) return;
  std::vector<TaskRow*> failed;
  for (TaskRow& row : result_.tasks) {
    if (row.failed && failed.size() < kMostTails) failed.push_back(&row);
  }
  const auto ask = [&](std::size_t number) {
    failed[number]->stderr_tail = stderr_of_task(client_, result_.job, failed[number]->id);
  };
  client_.backend().each(failed.size(), ask, [](std::size_t) {});
}

void Run::collect_outputs() {
  const auto is_over = [](const TaskRow& row) { return row.state == "completed"; };
  if (std::ranges::none_of(result_.tasks, is_over)) return;
  for (const Unmatched& output : unmatched_outputs(work_.tasks, result_.tasks, storage_.written())) {
    observer_.on(
        Notice{fmt::format("task {}: nothing it made matches its output pattern '{}'", output.task, output.pattern)});
  }
  try {
    if (!storage_.download(files_)) result_.outcome = Outcome::Cancelled;
  } catch (...) {
    for (const std::string& container : storage_.keep_written()) {
      observer_.on(Notice{fmt::format("the outputs stay in container {}", container)});
    }
    throw;
  }
}

void Run::clean_up() {
  if (settings_.keep) {
    for (const std::string& container : storage_.made()) result_.kept.push_back("container " + container);
    for (const Made& made : cleanup_.made()) {
      result_.kept.push_back((made.kind == Stage::DeletePool ? "pool " : "job ") + made.id);
    }
  } else {
    cleanup_.run();
    for (const std::string& container : storage_.made()) cleanup_.add(Stage::DeleteContainer, container);
    cleanup_.run();
    result_.kept = cleanup_.left();
  }
  for (const std::string& kept : result_.kept) observer_.on(Kept{kept});
}

}  // namespace

RunResult run(Backend& backend, const RunSettings& settings, const Planner& plan, const RunSeams& seams) {
  return Run(backend, settings, seams).go(plan);
}

}  // namespace batchite::workflow
