#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "core/scheduler/dependencies.h"

namespace batchite {
namespace {

using Keys = std::vector<TaskKey>;

// Ids and keys that stay where they are, as the graph asks.
class DependencyGraphTest : public testing::Test {
 protected:
  void join(int task, const std::string& id) {
    ids_.push_back(std::make_unique<std::string>(id));
    graph_.join(TaskKey{task}, *ids_.back());
  }
  bool wait(int task, Dependencies on) {
    waits_.push_back(std::make_unique<Dependencies>(std::move(on)));
    return graph_.wait(TaskKey{task}, *waits_.back());
  }
  static Keys keys(std::initializer_list<int> numbers) {
    Keys keys;
    for (const int number : numbers) keys.push_back(TaskKey{number});
    return keys;
  }

  std::vector<std::unique_ptr<std::string>> ids_;
  std::vector<std::unique_ptr<Dependencies>> waits_;
  DependencyGraph graph_;
};

TEST_F(DependencyGraphTest, ATaskGoesWhenTheLastOfItsDependenciesIsSatisfied) {
  join(1, "a"), join(2, "7"), join(3, "8");
  EXPECT_FALSE(wait(9, {})) << "it depends on nothing";
  EXPECT_TRUE(wait(10, {.ids = {"a"}, .ranges = {{7, 8}}}));
  EXPECT_TRUE(wait(11, {.ids = {"7"}, .ranges = {}}));
  EXPECT_EQ(graph_.satisfy("8"), keys({}));
  EXPECT_EQ(graph_.satisfy("7"), keys({11}));
  EXPECT_EQ(graph_.satisfy("a"), keys({10}));
  EXPECT_EQ(graph_.waiting(), 0u);
  EXPECT_FALSE(wait(12, {.ids = {"a"}, .ranges = {{7, 8}}}));
}

TEST_F(DependencyGraphTest, ThoseWhoWaitedForTheSameGoInTheOrderOfTheirKeys) {
  join(1, "1");
  for (const int task : {30, 10, 20}) wait(task, {.ids = {}, .ranges = {{1, 1}}});
  wait(15, {.ids = {"1"}, .ranges = {}});
  EXPECT_EQ(graph_.satisfy("1"), keys({10, 15, 20, 30}));
}

TEST_F(DependencyGraphTest, ZerosAtTheBeginningDoNotMatterToRangesButToIds) {
  join(1, "004"), join(2, "4"), join(3, "04"), join(4, "5flamingoes"), join(5, "5");
  wait(10, {.ids = {}, .ranges = {{4, 4}}});
  wait(11, {.ids = {"4"}, .ranges = {}});
  wait(12, {.ids = {}, .ranges = {{5, 5}}});
  EXPECT_EQ(graph_.satisfy("004"), keys({10})) << "the first of its number will do";
  EXPECT_EQ(graph_.satisfy("5flamingoes"), keys({})) << "it is no number";
  EXPECT_EQ(graph_.satisfy("4"), keys({11}));
  EXPECT_EQ(graph_.ids_of(4), (std::vector<std::string_view>{"004", "04", "4"}));
  graph_.leave("004");
  EXPECT_EQ(graph_.ids_of(4), (std::vector<std::string_view>{"04", "4"}));
  EXPECT_FALSE(wait(13, {.ids = {}, .ranges = {{4, 4}}})) << "4 is still there";
  graph_.leave("4");
  EXPECT_TRUE(wait(14, {.ids = {}, .ranges = {{4, 4}}}));
  EXPECT_EQ(graph_.satisfy("04"), keys({14}));
}

TEST_F(DependencyGraphTest, WhatNobodyIsOrWillBeIsWaitedFor) {
  join(1, "1"), join(3, "3"), join(4, "self");
  EXPECT_TRUE(wait(10, {.ids = {"nobody"}, .ranges = {}}));
  EXPECT_TRUE(wait(11, {.ids = {}, .ranges = {{1, 3}}}));
  EXPECT_TRUE(wait(4, {.ids = {"self"}, .ranges = {}}));
  EXPECT_EQ(graph_.satisfy("1"), keys({}));
  EXPECT_EQ(graph_.satisfy("3"), keys({}));
  join(2, "2");
  EXPECT_EQ(graph_.satisfy("2"), keys({11}));
  join(5, "nobody");
  EXPECT_EQ(graph_.satisfy("nobody"), keys({10}));
  EXPECT_TRUE(graph_.is_waiting(TaskKey{4}));
}

TEST_F(DependencyGraphTest, AParentThatLeavesOrRunsAgainIsWaitedForAnew) {
  join(1, "1"), join(2, "2"), join(3, "a"), join(4, "b");
  wait(10, {.ids = {}, .ranges = {{1, 2}}});
  wait(11, {.ids = {"a", "b"}, .ranges = {}});
  graph_.satisfy("1"), graph_.satisfy("a");
  graph_.unsatisfy("1"), graph_.leave("a");
  EXPECT_EQ(graph_.satisfy("2"), keys({}));
  EXPECT_EQ(graph_.satisfy("b"), keys({}));
  EXPECT_EQ(graph_.satisfy("1"), keys({10}));
  join(5, "a");
  EXPECT_EQ(graph_.satisfy("a"), keys({11}));
}

TEST_F(DependencyGraphTest, WhoStopsWaitingIsNotToldAndMayWaitAgain) {
  join(1, "1");
  wait(10, {.ids = {}, .ranges = {{1, 1}}});
  wait(11, {.ids = {}, .ranges = {{1, 1}}});
  graph_.stop_waiting(TaskKey{10});
  graph_.stop_waiting(TaskKey{11});
  wait(11, {.ids = {"1"}, .ranges = {}});
  EXPECT_EQ(graph_.satisfy("1"), keys({11})) << "once, though it stood in two places";
}

TEST_F(DependencyGraphTest, ManyWhoStopWaitingLeaveTheOthersWaiting) {
  join(1, "1"), join(2, "a");
  wait(10, {.ids = {}, .ranges = {{1, 1}}});
  wait(11, {.ids = {"a"}, .ranges = {}});
  for (int i = 0; i < 1000; ++i) {
    wait(20, {.ids = {"a"}, .ranges = {{1, 1}}});
    graph_.stop_waiting(TaskKey{20});
  }
  EXPECT_EQ(graph_.satisfy("1"), keys({10}));
  EXPECT_EQ(graph_.satisfy("a"), keys({11}));
}

TEST_F(DependencyGraphTest, WhatIsMissingIsToldAsRanges) {
  using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;
  for (const int number : {3, 4, 7}) {
    join(number, std::to_string(number));
    graph_.satisfy(std::to_string(number));
  }
  EXPECT_EQ(graph_.missing(1, 2'000'000'000, 9), (Ranges{{1, 2}, {5, 6}, {8, 2'000'000'000}}));
  EXPECT_EQ(graph_.missing(1, 2'000'000'000, 1), (Ranges{{1, 2}}));
  EXPECT_EQ(graph_.missing(3, 4, 9), Ranges{});
  EXPECT_EQ(graph_.missing(4, 5, 9), (Ranges{{5, 5}}));
}

TEST(NumberOfIdTest, OnlyDigitsMakeANumberThatARangeCanHold) {
  const std::map<std::string, std::optional<std::int64_t>> cases = {{"0", 0},
                                                                    {"007", 7},
                                                                    {"2147483647", 2147483647},
                                                                    {"2147483648", std::nullopt},
                                                                    {"", std::nullopt},
                                                                    {"-1", std::nullopt},
                                                                    {"1a", std::nullopt},
                                                                    {"a1", std::nullopt},
                                                                    {"+1", std::nullopt},
                                                                    {"1_000", std::nullopt}};
  for (const auto& [id, number] : cases) EXPECT_EQ(number_of_id(id), number) << id;
}

// --- random histories beside a model that looks at everything each time ---

class Model {
 public:
  void join(const std::string& id) { members_[id] = false; }
  void leave(const std::string& id) { members_.erase(id); }
  void set(const std::string& id, bool satisfied) { members_.at(id) = satisfied; }
  bool holds(const Dependencies& on) const {
    const auto ended = [&](const std::string& id) { return members_.contains(id) && members_.at(id); };
    std::set<std::int64_t> numbers;
    for (const auto& [id, satisfied] : members_) {
      if (satisfied && number_of_id(id)) numbers.insert(*number_of_id(id));
    }
    for (const auto& [first, last] : on.ranges) {
      for (std::int64_t number = first; number <= last; ++number) {
        if (!numbers.contains(number)) return false;
      }
    }
    return std::ranges::all_of(on.ids, ended);
  }
  const std::map<std::string, bool>& members() const { return members_; }

 private:
  std::map<std::string, bool> members_;
};

class GraphHistory {
 public:
  explicit GraphHistory(unsigned seed) : random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  std::string any_id() {
    const std::size_t number = pick(30);
    switch (pick(8)) {
      case 0:
        return "0" + std::to_string(number);
      case 1:
        return "t" + std::to_string(number);
      default:
        return std::to_string(number);
    }
  }
  Dependencies any_dependencies() {
    Dependencies on;
    for (std::size_t i = pick(3); i > 0; --i) on.ids.push_back(any_id());
    for (std::size_t i = pick(3); i > 0; --i) {
      const auto first = static_cast<std::int64_t>(pick(30));
      on.ranges.emplace_back(first, first + static_cast<std::int64_t>(pick(6)));
    }
    return on;
  }

  void step() {
    const std::size_t which = pick(100);
    const std::string id = any_id();
    const bool there = model_.members().contains(id);
    if (!there) {
      if (which < 60) {
        model_.join(id);
        graph_.join(TaskKey{1}, *ids_.insert(id).first);
      }
    } else if (which < 45) {
      satisfy(id);
    } else if (which < 60) {
      model_.set(id, false);
      graph_.unsatisfy(id);
    } else if (which < 70) {
      model_.leave(id);
      graph_.leave(id);
    }
    if (pick(2) == 0) begin_to_wait();
    if (pick(10) == 0 && !waiting_.empty()) stop();
    compare();
  }
  void satisfy(const std::string& id) {
    model_.set(id, true);
    Keys expected;
    for (const auto& [task, on] : waiting_) {
      if (model_.holds(*on)) expected.push_back(task);
    }
    EXPECT_EQ(graph_.satisfy(id), expected);
    for (const TaskKey task : expected) waiting_.erase(task);
  }
  void begin_to_wait() {
    const TaskKey task{static_cast<std::int64_t>(100 + pick(200))};
    if (waiting_.contains(task)) return;
    auto on = std::make_unique<Dependencies>(any_dependencies());
    const bool waits = !model_.holds(*on);
    EXPECT_EQ(graph_.is_satisfied(*on), !waits);
    EXPECT_EQ(graph_.wait(task, *on), waits);
    if (waits) waiting_.emplace(task, std::move(on));
  }
  void stop() {
    const auto at = std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(pick(waiting_.size())));
    graph_.stop_waiting(at->first);
    waiting_.erase(at);
  }
  void compare() {
    EXPECT_EQ(graph_.waiting(), waiting_.size());
    for (const auto& [task, on] : waiting_) EXPECT_TRUE(graph_.is_waiting(task));
    for (const auto& [id, satisfied] : model_.members()) EXPECT_EQ(graph_.find(id)->satisfied, satisfied);
  }

  std::mt19937 random_;
  std::set<std::string> ids_;  // views into it stay valid
  Model model_;
  DependencyGraph graph_;
  std::map<TaskKey, std::unique_ptr<Dependencies>> waiting_;
};

class DependencyGraphRandomTest : public testing::TestWithParam<unsigned> {};

TEST_P(DependencyGraphRandomTest, AnyHistoryReleasesWhatAModelReleases) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  GraphHistory(GetParam()).run(1500);
}
INSTANTIATE_TEST_SUITE_P(Seeds, DependencyGraphRandomTest, testing::Range(1U, 31U));

}  // namespace
}  // namespace batchite
