#include <gmock/gmock.h>

#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

class SchedulerExplainTest : public SchedulerStory {
 protected:
  std::string why(const std::string& id) {
    static constexpr const char* kReasons[] = {
        "task not active",   "job not active",  "pool missing",   "pool deleting",     "no nodes",
        "needs more slots",  "at max parallel", "node not ready", "preparing",         "node barred",
        "node full",         "behind others",   "about to start", "waits for",         "blocked by",
        "depends on itself", "awaits scaling",  "manager first",  "no dedicated",      "not dedicated",
        "not empty",         "taken",           "apart",          "needs whole nodes", "needs more nodes",
        "nodes taken"};
    std::string text;
    for (const Obstacle& obstacle : explain(state_, task(id))) {
      if (!text.empty()) text += "; ";
      text += kReasons[static_cast<int>(obstacle.reason)];
      if (obstacle.node != kNoNode) text += fmt::format(" n{}", number(obstacle.node));
      if (!obstacle.tasks.empty()) text += " " + obstacle.tasks;
      if (obstacle.a || obstacle.b) text += fmt::format(" {}/{}", obstacle.a, obstacle.b);
    }
    return text;
  }
};

TEST_F(SchedulerExplainTest, AMissingOrEmptyPoolIsNamed) {
  add_job("j");
  add("a");
  EXPECT_EQ(why("a"), "pool missing");
  state_.settings.allocation_delay = seconds(5);
  add_pool("p", {.dedicated = 3});
  EXPECT_EQ(why("a"), "no nodes 0/3");
  later(seconds(5));
  EXPECT_EQ(why("a"), "node not ready n1; node not ready n2; node not ready n3");
  booted(2);
  EXPECT_EQ(why("a"), "task not active");
}

TEST_F(SchedulerExplainTest, NodesTellWhyTheyDoNotTakeIt) {
  given_pool("p", {.dedicated = 1, .slots = 2});
  add_pool("q", {.dedicated = 0});
  resize("p", {2, 0});
  add_job("j");
  add("a");
  EXPECT_EQ(why("a"), "task not active");
  add("big", {.slots = 2});
  EXPECT_EQ(why("big"), "node full n1 1/2; node not ready n2");
  add("huge", {.slots = 3});
  EXPECT_EQ(why("huge"), "needs more slots 3/2");
  add("later", {.slots = 2});
  EXPECT_EQ(why("later"), "node full n1 1/2; node not ready n2; behind others 1/0");
}

TEST_F(SchedulerExplainTest, JobsStandInTheWayToo) {
  given_pool("p", {.dedicated = 1});
  add_job("j", {.max_parallel = 1});
  add_job("urgent", {.priority = 9});
  add("a");
  add("b");
  add("u", {}, "urgent");
  EXPECT_EQ(why("b"), "at max parallel 1/1; node full n1 0/1; behind others 1/0");
  happens(JobDisableAsked{job("j"), DrainOption::TaskCompletion});
  EXPECT_EQ(why("b"), "job not active; at max parallel 1/1; node full n1 0/1; behind others 1/0");
  happens(PoolDeleteAsked{pool("p")});
  EXPECT_EQ(why("u"), "pool deleting");
}

TEST_F(SchedulerExplainTest, WhatATaskWaitsForIsNamed) {
  given_pool("p", {.dedicated = 1});
  add_job("j", {.dependencies = true});
  add("1");
  add("5");
  add("sum", {.on = {.ids = {"1", "nobody"}, .ranges = {{3, 6}, {9, 9}}}});
  EXPECT_EQ(why("sum"), "waits for 1, nobody (no such task), 3 to 6, 9 (no such task); node full n1 0/1");
  EXPECT_EQ(why("5"), "node full n1 0/1") << "those that are blocked do not go first";
  exited("1", 1);
  exited("5", 1);
  EXPECT_EQ(why("sum"), "waits for nobody (no such task), 3 to 4, 6 (no such task), 9 (no such task)");
  add("many", {.on = {.ids = {"a", "b", "c", "d", "e", "f"}, .ranges = {{0, 2'000'000'000}}}});
  EXPECT_THAT(why("many"), testing::StartsWith("waits for a (no such task), b (no such task)"));
  EXPECT_THAT(why("many"), testing::EndsWith("e (no such task) and others"));
}

TEST_F(SchedulerExplainTest, ATaskThatCanNeverRunSaysWhy) {
  given_pool("p", {.dedicated = 1});
  add_job("j", {.dependencies = true});
  add("a");
  add("b", {.on = {.ids = {}, .ranges = {{1, 2}}}});
  add("1", {.on = {.ids = {"a"}, .ranges = {}}});
  add("self", {.on = {.ids = {"self"}, .ranges = {}}});
  add("x", {.on = {.ids = {"y"}, .ranges = {}}});
  add("y", {.on = {.ids = {"x"}, .ranges = {}}});
  EXPECT_EQ(why("b"), "waits for 1 to 2; node full n1 0/1");
  exited("a", 1, 7);
  EXPECT_EQ(why("1"), "blocked by a; waits for a");
  EXPECT_EQ(why("b"), "blocked by a; waits for 1 to 2") << "through another";
  EXPECT_EQ(why("self"), "depends on itself; waits for self");
  EXPECT_EQ(why("x"), "depends on itself; waits for y");
}

TEST_F(SchedulerExplainTest, AMultiInstanceTaskNeedsAPoolMadeForIt) {
  add_job("j");
  given_pool("p", {.dedicated = 2});
  add("apart", {.instances = 2});
  EXPECT_EQ(why("apart"), "apart");
  add_job("k", {.pool = "q"});
  given_pool("q", {.dedicated = 2, .slots = 2, .inter_node = true});
  add("crowded", {.instances = 2}, "k");
  EXPECT_EQ(why("crowded"), "needs whole nodes 2/0");
}

TEST_F(SchedulerExplainTest, AMultiInstanceTaskWaitsForAllItsNodesAtOnce) {
  given_pool("p", {.dedicated = 2, .inter_node = true});
  add_job("j");
  add("wide", {.instances = 3});
  EXPECT_EQ(why("wide"), "needs more nodes 3/2");
  add("other", {});
  add("pair", {.instances = 2});
  EXPECT_EQ(why("pair"), "nodes taken 2/1; node full n1 0/1; behind others 1/0");
  add("small", {});
  EXPECT_EQ(why("small"), "task not active") << "it need not wait for those that need more";
}

}  // namespace
}  // namespace batchite
