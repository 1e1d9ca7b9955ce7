#include "tests/core/scheduler_story.h"

namespace batchite {
namespace {

class SchedulerExplainTest : public SchedulerStory {
 protected:
  std::string why(const std::string& id) {
    static constexpr const char* kReasons[] = {
        "task not active", "job not active", "pool missing", "pool deleting", "no nodes",      "needs more slots",
        "at max parallel", "node not ready", "node full",    "behind others", "about to start"};
    std::string text;
    for (const Obstacle& obstacle : explain(state_, task(id))) {
      if (!text.empty()) text += "; ";
      text += kReasons[static_cast<int>(obstacle.reason)];
      if (obstacle.node != kNoNode) text += fmt::format(" n{}", number(obstacle.node));
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

}  // namespace
}  // namespace batchite
