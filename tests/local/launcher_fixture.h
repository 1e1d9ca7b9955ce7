// A launcher started from the program under test, with a directory of its own for the tasks, and ways to look at
// processes.
#pragma once
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include "backends/local/launcher_client.h"

namespace batchite {

inline constexpr auto kPatience = std::chrono::seconds(20);

inline bool eventually(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

inline bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// A process that has ended may stay as somebody's zombie, which is as good as gone.
inline bool is_gone(pid_t pid) {
  const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t close = stat.rfind(')');
  return close == std::string::npos || stat[close + 2] == 'Z' || stat[close + 2] == 'X';
}

class LauncherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string place = (std::filesystem::temp_directory_path() / "launcher.XXXXXX").string();
    ASSERT_NE(::mkdtemp(place.data()), nullptr);
    root_ = std::filesystem::canonical(place);
  }
  void TearDown() override {
    launcher_.reset();
    std::filesystem::remove_all(root_);
  }

  Launcher& launcher() {
    if (!launcher_) launcher_ = std::make_unique<Launcher>(LauncherOptions{.program = BATCHITE_PROGRAM});
    return *launcher_;
  }

  RunRequest request(std::uint64_t id, std::string command_line) const {
    const std::string task = (root_ / std::to_string(id)).string();
    return {.id = id,
            .command_line = std::move(command_line),
            .environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "NAME=value"},
            .working_directory = task + "/wd",
            .stdout_path = task + "/stdout.txt",
            .stderr_path = task + "/stderr.txt",
            .directories = {task, task + "/wd"}};
  }

  TaskExit exit_of(std::uint64_t id) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (!exits_.contains(id) && std::chrono::steady_clock::now() < give_up) {
      for (TaskExit& exit : launcher().wait(std::chrono::milliseconds(100))) exits_[exit.id] = std::move(exit);
    }
    EXPECT_TRUE(exits_.contains(id)) << "run " << id << " has not ended";
    TaskExit exit = exits_[id];
    exits_.erase(id);
    return exit;
  }
  TaskExit run(const RunRequest& request) {
    launcher().run(request);
    return exit_of(request.id);
  }
  TaskExit run(std::uint64_t id, const std::string& command_line) { return run(request(id, command_line)); }

  std::string out(std::uint64_t id) const { return read_text(root_ / std::to_string(id) / "stdout.txt"); }
  std::string err(std::uint64_t id) const { return read_text(root_ / std::to_string(id) / "stderr.txt"); }

  // The number that a task writes to a file of its working directory.
  pid_t pid_in(std::uint64_t id, const std::string& name) const {
    const std::filesystem::path path = root_ / std::to_string(id) / "wd" / name;
    EXPECT_TRUE(eventually([&] { return read_text(path).ends_with("\n"); })) << path;
    return std::atoi(read_text(path).c_str());  // NOLINT(cert-err34-c)
  }

  std::filesystem::path root_;
  std::unique_ptr<Launcher> launcher_;
  std::map<std::uint64_t, TaskExit> exits_;
};

}  // namespace batchite
