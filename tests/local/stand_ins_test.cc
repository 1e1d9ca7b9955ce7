#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "backends/local/package_stand_ins.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

struct Answer {
  int code;
  std::string text;
};

// Stand-ins in a directory of their own, called through PATH as a task's shell does. The host's package database is a
// small one of ours: two programs on PATH that answer as dpkg-query and apt-get do.
class StandInsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string place = (fs::temp_directory_path() / "stand-ins.XXXXXX").string();
    ASSERT_NE(::mkdtemp(place.data()), nullptr);
    root_ = place;
    fs::create_directories(root_ / "host");
    for (const char* tool : {"sh", "bash", "sed", "cat", "env", "printf", "echo"}) link(tool);
    program("apt-get", "echo real apt-get \"$@\"");
    program("ffmpeg", "echo real ffmpeg \"$@\"");
    program("dpkg-query", R"(
case "$*" in
  *Provides*) echo 'installed awk,'; echo 'installed mta-agent (= 1.0), other:any,'; exit 0 ;;
esac
shift 3
for package do
  case ${package%%:*} in
    libx264-dev) echo 'installed libx264-dev 2:0.164' ;;
    zlib1g) echo 'installed zlib1g 1:1.2.13' ;;
    half-gone) echo 'config-files half-gone 1.0' ;;
  esac
done)");
  }
  void TearDown() override { fs::remove_all(root_); }

  void program(const std::string& name, const std::string& body) const {
    const fs::path path = root_ / "host" / name;
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    fs::permissions(path, fs::perms(0755));
  }
  void link(const std::string& name) const {
    for (const char* directory : {"/usr/bin", "/bin"}) {
      if (!fs::exists(fs::path(directory) / name)) continue;
      fs::create_symlink(fs::path(directory) / name, root_ / "host" / name);
      return;
    }
  }

  void write(HostPackages packages) { stand_ins_ = write_stand_ins(root_ / "bin", packages); }

  Answer call(const std::string& command) const {
    const fs::path script = root_ / "command";
    std::ofstream(script) << command << "\n";
    std::string path = (root_ / "host").string();
    if (!stand_ins_.path_prefix.empty()) path = stand_ins_.path_prefix + ":" + path;
    const fs::path output = root_ / "output";
    const std::string line =
        "env -i PATH='" + path + "' /bin/sh '" + script.string() + "' > '" + output.string() + "' 2>&1";
    const int status = std::system(line.c_str());  // NOLINT(cert-env33-c)
    std::stringstream text;
    text << std::ifstream(output).rdbuf();
    return {WEXITSTATUS(status), text.str()};
  }

  fs::path root_;
  StandIns stand_ins_;
};

TEST_F(StandInsTest, AStartTaskThatAsksForWhatIsHereSucceeds) {
  write(HostPackages::Shim);
  for (const char* command :
       {"/bin/bash -c \"apt-get update && apt-get install -y ffmpeg\"",
        "apt-get -y -o Dpkg::Options::=--force-confold install --no-install-recommends libx264-dev",
        "apt-get install -y ffmpeg libx264-dev zlib1g:amd64 libx264-dev/stable",
        "apt-get install -y libx264-dev=2:0.164", "apt-get install -y 'libx264-dev=2:*'", "apt install -y awk",
        "apt-get install -y mta-agent other", "sudo apt-get install -y ffmpeg",
        "sudo -E DEBIAN_FRONTEND=noninteractive apt-get install -yq ffmpeg",
        "sudo -u root -- /usr/bin/apt-get install -y ffmpeg", "yum install -y ffmpeg", "dnf -y install ffmpeg",
        "tdnf install -y ffmpeg", "apk add --no-cache ffmpeg", "zypper --non-interactive in ffmpeg",
        "apt-get update && apt-get -y upgrade && apt-get autoremove -y && apt-get clean", "apt-get install -f -y"}) {
    const Answer answer = call(command);
    EXPECT_EQ(answer.code, 0) << command << "\n" << answer.text;
  }
}

TEST_F(StandInsTest, WhatIsNotHereIsNamedTogetherWithTheRemedy) {
  write(HostPackages::Shim);
  for (const char* command :
       {"apt-get update && apt-get install -y ffmpeg blender", "apt install -y blender", "yum -y install blender",
        "sudo apk add blender", "apt-get install -y blender half-gone"}) {
    const Answer answer = call(command);
    EXPECT_EQ(answer.code, 100) << command << "\n" << answer.text;
    EXPECT_THAT(answer.text,
                AllOf(HasSubstr("not on this machine: blender"), HasSubstr("sudo apt-get install -y blender")))
        << command;
  }
}

TEST_F(StandInsTest, AVersionThatIsNotInstalledIsRefusedWithTheOneThatIs) {
  write(HostPackages::Shim);
  const Answer answer = call("apt-get install -y libx264-dev=3.0");
  EXPECT_EQ(answer.code, 100);
  EXPECT_THAT(answer.text, HasSubstr("installed in version 2:0.164, not 3.0"));
}

TEST_F(StandInsTest, NothingIsRemovedAndUnknownVerbsAreRefused) {
  write(HostPackages::Shim);
  EXPECT_EQ(call("apt-get remove -y ffmpeg").code, 100);
  EXPECT_EQ(call("apk del ffmpeg").code, 100);
  EXPECT_EQ(call("dnf module enable nodejs").code, 100);
}

TEST_F(StandInsTest, QuestionsGoToTheRealTool) {
  write(HostPackages::Shim);
  EXPECT_THAT(call("apt-get --version").text, HasSubstr("real apt-get"));
  EXPECT_EQ(call("apt list").code, 127);  // this host has no apt
}

TEST_F(StandInsTest, SudoRunsTheCommandAndPassesItsExitCode) {
  write(HostPackages::Shim);
  EXPECT_THAT(call("sudo ffmpeg -version").text, HasSubstr("real ffmpeg -version"));
  EXPECT_EQ(call("sudo -n sh -c 'exit 7'").code, 7);
  EXPECT_EQ(call("sudo -v").code, 0);
  EXPECT_THAT(call("sudo A=b sh -c 'echo $A'").text, HasSubstr("b"));
}

TEST_F(StandInsTest, DenyRefusesEveryInstall) {
  write(HostPackages::Deny);
  const Answer answer = call("apt-get update && apt-get install -y ffmpeg");
  EXPECT_EQ(answer.code, 100);
  EXPECT_THAT(answer.text, AllOf(HasSubstr("ffmpeg"), HasSubstr("--host-packages=deny")));
}

TEST_F(StandInsTest, AllowUsesTheRealToolsAndMakesThemWaitForEachOther) {
  write(HostPackages::Shim);
  write(HostPackages::Allow);  // what was there before is gone
  EXPECT_THAT(call("apt-get install -y blender").text, HasSubstr("real apt-get install -y blender"));
  ASSERT_EQ(stand_ins_.environment.size(), 1U);
  const std::string& setting = stand_ins_.environment[0];
  ASSERT_THAT(setting, testing::StartsWith("APT_CONFIG="));
  std::stringstream text;
  text << std::ifstream(setting.substr(setting.find('=') + 1)).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("DPkg::Lock::Timeout \"600\";"));
}

TEST_F(StandInsTest, AreRewrittenInPlace) {
  write(HostPackages::Shim);
  write(HostPackages::Shim);
  EXPECT_EQ(call("apt-get install -y ffmpeg").code, 0);
}

}  // namespace
}  // namespace batchite
