// The service's logs of a node, made from what is known of it and brought to a client's container. Sources:
// learn.microsoft.com/rest/api/batchservice/compute-node/upload-batch-service-logs (a file goes along when it has a
// message of the time asked for) and a recorded answer (the form of the directory's name).
#include <fmt/format.h>

#include "core/base/digest.h"
#include "core/base/encoding.h"
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/operations/defaults.h"
#include "core/operations/lookup.h"
#include "core/operations/render.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

struct Message {
  Time at;
  std::string text;
};
using Messages = std::vector<Message>;

struct Period {
  Time start, end;  // both included
  bool holds(Time at) const { return start <= at && at <= end; }
};

std::string described(const std::optional<int>& exit_code, const Failure* failure) {
  std::string text = exit_code ? fmt::format("exit code {}", *exit_code) : "no process";
  if (failure) text += fmt::format(", {}: {}", failure->code, failure->message);
  return text;
}

Messages about_the_node(const NodeStatus& node, const NodeName& name) {
  Messages messages = {{node.allocated, fmt::format("node {} allocated to pool {} as {}", name.node_id, name.pool_id,
                                                    node.dedicated ? "dedicated" : "low-priority")}};
  if (node.last_boot != kNever) messages.push_back({node.last_boot, fmt::format("agent up after boot {}", node.boot)});
  messages.push_back({node.state_since, fmt::format("state {}, scheduling {}", text_of(node.state),
                                                    node.scheduling_enabled ? "enabled" : "disabled")});
  if (node.error) messages.push_back({node.state_since, fmt::format("{}: {}", node.error->code, node.error->message)});
  return messages;
}

Messages about_the_start_task(const NodeStatus& node) {
  if (!node.start_task) return {};
  const StartTaskStatus& task = *node.start_task;
  Messages messages = {{task.started, fmt::format("start task started, attempt {}", task.retries + 1)}};
  if (!task.running && task.ended != kNever) {
    const Failure* failure = task.failure ? &*task.failure : nullptr;
    messages.push_back({task.ended, "start task ended: " + described(task.exit_code, failure)});
  }
  return messages;
}

void tell_of_task(const Change& change, TaskKey key, Messages& messages) {
  const Task* task = change.state().tasks.find(key);
  if (!task || task->status.started == kNever) return;
  const Row row = change.read().get(Kind::Task, number(key));
  const std::string name = change.read().get(Kind::Job, row.parent).id + "/" + row.id;
  const TaskStatus& status = task->status;
  messages.push_back({status.started, fmt::format("task {} started, attempt {}", name, status.attempt)});
  if (status.state != TaskState::Completed) return;
  const auto exit_code = status.has_exit_code ? std::optional(status.exit_code) : std::nullopt;
  messages.push_back(
      {status.ended, fmt::format("task {} ended: {}", name, described(exit_code, status.failure.get()))});
}

// Those that run and those that ran last.
Messages about_tasks(const Change& change, const Node& node) {
  std::vector<TaskKey> tasks(node.recent.begin(), node.recent.end());
  for (TaskKey key = node.running.first; key != TaskKey{}; key = change.state().tasks.find(key)->link.next) {
    if (std::ranges::find(tasks, key) == tasks.end()) tasks.push_back(key);
  }
  Messages messages;
  for (const TaskKey key : tasks) tell_of_task(change, key, messages);
  return messages;
}

void put_log(TextUpload& upload, std::string name, Messages messages, const Period& period) {
  std::ranges::stable_sort(messages, {}, &Message::at);
  std::string text;
  for (const Message& message : messages) {
    if (period.holds(message.at)) text += iso8601_full(message.at) + " " + message.text + "\n";
  }
  if (!text.empty()) upload.blobs.push_back({std::move(name), std::move(text)});
}

// {account}-{16 hexadecimal digits}/{pool}/{node}/{request id}; the last differs from call to call.
std::string directory_name(const Change& change, const NodeName& name) {
  const std::string& account = change.options().account;
  const std::string request = fmt::format("{}/{}/{}", account, name.node_id, change.now().time_since_epoch().count());
  return fmt::format("{}-{}/{}/{}/{}", account, hex_encode(sha256(account).substr(0, 8)), name.pool_id, name.node_id,
                     uuid_of(request));
}

Period period_of(const Change& change, const Document& body) {
  const Reader reader(body);
  Period period{*parse_iso8601(reader.text("startTime")), change.now()};
  if (!reader.has("endTime")) return period;
  period.end = *parse_iso8601(reader.text("endTime"));
  if (period.end < period.start) {
    throw invalid_property("endTime", reader.text("endTime"), "It is earlier than startTime");
  }
  return period;
}

TextUpload logs_of(const Change& change, NodeKey key, const Period& period, const std::string& directory) {
  const Node& node = change.state().nodes.at(key);
  TextUpload upload;
  put_log(upload, directory + "/agent.log", about_the_node(node.status, change.name_of(key)), period);
  put_log(upload, directory + "/starttask.log", about_the_start_task(node.status), period);
  put_log(upload, directory + "/tasks.log", about_tasks(change, node), period);
  return upload;
}

// Why the container cannot be used.
std::string reason_of(const Failure& failure) {
  if (failure.code == failures::kFileUploadContainerNotFound.code) return "The container does not exist";
  if (failure.code == failures::kFileUploadAccessDenied.code) return "The URL does not allow to write to the container";
  for (const auto& [name, value] : failure.details) {
    if (name == "Message" && !value.empty()) return value;
  }
  return failure.message;
}

Answer upload_logs(Change& change, const Call& call) {
  const NodeKey node = the_node(change, call);
  // Only a node that was up has an agent to do it, whatever its state is now.
  if (change.state().nodes.at(node).status.last_boot == kNever) require_ready(change.state().nodes.at(node));
  const Document body = contract::normalise(*call.operation.body, call.body);
  const std::string directory = directory_name(change, change.name_of(node));
  TextUpload upload = logs_of(change, node, period_of(change, body), directory);
  upload.container_url = body["containerUrl"];
  upload.has_identity = Reader(body).has("identityReference");
  Host& host = change.host();
  return Later([&host, upload = std::move(upload), directory, status = call.operation.status] {
    if (const auto failure = host.upload(upload)) {
      throw invalid_property("containerUrl", upload.container_url.substr(0, upload.container_url.find('?')),
                             reason_of(*failure));
    }
    return Reply{.status = status,
                 .body = {{"virtualDirectoryName", directory}, {"numberOfFilesUploaded", upload.blobs.size()}}};
  });
}

constexpr OperationRow kLogs[] = {{"ComputeNode_UploadBatchServiceLogs", upload_logs}};

}  // namespace

std::span<const OperationRow> node_log_operations() { return kLogs; }

}  // namespace batchite
