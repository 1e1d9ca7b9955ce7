// `batchite start` as a user and a script see it: the real program, on free ports.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/support/cli_fixture.h"

extern char** environ;

namespace batchite {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

class StartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/batchite-start-XXXXXX";
    scratch = mkdtemp(name);
  }
  void TearDown() override {
    if (pid > 0) end(SIGKILL);
    fs::remove_all(scratch);
  }

  // Returns with the line that says it is ready; empty: it ended before.
  std::string start(std::vector<std::string> flags) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    std::vector<std::string> words = {BATCHITE_PROGRAM, "start", "--batch-port", "0", "--blob-port", "0"};
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (scratch / "err").c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    EXPECT_EQ(posix_spawn(&pid, BATCHITE_PROGRAM, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE* out = fdopen(ends[0], "r");
    std::array<char, 512> line{};
    const bool is_ready = fgets(line.data(), line.size(), out) != nullptr;
    fclose(out);
    return is_ready ? line.data() : "";
  }

  int end(int signal) {
    kill(pid, signal);
    int status = 0;
    waitpid(pid, &status, 0);
    pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  static unsigned short port_of(const std::string& ready, const std::string& name) {
    std::smatch found;
    const std::regex pattern(name + "=http://127\\.0\\.0\\.1:(\\d+)");
    return std::regex_search(ready, found, pattern) ? static_cast<unsigned short>(std::stoi(found[1])) : 0;
  }

  static std::string get(unsigned short port, const std::string& path, const std::string& host = "localhost") {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    asio::write(socket, asio::buffer("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"));
    std::string answer;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    return answer;
  }

  std::string errors() const {
    std::ostringstream text;
    text << std::ifstream(scratch / "err").rdbuf();
    return text.str();
  }

  fs::path scratch;
  pid_t pid = 0;
};

TEST_F(StartTest, WhenItSaysReadyBothPortsAnswer) {
  const std::string ready = start({"--ephemeral"});
  EXPECT_TRUE(std::regex_match(ready, std::regex("batchite ready batch=http://127\\.0\\.0\\.1:\\d+ "
                                                 "blob=http://127\\.0\\.0\\.1:\\d+ pid=\\d+\n")))
      << ready << errors();
  for (const char* port : {"batch", "blob"}) {
    EXPECT_TRUE(get(port_of(ready, port), "/_batchite/ready").starts_with("HTTP/1.1 200")) << port;
  }
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(StartTest, TheReadyFileIsThereWhileItServes) {
  const fs::path file = scratch / "ready";
  const std::string ready = start({"--ephemeral", "--ready-file", file.string()});
  std::string line;
  std::getline(std::ifstream(file), line);
  EXPECT_EQ(line + "\n", ready);
  EXPECT_EQ(end(SIGINT), 0);
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(StartTest, AnEphemeralOneLeavesNothingAndAnotherKeepsWhatItWasTold) {
  const std::string place = (scratch / "data").string();
  start({"--location", place});
  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_TRUE(fs::exists(place + "/batchite.db"));
}

TEST_F(StartTest, ASecondOneOnTheSameDirectoryNamesTheFirst) {
  const std::string place = (scratch / "data").string();
  start({"--location", place});
  const pid_t first = std::exchange(pid, 0);
  EXPECT_EQ(start({"--location", place}), "");
  EXPECT_EQ(end(0), 2);
  EXPECT_NE(errors().find(std::to_string(first)), std::string::npos) << errors();
  pid = first;
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(StartTest, OtherThanLoopbackAddressesAreRefused) {
  EXPECT_EQ(start({"--ephemeral", "--host", "0.0.0.0"}), "");
  EXPECT_EQ(end(0), 2);
  EXPECT_NE(errors().find("127.0.0.1"), std::string::npos) << errors();
}

TEST_F(StartTest, ItsOwnPagesAnswerThisMachineOnly) {
  const std::string ready = start({"--ephemeral"});
  const unsigned short port = port_of(ready, "batch");
  for (const char* page : {"health", "ready", "info", "metrics"}) {
    EXPECT_TRUE(get(port, std::string("/_batchite/") + page).starts_with("HTTP/1.1 200")) << page;
  }
  EXPECT_TRUE(get(port, "/_batchite/nothing").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(get(port, "/_batchite/why/j/t").starts_with("HTTP/1.1 404")) << "there is no such job";
  EXPECT_TRUE(get(port, "/_batchite/info", "evil.example").starts_with("HTTP/1.1 403"));
  const std::string metrics = get(port, "/_batchite/metrics");
  EXPECT_NE(metrics.find("# TYPE batchite_requests_total counter"), std::string::npos) << metrics;
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(StartTest, ItStopsThoughSomebodyListensToEvents) {
  const std::string ready = start({"--ephemeral"});
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), port_of(ready, "batch")});
  asio::write(socket, asio::buffer(std::string_view("GET /_batchite/events HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  std::string heard;
  asio::read_until(socket, asio::dynamic_buffer(heard), ": listening");
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST(EnvTest, PrintsWhatSdksRead) {
  testing::Cli batchite;
  const testing::CliResult result =
      batchite({"env", "--batch-url", "http://127.0.0.1:1", "--blob-url", "http://127.0.0.1:2"});
  EXPECT_EQ(result.code, cli::kOk);
  EXPECT_NE(result.out.find("export AZURE_BATCH_ENDPOINT='http://127.0.0.1:1'\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("BlobEndpoint=http://127.0.0.1:2/devstoreaccount1;"), std::string::npos) << result.out;
  EXPECT_EQ(batchite({"env", "--ready-file", "/nonexistent"}).code, cli::kUsage);
}

}  // namespace
}  // namespace batchite
