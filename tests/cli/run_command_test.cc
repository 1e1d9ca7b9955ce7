#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "tests/support/cli_fixture.h"

namespace batchite::cli {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kPool = R"({
  "parameters": { "nodes": { "type": "int", "defaultValue": 2 } },
  "pool": { "id": "pool", "vmSize": "small", "targetLowPriorityNodes": "[parameters('nodes')]",
            "virtualMachineConfiguration": { "nodeAgentSKUId": "batch.node.debian 12",
              "imageReference": { "publisher": "debian", "offer": "debian-12", "sku": "12" } } } })";
constexpr const char* kJob = R"({
  "parameters": {
    "clips": { "type": "string", "metadata": { "description": "the movies", "advancedType": "file-group" } },
    "audio": { "type": "string", "metadata": { "description": "the sounds", "advancedType": "file-group" } } },
  "job": { "id": "job", "poolInfo": { "poolId": "pool" }, "onAllTasksComplete": "terminatejob",
    "taskFactory": { "type": "taskPerFile", "source": { "fileGroup": "[parameters('clips')]" },
      "repeatTask": {
        "displayName": "{fileNameWithoutExtension}",
        "commandLine": "ffmpeg -i {fileName} {fileNameWithoutExtension}.mp3",
        "resourceFiles": [ { "httpUrl": "{url}", "filePath": "{fileName}" } ],
        "outputFiles": [ { "filePattern": "{fileNameWithoutExtension}.mp3",
          "destination": { "autoStorage": { "fileGroup": "[parameters('audio')]",
                                            "path": "{fileNameWithoutExtension}.mp3" } },
          "uploadOptions": { "uploadCondition": "TaskSuccess" } } ] } } } })";

// Two clips in a folder of their own; task i ends as `exit_codes` says.
class RunCommandTest : public ::testing::Test {
 protected:
  RunCommandTest() : before_(fs::current_path()) {
    std::string path = ::testing::TempDir() + "/run-XXXXXX";
    folder_ = mkdtemp(path.data());
    fs::current_path(folder_);
    fs::create_directories("t");
    fs::create_directories("in");
    std::ofstream("t/pool.json") << kPool;
    std::ofstream("t/job.json") << kJob;
    std::ofstream("in/a.mp4") << "movie a";
    std::ofstream("in/b.mp4") << "movie b";
    batchite.backend.on_task = [this](const Document& task) { return script(task); };
  }
  ~RunCommandTest() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }
  testing::FakeTask script(const Document& task) {
    testing::FakeTask made;
    made.exit_code = exit_codes[task["id"]];
    if (made.exit_code != 0) made.stderr_text = "moov atom not found\n";
    const Document& container = task["outputFiles"][0]["destination"]["container"];
    std::string name = container["containerUrl"];
    name = name.substr(0, name.find('?'));
    if (made.exit_code == 0) made.outputs = {{name.substr(name.rfind('/') + 1), container["path"], "sound"}};
    return made;
  }
  testing::CliResult run(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"run", "t/pool.json", "t/job.json", "--input", "in/*", "--output", "out"};
    words.insert(words.end(), more.begin(), more.end());
    return batchite(words);
  }

  testing::Cli batchite;
  std::map<std::string, int> exit_codes;
  fs::path before_, folder_;
};

TEST_F(RunCommandTest, PipedItTellsItsStepsInLines) {
  const testing::CliResult result = run();
  EXPECT_EQ(result.code, kOk);
  const std::string shown =
      "stderr:\n" + testing::without_noise(result.err) + "stdout:\n" + testing::without_noise(result.out);
  EXPECT_EQ(shown, testing::golden("cli/run.txt", shown));
  EXPECT_TRUE(fs::exists("out/a.mp3"));
  EXPECT_TRUE(batchite.backend.is_empty());
}

TEST_F(RunCommandTest, AFailedTaskIsToldWithItsStderrAndTheOthersOutputsAreThere) {
  exit_codes["1"] = 1;
  const testing::CliResult result = run();
  EXPECT_EQ(result.code, kFailed);
  const std::string shown =
      "stderr:\n" + testing::without_noise(result.err) + "stdout:\n" + testing::without_noise(result.out);
  EXPECT_EQ(shown, testing::golden("cli/run-failed.txt", shown));
  EXPECT_TRUE(fs::exists("out/a.mp3"));
  EXPECT_FALSE(fs::exists("out/b.mp3"));
}

TEST_F(RunCommandTest, InJsonItIsOneDocument) {
  const Document result = Document::parse(run({"-o", "json", "-q"}).out);
  EXPECT_EQ(result["outcome"], "succeeded");
  EXPECT_EQ(result["tasks"].size(), 2u);
  EXPECT_EQ(result["tasks"][0]["exitCode"], 0);
  EXPECT_EQ(result["tasks"][0]["seconds"], 1.5);
  EXPECT_EQ(result["outputs"], Document({"out/a.mp3", "out/b.mp3"}));
}

TEST_F(RunCommandTest, QuietOnlySaysWhatGoesWrong) {
  EXPECT_EQ(run({"-q"}).err, "");
  exit_codes["0"] = 2;
  EXPECT_THAT(run({"-q"}).err, HasSubstr("task 0 (a) failed with exit code 2"));
}

TEST_F(RunCommandTest, AFolderWithBothTemplatesAndParametersDoes) {
  std::ofstream("t/parameters.json") << R"({"nodes": {"value": 1}, "clips": "Day-1"})";
  const testing::CliResult result = batchite({"run", "t", "--input", "clips=in/*", "--output", "out", "--dry-run"});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_TRUE(batchite.backend.changes.empty());
  const Document requests = Document::parse(result.out);
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[0]["operation"], "Pool_Add");
  EXPECT_EQ(requests[0]["body"]["targetLowPriorityNodes"], 1);
  EXPECT_EQ(requests[2]["operation"], "Task_AddCollection");
  EXPECT_THAT(requests[2]["body"]["value"][0]["resourceFiles"][0]["httpUrl"].get<std::string>(),
              HasSubstr("/fgrp-day-1/a.mp4?"));
  EXPECT_EQ(requests[3]["method"], "PATCH");
}

TEST_F(RunCommandTest, MistakesEndItBeforeAnythingIsMade) {
  struct Case {
    std::vector<std::string> more;
    std::string error;
  };
  const Case cases[] = {
      {{"--input", "clps=in/*"}, "the templates know no file group 'clps'; did you mean 'clips'?"},
      {{"--input", "nowhere/*"}, "no file matches 'nowhere/*'"},
      {{"-P", "nodes"}, "-P nodes: write it as NAME=VALUE"},
      {{"-P", "nodes=many"}, "nodes"},
      {{"--strict", "-P", "ndes=3"}, "no template defines the parameter 'ndes'"},
      {{"t/job.json"}, "t/job.json and t/job.json are both job templates"},
  };
  for (const Case& one : cases) {
    const testing::CliResult result = run(one.more);
    EXPECT_EQ(result.code, kUsage) << ::testing::PrintToString(one.more);
    EXPECT_THAT(result.err, HasSubstr(one.error));
    EXPECT_TRUE(batchite.backend.is_empty()) << ::testing::PrintToString(one.more);
  }
}

TEST_F(RunCommandTest, MissingParametersAreListedTogetherWhenNobodyCanBeAsked) {
  std::ofstream("t/pool.json") << R"({"parameters": {"size": {"type": "string"}, "count": {"type": "int"}},
    "pool": {"id": "pool", "vmSize": "[parameters('size')]", "targetDedicatedNodes": "[parameters('count')]"}})";
  const testing::CliResult result = run();
  EXPECT_EQ(result.code, kUsage);
  EXPECT_THAT(result.err, HasSubstr("size"));
  EXPECT_THAT(result.err, HasSubstr("count"));
}

TEST_F(RunCommandTest, WhatIsKeptIsNamed) {
  const testing::CliResult result = run({"--keep"});
  EXPECT_EQ(result.code, kOk);
  EXPECT_THAT(testing::without_noise(result.out), HasSubstr("kept pool pool-{run}\nkept job job-{run}\n"));
  EXPECT_EQ(batchite.backend.pools.size(), 1u);
}

TEST_F(RunCommandTest, TheTimeoutHasItsOwnExitCode) {
  batchite.backend.on_task = [](const Document&) { return testing::FakeTask{.ticks = 1'000'000}; };
  EXPECT_EQ(run({"--timeout", "0.05s"}).code, kTimedOut);
  EXPECT_TRUE(batchite.backend.is_empty());
}

TEST_F(RunCommandTest, WarningsOfTheBackendAreShown) {
  batchite.warnings = {"running tasks at level 'process'"};
  EXPECT_THAT(run().err, HasSubstr("batchite: warning: running tasks at level 'process'\n"));
}

}  // namespace
}  // namespace batchite::cli
