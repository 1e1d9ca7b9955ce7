// What a run tells while it goes on, and the seams it works through: Files, Pace, Observer. `run` is given real ones, a
// test its own. All are called from the thread that runs, but for open(), save() and cancelled(): a backend that does
// several things at once (Backend::each) calls them from its threads.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/time.h"

namespace batchite::workflow {

enum class Stage {
  RemoveLeftovers,
  CreateContainer,
  Upload,
  CreatePool,
  CreateJob,
  AddTasks,
  Monitor,
  Download,
  DeleteContainer,
  DeleteJob,
  DeletePool,
};

struct Counts {
  int active = 0;
  int running = 0;  // with those that prepare
  int succeeded = 0;
  int failed = 0;
  int completed() const { return succeeded + failed; }
  int all() const { return active + running + completed(); }
  bool operator==(const Counts&) const = default;
};

// One task as it ended, or as it was when the run ended.
struct TaskRow {
  std::string id;
  std::string display_name;
  std::string state;  // "completed", "running", …
  bool failed = false;
  std::optional<int> exit_code;  // empty: the process never started
  std::optional<Ticks> took;
  std::string node;
  std::string failure_code;  // "FailureExitCode"
  std::string failure;       // the service's sentence and its details
  std::string stderr_tail;   // of a failed task
};

struct StageStarted {
  Stage stage;
  std::string subject;    // "input", "pool-1a2b"; for AddTasks the job, for Monitor the job
  std::size_t count = 0;  // AddTasks, Monitor: tasks; Upload, Download: files
};
struct StageFinished {
  Stage stage;
  std::string subject;
  Ticks took;
};
struct FileUploaded {
  std::string file, container;
  std::uint64_t size_bytes;
};
struct FileDownloaded {
  std::string container, blob, path;
};
struct TaskEnded {
  TaskRow row;
};
// Sent when tasks or nodes have changed, and every second for the clock's sake.
struct Progress {
  Counts tasks;
  std::map<std::string, int> nodes;  // how many in each state
  Ticks elapsed;                     // since the run began
};
struct Notice {
  std::string text;  // a warning
};

// What the run made and leaves, wanted or not, as "pool p1"; it may cost something.
struct Kept {
  std::string what;
};

using Event =
    std::variant<StageStarted, StageFinished, FileUploaded, FileDownloaded, TaskEnded, Progress, Notice, Kept>;

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on(const Event& event) = 0;
};

class Pace {
 public:
  virtual ~Pace() = default;
  // Returns after `duration`, or sooner when the run is cancelled meanwhile. Once it is cancelled it pauses in full,
  // for the sake of what cleaning up waits for.
  virtual void pause(Ticks duration) = 0;
  virtual bool cancelled() const = 0;
  virtual Time now() const = 0;
};

struct LocalFile {
  std::string path;
  std::string name;  // the blob name: relative to what stands before the pattern's first wildcard
  std::uint64_t size_bytes = 0;
  std::optional<Time> modified = std::nullopt;
};

class Files {
 public:
  virtual ~Files() = default;
  // A file, a folder (its own files), or a pattern with * and **; in name order. Throws UsageError if nothing matches.
  virtual std::vector<LocalFile> find(const std::string& pattern) = 0;
  virtual std::unique_ptr<ByteSource> open(const LocalFile& file) = 0;
  // Writes an output below the output folder and returns its path. `name` has no empty, "." or ".." parts. Never leaves
  // half a file under the final name.
  virtual std::string save(const std::string& name, ByteSource& content) = 0;
};

}  // namespace batchite::workflow
