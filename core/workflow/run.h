// One workflow, from files to files, on any backend: containers, upload, pool, job, tasks, watching, download, and
// taking away again what it made, whatever happens meanwhile. Pure: time passes in Pace, files are in Files, what
// happens is told to Observer. Throws UsageError (templates, inputs, an existing pool that differs) and Error (the
// backend's); also then what was made is taken away first. One thread.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/workflow/events.h"
#include "core/workflow/monitor.h"
#include "core/workflow/transfer.h"

namespace batchite::workflow {

// What is to be asked of the service; documents are bodies of its operations.
struct Work {
  Document pool = nullptr;  // null: the job says which, or brings its own
  Document job;
  std::vector<Document> tasks = {};
  Document patch_after_tasks = nullptr;  // of the job, once its tasks are in
  // Ids that a person chose by a parameter stay; others get the run's suffix, so that runs never meet.
  bool pool_id_is_chosen = false;
  bool job_id_is_chosen = false;
};

struct RunSettings {
  std::string id;  // of the run: lower-case letters and digits
  std::vector<Input> inputs = {};
  std::optional<Ticks> timeout = std::nullopt;  // of everything up to the last task's end
  bool keep = false;                            // what was made stays
  bool reuse = false;                           // an existing pool is taken even if it differs from the template
  bool checks_machines = false;  // pools are made of real ones: image and size have to be some that the account offers
  bool is_alone = false;         // nobody else uses the backend: what earlier runs left behind is taken away first
};

enum class Outcome { Succeeded, TasksFailed, NoNode, NoCapacity, TimedOut, Cancelled };

struct RunResult {
  Outcome outcome = Outcome::Succeeded;
  std::string cause = {};  // sentences; empty if the tasks speak for themselves
  std::string pool = {}, job = {};
  std::vector<TaskRow> tasks = {};
  std::vector<FileDownloaded> outputs = {};
  std::vector<std::string> kept = {};  // what stays, as "pool p1"
  Ticks took{};
};

// Makes the work once the inputs are in place, since a task per file lists them.
using Planner = std::function<Work(Storage&)>;

struct RunSeams {
  Files& files;
  Pace& pace;
  Observer& observer;
};

RunResult run(Backend& backend, const RunSettings& settings, const Planner& plan, const RunSeams& seams);

// The ids a run uses, and its mark on pool and job. Throws UsageError if the job names another pool than the template.
void name_resources(Work& work, const RunSettings& settings);

// The calls that create it all, for a dry run: {"operation", "method", "path", "body"} each.
std::vector<Document> requests_of(const Work& work);

// The property in which the pool that is there differs from what is wanted; empty if in none.
std::string difference(const Document& wanted, const Document& existing);

}  // namespace batchite::workflow
