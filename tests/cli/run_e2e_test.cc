// The program itself: real processes, real files, real ffmpeg.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include "core/base/document.h"

namespace batchite::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience = 10s) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

struct Ended {
  int code = -1;
  std::string out, err;
};

// A started program. Its destructor kills it.
class Program {
 public:
  Program(const fs::path& folder, const std::vector<std::string>& words, const std::string& name)
      : out_(folder / (name + ".out")), err_(folder / (name + ".err")) {
    std::vector<char*> argv = {const_cast<char*>(BATCHITE_PROGRAM)};
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    setpgid(0, 0);  // as a shell does, so that a whole foreground group can be signalled
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_DFL);
    if (chdir(folder.c_str()) != 0) _exit(126);
    const int out = open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int in = open("/dev/null", O_RDONLY);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Program() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Ended end() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of(out_), text_of(err_)};
  }
  void signal(int number) const { kill(pid_, number); }
  // What a terminal does on Ctrl-C: the launcher gets it as well. The group exists once the child has made it.
  bool signal_group(int number) const {
    return eventually([&] { return kill(-pid_, number) == 0; });
  }
  std::string err() const { return text_of(err_); }

 private:
  fs::path out_, err_;
  pid_t pid_ = 0;
};

class EndToEndTest : public ::testing::Test {
 protected:
  EndToEndTest() {
    std::string path = ::testing::TempDir() + "/e2e-XXXXXX";
    folder_ = mkdtemp(path.data());
    fs::create_directories(folder_ / "in");
  }
  ~EndToEndTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  void make_clip(const std::string& name, int hertz) {
    const std::string command =
        "ffmpeg -nostdin -y -loglevel error -f lavfi -i testsrc=size=64x64:rate=5:duration=1 -f lavfi -i "
        "sine=frequency=" +
        std::to_string(hertz) + ":duration=1 -shortest -pix_fmt yuv420p '" + (folder_ / "in" / name).string() + "'";
    ASSERT_EQ(system(command.c_str()), 0);
  }
  std::vector<std::string> located(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--location", (folder_ / "data").string()});
    return words;
  }
  std::vector<std::string> convert(std::vector<std::string> more = {}) const {
    const std::string fixtures = std::string(BATCHITE_FIXTURES) + "/ffmpeg/";
    std::vector<std::string> words = {
        "run", fixtures + "pool.json", fixtures + "job.json", "--input", "in/*.mp4", "--output", "out"};
    words.insert(words.end(), more.begin(), more.end());
    return located(words);
  }
  Ended batchite(const std::vector<std::string>& words) { return Program(folder_, words, "one").end(); }

  // Served until it is let go.
  std::unique_ptr<Program> start_emulator() {
    auto emulator = std::make_unique<Program>(
        folder_, located({"start", "--batch-port", "0", "--blob-port", "0", "--ready-file", "ready"}), "emulator");
    EXPECT_TRUE(eventually([&] { return fs::exists(folder_ / "ready"); })) << emulator->err();
    return emulator;
  }
  static std::vector<std::string> remote(std::vector<std::string> words) {
    words.insert(words.begin(), {"--backend", "emulator", "--ready-file", "ready"});
    return words;
  }

  // The words that run a job of one task.
  std::vector<std::string> waiting_run(const std::string& command) {
    write("pool.json", R"({"pool": {"id": "p", "vmSize": "small", "targetDedicatedNodes": 1,
      "virtualMachineConfiguration": {"nodeAgentSKUId": "batch.node.debian 12",
        "imageReference": {"publisher": "debian", "offer": "debian-12", "sku": "12-gen2"}}}})");
    Document job = {
        {"job",
         {{"id", "j"},
          {"poolInfo", {{"poolId", "p"}}},
          {"taskFactory", {{"type", "taskCollection"}, {"tasks", {{{"id", "t"}, {"commandLine", command}}}}}}}}};
    write("job.json", job.dump());
    return located({"run", "pool.json", "job.json"});
  }
  // Processes that have the marker in their command line.
  static int processes_with(const std::string& marker) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos || name == std::to_string(getpid())) continue;
      if (text_of(entry.path() / "cmdline").find(marker) != std::string::npos) ++count;
    }
    return count;
  }
  bool is_empty() {
    for (const char* noun : {"pool", "job", "container"}) {
      if (Document::parse(batchite(located({noun, "list", "-o", "json"})).out) != Document::array()) return false;
    }
    return true;
  }

  fs::path folder_;
};

TEST_F(EndToEndTest, FiveVideosBecomeFiveSoundFiles) {
  for (int i = 0; i < 5; ++i) make_clip("clip " + std::to_string(i) + ".mp4", 200 + i * 100);
  const Ended run = batchite(convert());
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("Success! All tasks completed."));
  for (int i = 0; i < 5; ++i) {
    const std::string file = (folder_ / "out" / ("clip " + std::to_string(i) + ".mp3")).string();
    EXPECT_EQ(system(("ffprobe -loglevel error '" + file + "'").c_str()), 0) << file;
  }
  EXPECT_TRUE(is_empty());
}

TEST_F(EndToEndTest, TheSameWorkflowRunsOnAnEmulatorOverHttp) {
  for (int i = 0; i < 3; ++i) make_clip("clip " + std::to_string(i) + ".mp4", 200 + i * 100);
  const auto emulator = start_emulator();
  const std::string fixtures = std::string(BATCHITE_FIXTURES) + "/ffmpeg/";
  const Ended run = batchite(
      remote({"run", fixtures + "pool.json", fixtures + "job.json", "--input", "in/*.mp4", "--output", "out"}));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("Success! All tasks completed."));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fs::exists(folder_ / "out" / ("clip " + std::to_string(i) + ".mp3")));
  for (const char* noun : {"pool", "job", "container"}) {
    EXPECT_EQ(Document::parse(batchite(remote({noun, "list", "-o", "json"})).out), Document::array());
  }
  EXPECT_EQ(batchite(remote({"task", "show", "none", "t"})).code, 4);
}

TEST_F(EndToEndTest, WhatAKilledRunLeavesOnAnEmulatorIsListedAndTakenAway) {
  const auto emulator = start_emulator();
  const std::string marker = "91" + std::to_string(getpid());
  {
    Program run(folder_, remote(waiting_run("/bin/sh -c 'sleep " + marker + "'")), "killed");
    ASSERT_TRUE(eventually([&] { return processes_with(marker) > 0; })) << run.err();
    run.signal(SIGKILL);
    run.end();
  }
  const Document left = Document::parse(batchite(remote({"cleanup", "-o", "json"})).out);
  ASSERT_EQ(left.size(), 2u) << left;
  EXPECT_EQ(left[0]["kind"], "job");
  EXPECT_EQ(batchite(remote({"cleanup", "--run", "another", "-o", "json"})).out, "[]\n");
  const Ended cleanup = batchite(remote({"cleanup", "--delete", "--run", left[0]["run"].get<std::string>()}));
  EXPECT_EQ(cleanup.code, 0) << cleanup.err;
  EXPECT_EQ(batchite(remote({"cleanup", "-o", "json"})).out, "[]\n");
  EXPECT_TRUE(eventually([&] { return processes_with(marker) == 0; }));
}

TEST_F(EndToEndTest, DoctorTellsWhichAccountsAreReached) {
  const auto emulator = start_emulator();
  const Ended well = batchite(remote({"doctor"}));
  EXPECT_EQ(well.code, 0) << well.out;
  EXPECT_THAT(well.out, HasSubstr("account devbatchaccount, key from the emulators' well-known one"));
  setenv("AZURE_BATCH_ACCESS_KEY", "d3Jvbmc=", 1);
  const Ended wrong = batchite(remote({"doctor"}));
  unsetenv("AZURE_BATCH_ACCESS_KEY");
  EXPECT_EQ(wrong.code, 6);
  EXPECT_THAT(wrong.out, HasSubstr("key from AZURE_BATCH_ACCESS_KEY: AuthenticationFailed"));
  EXPECT_THAT(wrong.out + wrong.err, Not(HasSubstr("d3Jvbmc=")));
}

// Variables while it lives.
class Environment {
 public:
  using Variables = std::map<std::string, std::string>;
  explicit Environment(const Variables& variables) {
    for (const auto& [name, value] : variables) {
      const char* before = getenv(name.c_str());
      before_[name] = before ? std::optional<std::string>(before) : std::nullopt;
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : before_) {
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(EndToEndTest, WhereTokensAreGivenARunNeedsNoKeys) {
  const auto emulator = start_emulator();
  const std::string ready = text_of(folder_ / "ready");
  const auto url = [&ready](const std::string& name) {
    const std::size_t at = ready.find(name + "=") + name.size() + 1;
    return ready.substr(at, ready.find_first_of(" \n", at) - at);
  };
  const auto on_azure = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"--backend", "azure"});
    return words;
  };
  // Nothing of the machine that this runs on.
  Environment accounts(Environment::Variables{{"AZURE_BATCH_ENDPOINT", url("batch")},
                                              {"AZURE_STORAGE_ACCOUNT", "devstoreaccount1"},
                                              {"BATCHITE_STORAGE_ENDPOINT", url("blob") + "/devstoreaccount1"},
                                              {"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1"}});
  {
    Environment no_programs(Environment::Variables{{"PATH", "/nonexistent"}});
    const Ended without = batchite(on_azure({"doctor"}));
    EXPECT_EQ(without.code, 6);
    EXPECT_THAT(without.out, HasSubstr("client secret: AZURE_CLIENT_SECRET is not set"));
    EXPECT_THAT(without.out, HasSubstr("managed identity: nothing answers at http://127.0.0.1:1"));
    EXPECT_THAT(without.out, HasSubstr("az: az is not on PATH"));
  }
  write("token", "header.of.kubernetes");
  Environment workload(Environment::Variables{{"AZURE_AUTHORITY_HOST", url("batch")},
                                              {"AZURE_TENANT_ID", "contoso"},
                                              {"AZURE_CLIENT_ID", "app"},
                                              {"AZURE_FEDERATED_TOKEN_FILE", "token"}});
  const Ended doctor = batchite(on_azure({"doctor"}));
  EXPECT_EQ(doctor.code, 0) << doctor.out << doctor.err;
  EXPECT_THAT(doctor.out, HasSubstr("not used: AZURE_CLIENT_SECRET is not set"));
  EXPECT_THAT(doctor.out, HasSubstr("token by workload identity"));
  EXPECT_THAT(doctor.out, HasSubstr("account devstoreaccount1, token of Entra ID"));
  EXPECT_THAT(doctor.out, HasSubstr("unchecked: AZURE_SUBSCRIPTION_ID is not set"));
  EXPECT_THAT(batchite(on_azure({"doctor", "--subscription-id", "s"})).out,
              HasSubstr("unchecked: the URL of the Batch account does not name its region"));
  const Ended run = batchite(on_azure(waiting_run("/bin/true")));
  EXPECT_EQ(run.code, 0) << run.err;
  Environment manager(
      Environment::Variables{{"AZURE_SUBSCRIPTION_ID", "s"}, {"BATCHITE_RESOURCE_MANAGER", url("batch")}});
  EXPECT_THAT(batchite(on_azure({"doctor"})).out, HasSubstr("in local, from " + url("batch")));
  const Ended refused = batchite(on_azure(waiting_run("/bin/true")));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("Batch has no machines of size 'small' in the account's region; nearest: "));
}

TEST_F(EndToEndTest, ATemplatesMergeTaskRunsAfterAllOthersOrTellsWhyNot) {
  auto words = waiting_run("true");
  const auto job = [](const std::string& command) {
    return Document{
        {"job",
         {{"id", "j"},
          {"poolInfo", {{"poolId", "p"}}},
          {"onAllTasksComplete", "terminatejob"},
          {"taskFactory",
           {{"type", "parametricSweep"},
            {"parameterSets", {{{"start", 1}, {"end", 12}}}},
            {"repeatTask", {{"commandLine", "/bin/sh -c '" + command + "'"}}},
            {"mergeTask", {{"commandLine", "/bin/sh -c 'test $(ls " + std::string("MARKS") + " | wc -l) = 12'"}}}}}}}};
  };
  const fs::path marks = folder_ / "marks";
  fs::create_directories(marks);
  std::string text = job("touch MARKS/{0}").dump();
  for (std::size_t at; (at = text.find("MARKS")) != std::string::npos;) text.replace(at, 5, marks.string());
  write("job.json", text);
  Ended run = batchite(words);
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("Success! All tasks completed."));
  write("job.json", job("test {0} != 7").dump());
  run = batchite(words);
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.err, HasSubstr("because a task they depend on failed, the first: merge")) << run.err;
}

TEST_F(EndToEndTest, ABrokenVideoFailsAloneAndItsTaskIsNamed) {
  make_clip("a.mp4", 300);
  make_clip("c.mp4", 500);
  write("in/b.mp4", "this is no movie");
  const Ended run = batchite(convert());
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.err, HasSubstr("batchite: error: task 1 (b.mp4) failed with exit code"));
  EXPECT_THAT(run.err, HasSubstr("b.mp4: Invalid data found"));
  EXPECT_TRUE(fs::exists(folder_ / "out/a.mp3"));
  EXPECT_FALSE(fs::exists(folder_ / "out/b.mp3"));
  EXPECT_TRUE(fs::exists(folder_ / "out/c.mp3"));
  EXPECT_TRUE(is_empty());
}

TEST_F(EndToEndTest, AMissingParameterAndBrokenJsonAreToldWithTheirPlace) {
  write("pool.json", R"({"parameters": {"size": {"type": "string", "metadata": {"description": "of a node"}}},
    "pool": {"id": "p", "vmSize": "[parameters('size')]"}})");
  write("job.json", R"({"job": {"id": "j", "poolInfo": {"poolId": "p"}}})");
  Ended run = batchite(located({"run", "pool.json", "job.json"}));
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("size (string): of a node"));
  write("job.json", "{\n  \"job\": {\n    \"id\": \"j\",,\n  }\n}\n");
  run = batchite(located({"run", "pool.json", "job.json", "-P", "size=small"}));
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("job.json:3:"));
}

TEST_F(EndToEndTest, AStartTaskThatCannotInstallItsPackageEndsTheRunWithTheRemedy) {
  auto words = waiting_run("true");
  Document pool = Document::parse(text_of(folder_ / "pool.json"));
  pool["pool"]["startTask"] = {
      {"commandLine", "/bin/sh -c 'apt-get update && apt-get install -y no-such-package-here'"},
      {"waitForSuccess", true},
      {"userIdentity", {{"autoUser", {{"scope", "pool"}, {"elevationLevel", "admin"}}}}}};
  write("pool.json", pool.dump());
  const Ended run = batchite(words);
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.err, HasSubstr("the start task failed on all 1 nodes"));
  EXPECT_THAT(run.err, HasSubstr("no-such-package-here"));
  EXPECT_TRUE(is_empty());
}

TEST_F(EndToEndTest, CtrlCEndsTheTasksTakesEverythingAwayAndSaysSo) {
  for (const int number : {SIGINT, SIGTERM}) {
    const std::string marker = "86" + std::to_string(getpid()) + std::to_string(number);
    Program run(folder_, waiting_run("/bin/sh -c 'echo going; sleep " + marker + "'"), "run");
    ASSERT_TRUE(eventually([&] { return processes_with(marker) > 0; })) << run.err();
    run.signal(number);
    const Ended end = run.end();
    EXPECT_EQ(end.code, 128 + number);
    EXPECT_THAT(end.err, HasSubstr("batchite: error: cancelled"));
    EXPECT_TRUE(eventually([&] { return processes_with(marker) == 0; }));
    EXPECT_TRUE(is_empty());
  }
}

TEST_F(EndToEndTest, CtrlCOfATerminalReachesTheLauncherTooAndStillEndsInOrder) {
  const std::string marker = "89" + std::to_string(getpid());
  Program run(folder_, waiting_run("/bin/sh -c 'trap : INT TERM; while :; do sleep " + marker + "; done'"), "run");
  ASSERT_TRUE(eventually([&] { return processes_with(marker) > 0; })) << run.err();
  ASSERT_TRUE(run.signal_group(SIGINT));
  const Ended end = run.end();
  EXPECT_EQ(end.code, 130);
  EXPECT_THAT(end.err, HasSubstr("Deleting pool"));
  EXPECT_TRUE(eventually([&] { return processes_with(marker) == 0; }));
  EXPECT_TRUE(is_empty());
}

TEST_F(EndToEndTest, ASecondSignalEndsItAtOnceWithoutAProcessLeft) {
  const std::string marker = "90" + std::to_string(getpid());
  Program run(folder_, waiting_run("/bin/sh -c 'trap : INT TERM; while :; do sleep " + marker + "; done'"), "run");
  ASSERT_TRUE(eventually([&] { return processes_with(marker) > 0; })) << run.err();
  run.signal(SIGINT);
  run.signal(SIGTERM);
  const int code = run.end().code;  // both may come while the first is still handled
  EXPECT_TRUE(code == 128 + SIGTERM || code == 128 + SIGINT) << code;
  EXPECT_TRUE(eventually([&] { return processes_with(marker) == 0; }));
  EXPECT_EQ(batchite(waiting_run("/bin/sh -c 'true'")).code, 0);
}

TEST_F(EndToEndTest, ASecondRunInTheSameDataDirectoryIsRefusedAtOnce) {
  const std::string marker = "87" + std::to_string(getpid());
  const auto words = waiting_run("/bin/sh -c 'sleep " + marker + "'");
  Program first(folder_, words, "first");
  ASSERT_TRUE(eventually([&] { return processes_with(marker) > 0; })) << first.err();
  const Ended second = Program(folder_, words, "second").end();
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, HasSubstr((folder_ / "data").string()));
  first.signal(SIGTERM);
  EXPECT_EQ(first.end().code, 143);
}

TEST_F(EndToEndTest, AKilledRunLeavesNoProcessAndTheNextOneClearsUp) {
  const std::string marker = "88" + std::to_string(getpid());
  {
    Program run(folder_, waiting_run("/bin/sh -c 'sleep " + marker + "'"), "killed");
    ASSERT_TRUE(eventually([&] { return processes_with(marker) > 0; })) << run.err();
    run.signal(SIGKILL);
    run.end();
  }
  EXPECT_TRUE(eventually([&] { return processes_with(marker) == 0; }));
  const Ended next = batchite(waiting_run("/bin/sh -c 'true'"));
  EXPECT_EQ(next.code, 0) << next.err;
  EXPECT_THAT(next.err, HasSubstr("Removing what an earlier run left behind"));
  EXPECT_TRUE(is_empty());
}

TEST_F(EndToEndTest, TheTimeoutEndsARunWithItsOwnCode) {
  auto words = waiting_run("/bin/sh -c 'sleep 1000'");
  words.insert(words.end(), {"--timeout", "0.5s"});
  const Ended run = batchite(words);
  EXPECT_EQ(run.code, 5);
  EXPECT_THAT(run.err, HasSubstr("1 of 1 tasks had not ended when the time was up"));
  EXPECT_TRUE(is_empty());
}

TEST_F(EndToEndTest, KeptResourcesCanBeLookedAtByCommand) {
  auto words = waiting_run("/bin/sh -c 'echo to stdout; echo to stderr >&2; exit 4'");
  words.insert(words.end(), {"--keep", "-q"});
  EXPECT_EQ(batchite(words).code, 3);
  const Document jobs = Document::parse(batchite(located({"job", "list", "-o", "json"})).out);
  ASSERT_EQ(jobs.size(), 1u);
  const std::string job = jobs[0]["id"];
  EXPECT_EQ(batchite(located({"logs", job, "t"})).out, "to stdout\n");
  EXPECT_EQ(batchite(located({"logs", job, "t", "--stderr"})).out, "to stderr\n");
  EXPECT_THAT(batchite(located({"task", "why", job, "t"})).out, HasSubstr("task t failed: exit code 4"));
  EXPECT_EQ(batchite(located({"wait", "job", job})).code, 3);
  EXPECT_EQ(batchite(located({"file", "get", job, "t", "stdout.txt"})).out, "to stdout\n");
  EXPECT_EQ(batchite(located({"task", "show", job, "none"})).code, 4);
}

TEST_F(EndToEndTest, AnEphemeralRunLeavesNothingOnTheDisk) {
  make_clip("a.mp4", 300);
  const std::string fixtures = std::string(BATCHITE_FIXTURES) + "/ffmpeg/";
  fs::create_directories(folder_ / "tmp");
  setenv("TMPDIR", (folder_ / "tmp").c_str(), 1);
  const Ended run = batchite(
      {"--ephemeral", "run", fixtures + "pool.json", fixtures + "job.json", "--input", "in/a.mp4", "--output", "out"});
  unsetenv("TMPDIR");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_TRUE(fs::exists(folder_ / "out/a.mp3"));
  EXPECT_TRUE(fs::is_empty(folder_ / "tmp"));
}

}  // namespace
}  // namespace batchite::cli
