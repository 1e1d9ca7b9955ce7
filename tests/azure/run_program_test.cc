#include "backends/system/run_program.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <system_error>

namespace batchite {
namespace {

using namespace std::chrono_literals;

ProgramEnd shell(const std::string& script, Ticks limit = 20s) { return run_program({"/bin/sh", "-c", script}, limit); }

TEST(RunProgramTest, BothStreamsAndTheExitCodeAreKept) {
  const ProgramEnd end = shell("pwd; cat; echo no >&2; exit 3");
  EXPECT_EQ(end.out, "/\n");
  EXPECT_EQ(end.err, "no\n");
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_TRUE(end.in_time);
  EXPECT_EQ(shell("kill -9 $$").exit_code, 137);
}

TEST(RunProgramTest, LongOutputNeitherBlocksNorFillsMemory) {
  EXPECT_EQ(shell("head -c 200000 /dev/zero; head -c 200000 /dev/zero >&2").out.size(), 200000u);
  EXPECT_EQ(shell("head -c 3000000 /dev/zero").out.size(), std::size_t{1} << 20);
}

TEST(RunProgramTest, WhenTimeIsUpAllOfItIsKilled) {
  const auto begun = std::chrono::steady_clock::now();
  const ProgramEnd end = shell("sleep 1000 & sleep 1000", 300ms);
  EXPECT_FALSE(end.in_time);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

TEST(RunProgramTest, WhoHoldsThePipesOnIsNotWaitedFor) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(shell("sleep 5 & echo done").out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
}

TEST(RunProgramTest, WhatIsNotThereIsAnError) {
  EXPECT_ANY_THROW(if (run_program({"/no/such/program"}, 5s).exit_code == 127) throw std::system_error());
  EXPECT_EQ(find_program("sh", "/nonexistent:/bin"), "/bin/sh");
  EXPECT_EQ(find_program("no-such-program", "/bin"), "");
  EXPECT_EQ(find_program("bin", "/usr"), "") << "a folder";
}

}  // namespace
}  // namespace batchite
