#include "backends/azure/at_once.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>

#include "core/workflow/add_tasks.h"
#include "tests/support/documents.h"
#include "tests/support/emulated_azure.h"
#include "tests/support/fake_backend.h"

namespace batchite {
namespace {

using namespace std::chrono_literals;

// Lets nobody through until so many wait for it, or ten seconds have passed; from then on everybody.
class Gate {
 public:
  explicit Gate(std::size_t opens_at) : opens_at_(opens_at) {}
  void pass() {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++waiting_);
    if (waiting_ >= opens_at_) opened_.notify_all();
    if (!is_given_up_) is_given_up_ = !opened_.wait_for(lock, 10s, [this] { return most_ >= opens_at_; });
    --waiting_;
  }
  std::size_t most() const { return most_; }

 private:
  const std::size_t opens_at_;
  std::mutex mutex_;
  std::condition_variable opened_;
  std::size_t waiting_ = 0, most_ = 0;
  bool is_given_up_ = false;
};

TEST(AtOnceTest, EveryNumberIsDoneOnceAndNoMoreAtATimeThanIsAllowed) {
  Gate gate(4);
  std::mutex mutex;
  std::multiset<std::size_t> done;
  azure::each_at_once(100, 4, [&](std::size_t number) {
    gate.pass();
    const std::lock_guard lock(mutex);
    done.insert(number);
  });
  EXPECT_EQ(gate.most(), 4u);
  EXPECT_EQ(done.size(), 100u);
  EXPECT_EQ(std::set<std::size_t>(done.begin(), done.end()).size(), 100u);
}

TEST(AtOnceTest, NothingToDoIsDone) {
  azure::each_at_once(0, 4, [](std::size_t) { FAIL(); });
}

TEST(AtOnceTest, TheFirstFailureByNumberIsThrownWhenAllAreDone) {
  std::atomic<int> done{0};
  try {
    azure::each_at_once(20, 4, [&](std::size_t number) {
      ++done;
      if (number == 3 || number == 17) throw std::runtime_error(std::to_string(number));
    });
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "3");
  }
  EXPECT_EQ(done, 20);
}

TEST(AtOnceTest, CollectionsOfTasksAreOnTheirWayTogether) {
  testing::EmulatedAzure azure;
  Gate gate(8);
  azure.before_each = [&](const HttpRequest& request) {
    if (request.url.find("addtaskcollection") != std::string::npos) gate.pass();
  };
  const auto backend = azure.open();
  workflow::Client client(*backend);
  client.call("Pool_Add", {}, {}, pool_document("p", 1));
  client.call("Job_Add", {}, {}, job_document("j", "p"));
  std::vector<Document> tasks;
  for (int i = 0; i < 1600; ++i) tasks.push_back({{"id", std::to_string(i)}, {"commandLine", "run on"}});
  testing::FakeBackend nobody;
  testing::FakePace pace(nobody);
  workflow::add_tasks(client, pace, "j", tasks);
  EXPECT_EQ(gate.most(), 8u);
  EXPECT_EQ(client.list("Task_List", {{"jobId", "j"}}).size(), 1600u);
}

}  // namespace
}  // namespace batchite
