#include "backends/local/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <system_error>

namespace batchite {
namespace {

namespace fs = std::filesystem;

// Two directories outside of what every task may write to.
class LandlockTest : public testing::Test {
 protected:
  void SetUp() override {
    if (landlock_abi() < kLandlockAbiNeeded) GTEST_SKIP() << "this kernel has no Landlock of ABI 2";
    std::string place = (fs::current_path() / "landlock-test.XXXXXX").string();
    ASSERT_NE(::mkdtemp(place.data()), nullptr);
    root_ = place;
    if (root_.string().starts_with("/tmp/") || root_.string().starts_with("/var/tmp/"))
      GTEST_SKIP() << "the tests run inside /tmp";
    fs::create_directories(node());
    fs::create_directories(elsewhere());
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string node() const { return root_ / "node"; }
  std::string elsewhere() const { return root_ / "elsewhere"; }

  // What the attempt answers (0 or errno) in a child under the node's rules.
  int confined(const std::function<int()>& attempt) const {
    const FileDescriptor ruleset = make_landlock_ruleset({node()});
    const pid_t child = ::fork();
    if (child == 0) {
      const int error = enter_landlock(ruleset.get());
      ::_exit(error != 0 ? 250 : attempt());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 251;
  }

  fs::path root_;
};

int create(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return file ? 0 : errno;
}

TEST_F(LandlockTest, ATaskWritesInItsNodeAndInTmpOnly) {
  EXPECT_EQ(confined([&] { return create(node() + "/file"); }), 0);
  EXPECT_EQ(confined([&] { return create(elsewhere() + "/file"); }), EACCES);
  EXPECT_FALSE(fs::exists(elsewhere() + "/file"));
  const std::string shared = "/tmp/batchite-landlock-test." + std::to_string(::getpid());
  EXPECT_EQ(confined([&] { return create(shared); }), 0);
  fs::remove(shared);
}

TEST_F(LandlockTest, ATaskRemovesAndRenamesNothingElsewhere) {
  ASSERT_EQ(create(elsewhere() + "/kept"), 0);
  EXPECT_EQ(confined([&] { return ::unlink((elsewhere() + "/kept").c_str()) == 0 ? 0 : errno; }), EACCES);
  EXPECT_EQ(confined([&] { return ::mkdir((elsewhere() + "/made").c_str(), 0700) == 0 ? 0 : errno; }), EACCES);
  EXPECT_NE(confined([&] {
              return ::rename((elsewhere() + "/kept").c_str(), (node() + "/stolen").c_str()) == 0 ? 0 : errno;
            }),
            0);
  EXPECT_TRUE(fs::exists(elsewhere() + "/kept"));
}

TEST_F(LandlockTest, FilesMoveAndLinkBetweenTheNodesDirectories) {
  fs::create_directories(node() + "/a");
  fs::create_directories(node() + "/b");
  ASSERT_EQ(create(node() + "/a/file"), 0);
  EXPECT_EQ(
      confined([&] { return ::link((node() + "/a/file").c_str(), (node() + "/b/link").c_str()) == 0 ? 0 : errno; }), 0);
  EXPECT_EQ(
      confined([&] { return ::rename((node() + "/a/file").c_str(), (node() + "/b/file").c_str()) == 0 ? 0 : errno; }),
      0);
}

TEST_F(LandlockTest, TheMachineIsReadAndExecuted) {
  ASSERT_EQ(create(elsewhere() + "/read"), 0);
  EXPECT_EQ(confined([&] { return FileDescriptor(::open((elsewhere() + "/read").c_str(), O_RDONLY)) ? 0 : errno; }), 0);
  EXPECT_EQ(confined([&] { return create("/dev/null"); }), 0);
  EXPECT_EQ(confined([&] { return std::system("/bin/true") == 0 ? 0 : 1; }), 0);  // NOLINT(cert-env33-c)
}

TEST_F(LandlockTest, SignalsDoNotReachOtherProcesses) {
  if (landlock_abi() < 6) GTEST_SKIP() << "this kernel does not scope signals";
  EXPECT_EQ(confined([] { return ::kill(::getppid(), 0) == 0 ? 0 : errno; }), EPERM);
}

TEST_F(LandlockTest, AMissingDirectoryOfTheNodeIsNamed) {
  try {
    make_landlock_ruleset({node() + "/missing"});
    FAIL() << "it was accepted";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
    EXPECT_NE(std::string(error.what()).find(node() + "/missing"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace batchite
