// Files of tasks and nodes. They are read after the lock is released, so a slow disk holds nobody up.
// Source: learn.microsoft.com/rest/api/batchservice/file and recorded answers (no creationTime on Linux, ranges
// answered with 200, modes as "0o100644").
#include <fmt/format.h>

#include <charconv>

#include "core/base/encoding.h"
#include "core/contract/error_codes.h"
#include "core/operations/lookup.h"
#include "core/operations/render.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

// Where the files of a request lie.
struct Place {
  NodeKey node;
  std::string directory;  // below the node's root; empty: the root itself
  std::string url;        // of the directory's files, to which "/" + path is added
};

// Files are where the task ran last, until its retention is over, its node is gone or has been emptied.
Place place_of_task(const Change& change, const Call& call) {
  const TaskKey key = the_task(change, call);
  const TaskStatus& status = change.state().tasks.at(key).status;
  if (status.state == TaskState::Active || status.state == TaskState::Preparing) {
    throw Error(errors::kOperationInvalidForCurrentState);
  }
  if (status.files_removed) throw Error(errors::kTaskFilesCleanedup);
  if (status.node == kNoNode) throw Error(errors::kTaskFilesUnavailable);
  const auto node = change.state().nodes.find(status.node);
  if (node == change.state().nodes.end()) throw Error(errors::kNodeNotFound);
  if (status.state == TaskState::Completed && status.ended <= node->second.status.emptied) {
    throw Error(errors::kTaskFilesUnavailable);
  }
  const Row row = change.read().get(Kind::Task, number(key));
  const std::string job_id = change.read().get(Kind::Job, row.parent).id;
  const std::string directory =
      status.instances ? instance_directory(job_id, row.id, 0) : task_directory(job_id, row.id);
  return {status.node, directory, task_url(change, job_id, row.id) + "/files"};
}

Place place_of_node(const Change& change, const Call& call) {
  const NodeKey node = the_node(change, call);
  const NodeStatus& status = change.state().nodes.at(node).status;
  const bool being_removed = status.state == NodeState::Deallocating && status.pending == NodePending::None;
  const bool away = being_removed || status.state == NodeState::Deallocated || status.state == NodeState::Preempted ||
                    status.last_boot == kNever;
  if (away) throw Error(errors::kNodeNotReady);
  return {node, "", node_url(change, change.name_of(node)) + "/files"};
}

// A path stays below the place it was asked of: "..", or a path from the root, is a file that is not there.
std::string full_path(const Place& place, const std::string& path) {
  bool stays = !path.starts_with('/');
  for (std::size_t from = 0; stays && from <= path.size();) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    stays = path.compare(from, slash - from, "..") != 0;
    from = slash + 1;
  }
  if (!stays) throw Error(errors::kFileNotFound);
  return place.directory.empty() ? path : place.directory + "/" + path;
}

std::string content_type(std::string_view name) {
  return name.ends_with(".txt") ? "text/plain" : "application/octet-stream";
}

std::string mode_text(unsigned mode) { return fmt::format("0o{:o}", mode); }

Document file_document(const Place& place, const FileEntry& entry) {
  Document document = {{"name", entry.name},
                       {"url", place.url + "/" + percent_encode_path(entry.name)},
                       {"isDirectory", entry.is_directory}};
  if (!entry.is_directory) {
    document["properties"] = {{"lastModified", iso8601(entry.modified)},
                              {"contentLength", std::to_string(entry.size)},
                              {"contentType", content_type(entry.name)},
                              {"fileMode", mode_text(entry.mode)}};
  }
  return document;
}

void put_headers(Reply& reply, const Place& place, const std::string& path, const FileEntry& entry) {
  reply.modified = entry.modified;
  reply.headers.add("ocp-batch-file-isdirectory", entry.is_directory ? "True" : "False");
  reply.headers.add("ocp-batch-file-mode", mode_text(entry.mode));
  reply.headers.add("ocp-batch-file-url", percent_encode(place.url + "/" + path));
  reply.headers.add("Content-Type", content_type(path));
}

void check_times(const Call& call, Time modified) {
  Call times{.operation = call.operation};
  for (const char* name : {"If-Modified-Since", "If-Unmodified-Since"}) {
    if (const std::string* value = call.headers.find(name)) times.headers.add(name, *value);
  }
  check_conditions(times, modified);
}

// "bytes=first-last"; without a last, to the end. An end beyond the file's is the file's.
std::optional<NodeFiles::Range> range_of(const Call& call, std::uint64_t size) {
  const std::string* text = call.headers.find("ocp-range");
  if (!text || text->empty()) return std::nullopt;
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
  };
  const std::string_view rest = text->starts_with("bytes=") ? std::string_view(*text).substr(6) : "";
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) throw Error(errors::kInvalidRange);
  const auto first = number(rest.substr(0, dash));
  const auto last = number(rest.substr(dash + 1));
  const bool whole_end = dash + 1 == rest.size();
  if (!first || (!last && !whole_end) || (last && *last < *first) || *first >= size) throw Error(errors::kInvalidRange);
  return NodeFiles::Range{*first, std::min(last.value_or(size - 1), size - 1)};
}

Answer list(Change& change, const Call& call, Place place) {
  const bool recursive = same_id(call.query.get("recursive"), "true");
  NodeFiles& files = change.files();
  return Later([&files, place = std::move(place), recursive, filter = filter_of(call), call, base = change.base_url()] {
    Document value = Document::array();
    for (const FileEntry& entry : files.list(place.node, place.directory, recursive)) {
      Document document = file_document(place, entry);
      if (!filter || filter->matches(document)) value.push_back(std::move(document));
    }
    return page_of(base, call, value);
  });
}

Answer get(Change& change, const Call& call, Place place) {
  NodeFiles& files = change.files();
  return Later([&files, place = std::move(place), call] {
    const std::string path = call.path.get("filePath");
    const FileEntry entry = files.stat(place.node, full_path(place, path));
    check_times(call, entry.modified);
    if (entry.is_directory) throw Error(errors::kOperationInvalidForCurrentState);
    Reply reply{.status = call.operation.status};
    reply.bytes = files.open(place.node, full_path(place, path), range_of(call, entry.size));
    put_headers(reply, place, path, entry);
    return reply;
  });
}

Answer properties(Change& change, const Call& call, Place place) {
  NodeFiles& files = change.files();
  return Later([&files, place = std::move(place), call] {
    const std::string path = call.path.get("filePath");
    const FileEntry entry = files.stat(place.node, full_path(place, path));
    check_times(call, entry.modified);
    Reply reply{.status = call.operation.status};
    put_headers(reply, place, path, entry);
    reply.headers.add("Content-Length", std::to_string(entry.size));
    return reply;
  });
}

Answer remove(Change& change, const Call& call, Place place) {
  NodeFiles& files = change.files();
  return Later([&files, place = std::move(place), call] {
    const bool recursive = same_id(call.query.get("recursive"), "true");
    files.remove(place.node, full_path(place, call.path.get("filePath")), recursive);
    return Reply{.status = call.operation.status};
  });
}

// The same four for both places.
template <Place (*where)(const Change&, const Call&), Answer (*what)(Change&, const Call&, Place)>
Answer at(Change& change, const Call& call) {
  return what(change, call, where(change, call));
}

constexpr OperationRow kFiles[] = {
    {"File_ListFromTask", at<place_of_task, list>},
    {"File_GetFromTask", at<place_of_task, get>},
    {"File_GetPropertiesFromTask", at<place_of_task, properties>},
    {"File_DeleteFromTask", at<place_of_task, remove>},
    {"File_ListFromComputeNode", at<place_of_node, list>},
    {"File_GetFromComputeNode", at<place_of_node, get>},
    {"File_GetPropertiesFromComputeNode", at<place_of_node, properties>},
    {"File_DeleteFromComputeNode", at<place_of_node, remove>},
};

}  // namespace

std::span<const OperationRow> file_operations() { return kFiles; }

}  // namespace batchite
