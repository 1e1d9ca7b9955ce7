// `app` on a local backend of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/cli_fixture.h"
#include "tests/support/local_backend_fixture.h"
#include "tests/support/zip.h"

namespace batchite::cli {
namespace {

constexpr const char* kHeader = "APPLICATION\tDISPLAY NAME\tDEFAULT\tVERSIONS\n";

using ::testing::HasSubstr;

class AppCommandsTest : public LocalBackendTest {
 protected:
  testing::CliResult cli(const std::vector<std::string>& words) {
    std::ostringstream out, err;
    std::istringstream in;
    Surroundings around{.out = out, .err = err, .in = in};
    around.environment = [](const std::string&) { return std::nullopt; };
    around.open_backend = [this](const Globals&, const Serving&) {
      return OpenBackend{.backend = std::make_unique<testing::BorrowedBackend>(backend()), .warnings = {}};
    };
    std::vector<const char*> argv = {"batchite"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::CliResult result;
    result.code = run_program(static_cast<int>(argv.size()), argv.data(), around);
    result.out = out.str();
    result.err = err.str();
    return result;
  }
  std::string zip_file(const std::string& content) {
    const std::string path = root() / "package.zip";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string zip() { return zip_file(testing::zip_of({{"hello", "#!/bin/sh\necho hello\n", 0755}})); }
};

TEST_F(AppCommandsTest, AnApplicationIsMadeShownAndUsed) {
  const auto made = cli({"app", "create", "tool", "1.0", zip(), "--display-name", "A tool", "--default"});
  EXPECT_EQ(made.code, kOk) << made.err;
  EXPECT_THAT(made.out, HasSubstr("active"));
  EXPECT_EQ(cli({"app", "create", "tool", "2.0", zip()}).code, kOk);
  const auto listed = cli({"app", "list", "-o", "tsv"});
  EXPECT_EQ(listed.out, std::string(kHeader) + "tool\tA tool\t1.0\t1.0 2.0\n");
  const auto shown = cli({"app", "show", "tool", "-o", "json"});
  EXPECT_EQ(Document::parse(shown.out)["packages"].size(), 2U);
  EXPECT_EQ(cli({"app", "set-default", "tool", "2.0"}).code, kOk);
  EXPECT_EQ(backend().manage({Management::GetApplication, "tool"})["defaultVersion"], "2.0");
  nodes(1, {{"applicationPackageReferences", Document::array({{{"applicationId", "tool"}}})}});
  EXPECT_EQ(run(shell("t", "$AZ_BATCH_APP_PACKAGE_tool/hello"))["exitCode"], 0);
  EXPECT_EQ(task_file("t", "stdout.txt"), "hello\n");
}

TEST_F(AppCommandsTest, VersionsAndApplicationsGo) {
  cli({"app", "create", "tool", "1", zip()});
  cli({"app", "create", "tool", "2", zip()});
  EXPECT_EQ(cli({"app", "delete", "tool", "1"}).code, kOk);
  EXPECT_EQ(cli({"app", "delete", "tool", "1"}).code, kNotFound);
  EXPECT_EQ(cli({"app", "list", "-o", "tsv"}).out, std::string(kHeader) + "tool\t\t\t2\n");
  EXPECT_EQ(cli({"app", "delete", "tool"}).code, kOk);
  EXPECT_EQ(cli({"app", "delete", "tool"}).code, kNotFound);
  EXPECT_EQ(cli({"app", "list", "-o", "tsv"}).out, kHeader);
}

TEST_F(AppCommandsTest, WhatIsNoZipFileIsRefusedBeforeAnythingIsMade) {
  const auto text = cli({"app", "create", "tool", "1", zip_file("plain text")});
  EXPECT_EQ(text.code, kUsage);
  EXPECT_THAT(text.err, HasSubstr("is no zip file"));
  const auto missing = cli({"app", "create", "tool", "1", root() / "nothing.zip"});
  EXPECT_EQ(missing.code, kUsage);
  EXPECT_THAT(missing.err, HasSubstr("cannot be read"));
  EXPECT_EQ(backend().manage({Management::ListApplications}).size(), 0U);
  EXPECT_EQ(cli({"app", "create", "to/ol", "1", zip()}).code, kUsage);
  EXPECT_EQ(cli({"app", "set-default", "none", "1"}).code, kNotFound);
  EXPECT_EQ(cli({"app", "show", "none"}).code, kNotFound);
}

}  // namespace
}  // namespace batchite::cli
