#include "core/workflow/command_line.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string prefixed(const std::string& command, OperatingSystem system, Report& report) {
  Document task = {{"commandLine", command}};
  prefix_command(
      &task, "job.task", [&] { return system; }, report);
  return task["commandLine"];
}

TEST(CommandLine, WithAShellInFrontStaysAsItIs) {
  Report report("t.json");
  for (const char* command : {"cmd.exe /c dir", "cmd /c dir", "/bin/bash -c 'x'", "/bin/sh -c x"}) {
    EXPECT_EQ(prefixed(command, OperatingSystem::Linux, report), command);
    EXPECT_EQ(prefixed(command, OperatingSystem::Windows, report), command);
  }
  EXPECT_THAT(report.warnings(), IsEmpty());
}

TEST(CommandLine, WithoutAShellIsWrappedForItsSystem) {
  Report report("t.json");
  EXPECT_EQ(prefixed("mkdir a & run", OperatingSystem::Linux, report),
            "/bin/bash -c 'set -e; set -o pipefail; mkdir a & run; wait'");
  EXPECT_EQ(prefixed("mkdir a & run", OperatingSystem::Windows, report), "cmd /c \"mkdir a & run\"");
  EXPECT_EQ(prefixed("/bin/bash x.sh", OperatingSystem::Linux, report),
            "/bin/bash -c 'set -e; set -o pipefail; /bin/bash x.sh; wait'");
  EXPECT_THAT(report.warnings(), IsEmpty());
}

TEST(CommandLine, HasItsSingleQuotesEscapedWithAWarning) {
  Report report("t.json");
  EXPECT_EQ(prefixed("echo 'a b'", OperatingSystem::Linux, report),
            "/bin/bash -c 'set -e; set -o pipefail; echo '\\''a b'\\''; wait'");
  EXPECT_THAT(texts(report.warnings()), ElementsAre(HasSubstr("job.task.commandLine: its single quotes are escaped")));
}

TEST(CommandLine, IsNeeded) {
  Report report("t.json");
  EXPECT_THROW(prefixed("", OperatingSystem::Linux, report), TemplateError);
}

TEST(CommandLine, LosesItsShellAndTheQuotesAroundIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"run it", "run it"},
      {"/bin/bash -c run", "run"},
      {"/bin/sh -c run it", "run it"},
      {"/bin/bash -c 'a && b'", "a && b"},
      {"/bin/bash -c \"echo \\\"x\\\" && y\"", "echo \"x\" && y"},
      {"/bin/bash -c 'a' 'b'", "'a' 'b'"},
      {"/bin/bash -c \"a\" \"b\"", "\"a\" \"b\""},
      {"cmd.exe /c \"dir & run\"", "dir & run"},
  };
  for (const auto& [command, rest] : cases) EXPECT_EQ(without_prefix(command), rest);
}

TEST(CommandLine, QuotesOneWordForTheShell) {
  EXPECT_EQ(shell_quote("plain-1.2_x/y"), "plain-1.2_x/y");
  EXPECT_EQ(shell_quote("two words"), "'two words'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quote(""), "''");
}

TEST(CommandLine, TakesTheSystemFromTheNodeAgentFirst) {
  const auto pool = [](const Document& machine) { return Document{{"virtualMachineConfiguration", machine}}; };
  const Document custom = {{"virtualMachineImageId", "/subscriptions/x"}};
  EXPECT_EQ(operating_system(pool({{"nodeAgentSKUId", "batch.node.ubuntu 20.04"}, {"imageReference", custom}})),
            OperatingSystem::Linux);
  EXPECT_EQ(operating_system(pool({{"nodeAgentSKUId", "batch.node.windows amd64"}, {"imageReference", custom}})),
            OperatingSystem::Windows);
  EXPECT_EQ(operating_system(pool({{"imageReference", {{"publisher", "MicrosoftWindowsServer"}}}})),
            OperatingSystem::Windows);
  EXPECT_EQ(operating_system(pool({{"imageReference", {{"publisher", "Canonical"}}}})), OperatingSystem::Linux);
  EXPECT_EQ(operating_system(pool({{"imageReference", custom}})), OperatingSystem::Windows);
  EXPECT_EQ(operating_system({{"cloudServiceConfiguration", {{"osFamily", "5"}}}}), OperatingSystem::Windows);
}

}  // namespace
}  // namespace batchite::workflow
