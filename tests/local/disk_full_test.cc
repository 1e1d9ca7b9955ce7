// A full disk: a small file system of the test's own, where the rights allow one.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class DiskFullTest : public LocalBackendTest {
 protected:
  void SetUp() override {
    fs::create_directories(disk());
    if (::mount("batchite-test", disk().c_str(), "tmpfs", 0, "size=4m") != 0) {
      GTEST_SKIP() << "cannot mount a small file system: " << std::strerror(errno);
    }
    is_mounted_ = true;
    LocalOptions with = options();
    with.location = disk() / "data";
    open(with);
  }
  void TearDown() override {
    close();
    if (is_mounted_) ::umount2(disk().c_str(), MNT_DETACH);
  }
  fs::path disk() const { return root() / "disk"; }

  void fill() const {
    std::ofstream ballast(disk() / "ballast", std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void make_room() const { fs::remove(disk() / "ballast"); }

 private:
  bool is_mounted_ = false;
};

TEST_F(DiskFullTest, AddsAreRefusedClearlyAndGoOnOnceThereIsRoom) {
  ask("Job_Add", {.body = job_document("waiting", "nowhere")});
  fill();
  std::set<std::string> accepted;
  std::string message;
  const std::string padding(2000, 'p');  // in each task, so that what room there is ends soon
  for (int i = 0; i < 20'000 && message.empty(); ++i) {
    const std::string id = fmt::format("t{}", i);
    try {
      add(task_document(id, "/bin/echo " + padding), "waiting");
      accepted.insert(id);
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), 500U);
      EXPECT_EQ(error.code(), "InternalError");
      message = error.message();
    }
  }
  EXPECT_THAT(message, HasSubstr("full"));
  const auto listed = [&] {
    std::set<std::string> ids;
    std::string token;
    do {
      const Document page =
          ask("Task_List", {.path = {{"jobId", "waiting"}}, .query = {{"$select", "id"}, {"$skiptoken", token}}}).body;
      std::string last;
      for (const Document& task : page["value"]) ids.insert(last = task["id"].get<std::string>());
      token = page.contains("odata.nextLink") ? last : "";
    } while (!token.empty());
    return ids;
  };
  EXPECT_EQ(listed(), accepted) << "nothing is half done";
  make_room();
  add(task_document("afterwards", "/bin/true"), "waiting");
  accepted.insert("afterwards");
  EXPECT_EQ(listed(), accepted);
  close();
  LocalOptions again = options();
  again.location = disk() / "data";
  open(again);
  EXPECT_EQ(listed(), accepted);
}

TEST_F(DiskFullTest, ResultsThatCannotBeKeptAreKeptOnceThereIsRoom) {
  ask("Pool_Add", {.body = pool_document("p", 1)});
  ask("Job_Add", {.body = job_document("j", "p")});
  std::ofstream(disk() / "wait");
  add(shell("t", "while test -e " + (disk() / "wait").string() + "; do sleep 0.01; done; exit 5"));
  ASSERT_TRUE(reaches("t", "running"));
  const auto running = [&] { return processes_at(disk() / "data/nodes").size(); };
  ASSERT_TRUE(eventually([&] { return running() > 0; }));
  fill();
  // Whatever room is left inside the database's files is used up as well.
  const Asking filler{.path = {{"jobId", "j"}}, .body = task_document("filler", "/bin/true")};
  int added = 0;
  for (std::string last = "201"; last == "201"; ++added) {
    Asking next = filler;
    next.body["id"] = fmt::format("filler{}", added);
    last = outcome("Task_Add", next);
  }
  fs::remove(disk() / "wait");
  EXPECT_TRUE(eventually([&] { return running() == 0; }));
  EXPECT_EQ(state("t"), "running") << "its end could not be written down";
  make_room();
  EXPECT_EQ(result("t")["exitCode"], 5);
  for (int i = 0; i + 1 < added; ++i) EXPECT_EQ(result(fmt::format("filler{}", i))["exitCode"], 0);
}

TEST_F(DiskFullTest, ATaskThatWritesTooMuchFailsByItself) {
  ask("Pool_Add", {.body = pool_document("p", 1)});
  ask("Job_Add", {.body = job_document("j", "p")});
  const Document info = run(shell("t", "head -c 100000000 /dev/zero > big; code=$?; rm big; exit $code"));
  EXPECT_EQ(info["exitCode"], 1);
  EXPECT_EQ(info["failureInfo"]["code"], "FailureExitCode");
  EXPECT_EQ(run(shell("next", "echo fine > small"))["exitCode"], 0);
}

}  // namespace
}  // namespace batchite
