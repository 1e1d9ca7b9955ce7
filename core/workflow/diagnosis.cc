#include "core/workflow/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ids.h"

namespace batchite::workflow {
namespace {

constexpr std::size_t kTailBytes = 2000;

std::string indented(const std::string& text) {
  std::string lines = "    ";
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += "    ";
  }
  return lines;
}

std::string file_of_node(Client& client, const std::string& pool, const std::string& node, const std::string& path) {
  try {
    const Reply reply =
        client.call("File_GetFromComputeNode", {{"poolId", pool}, {"nodeId", node}, {"filePath", path}});
    return reply.bytes ? tail_of(*reply.bytes, kTailBytes) : "";
  } catch (const Error&) {
    return "";  // the node may be gone, or the task never made the file
  }
}

std::string tail_of_start_task(Client& client, const std::string& pool, const std::string& node) {
  const std::string output = file_of_node(client, pool, node, "startup/stderr.txt");
  return output.empty() ? "" : fmt::format("\n  stderr of node {}, its end:\n{}", node, indented(output));
}

std::vector<const Document*> in_state(const std::vector<Document>& nodes, std::string_view state) {
  std::vector<const Document*> found;
  for (const Document& node : nodes) {
    if (fold(Reader(node).text("state")) == state) found.push_back(&node);
  }
  return found;
}

// "all 5", "2 of 5".
std::string share(std::size_t some, std::size_t all) {
  return some == all ? fmt::format("all {}", all) : fmt::format("{} of {}", some, all);
}

std::string exit_of(const Reader& info) {
  const std::string failure = describe_failure(info.object("failureInfo"));
  std::string text = info.has("exitCode") ? fmt::format("exit code {}", info.get("exitCode", 0)) : "it did not start";
  return failure.empty() ? text : text + "; " + failure;
}

std::string details_of(const Document& values) {
  std::string text;
  for (const Document& value : values) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", Reader(value).text("name"), Reader(value).text("value"));
  }
  return text;
}

std::string code_and_message(const Reader& error, std::string_view details) {
  std::string text = error.text("code");
  if (error.has("message")) text += (text.empty() ? "" : ": ") + error.text("message");
  const std::string values = details_of(error.array(details));
  return values.empty() ? text : text + " (" + values + ")";
}

bool uploads(const Reader& output, const TaskRow& row) {
  const std::string condition = fold(output.object("uploadOptions").text("uploadCondition"));
  return condition == "taskcompletion" || condition == (row.failed ? "taskfailure" : "tasksuccess");
}

bool has_wildcard(const std::string& pattern) { return pattern.find_first_of("*?[") != std::string::npos; }

bool is_there(const Reader& output, const std::vector<StoredBlob>& blobs) {
  const std::string pattern = output.text("filePattern");
  std::string path = output.object("destination").object("container").text("path");
  if (path.empty() && !has_wildcard(pattern)) path = pattern.substr(pattern.rfind('/') + 1);
  if (path.empty()) return !blobs.empty();
  return std::ranges::any_of(
      blobs, [&](const StoredBlob& blob) { return blob.name == path || blob.name.starts_with(path + "/"); });
}

}  // namespace

std::string describe_failure(const Reader& failure_info) {
  // A bare exit code says all there is to say.
  return failure_info.text("code") == "FailureExitCode" ? "" : code_and_message(failure_info, "details");
}

std::string explain_lost_nodes(Client& client, const Document& pool, const std::vector<Document>& nodes) {
  const Reader view(pool);
  const std::string id = view.text("id");
  const std::vector<const Document*> failed = in_state(nodes, "starttaskfailed");
  const std::vector<const Document*> unusable = in_state(nodes, "unusable");
  const bool is_all = failed.size() + unusable.size() == nodes.size();
  std::string text;
  if (!failed.empty()) {
    const Reader node(*failed.front());
    text = fmt::format("the start task failed on {} nodes of pool {} ({}){}\n  command: {}",
                       share(failed.size(), nodes.size()), id, exit_of(node.object("startTaskInfo")),
                       is_all ? ", so no task can run" : "; tasks run on the others",
                       view.object("startTask").text("commandLine"));
    text += tail_of_start_task(client, id, node.text("id"));
    text += "\n  remedy: provide what the start task asks for on this machine, or correct it in the pool template";
  }
  if (!unusable.empty()) {
    const Reader node(*unusable.front());
    text += fmt::format("{}{} nodes of pool {} are unusable", text.empty() ? "" : "\n",
                        share(unusable.size(), nodes.size()), id);
    const Document& errors = node.array("errors");
    if (!errors.empty()) text += ": " + code_and_message(Reader(errors.front()), "errorDetails");
    text += tail_of_start_task(client, id, node.text("id"));
  }
  return text;
}

std::string explain_resize_errors(const Document& pool) {
  std::string text = fmt::format("pool {} did not get the nodes it is to have", Reader(pool).text("id"));
  for (const Document& error : Reader(pool).array("resizeErrors")) {
    text += "\n  " + code_and_message(Reader(error), "values");
  }
  return text;
}

std::string explain_failed_preparation(Client& client, const std::string& job, const std::vector<Document>& statuses) {
  const Reader first(statuses.front());
  const Reader info = first.object("jobPreparationTaskExecutionInfo");
  const std::string folder = info.text("taskRootDirectory");
  std::string output;
  if (!folder.empty()) {
    output = file_of_node(client, first.text("poolId"), first.text("nodeId"), folder + "/stderr.txt");
  }
  std::string text =
      fmt::format("the preparation task of job {} failed on every node ({}), so no task can run", job, exit_of(info));
  if (!output.empty())
    text += fmt::format("\n  stderr of node {}, its end:\n{}", first.text("nodeId"), indented(output));
  return text + "\n  remedy: correct jobPreparationTask in the job template";
}

std::string stderr_of_task(Client& client, const std::string& job, const std::string& task) {
  try {
    const Reply reply = client.call("File_GetFromTask", {{"jobId", job}, {"taskId", task}, {"filePath", "stderr.txt"}});
    return reply.bytes ? tail_of(*reply.bytes, kTailBytes) : "";
  } catch (const Error&) {
    return "";  // the node may be gone, or the task never started
  }
}

std::string container_of(const std::string& url) {
  std::string path = url.substr(0, url.find_first_of("?#"));
  while (path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

std::vector<Unmatched> unmatched_outputs(const std::vector<Document>& tasks, const std::vector<TaskRow>& rows,
                                         const std::map<std::string, std::vector<StoredBlob>>& blobs) {
  std::map<std::string, const TaskRow*> ended;
  for (const TaskRow& row : rows) {
    if (row.state == "completed") ended[fold(row.id)] = &row;
  }
  std::vector<Unmatched> found;
  for (const Document& task : tasks) {
    const auto row = ended.find(fold(Reader(task).text("id")));
    if (row == ended.end()) continue;
    for (const Document& item : Reader(task).array("outputFiles")) {
      const Reader output(item);
      const auto there =
          blobs.find(container_of(output.object("destination").object("container").text("containerUrl")));
      if (there == blobs.end() || !uploads(output, *row->second) || is_there(output, there->second)) continue;
      found.push_back({row->second->id, output.text("filePattern")});
    }
  }
  return found;
}

}  // namespace batchite::workflow
