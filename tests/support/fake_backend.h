// A Backend in memory for tests of what lies above it: resources are kept as they were sent, tasks end as the test
// says. Time passes by tick(): a node takes a task, a running task comes nearer to its end. No rules of the service
// beyond existence; lists are not filtered.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/base/ids.h"
#include "core/workflow/client.h"
#include "core/workflow/events.h"

namespace batchite::testing {

struct FakeOutput {
  std::string container, blob, content;
};

// How a task goes.
struct FakeTask {
  int exit_code = 0;
  int ticks = 1;  // from its start to its end
  std::vector<FakeOutput> outputs = {};
  std::string stderr_text = {};
};

class FakeBackend : public Backend {
 public:
  struct Blob {
    std::string content;
    int version = 0;
  };
  struct Container {
    Parameters metadata;
    std::map<std::string, Blob> blobs;
  };
  struct Task {
    Document spec;
    std::string state = "active";
    int left = 0;
    std::string node = {};
    FakeTask script = {};
  };

  // What the test says.
  std::function<FakeTask(const Document& task)> on_task = [](const Document&) { return FakeTask{}; };
  std::function<void(const std::string& call)> on_call = [](const std::string&) {};  // "Pool_Add p1"; may throw
  std::string node_state = "idle";
  int lost_nodes = 0;  // the start task of so many fails
  Document start_task_info = nullptr;
  std::string start_task_stderr = {};
  Document resize_errors = nullptr;
  int server_errors = 0;  // so many items of task collections fail on the service's side first
  bool nodes_come = true;
  std::size_t most_tasks = 100;  // of a collection that is not too large
  Manners has_manners = {};
  std::vector<Document> images;    // that the account supports
  std::vector<std::size_t> waves;  // of each()

  // What there is.
  std::map<std::string, Container> containers;
  std::map<std::string, Document> pools, jobs;
  std::map<std::string, std::vector<Task>> tasks;  // by job
  std::vector<std::string> changes;                // calls that change something, in order

  Reply call(const Call& call) override {
    const std::string id(call.operation.id);
    tell(id, first_value(call));
    const auto it = functions().find(id);
    if (it == functions().end()) throw Error(501, "NotImplemented", id + " is not in the fake");
    return (this->*it->second)(call);
  }

  BlobReply blob(const BlobCall& call) override {
    switch (call.operation) {
      case BlobOperation::ListContainers:
        return list_containers();
      case BlobOperation::CreateContainer:
        return create_container(call);
      case BlobOperation::SetContainerMetadata:
        container(call).metadata = metadata_of(call);
        return {};
      case BlobOperation::DeleteContainer:
        return delete_container(call);
      case BlobOperation::ListBlobs:
        return list_blobs(call);
      case BlobOperation::PutBlob:
        return put_blob(call);
      case BlobOperation::GetBlob:
        return get_blob(call);
      default:
        throw Error(501, "NotImplemented", "not in the fake");
    }
  }

  std::string sas_url(const SasRequest& request) override {
    return "http://blobs/acct/" + request.container + (request.blob.empty() ? "" : "/" + request.blob) +
           "?sp=" + request.permissions + "&sig=x";
  }
  const std::string& storage_account() const override { return account_; }
  Manners manners() const override { return has_manners; }
  void each(std::size_t count, const Numbered& work, const Numbered& told) override {
    waves.push_back(count);
    Backend::each(count, work, told);
  }

  void tick() {
    for (auto& [job, list] : tasks) {
      if (!jobs.contains(job)) continue;
      const std::string pool = jobs[job]["poolInfo"]["poolId"].get<std::string>();
      const std::vector<Document> nodes = nodes_of(pool);
      for (Task& task : list) advance(task);
      if (node_state != "idle") continue;
      for (const Document& node : nodes) start_next(list, node["id"].get<std::string>());
    }
  }

  bool is_empty() const { return containers.empty() && pools.empty() && jobs.empty(); }

 private:
  using Function = Reply (FakeBackend::*)(const Call&);
  static const std::map<std::string, Function>& functions() {
    static const std::map<std::string, Function> table = {
        {"Pool_Add", &FakeBackend::add_pool},
        {"Pool_Get", &FakeBackend::get_pool},
        {"Pool_List", &FakeBackend::list_pools},
        {"Pool_Delete", &FakeBackend::delete_pool},
        {"Job_Add", &FakeBackend::add_job},
        {"Job_Get", &FakeBackend::get_job},
        {"Job_List", &FakeBackend::list_jobs},
        {"Job_Patch", &FakeBackend::patch_job},
        {"Job_Delete", &FakeBackend::delete_job},
        {"Job_GetTaskCounts", &FakeBackend::count_tasks},
        {"Task_AddCollection", &FakeBackend::add_tasks},
        {"Task_List", &FakeBackend::list_tasks},
        {"Task_Get", &FakeBackend::get_task},
        {"ComputeNode_List", &FakeBackend::list_nodes},
        {"Account_ListPoolNodeCounts", &FakeBackend::count_nodes},
        {"Account_ListSupportedImages", &FakeBackend::list_images},
        {"File_GetFromTask", &FakeBackend::get_task_file},
        {"File_GetFromComputeNode", &FakeBackend::get_node_file},
    };
    return table;
  }

  static std::string first_value(const Call& call) {
    if (!call.path.empty()) return call.path.begin()->second;
    return call.body.is_object() ? call.body.value("id", "") : "";
  }

  void tell(const std::string& what, const std::string& subject) {
    const std::string text = subject.empty() ? what : what + " " + subject;
    on_call(text);
    for (const char* read : {"_Get", "_List", "ListContainers", "ListBlobs"}) {
      if (what.find(read) != std::string::npos) return;
    }
    changes.push_back(text);
  }

  static Reply with(Document body) { return {.body = std::move(body)}; }
  static Reply bytes(const std::string& text) {
    Reply reply;
    reply.bytes = std::make_shared<StringSource>(text);
    return reply;
  }
  template <class Map>
  static auto& at(Map& map, const std::string& id, const char* code) {
    const auto it = map.find(id);
    if (it == map.end()) throw Error(404, code, "It is not there.", {{"Id", id}});
    return it->second;
  }

  Reply add_pool(const Call& call) {
    const std::string id = call.body["id"];
    if (pools.contains(id)) throw Error(409, "PoolExists", "The specified pool already exists.");
    pools[id] = call.body;
    return {.status = 201};
  }
  Document render_pool(const std::string& id) {
    Document pool = at(pools, id, "PoolNotFound");
    pool["state"] = "active";
    pool["allocationState"] = "steady";
    if (!resize_errors.is_null()) pool["resizeErrors"] = resize_errors;
    return pool;
  }
  Reply get_pool(const Call& call) { return with(render_pool(call.path.get("poolId"))); }
  Reply list_pools(const Call&) {
    Document value = Document::array();
    for (const auto& [id, pool] : pools) value.push_back(render_pool(id));
    return with({{"value", value}});
  }
  Reply delete_pool(const Call& call) {
    at(pools, call.path.get("poolId"), "PoolNotFound");
    pools.erase(call.path.get("poolId"));
    return {.status = 202};
  }

  Reply add_job(const Call& call) {
    const std::string id = call.body["id"];
    if (jobs.contains(id)) throw Error(409, "JobExists", "The specified job already exists.");
    jobs[id] = call.body;
    tasks[id];
    return {.status = 201};
  }
  Document render_job(const std::string& id) {
    Document job = at(jobs, id, "JobNotFound");
    if (!job.contains("state")) job["state"] = "active";
    job["executionInfo"] = {{"poolId", job["poolInfo"].value("poolId", "")}};
    return job;
  }
  Reply get_job(const Call& call) { return with(render_job(call.path.get("jobId"))); }
  Reply list_jobs(const Call&) {
    Document value = Document::array();
    for (const auto& [id, job] : jobs) value.push_back(render_job(id));
    return with({{"value", value}});
  }
  Reply patch_job(const Call& call) {
    at(jobs, call.path.get("jobId"), "JobNotFound").update(call.body);
    return {};
  }
  Reply delete_job(const Call& call) {
    at(jobs, call.path.get("jobId"), "JobNotFound");
    jobs.erase(call.path.get("jobId"));
    tasks.erase(call.path.get("jobId"));
    return {.status = 202};
  }

  Reply count_tasks(const Call& call) {
    std::map<std::string, int> counts;
    for (const Task& task : at(tasks, call.path.get("jobId"), "JobNotFound")) {
      ++counts[task.state];
      if (task.state == "completed") ++counts[task.script.exit_code == 0 ? "succeeded" : "failed"];
    }
    return with({{"taskCounts",
                  {{"active", counts["active"]},
                   {"running", counts["running"]},
                   {"completed", counts["completed"]},
                   {"succeeded", counts["succeeded"]},
                   {"failed", counts["failed"]}}}});
  }
  Reply add_tasks(const Call& call) {
    if (call.body["value"].size() > most_tasks) throw Error(413, "RequestBodyTooLarge", "It is too large.");
    Document value = Document::array();
    for (const Document& task : call.body["value"]) {
      Document result = {{"status", "Success"}, {"taskId", task["id"]}};
      if (server_errors > 0) {
        --server_errors;
        result["status"] = "ServerError";
        result["error"] = {{"code", "InternalError"}, {"message", {{"value", "Try again."}}}};
      } else if (!task.contains("commandLine")) {
        result["status"] = "ClientError";
        result["error"] = {{"code", "MissingRequiredProperty"}, {"message", {{"value", "A property is missing."}}}};
      } else {
        at(tasks, call.path.get("jobId"), "JobNotFound").push_back({.spec = task, .script = on_task(task)});
      }
      value.push_back(result);
    }
    return with({{"value", value}});
  }
  static Document render_task(const Task& task) {
    Document document = task.spec;
    document["state"] = task.state;
    if (task.state == "active") return document;
    document["nodeInfo"] = {{"nodeId", task.node}};
    document["executionInfo"] = {{"startTime", "2026-01-01T00:00:00Z"}};
    if (task.state != "completed") return document;
    document["executionInfo"]["endTime"] = "2026-01-01T00:00:01.5Z";
    document["executionInfo"]["exitCode"] = task.script.exit_code;
    document["executionInfo"]["result"] = task.script.exit_code == 0 ? "success" : "failure";
    if (task.script.exit_code != 0) {
      document["executionInfo"]["failureInfo"] = {
          {"category", "UserError"}, {"code", "FailureExitCode"}, {"message", "The task exited with an exit code."}};
    }
    return document;
  }
  // Two a page, so that paging is always met.
  Reply list_tasks(const Call& call) {
    std::vector<Document> all;
    for (const Task& task : at(tasks, call.path.get("jobId"), "JobNotFound")) {
      all.push_back(render_task(task));
    }
    const auto first = static_cast<std::size_t>(std::stoi(call.query.get("$skiptoken", "0")));
    Document page = {{"value", Document::array()}};
    for (std::size_t i = first; i < std::min(first + 2, all.size()); ++i) page["value"].push_back(all[i]);
    if (first + 2 < all.size()) {
      page["odata.nextLink"] = "http://batch/jobs/x/tasks?api-version=1&$skiptoken=" + std::to_string(first + 2);
    }
    return with(page);
  }
  Reply get_task(const Call& call) {
    for (const Task& task : at(tasks, call.path.get("jobId"), "JobNotFound")) {
      if (task.spec["id"] == call.path.get("taskId")) return with(render_task(task));
    }
    throw Error(404, "TaskNotFound", "The specified task does not exist.");
  }
  Reply get_task_file(const Call& call) {
    for (const Task& task : at(tasks, call.path.get("jobId"), "JobNotFound")) {
      if (task.spec["id"] == call.path.get("taskId")) return bytes(task.script.stderr_text);
    }
    throw Error(404, "TaskNotFound", "The specified task does not exist.");
  }

  std::vector<Document> nodes_of(const std::string& pool) {
    std::vector<Document> nodes;
    const auto it = pools.find(pool);
    if (it == pools.end() || !nodes_come) return nodes;
    const int count = it->second.value("targetDedicatedNodes", 0) + it->second.value("targetLowPriorityNodes", 0);
    for (int i = 0; i < count; ++i) {
      Document node = {{"id", "node" + std::to_string(i)}, {"state", i < lost_nodes ? "starttaskfailed" : node_state}};
      if (!start_task_info.is_null()) node["startTaskInfo"] = start_task_info;
      nodes.push_back(std::move(node));
    }
    return nodes;
  }
  Reply list_nodes(const Call& call) {
    at(pools, call.path.get("poolId"), "PoolNotFound");
    return with({{"value", nodes_of(call.path.get("poolId"))}});
  }
  Reply list_images(const Call&) { return with({{"value", images}}); }
  Reply count_nodes(const Call& call) {
    Document value = Document::array();
    const std::string filter = call.query.get("$filter");
    for (const auto& [id, pool] : pools) {
      if (filter != "poolId eq '" + id + "'") continue;
      Document counts = {{"total", 0}};
      for (const Document& node : nodes_of(id)) {
        const std::string state = node["state"];
        counts[state] = counts.value(state, 0) + 1;
        counts["total"] = counts["total"].get<int>() + 1;
      }
      value.push_back({{"poolId", id}, {"dedicated", counts}, {"lowPriority", {{"total", 0}}}});
    }
    return with({{"value", value}});
  }
  Reply get_node_file(const Call& call) {
    if (call.path.get("filePath") != "startup/stderr.txt") throw Error(404, "FileNotFound", "There is no such file.");
    return bytes(start_task_stderr);
  }

  void advance(Task& task) {
    if (task.state != "running" || --task.left > 0) return;
    task.state = "completed";
    for (const FakeOutput& output : task.script.outputs) {
      containers.at(output.container).blobs[output.blob] = {output.content, ++version_};
    }
  }
  static void start_next(std::vector<Task>& list, const std::string& node) {
    for (const Task& task : list) {
      if (task.state == "running" && task.node == node) return;
    }
    for (Task& task : list) {
      if (task.state != "active" || is_waiting(task, list)) continue;
      task.state = "running";
      task.left = task.script.ticks;
      task.node = node;
      return;
    }
  }
  static bool is_waiting(const Task& task, const std::vector<Task>& list) {
    if (!task.spec.contains("dependsOn")) return false;
    for (const Document& id : task.spec["dependsOn"]["taskIds"]) {
      for (const Task& other : list) {
        if (other.spec["id"] == id && (other.state != "completed" || other.script.exit_code != 0)) return true;
      }
    }
    return false;
  }

  Container& container(const BlobCall& call) { return at(containers, call.container, "ContainerNotFound"); }
  static Parameters metadata_of(const BlobCall& call) {
    Parameters metadata;
    for (const auto& [name, value] : call.headers) {
      if (name.starts_with("x-ms-meta-")) metadata.add(name.substr(10), value);
    }
    return metadata;
  }
  BlobReply list_containers() {
    Document list = Document::array();
    for (const auto& [name, one] : containers) {
      Document metadata = Document::object();
      for (const auto& [key, value] : one.metadata) metadata[key] = value;
      list.push_back({{"Name", name}, {"Metadata", metadata}});
    }
    return {.body = {{"Containers", list}}};
  }
  BlobReply create_container(const BlobCall& call) {
    tell("CreateContainer", call.container);
    if (containers.contains(call.container)) {
      throw Error(409, "ContainerAlreadyExists", "The specified container already exists.");
    }
    containers[call.container].metadata = metadata_of(call);
    return {.status = 201};
  }
  BlobReply delete_container(const BlobCall& call) {
    tell("DeleteContainer", call.container);
    container(call);
    containers.erase(call.container);
    return {.status = 202};
  }
  BlobReply list_blobs(const BlobCall& call) {
    Document list = Document::array();
    for (const auto& [name, one] : container(call).blobs) {
      if (!name.starts_with(call.query.get("prefix"))) continue;
      list.push_back({{"Name", name},
                      {"Properties", {{"Content-Length", one.content.size()}, {"Etag", std::to_string(one.version)}}}});
    }
    return {.body = {{"Blobs", list}}};
  }
  BlobReply put_blob(const BlobCall& call) {
    tell("PutBlob", call.container + "/" + call.blob);
    container(call).blobs[call.blob] = {read_all(*call.body), ++version_};
    return {.status = 201};
  }
  BlobReply get_blob(const BlobCall& call) {
    tell("GetBlob", call.container + "/" + call.blob);
    const Blob& found = at(container(call).blobs, call.blob, "BlobNotFound");
    BlobReply reply;
    reply.bytes = std::make_shared<StringSource>(found.content);
    return reply;
  }

  std::string account_ = "acct";
  int version_ = 0;
};

// Time that passes only while somebody pauses; the backend moves on with it.
class FakePace : public workflow::Pace {
 public:
  explicit FakePace(FakeBackend& backend) : backend_(backend) {}
  void pause(Ticks duration) override {
    now_ += duration;
    ++pauses;
    backend_.tick();
    if (pauses == cancel_at) is_cancelled = true;
  }
  bool cancelled() const override { return is_cancelled; }
  Time now() const override { return now_; }

  int pauses = 0;
  int cancel_at = -1;
  bool is_cancelled = false;

 private:
  FakeBackend& backend_;
  Time now_ = *parse_iso8601("2026-01-01T00:00:00Z");
};

class FakeFiles : public workflow::Files {
 public:
  std::vector<workflow::LocalFile> find(const std::string& pattern) override {
    std::vector<workflow::LocalFile> found;
    const std::string folder = pattern.substr(0, pattern.find('*'));
    for (const auto& [path, content] : inputs) {
      if (path.starts_with(folder)) found.push_back({path, path.substr(folder.size()), content.size()});
    }
    if (found.empty()) throw UsageError("no file matches '" + pattern + "'");
    return found;
  }
  std::unique_ptr<ByteSource> open(const workflow::LocalFile& file) override {
    return std::make_unique<StringSource>(inputs.at(file.path));
  }
  std::string save(const std::string& name, ByteSource& content) override {
    if (is_full) throw Error(500, "DiskFull", "No space left.");
    std::string text = read_all(content);
    const std::lock_guard lock(mutex_);
    outputs[name] = std::move(text);
    return "out/" + name;
  }

  std::map<std::string, std::string> inputs, outputs;
  bool is_full = false;

 private:
  std::mutex mutex_;  // of outputs, while they come at once
};

}  // namespace batchite::testing
