// The whole service in memory: a map for a store, a host that only writes down what it is told, a clock that a test
// moves.
#pragma once
#include <gtest/gtest.h>

#include "core/service.h"
#include "tests/support/documents.h"
#include "tests/support/memory_store.h"

namespace batchite {

class RecordingHost : public Host {
 public:
  std::vector<HostOrder> orders;
  std::vector<TextUpload> uploads;
  std::optional<Failure> upload_failure;
  std::optional<Failure> upload(const TextUpload& texts) override {
    uploads.push_back(texts);
    return upload_failure;
  }
  void enqueue(std::vector<HostOrder> more) override {
    for (HostOrder& order : more) orders.push_back(std::move(order));
  }
};

class ListedFiles : public NodeFiles {
 public:
  std::vector<FileEntry> entries;  // what every list shows
  std::vector<FileEntry> list(NodeKey, const std::string&, bool) override { return entries; }
  std::uint64_t size = 0;  // of every file
  FileEntry stat(NodeKey, const std::string& path) override { return {.name = path, .size = size}; }
  std::shared_ptr<ByteSource> open(NodeKey, const std::string& path, std::optional<Range>) override {
    return std::make_shared<StringSource>("content of " + path);
  }
  void remove(NodeKey, const std::string&, bool) override {}
};

// A request without its operation.
struct Asked {
  Parameters path = {};
  Document body = nullptr;
  Parameters query = {};
  Parameters headers = {};
  contract::Version version = {20240201};
};

class ServiceTest : public ::testing::Test {
 protected:
  explicit ServiceTest(const Settings& scheduler = {}) : scheduler_(scheduler) {}

  Reply ask(std::string_view operation, const Asked& asked = {}) {
    now += std::chrono::seconds(1);
    const contract::Operation* row = contract::find_operation(operation);
    if (!row) throw std::logic_error("no operation " + std::string(operation));
    Answer answer = service.call({*row, asked.path, asked.query, asked.headers, asked.body, asked.version}, now);
    if (auto* later = std::get_if<Later>(&answer)) return (*later)();
    return std::get<Reply>(answer);
  }

  // "409 PoolExists", or the success status.
  std::string outcome(std::string_view operation, const Asked& asked = {}) {
    try {
      return std::to_string(ask(operation, asked).status);
    } catch (const Error& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
  }

  void happens(const Event& event) {
    now += std::chrono::seconds(1);
    service.happened({event}, now);
  }

  static Document pool(const std::string& id, int spot_nodes, const Document& more = Document::object()) {
    return pool_document(id, spot_nodes, more);
  }
  static Document job(const std::string& id, const std::string& pool_id) { return job_document(id, pool_id); }
  static Document task(const std::string& id) { return {{"id", id}, {"commandLine", "/bin/true"}}; }

  // A pool "p" of one idle node and a job "j" in it.
  void one_node() {
    ask("Pool_Add", {.body = pool("p", 1)});
    ask("Job_Add", {.body = job("j", "p")});
    boot_nodes();
  }
  // Answers every BootNode that was ordered.
  void boot_nodes() {
    for (const HostOrder& order : std::exchange(host.orders, {})) {
      if (const auto* boot = std::get_if<BootNodeOrder>(&order)) happens(NodeBooted{boot->what.node, boot->what.boot});
    }
  }
  // The task runs that were ordered since.
  std::vector<RunTaskOrder> runs() {
    std::vector<RunTaskOrder> found;
    for (const HostOrder& order : std::exchange(host.orders, {})) {
      if (const auto* run = std::get_if<RunTaskOrder>(&order)) found.push_back(*run);
    }
    return found;
  }
  void ends(const RunTaskOrder& run, int exit_code) {
    happens(TaskExited{
        run.what.task, run.what.attempt, {.exit_code = exit_code, .failure = {}, .may_retry = true, .started = now}});
  }

  const Settings scheduler_;
  Time now = *parse_iso8601("2026-03-14T20:33:31Z");
  MemoryStore store;
  ListedFiles files;
  RecordingHost host;
  Service service{store,
                  files,
                  host,
                  {.account = "acct", .base_url = "http://batch", .scheduler = scheduler_, .token_secret = "secret"}};
};

}  // namespace batchite
