// Carries the scheduler's orders out on this machine: node directories, staging, processes through the launcher.
//
// One thread owns everything here: it takes orders, watches the launcher and reports events in batches. Slow work
// (files in and out, removing trees) is done by a small pool, whose results come back to that thread. enqueue() only
// queues.
#pragma once
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "backends/local/launcher_client.h"
#include "backends/local/node_directories.h"
#include "backends/local/package_stand_ins.h"
#include "backends/local/stager.h"
#include "backends/local/task_environment.h"
#include "backends/system/real.h"
#include "core/host.h"
#include "core/scheduler/event.h"

namespace batchite {

struct HostOptions {
  std::string account;
  std::string account_url;
  std::string metadata_url = {};  // base of the nodes' metadata service; empty: there is none
  Isolation isolation = Isolation::Process;
  StandIns stand_ins = {};
  std::string among_nodes = {};  // a directory of programs for multi-instance tasks (instances.h)
  LauncherOptions launcher = {};
  Clock clock = clock_now;
};

class ProcessHost : public Host {
 public:
  // Brings events to the service. May throw Error: they are brought again, a moment later.
  using Report = std::function<void(const std::vector<Event>&)>;

  ProcessHost(NodeDirectories& directories, Stager& stager, HostOptions options);
  ~ProcessHost() override;

  void start(Report report);
  // Ends every process and waits for it; reports nothing more.
  void stop();
  void enqueue(std::vector<HostOrder> orders) override;
  std::optional<Failure> upload(const TextUpload& texts) override { return stager_.upload_texts(texts); }

 private:
  // One attempt of a task of any kind, from its order to its report.
  struct Run {
    enum class Of : std::uint8_t { Task, StartTask, JobTask, Coordination };
    Of of = Of::Task;
    TaskKey task{};
    JobKey job{};  // of a JobTask
    JobTask which{};
    NodeKey node{};
    int boot = 0;
    int attempt = 0;
    int instance = 0;                                          // of a multi-instance task
    std::shared_ptr<const InstanceNodes> instances = nullptr;  // its nodes; null: it is none
    bool is_under_way = false;                                 // its turn in its directory has come
    bool has_reported = false;                                 // its command has ended, and what that left goes on
    bool killed = false;
    bool is_forgotten = false;  // its directory has been removed
    std::filesystem::path directory;
    std::filesystem::path task_directory;  // which is removed with the task; others than the above have their own in it
    Document spec;
    std::vector<PackageFile> packages;
    RunRequest request;
    Outcome outcome;
  };
  struct NodeHost {
    NodeFacts facts;
    std::size_t runs = 0;
    int installing = 0;                // for which boot the pool's packages are being unpacked; 0: for none
    std::function<void()> when_empty;  // what waits for its last process to go
  };
  using RunId = std::uint64_t;

  void loop();
  bool take_inbox();
  void take_exits();
  void launch_waiting();
  void report_events();
  void replace_launcher();
  int poll_timeout() const;  // milliseconds; -1: until something comes

  void perform(HostOrder& order);
  void perform(BootNodeOrder& order);
  void perform(RunStartTaskOrder& order);
  void perform(RunTaskOrder& order);
  void perform(RunCoordinationOrder& order);
  void perform(RunJobTaskOrder& order);
  void perform(RemoveTaskFilesOrder& order);
  void perform(RemoveNodeOrder& order);
  void perform(KillStartTask& order);
  void perform(MeasurePoolOrder& order);
  void perform(KillTask& order);
  void perform(KillJobTask& order);
  void perform(WakeAt& order);

  void install_packages(BootNodeOrder order);
  void packages_installed(const BootNodeOrder& order, const std::optional<Failure>& failure);
  void begin(std::unique_ptr<Run> run, const std::vector<const Document*>& settings, const TaskFacts& facts);
  void go(RunId id);
  void launch(Run& run);
  void stage_in(RunId id);
  void exited(const TaskExit& exit);
  void stage_out(RunId id);
  void end(RunId id);
  static Event report_of(const Run& run);
  void leave_queue(RunId id, const std::string& directory);
  TaskFacts facts_of_instance(const Run& run) const;
  void join_instances(Run& run);
  void open_to_all_instances(Run& run);
  void leave_instances(RunId id, const Run& run);
  std::filesystem::path hosts_of(const Run& run) const;
  template <class Order>
  static std::unique_ptr<Run> run_of_task(Order& order);  // its command or its coordination
  void begin_in_job(std::unique_ptr<Run> run, const JobContext& job, const std::string& task_id,
                    const std::string& token = {});
  void remove_task_files(const std::filesystem::path& directory);
  void remove_if_unused(const std::filesystem::path& directory);
  void kill_runs(const std::function<bool(const Run&)>& which);
  void when_empty(NodeKey node, std::function<void()> work);

  void post(std::function<void()> to_loop);  // from any thread, to the loop
  void in_background(std::function<void()> work);

  NodeDirectories& directories_;
  Stager& stager_;
  const HostOptions options_;
  const std::string path_;
  FileDescriptor wake_;
  std::unique_ptr<Launcher> launcher_;
  Report report_;

  std::mutex mutex_;
  std::vector<std::function<void()>> inbox_;  // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_

  // The loop's own.
  std::unordered_map<NodeKey, NodeHost> nodes_;
  std::unordered_map<RunId, std::unique_ptr<Run>> runs_;
  // By directory: the first is under way, the others wait until it has ended (but for a multi-instance task's command,
  // which may join what its coordination command left running). A task that runs again must not find what a process
  // that is still dying writes.
  std::unordered_map<std::string, std::deque<RunId>> queues_;
  RunId last_run_ = 0;
  std::vector<RunRequest> to_launch_;
  std::vector<Event> events_;
  Time wake_at_ = Time::max();
  Time retry_at_ = kNever;  // a report failed: not before this

  boost::asio::thread_pool background_{4};
  std::thread thread_;
};

template <class Order>
std::unique_ptr<ProcessHost::Run> ProcessHost::run_of_task(Order& order) {
  auto run = std::make_unique<Run>();
  run->task = order.what.task;
  run->node = order.what.node;
  run->attempt = order.what.attempt;
  run->spec = Document::parse(order.spec);
  run->packages = std::move(order.packages);
  run->instances = std::move(order.instances);
  return run;
}

}  // namespace batchite
