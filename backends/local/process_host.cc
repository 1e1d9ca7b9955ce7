#include "backends/local/process_host.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <iostream>

#include "backends/local/outcomes.h"
#include "backends/local/package_installer.h"
#include "backends/local/process_readings.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

std::string host_path(const StandIns& stand_ins) {
  const char* inherited = std::getenv("PATH");
  const std::string path = inherited ? inherited : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return stand_ins.path_prefix.empty() ? path : stand_ins.path_prefix + ":" + path;
}

std::chrono::nanoseconds wall_clock_limit(const Document& spec) {
  const std::string text = Reader(spec).object("constraints").text("maxWallClockTime");
  const Ticks limit = parse_duration(text).value_or(kUnlimited);
  constexpr Ticks kLongest = std::chrono::duration_cast<Ticks>(std::chrono::nanoseconds::max());
  return limit >= kLongest ? std::chrono::nanoseconds(0) : std::chrono::nanoseconds(limit);
}

bool is_admin(const Document& spec) {
  return Reader(spec).object("userIdentity").object("autoUser").text("elevationLevel") == "admin";
}

}  // namespace

ProcessHost::ProcessHost(NodeDirectories& directories, Stager& stager, HostOptions options)
    : directories_(directories),
      stager_(stager),
      options_(std::move(options)),
      path_(host_path(options_.stand_ins)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      launcher_(std::make_unique<Launcher>(options_.launcher)) {}

ProcessHost::~ProcessHost() { stop(); }

void ProcessHost::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  post([] {});
  if (thread_.joinable()) thread_.join();
  launcher_.reset();  // every process is gone when this returns
  background_.join();
}

void ProcessHost::start(Report report) {
  report_ = std::move(report);
  thread_ = std::thread([this] { loop(); });
}

void ProcessHost::post(std::function<void()> to_loop) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(to_loop));
    if (inbox_.size() > 1) return;  // the loop has been woken for the first
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void ProcessHost::enqueue(std::vector<HostOrder> orders) {
  if (orders.empty()) return;
  // A node's files can be asked for as soon as its boot is ordered: after a restart they are still there.
  for (const HostOrder& order : orders) {
    if (const auto* boot = std::get_if<BootNodeOrder>(&order)) {
      directories_.know(boot->what.node, boot->pool_id, boot->node_id);
    }
  }
  post([this, orders = std::make_shared<std::vector<HostOrder>>(std::move(orders))] {
    for (HostOrder& order : *orders) perform(order);
  });
}

void ProcessHost::in_background(std::function<void()> work) { boost::asio::post(background_, std::move(work)); }

// --- the loop -------------------------------------------------------------------------------------------------------

void ProcessHost::loop() {
  while (true) {
    pollfd sources[] = {{wake_.get(), POLLIN, 0}, {launcher_->fd(), POLLIN, 0}};
    poll(sources, 2, poll_timeout());
    try {
      if (!take_inbox()) return;
      if (sources[1].revents != 0) take_exits();
      launch_waiting();
    } catch (const LauncherLost&) {
      replace_launcher();
    }
    if (options_.clock() >= wake_at_) {
      wake_at_ = Time::max();
      events_.emplace_back(Tick{});
    }
    report_events();
  }
}

int ProcessHost::poll_timeout() const {
  const Time until = events_.empty() ? wake_at_ : retry_at_;
  if (until == Time::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - options_.clock()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

// False when it is time to stop. That is looked up with the inbox, under one lock: whoever takes what woke the loop
// must not miss that it was told to stop, since nothing would wake it again.
bool ProcessHost::take_inbox() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  std::vector<std::function<void()>> inbox;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    inbox.swap(inbox_);
  }
  for (const auto& work : inbox) work();
  return true;
}

void ProcessHost::take_exits() {
  for (const TaskExit& exit : launcher_->wait(std::chrono::milliseconds(0))) exited(exit);
}

void ProcessHost::launch_waiting() {
  if (to_launch_.empty()) return;
  const std::vector<RunRequest> requests = std::exchange(to_launch_, {});
  launcher_->run_many(requests);
}

void ProcessHost::report_events() {
  if (events_.empty() || options_.clock() < retry_at_) return;
  try {
    report_(events_);
    events_.clear();
    retry_at_ = kNever;
  } catch (const std::exception& error) {
    if (retry_at_ == kNever) std::cerr << "batchite: results of tasks cannot be kept yet: " << error.what() << "\n";
    retry_at_ = options_.clock() + std::chrono::milliseconds(500);
  }
}

// The launcher died (somebody killed it) and every process with it: as if the machine had restarted.
void ProcessHost::replace_launcher() {
  launcher_.reset();
  launcher_ = std::make_unique<Launcher>(options_.launcher);
  runs_.clear();
  queues_.clear();
  to_launch_.clear();
  for (auto& [key, node] : nodes_) {
    node.runs = 0;
    node.installing = 0;
    if (node.when_empty) std::exchange(node.when_empty, {})();
  }
  events_.emplace_back(HostRestarted{});
}

// --- orders ---------------------------------------------------------------------------------------------------------

void ProcessHost::perform(HostOrder& order) {
  std::visit([this](auto& one) { perform(one); }, order);
}

void ProcessHost::when_empty(NodeKey node, std::function<void()> work) {
  NodeHost& host = nodes_[node];
  if (host.runs == 0) {
    work();
  } else {
    host.when_empty = std::move(work);
  }
}

void ProcessHost::perform(BootNodeOrder& order) {
  const NodeKey key = order.what.node;
  kill_runs([key](const Run& run) { return run.node == key; });
  when_empty(key, [this, order = std::move(order)] {
    const NodeKey node = order.what.node;
    try {
      NodeFacts& facts = nodes_[node].facts;
      facts.root = directories_.make(node, order.pool_id, order.node_id, order.what.fresh);
      facts.account = options_.account;
      facts.account_url = options_.account_url;
      facts.pool_id = order.pool_id;
      facts.node_id = order.node_id;
      facts.dedicated = order.dedicated;
      facts.path = path_;
      facts.more = options_.stand_ins.environment;
      if (!options_.metadata_url.empty()) {
        facts.more.push_back("BATCHITE_SCHEDULED_EVENTS_URL=" + options_.metadata_url + "/nodes/" + order.node_id +
                             "/metadata/scheduledevents?api-version=2020-07-01");
      }
      if (options_.isolation == Isolation::Landlock) {
        launcher_->prepare_node(static_cast<std::uint32_t>(number(node)), {facts.root.string()});
      }
      if (order.packages.empty()) {
        events_.emplace_back(NodeBooted{node, order.what.boot});
      } else {
        install_packages(order);
      }
    } catch (const fs::filesystem_error& error) {
      const bool full = error.code() == std::errc::no_space_on_device;
      events_.emplace_back(
          NodeLost{node, NodeState::Unusable,
                   Failure{.category = Category::ServerError,
                           .code = full ? "DiskFull" : "NodeDirectoryError",
                           .message = full ? "The disk that holds the node's directories is full." : error.what(),
                           .details = {}}});
    }
  });
}

void ProcessHost::perform(RemoveNodeOrder& order) {
  const NodeKey key = order.what.node;
  directories_.know(key, order.pool_id, order.node_id);  // it may not have been booted since we started
  kill_runs([key](const Run& run) { return run.node == key; });
  when_empty(key, [this, key] {
    if (options_.isolation == Isolation::Landlock) launcher_->forget_node(static_cast<std::uint32_t>(number(key)));
    const fs::path away = directories_.take_away(key);
    if (!away.empty()) in_background([away] { remove_tree(away); });
    events_.emplace_back(NodeRemoved{key});
    // Last: it holds what runs here.
    post([this, key] { nodes_.erase(key); });
  });
}

void ProcessHost::perform(RunStartTaskOrder& order) {
  auto run = std::make_unique<Run>();
  run->of = Run::Of::StartTask;
  run->node = order.what.node;
  run->boot = order.what.boot;
  run->attempt = order.what.attempt;
  run->spec = Document::parse(order.spec);
  const fs::path directory = nodes_.at(run->node).facts.root / "startup";
  const Document& settings = Reader(run->spec).array("environmentSettings");
  begin(std::move(run), {&settings}, {.directory = directory});
}

void ProcessHost::perform(RunTaskOrder& order) {
  std::unique_ptr<Run> run = run_of_task(order);
  begin_in_job(std::move(run), *order.job, order.task_id, order.token);
}

void ProcessHost::perform(RunJobTaskOrder& order) {
  auto run = std::make_unique<Run>();
  run->of = Run::Of::JobTask;
  run->job = order.what.job;
  run->which = order.what.which;
  run->node = order.what.node;
  run->attempt = order.what.attempt;
  run->spec = Document::parse(order.spec);
  begin_in_job(std::move(run), *order.job, order.task_id);
}

void ProcessHost::begin_in_job(std::unique_ptr<Run> run, const JobContext& job, const std::string& task_id,
                               const std::string& token) {
  const fs::path& root = nodes_.at(run->node).facts.root;
  run->task_directory = root / task_directory(job.job_id, task_id);
  TaskFacts facts = run->instances ? facts_of_instance(*run) : TaskFacts{.directory = run->task_directory};
  facts.job_id = job.job_id;
  facts.task_id = task_id;
  facts.token = token;
  const bool is_preparation = run->of == Run::Of::JobTask && run->which == JobTask::Preparation;
  if (!job.preparation_id.empty() && !is_preparation) {
    facts.preparation_directory = root / task_directory(job.job_id, job.preparation_id);
  }
  const Document common = job.common_environment.empty() ? Document::array() : Document::parse(job.common_environment);
  const Document& settings = Reader(run->spec).array("environmentSettings");
  begin(std::move(run), {&common, &settings}, facts);
}

void ProcessHost::perform(KillStartTask& order) {
  kill_runs([&order](const Run& run) {
    return run.of == Run::Of::StartTask && run.node == order.node && run.boot == order.boot;
  });
}

void ProcessHost::perform(MeasurePoolOrder& order) {
  in_background([this, order, launcher = launcher_->pid()] {
    const Usage running = read_processes(launcher)[order.pool_id];
    post([this, pool = order.pool, running] { events_.emplace_back(PoolMeasured{pool, running}); });
  });
}

void ProcessHost::perform(KillTask& order) {
  kill_runs([&order](const Run& run) {
    const bool is_of_task = run.of == Run::Of::Task || run.of == Run::Of::Coordination;
    return is_of_task && run.task == order.task && run.attempt == order.attempt;
  });
}

void ProcessHost::perform(KillJobTask& order) {
  kill_runs([&order](const Run& run) {
    return run.of == Run::Of::JobTask && run.job == order.job && run.node == order.node && run.which == order.which &&
           run.attempt == order.attempt;
  });
}

void ProcessHost::perform(RemoveTaskFilesOrder& order) {
  const auto node = nodes_.find(order.node);
  if (node == nodes_.end()) return;
  const fs::path directory = node->second.facts.root / order.directory;
  for (const auto& [id, run] : runs_) {
    if (run->task_directory == directory) run->is_forgotten = true;
  }
  remove_task_files(directory);
}

// Moved first: a task of the same name may be next, and a process that is still dying does not mind.
void ProcessHost::remove_task_files(const fs::path& directory) {
  const fs::path away = directories_.take_away(directory);
  if (!away.empty()) in_background([away] { remove_tree(away); });
  remove_if_unused(directory.parent_path());
}

// The directories of a job, once they are empty and no run is about to make its own there.
void ProcessHost::remove_if_unused(const fs::path& directory) {
  for (const auto& [id, run] : runs_) {
    if (run->task_directory.parent_path() == directory) return;
  }
  std::error_code ignored;
  if (fs::remove(directory, ignored)) fs::remove(directory.parent_path(), ignored);
}

void ProcessHost::perform(WakeAt& order) { wake_at_ = order.at; }

void ProcessHost::kill_runs(const std::function<bool(const Run&)>& which) {
  launch_waiting();  // a kill must not overtake its run
  for (const auto& [id, run] : runs_) {
    if (run->killed || !which(*run)) continue;
    run->killed = true;
    launcher_->kill(id);  // nothing happens if its files are being staged; that ends by itself
  }
}

// --- one run --------------------------------------------------------------------------------------------------------

void ProcessHost::begin(std::unique_ptr<Run> run, const std::vector<const Document*>& settings,
                        const TaskFacts& facts) {
  NodeHost& node = nodes_.at(run->node);
  ++node.runs;
  const RunId id = ++last_run_;
  const std::string directory = facts.directory.string();
  run->directory = facts.directory;
  if (run->task_directory.empty()) run->task_directory = facts.directory;
  RunRequest& request = run->request;
  request.id = id;
  request.command_line = Reader(run->spec).text("commandLine");
  request.environment = task_environment(node.facts, facts, settings);
  add_package_variables(request.environment, run->packages, node.facts.root);
  request.working_directory = directory + "/wd";
  request.stdout_path = directory + "/stdout.txt";
  request.stderr_path = directory + "/stderr.txt";
  request.directories = {request.working_directory, directory + "/certs"};
  request.wall_clock_limit = wall_clock_limit(run->spec);
  request.isolation = options_.isolation;
  request.node = static_cast<std::uint32_t>(number(run->node));
  request.admin = is_admin(run->spec);
  run->outcome.started = options_.clock();
  if (run->instances) join_instances(*run);
  std::deque<RunId>& queue = queues_[directory];
  const bool may_go = std::ranges::all_of(queue, [&](RunId other) {
    const Run& before = *runs_.at(other);
    return before.has_reported && !before.killed && before.attempt == run->attempt;
  });
  queue.push_back(id);
  runs_.emplace(id, std::move(run));
  if (may_go) go(id);
}

// Its turn in its directory has come.
void ProcessHost::go(RunId id) {
  Run& run = *runs_.at(id);
  run.is_under_way = true;
  if (run.killed) {
    run.outcome.may_retry = false;
    end(id);
  } else if (run.packages.empty() && Reader(run.spec).array("resourceFiles").empty()) {
    launch(run);
  } else {
    stage_in(id);
  }
}

void ProcessHost::launch(Run& run) {
  if (run.instances && options_.isolation == Isolation::Landlock) open_to_all_instances(run);
  to_launch_.push_back(run.request);
}

void ProcessHost::stage_in(RunId id) {
  const Run& run = *runs_.at(id);
  // Common files are beside the working directory.
  const fs::path work = run.of == Run::Of::Coordination ? run.task_directory : run.directory / "wd";
  in_background([this, id, files = Reader(run.spec).array("resourceFiles"), packages = run.packages,
                 applications = nodes_.at(run.node).facts.root / "applications", work] {
    std::optional<Failure> failure = stager_.install(packages, applications);
    std::error_code error;
    if (!failure) fs::create_directories(work, error);
    if (failure) {
      // Nothing else is worth bringing.
    } else if (error) {
      failure = failure_of(failures::kResourceDirectoryCreateFailed, {{"Message", error.message()}});
    } else {
      failure = stager_.stage_in(files, work);
    }
    post([this, id, failure = std::move(failure)] {
      const auto found = runs_.find(id);
      if (found == runs_.end()) return;
      Run& staged = *found->second;
      if (!failure && !staged.killed) {
        launch(staged);
        return;
      }
      staged.outcome.failure = failure;
      staged.outcome.may_retry = false;
      staged.outcome.trouble = Trouble::PreProcessing;
      end(id);
    });
  });
}

void ProcessHost::exited(const TaskExit& exit) {
  const auto found = runs_.find(exit.id);
  if (found == runs_.end()) return;
  Run& run = *found->second;
  if (run.has_reported) return end(exit.id);
  run.outcome = outcome_of(exit);
  if (exit.lingers) {
    run.has_reported = true;
    events_.push_back(report_of(run));
    return;
  }
  const bool ran = run.outcome.exit_code.has_value();
  if (ran && !run.killed && !Reader(run.spec).array("outputFiles").empty()) {
    stage_out(exit.id);
  } else {
    end(exit.id);
  }
}

void ProcessHost::stage_out(RunId id) {
  const Run& run = *runs_.at(id);
  Stager::Output output{run.directory, run.request.environment, *run.outcome.exit_code};
  in_background([this, id, files = run.spec["outputFiles"], output = std::move(output)] {
    const std::optional<Failure> failure = stager_.stage_out(files, output);
    post([this, id, failure] {
      const auto found = runs_.find(id);
      if (found == runs_.end()) return;
      Outcome& outcome = found->second->outcome;
      if (failure) outcome.trouble = Trouble::Upload;
      // A process that failed is what is reported; its upload only if it was the one thing that went wrong.
      if (failure && outcome.exit_code == 0 && !outcome.failure) {
        outcome.failure = failure;
        outcome.may_retry = false;
      }
      end(id);
    });
  });
}

Event ProcessHost::report_of(const Run& run) {
  switch (run.of) {
    case Run::Of::StartTask:
      return StartTaskExited{run.node, run.boot, run.attempt, run.outcome};
    case Run::Of::JobTask:
      return JobTaskExited{run.job, run.node, run.which, run.attempt, run.outcome};
    case Run::Of::Coordination:
      return CoordinationExited{run.task, run.attempt, run.instance, run.outcome};
    case Run::Of::Task:
      break;
  }
  return TaskExited{run.task, run.attempt, run.outcome};
}

void ProcessHost::leave_queue(RunId id, const std::string& directory) {
  const auto queue = queues_.find(directory);
  std::erase(queue->second, id);
  if (queue->second.empty()) {
    queues_.erase(queue);
  } else if (const RunId next = queue->second.front(); !runs_.at(next)->is_under_way) {
    go(next);
  }
}

void ProcessHost::end(RunId id) {
  const auto found = runs_.find(id);
  const std::unique_ptr<Run> run = std::move(found->second);
  runs_.erase(found);
  if (!run->has_reported) events_.push_back(report_of(*run));
  if (run->instances) leave_instances(id, *run);
  // It may have made its directory only after that was removed.
  if (run->is_forgotten) remove_task_files(run->task_directory);
  leave_queue(id, run->directory.string());
  NodeHost& node = nodes_.at(run->node);
  if (--node.runs == 0 && node.when_empty) std::exchange(node.when_empty, {})();
}

}  // namespace batchite
