// The local backend as its clients have it: opened on a directory of the test's own, its tasks real processes.
// Waiting is always for a condition, with a deadline.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "backends/local/local_backend.h"
#include "tests/local/launcher_fixture.h"
#include "tests/support/documents.h"

namespace batchite {

// A request without its operation.
struct Asking {
  Parameters path = {};
  Document body = nullptr;
  Parameters query = {};
  Parameters headers = {};
};

inline Reply ask(Backend& backend, std::string_view operation, const Asking& asking = {}) {
  const contract::Operation* row = contract::find_operation(operation);
  if (!row) throw std::logic_error("no operation " + std::string(operation));
  return backend.call(
      {.operation = *row, .path = asking.path, .query = asking.query, .headers = asking.headers, .body = asking.body});
}

// "409 PoolExists", or the success status.
inline std::string outcome(Backend& backend, std::string_view operation, const Asking& asking = {}) {
  try {
    return std::to_string(ask(backend, operation, asking).status);
  } catch (const Error& error) {
    return std::to_string(error.status()) + " " + error.code();
  }
}

inline Document task_document(const std::string& id, const std::string& command,
                              const Document& more = Document::object()) {
  Document body = {{"id", id}, {"commandLine", command}};
  body.update(more);
  return body;
}

inline Document shell(const std::string& id, const std::string& script, const Document& more = Document::object()) {
  return task_document(id, "/bin/sh -c '" + script + "'", more);
}

// Processes whose working directory lies in `place`.
inline std::vector<pid_t> processes_at(const std::filesystem::path& place) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc() || is_gone(pid)) continue;
    const auto directory = std::filesystem::read_symlink(entry.path() / "cwd", error);
    if (directory.native().starts_with(place.native())) found.push_back(pid);
  }
  return found;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string place = (std::filesystem::temp_directory_path() / "local-test.XXXXXX").string();
    if (!::mkdtemp(place.data())) throw std::system_error(errno, std::system_category(), place);
    path_ = std::filesystem::canonical(place);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class LocalBackendTest : public ::testing::Test {
 protected:
  LocalOptions options() const { return {.location = place(), .isolation = "process", .launcher = BATCHITE_PROGRAM}; }
  std::filesystem::path place() const { return temporary_.path() / "data"; }
  std::filesystem::path root() const { return temporary_.path(); }

  void open(const LocalOptions& with) { backend_ = open_local_backend(with); }
  void close() { backend_.reset(); }
  Backend& backend() {
    if (!backend_) open(options());
    return *backend_;
  }

  Reply ask(std::string_view operation, const Asking& asking = {}) {
    return batchite::ask(backend(), operation, asking);
  }
  std::string outcome(std::string_view operation, const Asking& asking = {}) {
    return batchite::outcome(backend(), operation, asking);
  }

  // A pool "p" whose nodes are all idle, and a job "j" in it.
  void nodes(int count, const Document& more = Document::object()) {
    ask("Pool_Add", {.body = pool_document("p", count, more)});
    ask("Job_Add", {.body = job_document("j", "p")});
    EXPECT_TRUE(eventually([&] { return node_states() == states(count, "idle"); }));
  }
  static std::multiset<std::string> states(int count, const std::string& state) {
    std::multiset<std::string> all;
    for (int i = 0; i < count; ++i) all.insert(state);
    return all;
  }
  Document node_list(const std::string& pool = "p") {
    return ask("ComputeNode_List", {.path = {{"poolId", pool}}}).body["value"];
  }
  std::multiset<std::string> node_states(const std::string& pool = "p") {
    std::multiset<std::string> all;
    for (const Document& node : node_list(pool)) all.insert(node["state"].get<std::string>());
    return all;
  }
  std::string first_node(const std::string& pool = "p") { return node_list(pool).at(0)["id"]; }
  std::filesystem::path node_root(const std::string& node, const std::string& pool = "p") const {
    return place() / "nodes" / pool / node;
  }

  void add(const Document& task, const std::string& job = "j") {
    const Reply reply = ask("Task_Add", {.path = {{"jobId", job}}, .body = task});
    ASSERT_EQ(reply.status, 201U);
  }
  static Asking the_task(const std::string& task, const std::string& job = "j") {
    return {.path = {{"jobId", job}, {"taskId", task}}};
  }
  Document task(const std::string& id, const std::string& job = "j") { return ask("Task_Get", the_task(id, job)).body; }
  std::string state(const std::string& id) { return task(id)["state"]; }
  bool reaches(const std::string& id, const std::string& wanted) {
    return eventually([&] { return state(id) == wanted; });
  }
  // Waits for its end and gives its executionInfo.
  Document result(const std::string& id) {
    EXPECT_TRUE(reaches(id, "completed")) << task(id).dump(2);
    return task(id)["executionInfo"];
  }
  Document run(const Document& task) {
    add(task);
    return result(task["id"]);
  }

  std::string task_file(const std::string& id, const std::string& path, const Parameters& headers = {}) {
    Asking asking = the_task(id);
    asking.path.add("filePath", path);
    asking.headers = headers;
    return read_all(*ask("File_GetFromTask", asking).bytes);
  }
  std::string node_file(const std::string& node, const std::string& path) {
    return read_all(
        *ask("File_GetFromComputeNode", {.path = {{"poolId", "p"}, {"nodeId", node}, {"filePath", path}}}).bytes);
  }
  // The directory on disk of a task that has run.
  std::filesystem::path directory(const std::string& id) {
    const Document info = task(id)["nodeInfo"];
    return node_root(info["nodeId"], info["poolId"]) / info["taskRootDirectory"].get<std::string>();
  }
  // The process id that a task has written to a file of its working directory.
  pid_t pid_in(const std::string& id, const std::string& name) {
    const std::filesystem::path path = directory(id) / "wd" / name;
    EXPECT_TRUE(eventually([&] { return read_text(path).ends_with("\n"); })) << path;
    return std::atoi(read_text(path).c_str());  // NOLINT(cert-err34-c)
  }

  void put_blob(const std::string& container, const std::string& blob, const std::string& text) {
    StringSource body(text);
    backend().blob({.operation = BlobOperation::PutBlob,
                    .account = {},
                    .container = container,
                    .blob = blob,
                    .headers = {{"x-ms-blob-type", "BlockBlob"}},
                    .body = &body});
  }
  void make_container(const std::string& name) {
    backend().blob({.operation = BlobOperation::CreateContainer, .account = {}, .container = name});
  }
  std::string blob_text(const std::string& container, const std::string& blob) {
    return read_all(
        *backend()
             .blob({.operation = BlobOperation::GetBlob, .account = {}, .container = container, .blob = blob})
             .bytes);
  }
  std::string blob_names(const std::string& container) {
    std::string names;
    const BlobReply reply =
        backend().blob({.operation = BlobOperation::ListBlobs, .account = {}, .container = container});
    for (const Document& blob : reply.body["Blobs"]) names += blob["Name"].get<std::string>() + " ";
    return names;
  }
  std::string sas(const std::string& container, const std::string& permissions, const std::string& blob = "") {
    return backend().sas_url(
        {.container = container,
         .blob = blob,
         .permissions = permissions,
         .expiry = std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now()) + std::chrono::hours(1)});
  }

 private:
  TemporaryDirectory temporary_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace batchite
