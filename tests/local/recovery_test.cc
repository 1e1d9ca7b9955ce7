// What survives the end of the program at any moment. The program here is a child of the test that opens the backend,
// says what was acknowledged, and is killed with SIGKILL.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>

#include "backends/local/sqlite_store.h"
#include "tests/support/local_backend_fixture.h"
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

class RecoveryTest : public LocalBackendTest {
 protected:
  // Runs `work` with an open backend in a child; it writes lines of what was acknowledged. Gives them, once there are
  // `enough` of them and the child was killed at once.
  std::vector<std::string> killed_after(std::size_t enough, const std::function<void(Backend&, int out)>& work) {
    int ends[2] = {};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
      try {
        const auto backend = open_local_backend(options());
        work(*backend, ends[1]);
        pause();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
      }
      _exit(1);
    }
    ::close(ends[1]);
    std::vector<std::string> lines;
    std::string text;
    char buffer[4096];
    while (lines.size() < enough) {
      const ssize_t count = ::read(ends[0], buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
      for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
        lines.push_back(text.substr(0, end));
      }
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    // What it had said before it died counts too.
    for (ssize_t count; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(count));
    }
    for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      lines.push_back(text.substr(0, end));
    }
    ::close(ends[0]);
    return lines;
  }

  static void say(int out, const std::string& line) {
    const std::string text = line + "\n";
    if (::write(out, text.data(), text.size()) < 0) _exit(2);
  }

  std::string database_integrity() const {
    const SQLite::Database database((place() / "batchite.db").string(), SQLite::OPEN_READONLY);
    SQLite::Statement check(database, "PRAGMA integrity_check");
    check.executeStep();
    return check.getColumn(0).getText();
  }

  // The state that a restart would find agrees with itself.
  void expect_whole() const {
    ASSERT_EQ(database_integrity(), "ok");
    SqliteStore store(place() / "batchite.db");
    ListedFiles files;
    RecordingHost host;
    Service service(store, files, host, {});
    EXPECT_NO_THROW(check(service.state()));
  }
};

TEST_F(RecoveryTest, ARunningTaskDiesWithTheProgramAndRunsAgainWithItsRetriesUntouched) {
  const auto lines = killed_after(1, [](Backend& backend, int out) {
    batchite::ask(backend, "Pool_Add", {.body = pool_document("p", 1)});
    batchite::ask(backend, "Job_Add", {.body = job_document("j", "p")});
    batchite::ask(backend, "Task_Add",
                  {.path = {{"jobId", "j"}}, .body = shell("t", "setsid sleep 7654 & echo x > started; sleep 7654")});
    while (batchite::ask(backend, "Task_Get", {.path = {{"jobId", "j"}, {"taskId", "t"}}}).body["state"] != "running") {
      usleep(1000);
    }
    say(out, "running");
  });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(eventually([&] { return processes_at(place()).empty(); })) << "processes outlived the program";

  EXPECT_TRUE(reaches("t", "running"));
  const Document info = task("t")["executionInfo"];
  EXPECT_EQ(info["retryCount"], 0);
  EXPECT_EQ(info["requeueCount"], 0);
  EXPECT_EQ(outcome("Task_Terminate", the_task("t")), "204");
}

TEST_F(RecoveryTest, AMultiInstanceTaskDiesOnAllNodesAndRunsAgain) {
  killed_after(1, [](Backend& backend, int out) {
    batchite::ask(backend, "Pool_Add", {.body = pool_document("p", 2, {{"enableInterNodeCommunication", true}})});
    batchite::ask(backend, "Job_Add", {.body = job_document("j", "p")});
    const Document together = {{"numberOfInstances", 2},
                               {"coordinationCommandLine", "/bin/sh -c 'setsid sleep 7654 & sleep 7654 & true'"}};
    const Document task = shell("t", "sleep 7654", {{"multiInstanceSettings", together}});
    batchite::ask(backend, "Task_Add", {.path = {{"jobId", "j"}}, .body = task});
    const Asking output{.path = {{"jobId", "j"}, {"taskId", "t"}, {"filePath", "stdout.txt"}}};
    while (batchite::outcome(backend, "File_GetFromTask", output) != "200") usleep(1000);
    say(out, "running");
  });
  EXPECT_TRUE(eventually([&] { return processes_at(place()).empty(); })) << "processes outlived the program";

  EXPECT_TRUE(reaches("t", "running"));
  EXPECT_EQ(task("t")["executionInfo"]["retryCount"], 0);
  EXPECT_EQ(ask("Task_ListSubtasks", the_task("t")).body["value"].size(), 1U);
  EXPECT_EQ(outcome("Task_Terminate", the_task("t")), "204");
  EXPECT_TRUE(eventually([&] { return processes_at(place()).empty(); }));
}

TEST_F(RecoveryTest, WhateverWasAcknowledgedIsThereAfterKillsAtAnyMoment) {
  ask("Job_Add", {.body = job_document("j", "nowhere")});
  close();
  std::mt19937 random(20260314);
  std::set<std::string> acknowledged;
  for (int round = 0; round < 12; ++round) {
    const auto lines = killed_after(1 + random() % 40, [&](Backend& backend, int out) {
      for (int i = 0; i < 500; ++i) {
        const std::string id = fmt::format("t{}-{}", round, i);
        batchite::ask(backend, "Task_Add", {.path = {{"jobId", "j"}}, .body = task_document(id, "/bin/true")});
        say(out, id);
      }
    });
    acknowledged.insert(lines.begin(), lines.end());
    expect_whole();
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_GT(acknowledged.size(), 12U);

  std::multiset<std::string> there;
  std::string token;
  do {
    const Reply page =
        ask("Task_List", {.path = {{"jobId", "j"}}, .query = {{"$select", "id"}, {"$skiptoken", token}}});
    for (const Document& task : page.body["value"]) there.insert(task["id"].get<std::string>());
    token = page.body.contains("odata.nextLink") ? *there.rbegin() : "";
  } while (!token.empty());
  for (const std::string& id : acknowledged) EXPECT_EQ(there.count(id), 1U) << id;
  const Document counts = ask("Job_GetTaskCounts", {.path = {{"jobId", "j"}}}).body["taskCounts"];
  EXPECT_EQ(counts["active"], there.size());
}

TEST_F(RecoveryTest, TasksThatEndedWhileTheProgramWasKilledAreCountedOnce) {
  std::mt19937 random(7);
  killed_after(1, [](Backend& backend, int out) {
    batchite::ask(backend, "Pool_Add", {.body = pool_document("p", 2)});
    batchite::ask(backend, "Job_Add", {.body = job_document("j", "p")});
    Document tasks = Document::array();
    for (int i = 0; i < 100; ++i) tasks.push_back(task_document(fmt::format("t{}", i), "/bin/true"));
    batchite::ask(backend, "Task_AddCollection", {.path = {{"jobId", "j"}}, .body = {{"value", tasks}}});
    say(out, "added");
  });
  for (int round = 0; round < 5; ++round) {
    killed_after(1, [&](Backend& backend, int out) {
      const auto completed = [&]() -> int {
        return batchite::ask(backend, "Job_GetTaskCounts", {.path = {{"jobId", "j"}}}).body["taskCounts"]["completed"];
      };
      const int until = std::min(100, completed() + 1 + static_cast<int>(random() % 10));
      while (completed() < until) usleep(500);
      say(out, "some more");
    });
    expect_whole();
  }
  const auto counts = [&] { return ask("Job_GetTaskCounts", {.path = {{"jobId", "j"}}}).body["taskCounts"]; };
  EXPECT_TRUE(eventually([&] { return counts()["succeeded"] == 100; })) << counts().dump();
  EXPECT_EQ(counts()["active"], 0);
  EXPECT_EQ(counts()["failed"], 0);
}

TEST_F(RecoveryTest, ANodeThatWasLeavingIsGoneWithItsDirectories) {
  killed_after(1, [](Backend& backend, int out) {
    batchite::ask(backend, "Pool_Add", {.body = pool_document("p", 1)});
    batchite::ask(backend, "Job_Add", {.body = job_document("j", "p")});
    batchite::ask(backend, "Task_Add", {.path = {{"jobId", "j"}}, .body = shell("t", "sleep 7654")});
    const Asking task{.path = {{"jobId", "j"}, {"taskId", "t"}}};
    while (batchite::ask(backend, "Task_Get", task).body["state"] != "running") usleep(1000);
    batchite::ask(backend, "Pool_Resize",
                  {.path = {{"poolId", "p"}},
                   .body = {{"targetLowPriorityNodes", 0}, {"nodeDeallocationOption", "taskcompletion"}}});
    say(out, "leaving");
  });
  ASSERT_TRUE(std::filesystem::exists(place() / "nodes/p"));
  EXPECT_TRUE(eventually([&] { return node_list().empty(); }));
  EXPECT_FALSE(std::filesystem::exists(place() / "nodes/p"));
  EXPECT_EQ(state("t"), "active");
}

TEST_F(RecoveryTest, ADatabaseOfANewerBatchiteIsRefusedByName) {
  backend();
  close();
  {
    SQLite::Database database((place() / "batchite.db").string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA user_version = 999");
  }
  try {
    open(options());
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("written by a newer Batchite"), std::string::npos) << error.what();
  }
}

TEST_F(RecoveryTest, WhatIsNoDatabaseIsRefusedWithoutBeingTouched) {
  std::filesystem::create_directories(place());
  std::ofstream(place() / "batchite.db") << "this is a diary, not a database, and longer than a header";
  try {
    open(options());
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("batchite.db"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(read_text(place() / "batchite.db").starts_with("this is a diary"));
}

}  // namespace
}  // namespace batchite
