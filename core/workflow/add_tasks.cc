#include "core/workflow/add_tasks.h"

#include <algorithm>
#include <map>

#include "core/base/ids.h"

namespace batchite::workflow {
namespace {

using namespace std::chrono_literals;

constexpr int kMostTries = 5;  // of an item that the service failed to add
constexpr unsigned kTooLarge = 413;
constexpr unsigned kServerError = 500;
constexpr unsigned kClientError = 400;

[[noreturn]] void refuse(const Document& result, unsigned status) {
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
  throw Error(status, error.text("code"), text, std::move(values));
}

// Adds what it can and returns what is to be tried again.
std::vector<Document> add_chunk(Client& client, const std::string& job, const std::vector<Document>& chunk, int tries) {
  const Document answer =
      client.call("Task_AddCollection", {{"jobId", job}}, {}, Document{{"value", Document(chunk)}}).body;
  std::map<std::string, const Document*> by_id;
  for (const Document& task : chunk) by_id[fold(Reader(task).text("id"))] = &task;
  std::vector<Document> again;
  for (const Document& result : Reader(answer).array("value")) {
    const Reader item(result);
    const std::string status = fold(item.text("status"));
    if (status == "success") continue;
    // An earlier try may have added it although its answer was a failure.
    if (status == "clienterror" && tries > 0 && item.object("error").text("code") == "TaskExists") continue;
    if (status != "servererror") refuse(result, kClientError);
    if (tries + 1 == kMostTries) refuse(result, kServerError);
    if (const auto it = by_id.find(fold(item.text("taskId"))); it != by_id.end()) again.push_back(*it->second);
  }
  return again;
}

}  // namespace

void add_tasks(Client& client, Pace& pace, const std::string& job, const std::vector<Document>& tasks) {
  std::size_t most = kTasksPerRequest;
  for (std::size_t first = 0; first < tasks.size() && !pace.cancelled();) {
    const std::size_t count = std::min(most, tasks.size() - first);
    std::vector<Document> chunk(tasks.begin() + static_cast<std::ptrdiff_t>(first),
                                tasks.begin() + static_cast<std::ptrdiff_t>(first + count));
    try {
      for (int tries = 0; !chunk.empty(); ++tries) {
        if (tries > 0) pace.pause(Ticks(100ms) * tries);
        chunk = add_chunk(client, job, chunk, tries);
      }
    } catch (const Error& error) {
      if (error.status() != kTooLarge || count == 1) throw;
      most = count / 2;
      continue;
    }
    first += count;
  }
}

}  // namespace batchite::workflow
