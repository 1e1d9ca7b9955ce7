// Answers as the real service gives them (fixtures/azure: exchanges rebuilt after recordings, in words of our own), and
// what the program makes of them. With BATCHITE_BLESS=1 what it prints is written into the files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "backends/azure/azure_backend.h"
#include "cli/surroundings.h"
#include "core/accounts.h"
#include "tests/support/wire_exchange.h"

namespace batchite {
namespace {

HttpAnswer parse_answer(const std::string& text) {
  HttpAnswer answer;
  std::istringstream lines(text);
  std::string line, version;
  std::getline(lines, line);
  std::istringstream(line) >> version >> answer.status;
  while (std::getline(lines, line) && !line.empty()) {
    const std::size_t colon = line.find(": ");
    answer.headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  while (std::getline(lines, line)) answer.body += line;
  return answer;
}

// Gives the file's answers in their order, whatever is asked.
class Script : public Transport {
 public:
  explicit Script(const testing::WireExchange& exchange) {
    for (const testing::WireSection& section : exchange.sections) {
      if (section.title == "answer") answers_.push_back(parse_answer(section.text));
    }
  }
  ~Script() override { EXPECT_EQ(next_, answers_.size()) << "answers that nobody asked for"; }
  HttpAnswer send(const HttpRequest& request) override {
    asked += request.method + " " + request.url.substr(request.url.find('/', 8)) + "\n";
    return answers_.at(next_++);
  }
  std::string asked;

 private:
  std::vector<HttpAnswer> answers_;
  std::size_t next_ = 0;
};

std::string prints(const testing::WireExchange& exchange, const std::string& format) {
  const auto script = std::make_shared<Script>(exchange);
  AzureOptions options{.batch = {"https://acct.westeurope.batch.azure.com", "acct", std::string(kBatchKey)}};
  Time now = *parse_iso8601("2023-09-06T07:43:48Z");
  options.transport = script;
  options.clock = [&] { return now; };
  options.sleep = [&](Ticks pause) { now += pause; };
  options.entropy = [](std::span<unsigned char> bytes) { std::ranges::fill(bytes, 0); };
  std::ostringstream out, err;
  std::istringstream in;
  cli::Surroundings around{.out = out, .err = err, .in = in};
  around.environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "HOME" ? std::optional<std::string>("/nonexistent") : std::nullopt;
  };
  around.open_backend = [&](const cli::Globals&, const cli::Serving&) {
    return cli::OpenBackend{.backend = open_azure_backend(options)};
  };
  std::string command = exchange.section("command").text;
  command.pop_back();
  std::istringstream words(command);
  std::vector<std::string> argv = {"batchite"};
  for (std::string word; words >> word;) argv.push_back(word);
  if (const auto filter = std::ranges::find(argv, "--filter"); filter != argv.end()) {  // the rest is one word
    std::string rest = *(filter + 1);
    for (auto it = filter + 2; it != argv.end(); ++it) rest += " " + *it;
    argv.erase(filter + 1, argv.end());
    argv.push_back(rest);
  }
  for (const char* word : {"--backend", "azure", "-o"}) argv.emplace_back(word);
  argv.push_back(format);
  std::vector<const char*> pointers;
  for (const std::string& word : argv) pointers.push_back(word.c_str());
  const int code = cli::run_program(static_cast<int>(pointers.size()), pointers.data(), around);
  std::string text = "$ batchite " + command + " -o " + format + "\n" + script->asked + out.str() + err.str();
  return text + "exit code " + std::to_string(code) + " after " +
         iso8601_duration(now - *parse_iso8601("2023-09-06T07:43:48Z")) + "\n";
}

TEST(ServiceAnswersTest, AreReadAndShownRight) {
  const testing::WireFolder folder("azure");
  ASSERT_GE(folder.names().size(), 10u);
  for (const std::string& name : folder.names()) {
    SCOPED_TRACE(name);
    const testing::WireExchange exchange = folder.read(name);
    const std::string actual = prints(exchange, "table") + prints(exchange, "json");
    const char* bless = std::getenv("BATCHITE_BLESS");
    if (bless == nullptr || std::string_view(bless) != "1") {
      EXPECT_EQ(actual, exchange.section("prints").text);
      continue;
    }
    std::ofstream file(std::string(BATCHITE_FIXTURES) + "/azure/" + name + ".http");
    file << exchange.comment;
    for (const testing::WireSection& section : exchange.sections) {
      if (section.title != "prints") file << "### " << section.title << "\n" << section.text;
    }
    file << "### prints\n" << actual;
  }
}

}  // namespace
}  // namespace batchite
