// The program in this process, with a fake backend and texts for streams.
#pragma once
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "cli/surroundings.h"
#include "tests/support/fake_backend.h"

namespace batchite::testing {

// What the program opens and closes, in front of a fake that the test keeps.
class BorrowedBackend : public Backend {
 public:
  explicit BorrowedBackend(Backend& other) : other_(other) {}
  Reply call(const Call& call) override { return other_.call(call); }
  BlobReply blob(const BlobCall& call) override { return other_.blob(call); }
  std::string sas_url(const SasRequest& request) override { return other_.sas_url(request); }
  const std::string& storage_account() const override { return other_.storage_account(); }
  Document manage(const ManagementCall& call) override { return other_.manage(call); }
  Document explain(const std::string& job_id, const std::string& task_id) override {
    return other_.explain(job_id, task_id);
  }

 private:
  Backend& other_;
};

struct CliResult {
  int code = 0;
  std::string out, err;
};

class Cli {
 public:
  Cli() {
    // Nobody pauses for it, so time passes with every look at the job.
    backend.on_call = [this](const std::string& call) {
      if (call.starts_with("Job_GetTaskCounts")) backend.tick();
    };
  }

  CliResult operator()(const std::vector<std::string>& words, const std::string& input = "") {
    std::ostringstream out, err;
    std::istringstream in(input);
    cli::Surroundings around{.out = out, .err = err, .in = in};
    around.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto it = environment.find(name);
      return it == environment.end() ? std::nullopt : std::optional(it->second);
    };
    around.open_backend = [this](const cli::Globals& globals, const cli::Serving&) {
      opened_with = globals;
      return cli::OpenBackend{.backend = std::make_unique<BorrowedBackend>(backend), .warnings = warnings};
    };
    std::vector<const char*> argv = {"batchite"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    CliResult result;
    result.code = cli::run_program(static_cast<int>(argv.size()), argv.data(), around);
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  FakeBackend backend;
  std::map<std::string, std::string> environment = {{"HOME", "/nonexistent"}};
  std::vector<std::string> warnings;
  cli::Globals opened_with;
};

// What differs from run to run: {run} for a run's suffix, {time} for clock readings.
inline std::string without_noise(const std::string& text) {
  static const std::regex run("(pool|job|clips|audio)-[a-z0-9]{6}\\b"), clock("\\d+:\\d\\d:\\d\\d\\.\\d\\d");
  return std::regex_replace(std::regex_replace(text, run, "$1-{run}"), clock, "{time}");
}

// The text of fixtures/NAME; with BATCHITE_BLESS=1 it becomes `actual` first.
inline std::string golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(BATCHITE_FIXTURES) + "/" + name;
  const char* bless = getenv("BATCHITE_BLESS");
  if (bless != nullptr && std::string(bless) == "1") std::ofstream(path, std::ios::binary) << actual;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace batchite::testing
