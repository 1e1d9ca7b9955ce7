#include "core/workflow/add_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_backend.h"

namespace batchite::workflow {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AddTasksTest : public ::testing::Test {
 protected:
  AddTasksTest() {
    backend.jobs["j"] = {{"id", "j"}, {"poolInfo", {{"poolId", "p"}}}};
    backend.tasks["j"];
  }
  static std::vector<Document> many(int count) {
    std::vector<Document> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back({{"id", std::to_string(i)}, {"commandLine", "true"}});
    return tasks;
  }
  void add(const std::vector<Document>& tasks) { add_tasks(client, pace, "j", tasks); }
  // "RefusedCode: … (TaskId: 3)"
  std::string refusal(const std::vector<Document>& tasks) {
    try {
      add(tasks);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  // How often each task is there; all once is how it ought to be.
  std::map<std::string, int> added() {
    std::map<std::string, int> times;
    for (const auto& task : backend.tasks["j"]) ++times[task.spec["id"]];
    return times;
  }

  testing::FakeBackend backend;
  testing::FakePace pace{backend};
  Client client{backend};
};

TEST_F(AddTasksTest, OneAfterTheOtherWhereNothingIsGainedByMoreAtOnce) {
  add(many(350));
  EXPECT_EQ(added().size(), 350u);
  EXPECT_EQ(backend.waves.front(), 1u);
  EXPECT_EQ(backend.tasks["j"].at(123).spec["id"], "123") << "in their order";
}

TEST_F(AddTasksTest, SeveralCollectionsAtOnceWhereTheServiceIsFar) {
  backend.has_manners.calls_at_once = 4;
  add(many(2250));
  EXPECT_EQ(added().size(), 2250u);
  EXPECT_THAT(backend.waves, ElementsAre(4, 8, 11));
}

TEST_F(AddTasksTest, CollectionsThatAreTooLargeAreHalvedAndStaySmall) {
  backend.has_manners.calls_at_once = 2;
  backend.most_tasks = 30;
  add(many(500));
  EXPECT_EQ(added().size(), 500u);
  EXPECT_THAT(added(), Each(::testing::Pair(::testing::_, 1)));
  // Two of 100 and two of 50 are refused; then there are 20 of 25.
  EXPECT_THAT(backend.waves, ElementsAre(2, 2, 2, 4, 8, 6));
}

TEST_F(AddTasksTest, ATaskThatIsTooLargeByItselfIsRefused) {
  backend.most_tasks = 0;
  EXPECT_THAT(refusal(many(3)), HasSubstr("RequestBodyTooLarge"));
}

TEST_F(AddTasksTest, WhatTheServiceFailedToAddIsTriedAgainAlone) {
  backend.server_errors = 250;
  add(many(300));
  EXPECT_EQ(added().size(), 300u);
  EXPECT_EQ(pace.pauses, 2) << "after each wave with failures";
}

TEST_F(AddTasksTest, WhatTheServiceNeverAddsIsRefusedInTheEnd) {
  backend.server_errors = 1'000'000;
  EXPECT_THAT(refusal(many(7)), HasSubstr("InternalError: Try again. (TaskId: 0, TasksRefused: 7)"));
}

TEST_F(AddTasksTest, TheFirstThatIsRefusedIsNamedAndTheOthersAreCounted) {
  std::vector<Document> tasks = many(250);
  tasks[120].erase("commandLine");
  tasks[230].erase("commandLine");
  backend.has_manners.calls_at_once = 4;
  EXPECT_THAT(refusal(tasks),
              HasSubstr("MissingRequiredProperty: A property is missing. (TaskId: 120, TasksRefused: 2)"));
}

TEST_F(AddTasksTest, WhoCancelsWaitsForNoFurtherWave) {
  backend.on_call = [this](const std::string&) { pace.is_cancelled = true; };
  add(many(1000));
  EXPECT_EQ(added().size(), 100u);
}

}  // namespace
}  // namespace batchite::workflow
