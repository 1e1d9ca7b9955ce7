// Shrinking, with failures that are known.
#include "tests/simulation/shrink.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/simulation/history.h"

namespace batchite::simulation {
namespace {

using Numbers = std::vector<int>;

bool has(const Numbers& list, int number) { return std::ranges::find(list, number) != list.end(); }

TEST(ShrinkTest, OnlyWhatTheFailureNeedsIsLeft) {
  Numbers list(1000);
  std::iota(list.begin(), list.end(), 0);
  int tries = 0;
  const auto fails = [&](const Numbers& some) {
    ++tries;
    return has(some, 17) && has(some, 18) && has(some, 903);
  };
  EXPECT_EQ(shortened(list, fails), (Numbers{17, 18, 903}));
  EXPECT_LT(tries, 200);
}

TEST(ShrinkTest, WhatFailsByItsNumberIsCutToThatNumber) {
  const auto fails = [](const Numbers& some) { return some.size() >= 7; };
  EXPECT_EQ(shortened(Numbers(100), fails).size(), 7U);
}

TEST(ShrinkTest, AFailureThatNeedsNothingLeavesNothing) {
  EXPECT_TRUE(shortened(Numbers(5), [](const Numbers&) { return true; }).empty());
}

TEST(ShrinkTest, NumbersBecomeAsPlainAsTheFailureAllows) {
  const auto fails = [](const Numbers& some) { return some[0] >= 3 && some[1] != 1; };
  EXPECT_EQ(plainer(Numbers{9, 7, 5}, fails, [](int& number) { return std::vector<int*>{&number}; }),
            (Numbers{3, 0, 0}));
}

// Finds fault with a history as a broken scheduler would: here, when a node that was disabled is rebooted.
Failing no_reboot_of_a_disabled_node(const History& history) {
  bool disabled = false;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Command& command = history[i];
    if (command.kind->name == "disable_node" && command["node"] == 2) disabled = true;
    if (command.kind->name == "enable_node") disabled = false;
    if (disabled && command.kind->name == "reboot_node" && command["drain"] >= 1) {
      return "rebooted by command " + std::to_string(i);
    }
  }
  return std::nullopt;
}

TEST(ShrinkTest, AHistoryBecomesAShortStory) {
  const History history = random_history(1, 3000);
  ASSERT_TRUE(no_reboot_of_a_disabled_node(history));
  EXPECT_EQ(to_text(shrunk(history, no_reboot_of_a_disabled_node)),
            "       disable_node p0 node=2\n"
            "       reboot_node p0 drain=terminate\n");
}

TEST(ShrinkTest, TheSameSeedGivesTheSameHistory) {
  EXPECT_EQ(to_text(random_history(7, 50)), to_text(random_history(7, 50)));
  EXPECT_NE(to_text(random_history(7, 50)), to_text(random_history(8, 50)));
}

TEST(ShrinkTest, ACrashIsAFailureToo) {
  constexpr Kind kCrash{"crash", 1, {}, [](Simulation&, const Command&) { std::abort(); }};
  const auto failing = tried({{&kCrash}});
  ASSERT_TRUE(failing);
  EXPECT_EQ(*failing, "it crashed: Aborted");
}

}  // namespace
}  // namespace batchite::simulation
