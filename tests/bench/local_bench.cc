// How many no-op tasks a second the whole local backend runs: document in, SQLite, directories, process, files,
// completed state; beside the floor (a posix_spawn loop that makes the same directories and files), xargs -P2 and GNU
// parallel. Also: tasks added a second, and what 1,000 or 200,000 tasks in the job change. Prints one line a figure.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "backends/local/launcher.h"
#include "backends/local/local_backend.h"
#include "core/contract/contract.h"

extern char** environ;

namespace batchite {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Reply ask(Backend& backend, std::string_view operation, Parameters path, Document body = nullptr) {
  return backend.call(
      {.operation = *contract::find_operation(operation), .path = std::move(path), .body = std::move(body)});
}

// Two directories, two files, one process, one after the other: what no backend can avoid.
double floor_rate(const fs::path& root, int tasks) {
  const auto start = Clock::now();
  for (int i = 0; i < tasks; ++i) {
    const std::string directory = (root / std::to_string(i)).string();
    const std::string work = directory + "/wd", out = directory + "/stdout.txt", err = directory + "/stderr.txt";
    mkdir(directory.c_str(), 0755);
    mkdir(work.c_str(), 0755);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_addopen(&files, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    pid_t pid = 0;
    posix_spawn(&pid, program, &files, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    waitpid(pid, nullptr, 0);
  }
  return tasks / seconds_since(start);
}

double shell_rate(const std::string& command, int tasks) {
  const auto start = Clock::now();
  if (std::system(command.c_str()) != 0) return 0;
  return tasks / seconds_since(start);
}

struct Job {
  std::string id;
  double add_rate;
  double run_rate;
};

// Adds tasks in collections of 100 and waits until all are completed. `pool` without nodes: they only wait.
void add_tasks(Backend& backend, const std::string& job, int tasks) {
  for (int first = 0; first < tasks; first += 100) {
    Document value = Document::array();
    for (int i = first; i < std::min(first + 100, tasks); ++i) {
      value.push_back({{"id", fmt::format("task{:06}", i)}, {"commandLine", "/bin/true"}});
    }
    const Reply reply = ask(backend, "Task_AddCollection", {{"jobId", job}}, {{"value", std::move(value)}});
    if (reply.body["value"][0]["status"] != "Success") throw std::runtime_error(reply.body["value"][0].dump());
  }
}

std::int64_t completed(Backend& backend, const std::string& job) {
  return ask(backend, "Job_GetTaskCounts", {{"jobId", job}}).body["taskCounts"]["completed"];
}

void add_job(Backend& backend, const std::string& id, const std::string& pool) {
  ask(backend, "Job_Add", {}, {{"id", id}, {"poolInfo", {{"poolId", pool}}}});
}

double run_rate(Backend& backend, const std::string& job, int tasks) {
  const auto start = Clock::now();
  add_tasks(backend, job, tasks);
  while (completed(backend, job) < tasks) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return tasks / seconds_since(start);
}

Document pool(const std::string& id, int nodes) {
  return {{"id", id},
          {"vmSize", "standard_a1_v2"},
          {"virtualMachineConfiguration",
           {{"imageReference", {{"publisher", "canonical"}, {"offer", "ubuntuserver"}, {"sku", "18.04-lts"}}},
            {"nodeAgentSKUId", "batch.node.ubuntu 18.04"}}},
          {"targetLowPriorityNodes", nodes}};
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void print(const char* what, double value, const std::string& remark = "") {
  fmt::print("{:<58} {:>12.2f} {}\n", what, value, remark);
  std::fflush(stdout);
}

void bench(const fs::path& root, int tasks) {
  const LocalOptions options{.location = root / "data"};
  const auto opening = Clock::now();
  const auto backend = open_local_backend(options);
  ask(*backend, "Pool_Add", {}, pool("p", 2));
  add_job(*backend, "first", "p");
  run_rate(*backend, "first", 1);
  print("open to first task completed, ms", seconds_since(opening) * 1000);

  fs::create_directories(root / "floor");
  const std::string list = (root / "list").string();
  if (std::system(fmt::format("seq 1 {} > {}", tasks, list).c_str()) != 0) throw std::runtime_error("seq failed");
  double ours = 0, bare = 0, xargs = 0;
  constexpr int kRounds = 3;  // alternating, so that the machine's drift meets all alike
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = fmt::format("round{}", round);
    add_job(*backend, name, "p");
    ours = std::max(ours, run_rate(*backend, name, tasks));
    fs::create_directories(root / "floor" / name);
    bare = std::max(bare, floor_rate(root / "floor" / name, tasks));
    xargs = std::max(xargs, shell_rate(fmt::format("xargs -P2 -n1 /bin/true < {}", list), tasks));
  }
  print("no-op tasks/s, local backend (2 nodes, 1 slot)", ours);
  print("no-op tasks/s, posix_spawn loop with the same files", bare, fmt::format("ratio {:.2f}", ours / bare));
  print("no-op tasks/s, xargs -P2 (no files)", xargs, fmt::format("ratio {:.2f}", ours / xargs));
  if (std::system("command -v parallel >/dev/null") == 0) {
    const int few = std::min(tasks, 500);
    const double parallel =
        shell_rate(fmt::format("head -{} {} | parallel -j2 /bin/true >/dev/null 2>&1", few, list), few);
    print("no-op tasks/s, GNU parallel -j2", parallel, fmt::format("ratio {:.2f}", ours / parallel));
  }

  ask(*backend, "Pool_Add", {}, pool("empty", 0));
  add_job(*backend, "few", "p");
  add_job(*backend, "many", "empty");
  const double few = run_rate(*backend, "few", 1000);
  const std::size_t before = resident_bytes();
  const auto adding = Clock::now();
  add_tasks(*backend, "many", 200'000);
  print("tasks added/s in collections of 100 (200,000)", 200'000 / seconds_since(adding));
  malloc_trim(0);
  print("memory per 100,000 tasks, MiB", static_cast<double>(resident_bytes() - before) / 2 / (1 << 20));
  // The same job gets a pool: 200,000 tasks wait while the first 1,000 are measured.
  const auto start = Clock::now();
  ask(*backend, "Pool_Resize", {{"poolId", "empty"}}, {{"targetLowPriorityNodes", 2}});
  while (completed(*backend, "many") < 1000) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const double many = static_cast<double>(completed(*backend, "many")) / seconds_since(start);
  print("tasks/s with 1,000 tasks in the job (adding included)", few);
  print("tasks/s with 200,000 tasks in the job", many);
}

}  // namespace
}  // namespace batchite

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == batchite::kLauncherVerb)
    return batchite::launcher_main(batchite::kLauncherSocket);
  std::string pattern = (std::filesystem::temp_directory_path() / "batchite-bench-XXXXXX").string();
  if (!mkdtemp(pattern.data())) return 1;
  int code = 0;
  try {
    batchite::bench(pattern, argc > 1 ? std::atoi(argv[1]) : 3000);
  } catch (const std::exception& error) {
    fmt::print(stderr, "local_bench: {}\n", error.what());
    code = 1;
  }
  std::filesystem::remove_all(pattern);
  return code;
}
