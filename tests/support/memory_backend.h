// The whole service in memory behind Backend, with a host that carries out what it is told as soon as the next request
// comes: nodes boot, tasks that say "exit N" end so, others run on. Time starts at a fixed moment and moves by a second
// a request, so that the same requests get the same answers.
#pragma once
#include <charconv>
#include <map>
#include <set>

#include "core/contract/error_codes.h"
#include "core/service.h"
#include "tests/support/memory_store.h"

namespace batchite::testing {

class MemoryBackend : public Backend, Host, NodeFiles {
 public:
  explicit MemoryBackend(Settings settings = {})
      : options_{.account = "acct", .base_url = "http://batch", .scheduler = settings, .token_secret = "secret"} {
    // Applications are made by other means than this service's operations: blender without a default version.
    make_application("blender", {"3.6"});
    make_application("ffmpeg", {"4.4", "6.0"}, {{"displayName", "FFmpeg"}, {"defaultVersion", "6.0"}});
  }

  Reply call(const Call& call) override {
    settle();
    Answer answer = service_.call(call, now);
    if (auto* later = std::get_if<Later>(&answer)) return (*later)();
    return std::get<Reply>(std::move(answer));
  }
  Document manage(const ManagementCall& call) override {
    settle();
    return service_.manage(call, now);
  }
  Document explain(const std::string& job_id, const std::string& task_id) override {
    settle();
    return service_.explain(job_id, task_id, now);
  }
  std::shared_ptr<void> watch(Watcher watcher) override {
    service_.watch(std::move(watcher));
    return {nullptr, [this](void*) { service_.watch(nullptr); }};
  }
  BlobReply blob(const BlobCall&) override { throw Error(errors::kInternalError); }
  std::string sas_url(const SasRequest&) override { return {}; }
  const std::string& storage_account() const override { return options_.account; }

  void wait(Ticks duration) {
    settle();
    now += duration;
  }

  Time now = *parse_iso8601("2026-03-14T20:33:31.278798Z");
  bool stalled = false;                       // orders are kept, not carried out
  std::map<std::string, std::string> tokens;  // that tasks were given, by their ids

 private:
  void make_application(const std::string& id, const std::vector<std::string>& versions,
                        const Document& settings = Document::object()) {
    service_.manage({Management::PutApplication, id}, now);
    for (const std::string& version : versions) {
      service_.manage({Management::PutPackage, id, version}, now);
      service_.manage({Management::ActivatePackage, id, version, {{"format", "zip"}}}, now);
    }
    service_.manage({Management::PatchApplication, id, "", settings}, now);
  }

  // What was ordered happens, and what follows from that.
  void settle() {
    now += std::chrono::seconds(1);
    if (wake_at_ <= now) {
      wake_at_ = Time::max();
      service_.happened({Tick{}}, now);
    }
    while (!stalled && !orders_.empty()) {
      std::vector<Event> events;
      for (const HostOrder& order : std::exchange(orders_, {})) {
        std::visit([&](const auto& one) { perform(one, events); }, order);
      }
      if (!events.empty()) service_.happened(events, now);
    }
  }

  void perform(const BootNodeOrder& order, std::vector<Event>& events) {
    events.emplace_back(NodeBooted{order.what.node, order.what.boot});
  }
  void perform(const RemoveNodeOrder& order, std::vector<Event>& events) {
    events.emplace_back(NodeRemoved{order.what.node});
  }
  void perform(const RunStartTaskOrder& order, std::vector<Event>& events) {
    if (const auto outcome = outcome_of(order.spec)) {
      events.emplace_back(StartTaskExited{order.what.node, order.what.boot, order.what.attempt, *outcome});
    }
  }
  void perform(const RunTaskOrder& order, std::vector<Event>& events) {
    tokens[order.task_id] = order.token;
    if (const auto outcome = outcome_of(order.spec)) {
      events.emplace_back(TaskExited{order.what.task, order.what.attempt, *outcome});
    }
  }
  void perform(const RunCoordinationOrder& order, std::vector<Event>& events) {
    const Document task = Document::parse(order.spec);
    if (const auto outcome = outcome_of_line(task["multiInstanceSettings"]["coordinationCommandLine"])) {
      events.emplace_back(CoordinationExited{order.what.task, order.what.attempt, order.what.instance, *outcome});
    }
  }
  void perform(const RunJobTaskOrder& order, std::vector<Event>& events) {
    if (const auto outcome = outcome_of(order.spec)) {
      events.emplace_back(
          JobTaskExited{order.what.job, order.what.node, order.what.which, order.what.attempt, *outcome});
    }
  }
  void perform(const WakeAt& order, std::vector<Event>&) { wake_at_ = order.at; }
  template <class Other>
  void perform(const Other&, std::vector<Event>&) {}

  std::optional<Outcome> outcome_of(const std::string& spec) const {
    return outcome_of_line(Document::parse(spec).value("commandLine", std::string()));
  }
  std::optional<Outcome> outcome_of_line(const std::string& line) const {
    const std::size_t at = line.find("exit ");
    if (at == std::string::npos) return std::nullopt;
    int code = 0;
    std::from_chars(line.data() + at + 5, line.data() + line.size(), code);
    return Outcome{.exit_code = code, .failure = {}, .may_retry = true, .started = now};
  }

  void enqueue(std::vector<HostOrder> orders) override {
    for (HostOrder& order : orders) orders_.push_back(std::move(order));
  }
  std::optional<Failure> upload(const TextUpload&) override { return std::nullopt; }

  // Every directory holds the same three.
  std::vector<FileEntry> list(NodeKey, const std::string&, bool) override {
    return {entry("stderr.txt"), entry("stdout.txt"), directory("wd")};
  }
  FileEntry stat(NodeKey, const std::string& path) override {
    if (path.ends_with("/wd") || path == "wd") return directory(path);
    if (!path.ends_with(".txt") || path.ends_with("nope.txt")) throw Error(errors::kFileNotFound);
    return entry(path);
  }
  std::shared_ptr<ByteSource> open(NodeKey, const std::string&, std::optional<Range> range) override {
    const std::string all = "hello, batch\n";
    return std::make_shared<StringSource>(range ? all.substr(range->first, range->last - range->first + 1) : all);
  }
  void remove(NodeKey node, const std::string& path, bool) override { stat(node, path); }
  static FileEntry directory(const std::string& name) {
    return {.name = name, .is_directory = true, .modified = *parse_iso8601("2026-03-14T20:30:00Z"), .mode = 040755};
  }
  static FileEntry entry(const std::string& name) {
    return {.name = name, .size = 13, .modified = *parse_iso8601("2026-03-14T20:30:00Z"), .mode = 0100644};
  }

  ServiceOptions options_;
  MemoryStore store_;
  std::vector<HostOrder> orders_;
  Time wake_at_ = Time::max();
  Service service_{store_, *this, *this, options_};
};

}  // namespace batchite::testing
