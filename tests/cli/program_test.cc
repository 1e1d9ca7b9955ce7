#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "core/contract/contract.h"
#include "tests/support/cli_fixture.h"

namespace batchite::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace fs = std::filesystem;

// A folder of its own, in which the program runs.
class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() : before_(fs::current_path()) {
    std::string path = ::testing::TempDir() + "/program-XXXXXX";
    folder_ = mkdtemp(path.data());
    fs::current_path(folder_);
  }
  ~ProgramTest() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  testing::Cli batchite;
  fs::path before_, folder_;
};

TEST_F(ProgramTest, MistakesAreNamedWithWhatWasMeant) {
  struct Case {
    std::vector<std::string> words;
    std::string error;
  };
  const Case cases[] = {
      {{"rnu"}, "unknown command 'rnu'; did you mean 'run'?"},
      {{"run", "--timout", "5"}, "unknown flag '--timout'; did you mean '--timeout'?"},
      {{"pool", "lits"}, "unknown command 'lits'; did you mean 'list'?"},
      {{"pool", "list", "--locaton", "x"}, "unknown flag '--locaton'; did you mean '--location'?"},
      {{"run"}, "no templates: give POOL.json and JOB.json"},
      {{"run", "none.json"}, "none.json: cannot be read: No such file or directory"},
      {{"run", "p.json", "--timeout", "soon"}, "--timeout soon: write a duration as 90s, 15m, 2h, 1d or PT15M"},

      {{"exec", "--", "python3", "x.py"}, "'exec' is not implemented in this version"},

      {{"--backend", "azrue", "pool", "list"}, "--backend azrue is not a backend; did you mean 'azure'?"},
      {{"--backend", "loacl", "pool", "list"}, "--backend loacl is not a backend; did you mean 'local'?"},
      {{"api", "Pool_Ad"}, "unknown operation 'Pool_Ad'; did you mean 'Pool_Add'?"},
      {{"api", "Pool_Get"}, "Pool_Get needs --path poolId=VALUE"},
      {{"api", "Pool_Get", "--path", "pool=p"}, "--path pool=p: the operation has no such parameter"},
      {{"pool", "create"}, "Pool_Add needs a body: --json FILE"},
      {{"completion", "bsh"}, "completion bsh: the shells are bash, zsh and fish; did you mean 'bash'?"},
      {{"-o", "xml", "pool", "list"}, "xml"},
  };
  for (const Case& one : cases) {
    const testing::CliResult result = batchite(one.words);
    EXPECT_EQ(result.code, kUsage) << ::testing::PrintToString(one.words);
    EXPECT_THAT(result.err, StartsWith("batchite: error: "));
    EXPECT_THAT(result.err, HasSubstr(one.error));
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(ProgramTest, WithoutArgumentsItHelps) {
  const testing::CliResult result = batchite({});
  EXPECT_EQ(result.code, kOk);
  EXPECT_THAT(result.out, HasSubstr("batchite run POOL.json JOB.json"));
  EXPECT_THAT(batchite({"run", "--help"}).out, HasSubstr("--input"));
  EXPECT_THAT(batchite({"pool", "list", "--help"}).out, HasSubstr("Usage: batchite pool list"));
}

TEST_F(ProgramTest, ErrorsOfTheBackendBecomeExitCodes) {
  struct Case {
    Error error;
    int code;
  };
  const Case cases[] = {
      {{404, "PoolNotFound", "No."}, kNotFound},        {{400, "InvalidPropertyValue", "No."}, kUsage},
      {{403, "AuthenticationFailed", "No."}, kRefused}, {{409, "PoolExists", "No."}, kRefused},
      {{403, "PoolQuotaReached", "No."}, kCapacity},    {{500, "InternalError", "No."}, kRefused},
      {{408, "OperationTimedOut", "No."}, kTimedOut},
  };
  for (const Case& one : cases) {
    batchite.backend.on_call = [&](const std::string&) { throw one.error; };
    const testing::CliResult result = batchite({"pool", "show", "p"});
    EXPECT_EQ(result.code, one.code) << one.error.what();
    EXPECT_EQ(result.err, std::string("batchite: error: ") + one.error.what() + "\n");
  }
}

TEST_F(ProgramTest, EveryOperationOfANounHasAVerb) {
  for (const contract::Operation& operation : contract::operations()) {
    const testing::CliResult result = batchite({"api", std::string(operation.id), "--help"});
    EXPECT_EQ(result.code, kOk);
  }
  EXPECT_THAT(batchite({"pool", "--help"}).out, HasSubstr("stop-resize"));
  EXPECT_THAT(batchite({"file", "--help"}).out, HasSubstr("get-from-node"));
  EXPECT_THAT(batchite({"job", "--help"}).out, HasSubstr("task-counts"));
}

TEST_F(ProgramTest, ResourcesAreCreatedShownAndDeletedByTheContract) {
  EXPECT_EQ(
      batchite({"pool", "create", "--set", "id=p1", "--set", "vmSize=small", "--set", "startTask.commandLine=true"})
          .code,
      kOk);
  EXPECT_EQ(batchite.backend.pools.at("p1")["startTask"]["commandLine"], Document(true));
  EXPECT_EQ(batchite({"pool", "create", "--json", "-"}, R"({"id": "p2", "targetDedicatedNodes": 2})").code, kOk);
  const testing::CliResult list = batchite({"pool", "list"});
  EXPECT_THAT(list.out, HasSubstr("p1    active  steady      small"));
  EXPECT_EQ(batchite({"pool", "delete", "p1"}).code, kOk);
  EXPECT_EQ(batchite({"pool", "show", "p1"}).code, kNotFound);
  const testing::CliResult json = batchite({"-o", "json", "pool", "show", "p2"});
  EXPECT_EQ(Document::parse(json.out)["targetDedicatedNodes"], 2);
  EXPECT_EQ(batchite({"api", "Pool_Get", "--path", "poolId=p2", "-o", "json"}).out, json.out);
}

TEST_F(ProgramTest, BrokenJsonIsToldWithItsPlace) {
  write("bad.json", "{\n  \"id\": oops\n}\n");
  const testing::CliResult result = batchite({"pool", "create", "--json", "bad.json"});
  EXPECT_EQ(result.code, kUsage);
  EXPECT_THAT(result.err, HasSubstr("bad.json:2:"));
}

TEST_F(ProgramTest, AFlagWinsOverTheEnvironmentAndThatOverTheFiles) {
  const auto location = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"pool", "list"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(batchite(words).code, kOk);
    return batchite.opened_with.location;
  };
  EXPECT_EQ(location({}), "");
  write("home/.config/batchite/config.toml", "location = \"user\"\nisolation = \"process\"\n");
  batchite.environment["HOME"] = (folder_ / "home").string();
  EXPECT_EQ(location({}), "user");
  EXPECT_EQ(batchite.opened_with.isolation, "process");
  write("batchite.toml", "location = \"project\"  # here\n\n[pool.list]\nselect = \"id\"\n");
  EXPECT_EQ(location({}), "project");
  EXPECT_EQ(batchite.opened_with.isolation, "process");
  batchite.environment["BATCHITE_LOCATION"] = "variable";
  EXPECT_EQ(location({}), "variable");
  EXPECT_EQ(location({"--location", "flag"}), "flag");
  batchite.environment["BATCHITE_EPHEMERAL"] = "1";
  location({});
  EXPECT_TRUE(batchite.opened_with.ephemeral);
}

TEST_F(ProgramTest, AnUnknownKeyOfAConfigurationFileIsNamed) {
  write("batchite.toml", "locaton = \"x\"\n");
  EXPECT_THAT(batchite({"pool", "list"}).err,
              HasSubstr("batchite.toml: unknown key 'locaton'; did you mean 'location'?"));
  write("batchite.toml", "[run]\ntimout = \"5m\"\n");
  EXPECT_THAT(batchite({"pool", "list"}).err,
              HasSubstr("unknown key 'timout' in section '[run]'; did you mean 'timeout'?"));
  write("batchite.toml", "[rnu]\ntimeout = \"5m\"\n");
  EXPECT_THAT(batchite({"pool", "list"}).err, HasSubstr("section '[rnu]' names no command; did you mean 'run'?"));
  write("batchite.toml", "format = \"xml\"\n");
  EXPECT_EQ(batchite({"pool", "list"}).code, kUsage);
}

TEST_F(ProgramTest, BlobsGoUpAndComeDown) {
  write("in/one.txt", "eins");
  write("in/two.txt", "zwei");
  EXPECT_EQ(batchite({"container", "create", "c1"}).code, kOk);
  EXPECT_EQ(batchite({"container", "create", "c1"}).code, kRefused);
  EXPECT_EQ(batchite({"blob", "upload", "c1", "in/*", "--prefix", "day/"}).code, kOk);
  EXPECT_EQ(batchite({"blob", "list", "c1", "-o", "tsv"}).out,
            "BLOB\tSIZE\tETAG\nday/one.txt\t4\t1\nday/two.txt\t4\t2\n");
  EXPECT_EQ(batchite({"blob", "download", "c1", "--to", "out"}).code, kOk);
  EXPECT_EQ(fs::file_size("out/day/two.txt"), 4u);
  EXPECT_EQ(batchite({"blob", "download", "c1", "none"}).code, kNotFound);
  EXPECT_THAT(batchite({"blob", "sas", "c1", "day/one.txt"}).out, HasSubstr("http://blobs/acct/c1/day/one.txt?sp=r"));
}

TEST_F(ProgramTest, ABlobNameThatLeadsOutIsNotDownloaded) {
  batchite.backend.containers["c1"].blobs["../evil.txt"] = {"x", 1};
  const testing::CliResult result = batchite({"blob", "download", "c1", "--to", "out"});
  EXPECT_THAT(result.err, HasSubstr("leads out of out"));
  EXPECT_FALSE(fs::exists("evil.txt"));
}

TEST_F(ProgramTest, CompletionScriptsAreWellFormed) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const testing::CliResult result = batchite({"completion", shell});
    EXPECT_EQ(result.code, kOk);
    EXPECT_THAT(result.out, HasSubstr("stop-resize"));
  }
  std::ofstream("completion.bash")
      << batchite({"completion", "bash"}).out
      << "\nCOMP_WORDS=(batchite task w); COMP_CWORD=2; _batchite; echo \"${COMPREPLY[*]}\"\n";
  EXPECT_EQ(system("test \"$(bash completion.bash)\" = 'why'"), 0);
}

TEST_F(ProgramTest, DoctorAndVersionWorkAnywhere) {
  EXPECT_THAT(batchite({"version"}).out, StartsWith("batchite 0."));
  batchite.environment["PATH"] = "/usr/bin:/bin";
  const testing::CliResult result = batchite({"doctor", "--location", folder_.string()});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("data directory"));
  EXPECT_EQ(batchite({"doctor", "--location", "/proc/nowhere"}).code, kRefused);
}

}  // namespace
}  // namespace batchite::cli
