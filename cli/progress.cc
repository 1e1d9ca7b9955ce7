#include "cli/progress.h"

#include <fmt/format.h>

#include <ostream>

namespace batchite::cli {
namespace {

using workflow::Stage;

template <class... Functions>
struct Cases : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Cases(Functions...) -> Cases<Functions...>;

std::string tasks(std::size_t count) { return fmt::format("{} task{}", count, count == 1 ? "" : "s"); }
std::string files(std::size_t count) { return fmt::format("{} file{}", count, count == 1 ? "" : "s"); }

std::string line_of(const workflow::TaskRow& row) {
  const std::string name = row.display_name.empty() ? row.id : fmt::format("{} ({})", row.id, row.display_name);
  if (!row.failed) return fmt::format("  Task {} completed", name);
  const std::string exit = row.exit_code ? fmt::format("exit code {}", *row.exit_code) : row.failure_code;
  return fmt::format("  Task {} failed: {}", name, exit);
}

std::string node_text(const std::map<std::string, int>& nodes) {
  std::string text;
  for (const auto& [state, count] : nodes) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
  return text.empty() ? "none yet" : text;
}

std::string line_of(const workflow::Kept& kept, const std::string& backend) {
  const std::size_t space = kept.what.find(' ');
  return fmt::format("batchite: {} stays; `batchite {} delete {}{}` deletes it", kept.what, kept.what.substr(0, space),
                     kept.what.substr(space + 1), backend.empty() ? "" : " --backend " + backend);
}

class Lines : public workflow::Observer {
 public:
  Lines(std::ostream& err, ProgressStyle style) : err_(err), style_(std::move(style)) {}

  void on(const workflow::Event& event) override {
    std::visit(
        Cases{[&](const workflow::Notice& notice) { say("batchite: warning: " + notice.text); },
              [&](const workflow::Kept& kept) { say(line_of(kept, style_.backend)); },
              [&](const workflow::StageStarted& started) { say(cli::line_of(started, style_.timeout)); },
              [&](const workflow::FileUploaded& file) {
                say(fmt::format("Uploading file {} to container [{}]...", file.file, file.container));
              },
              [&](const workflow::FileDownloaded& file) { say(fmt::format("Downloading {}...", file.path)); },
              [&](const workflow::TaskEnded& task) { say(line_of(task.row)); },
              [&](const workflow::Progress& progress) { show(progress); }, [](const workflow::StageFinished&) {}},
        event);
  }

 protected:
  virtual void say(const std::string& line) {
    if (!line.empty()) err_ << line << '\n' << std::flush;
  }
  virtual void show(const workflow::Progress&) {}

  std::ostream& err_;
  ProgressStyle style_;
};

// Only what goes wrong, and what may cost something.
class Warnings : public workflow::Observer {
 public:
  Warnings(std::ostream& err, std::string backend) : err_(err), backend_(std::move(backend)) {}
  void on(const workflow::Event& event) override {
    if (const auto* notice = std::get_if<workflow::Notice>(&event)) {
      err_ << "batchite: warning: " << notice->text << '\n' << std::flush;
    } else if (const auto* kept = std::get_if<workflow::Kept>(&event)) {
      err_ << line_of(*kept, backend_) << '\n' << std::flush;
    }
  }

 private:
  std::ostream& err_;
  const std::string backend_;
};

// The lines, and below them a block of two that follows the job: a bar of task states, then nodes and time.
class Live : public Lines {
 public:
  using Lines::Lines;
  ~Live() override { clear(); }

 protected:
  void say(const std::string& line) override {
    if (line.empty()) return;
    clear();
    Lines::say(line);
    draw();
  }
  void show(const workflow::Progress& progress) override {
    clear();
    last_ = progress;
    draw();
    const workflow::Counts& counts = progress.tasks;
    if (counts.all() > 0 && counts.active + counts.running == 0) last_.reset();  // the block stays as it is
    if (!last_) drawn_ = false;
  }

 private:
  static constexpr int kBarWidth = 40;

  void clear() {
    if (drawn_) err_ << "\x1b[2A\x1b[J";  // up two lines, and away with what is below
    drawn_ = false;
  }
  // The piece of the bar for tasks up to `until` of `all`; `used` columns are there already.
  std::string piece(int until, int all, char sign, const char* color, int& used) const {
    const int width = (all == 0 ? 0 : until * kBarWidth / all) - used;
    used += width;
    const std::string text(static_cast<std::size_t>(width), sign);
    return style_.has_color && !text.empty() ? color + text + "\x1b[0m" : text;
  }
  void draw() {
    if (!last_) return;
    const workflow::Counts& counts = last_->tasks;
    int used = 0;
    const int all = counts.all(), failed = counts.failed, running = failed + counts.running;
    std::string bar = piece(failed, all, '!', "\x1b[31m", used);
    bar += piece(running, all, '>', "\x1b[36m", used);
    bar += piece(running + counts.succeeded, all, '#', "\x1b[32m", used);
    bar += std::string(static_cast<std::size_t>(kBarWidth - used), '.');
    err_ << fmt::format("  tasks [{}] {} of {} done, {} failed, {} running, {} waiting\n", bar, counts.completed(),
                        counts.all(), counts.failed, counts.running, counts.active);
    err_ << fmt::format("  nodes {}   {}\n", node_text(last_->nodes), clock_text(last_->elapsed)) << std::flush;
    drawn_ = true;
  }

  std::optional<workflow::Progress> last_;
  bool drawn_ = false;
};

}  // namespace

std::string clock_text(Ticks duration) {
  const auto hundredths = std::chrono::duration_cast<std::chrono::duration<std::int64_t, std::centi>>(duration).count();
  return fmt::format("{}:{:02}:{:02}.{:02}", hundredths / 360000, hundredths / 6000 % 60, hundredths / 100 % 60,
                     hundredths % 100);
}

std::string line_of(const workflow::StageStarted& started, const std::string& timeout) {
  switch (started.stage) {
    case Stage::RemoveLeftovers:
      return "Removing what an earlier run left behind...";
    case Stage::CreateContainer:
      return fmt::format("Creating container [{}]...", started.subject);
    case Stage::Upload:
      return "";  // each file says so itself
    case Stage::CreatePool:
      return fmt::format("Creating pool [{}]...", started.subject);
    case Stage::CreateJob:
      return fmt::format("Creating job [{}]...", started.subject);
    case Stage::AddTasks:
      return fmt::format("Adding {} to job [{}]...", tasks(started.count), started.subject);
    case Stage::Monitor:
      return fmt::format("Monitoring {} until all are completed, {}...", tasks(started.count),
                         timeout.empty() ? "without a timeout" : "timeout in " + timeout);
    case Stage::Download:
      return started.count == 0
                 ? ""
                 : fmt::format("Downloading {} from container [{}]...", files(started.count), started.subject);
    case Stage::DeleteContainer:
      return fmt::format("Deleting container [{}]...", started.subject);
    case Stage::DeleteJob:
      return fmt::format("Deleting job [{}]...", started.subject);
    case Stage::DeletePool:
      return fmt::format("Deleting pool [{}]...", started.subject);
  }
  return "";
}

std::unique_ptr<workflow::Observer> make_progress(std::ostream& err, const ProgressStyle& style) {
  if (style.is_quiet) return std::make_unique<Warnings>(err, style.backend);
  if (style.is_live) return std::make_unique<Live>(err, style);
  return std::make_unique<Lines>(err, style);
}

}  // namespace batchite::cli
