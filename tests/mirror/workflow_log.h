// What is known of a run afterwards, as text that is the same for the same workflow: without times and chosen ids, and
// with what happens side by side in the order of its names.
#pragma once
#include <fmt/format.h>

#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "core/workflow/run.h"

namespace batchite::mirror {

// What differs from run to run: ports, nodes' ids, addresses in what programs print.
inline std::string without_chance(const std::string& text) {
  static const std::regex url("https?://127\\.0\\.0\\.1:\\d+"), node("tvmps_[0-9a-f]+_"), address("0x[0-9a-f]+");
  return std::regex_replace(std::regex_replace(std::regex_replace(text, url, "{url}"), node, "{node}_"), address,
                            "{address}");
}

// The states of what the service holds, as it announces them: one line a resource. Left out is what depends on who is
// faster: whether a task finds a node at once, what a node does meanwhile, how far something is when it is deleted.
class ServiceLog {
 public:
  void on(const Document& change) {
    static const std::set<std::string> passing = {"creating", "idle", "running", "leavingpool", "deleted", "active"};
    const std::lock_guard lock(mutex_);
    const Reader one(change);
    const std::string kind = one.text("kind"), state = one.text("state");
    if (kind == "node") {
      if (!passing.contains(state)) nodes_.insert(one.text("poolId") + " " + state);
    } else if (kind != "task" || state != "active") {
      const std::string owner = one.text("jobId");
      states_[fmt::format("{} {}{}{}", kind, owner, owner.empty() ? "" : "/", one.text("id"))] += " " + state;
    }
  }
  std::string text() const {
    static const std::regex deleted_task(" (running|preparing) deleted"), deleted_job(" terminating.* deleted");
    std::string text;
    for (const auto& [name, states] : states_) {
      text += name + ":";
      text +=
          std::regex_replace(std::regex_replace(states, deleted_task, " deleted"), deleted_job, " terminating deleted");
      text += "\n";
    }
    for (const std::string& node : nodes_) text += "nodes of " + node + "\n";
    return text;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> states_;
  std::set<std::string> nodes_;
};

// What the run tells.
class RunLog : public workflow::Observer {
 public:
  void on(const workflow::Event& event) override {
    std::visit([this](const auto& one) { add(one); }, event);
  }
  void ended(const workflow::RunResult& result) {
    add_line(fmt::format("outcome {} {} pool {} job {}", static_cast<int>(result.outcome), result.cause, result.pool,
                         result.job));
    for (const workflow::TaskRow& row : result.tasks) add_line(to_text(row));
    for (const std::string& kept : result.kept) add_line("kept " + kept);
  }
  void add_line(const std::string& line) { text_ += line + "\n"; }
  std::string text() const { return without_chance(text_); }

 private:
  static std::string to_text(const workflow::TaskRow& row) {
    return fmt::format("task {} '{}' {} failed={} exit={} {} {} [{}]", row.id, row.display_name, row.state, row.failed,
                       row.exit_code ? std::to_string(*row.exit_code) : "none", row.failure_code, row.failure,
                       row.stderr_tail);
  }
  void add(const workflow::StageStarted& one) {
    add_line(fmt::format("begin {} {} {}", static_cast<int>(one.stage), one.subject, one.count));
  }
  void add(const workflow::StageFinished& one) {
    if (one.stage == workflow::Stage::Monitor) {
      for (const std::string& task : tasks_) add_line(task);
    }
    add_line(fmt::format("end {} {}", static_cast<int>(one.stage), one.subject));
  }
  void add(const workflow::FileUploaded& one) {
    add_line(fmt::format("uploaded {} to {}, {} bytes", one.file, one.container, one.size_bytes));
  }
  void add(const workflow::FileDownloaded& one) {
    add_line(fmt::format("downloaded {} from {} as {}", one.blob, one.container, one.path));
  }
  void add(const workflow::TaskEnded& one) { tasks_.insert("ended: " + to_text(one.row)); }
  void add(const workflow::Progress&) {}
  void add(const workflow::Kept& one) { add_line("stays: " + one.what); }
  void add(const workflow::Notice& one) { add_line("notice: " + one.text); }

  std::string text_;
  std::set<std::string> tasks_;  // while they are watched
};

}  // namespace batchite::mirror
