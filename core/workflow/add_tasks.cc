#include "core/workflow/add_tasks.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "core/base/ids.h"

namespace batchite::workflow {
namespace {

using namespace std::chrono_literals;

constexpr int kMostTries = 5;  // of an item that the service failed to add
constexpr unsigned kTooLarge = 413;
constexpr unsigned kServerError = 500;
constexpr unsigned kClientError = 400;
constexpr std::size_t kMostRounds = 8;  // of calls, between two looks at what has come of them

struct Pending {
  const Document* task;
  int tries = 0;
};

// One call and what came of it. Filled by the thread that makes the call.
struct Chunk {
  std::vector<Pending> tasks;
  Document answer = nullptr;
  std::optional<Error> error = std::nullopt;
};

Error refusal_of(const Document& result, unsigned status) {
  const Reader item(result);
  const Reader error = item.object("error");
  std::vector<ErrorValue> values = {{"TaskId", item.text("taskId")}};
  for (const Document& value : error.array("values")) {
    values.push_back({Reader(value).text("key"), Reader(value).text("value")});
  }
  const Document* message = error.find("message");
  const std::string text = message == nullptr     ? "The task could not be added."
                           : message->is_object() ? Reader(*message).text("value")
                                                  : message->get<std::string>();
  return Error(status, error.text("code"), text, std::move(values));
}

// In waves: what a wave's calls have come to decides what the next one holds, so that only the calls themselves go on
// at once.
class TaskAdder {
 public:
  TaskAdder(Client& client, Pace& pace, const std::string& job, const std::vector<Document>& tasks)
      : client_(client), pace_(pace), job_(job), at_once_(client.backend().manners().calls_at_once) {
    for (const Document& task : tasks) pending_.push_back({&task});
  }

  void run() {
    while (!pending_.empty() && !pace_.cancelled()) {
      std::vector<Chunk> wave = next_wave();
      client_.backend().each(
          wave.size(), [&](std::size_t number) { ask(wave[number]); }, [](std::size_t) {});
      settle(wave);
    }
  }

 private:
  std::vector<Chunk> next_wave() {
    std::vector<Chunk> wave;
    while (!pending_.empty() && wave.size() < at_once_ * rounds_) {
      const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(std::min(most_, pending_.size()));
      wave.push_back({.tasks = {pending_.begin(), end}});
      pending_.erase(pending_.begin(), end);
    }
    return wave;
  }

  void ask(Chunk& chunk) const {
    Document value = Document::array();
    for (const Pending& one : chunk.tasks) value.push_back(*one.task);
    try {
      chunk.answer =
          client_.call("Task_AddCollection", {{"jobId", job_}}, {}, Document{{"value", std::move(value)}}).body;
    } catch (const Error& error) {
      chunk.error = error;
    }
  }

  void settle(const std::vector<Chunk>& wave) {
    std::deque<Pending> again;
    const std::size_t most = most_;
    for (const Chunk& chunk : wave) {
      if (!chunk.error) {
        read_results(chunk, again);
      } else if (chunk.error->status() == kTooLarge && chunk.tasks.size() > 1) {
        most_ = std::min(most_, chunk.tasks.size() / 2);
        again.insert(again.end(), chunk.tasks.begin(), chunk.tasks.end());
      } else {
        throw *chunk.error;
      }
    }
    if (refused_ > 0) throw told_refusal();
    // Wide waves only once it is known that their chunks are not too large.
    rounds_ = most_ < most ? 1 : std::min(rounds_ * 2, kMostRounds);
    int tries = 0;
    for (const Pending& one : again) tries = std::max(tries, one.tries);
    if (tries > 0) pace_.pause(Ticks(100ms) * tries);
    pending_.insert(pending_.begin(), again.begin(), again.end());
  }

  void read_results(const Chunk& chunk, std::deque<Pending>& again) {
    std::map<std::string, Pending> by_id;
    for (const Pending& one : chunk.tasks) by_id[fold(Reader(*one.task).text("id"))] = one;
    for (const Document& result : Reader(chunk.answer).array("value")) {
      const Reader item(result);
      const std::string status = fold(item.text("status"));
      if (status == "success") continue;
      const auto it = by_id.find(fold(item.text("taskId")));
      const bool is_ours = it != by_id.end();
      const int tries = is_ours ? it->second.tries : 0;
      // An earlier try may have added it although its answer was a failure.
      if (status == "clienterror" && tries > 0 && item.object("error").text("code") == "TaskExists") continue;
      if (status == "servererror" && is_ours && tries + 1 < kMostTries) {
        again.push_back({it->second.task, tries + 1});
      } else if (++refused_ == 1) {
        refusal_ = refusal_of(result, status == "servererror" ? kServerError : kClientError);
      }
    }
  }

  // The first one, and how many there are.
  Error told_refusal() const {
    if (refused_ == 1) return *refusal_;
    std::vector<ErrorValue> values = refusal_->values();
    values.push_back({"TasksRefused", std::to_string(refused_)});
    return Error(refusal_->status(), refusal_->code(), refusal_->message(), std::move(values));
  }

  Client& client_;
  Pace& pace_;
  const std::string& job_;
  const std::size_t at_once_;
  std::deque<Pending> pending_;
  std::size_t most_ = kTasksPerRequest;
  std::size_t rounds_ = 1;
  std::optional<Error> refusal_;  // of the first task that was refused
  std::size_t refused_ = 0;
};

}  // namespace

void add_tasks(Client& client, Pace& pace, const std::string& job, const std::vector<Document>& tasks) {
  TaskAdder(client, pace, job, tasks).run();
}

}  // namespace batchite::workflow
