#include "backends/local/task_environment.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace batchite {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::StartsWith;

NodeFacts node() {
  return {.root = "/nodes/p/n",
          .account = "acct",
          .account_url = "http://batch",
          .pool_id = "p",
          .node_id = "n",
          .dedicated = false,
          .path = "/bin",
          .more = {"MORE=1"}};
}

Document setting(const char* name, const char* value) { return {{"name", name}, {"value", value}}; }

std::vector<std::string> environment(const std::vector<Document>& lists) {
  std::vector<const Document*> settings;
  for (const Document& list : lists) settings.push_back(&list);
  return task_environment(node(), {"/nodes/p/n/workitems/j/job-1/t", "j", "t"}, settings);
}

TEST(TaskEnvironment, AStartTaskHasNoJobAndNoTask) {
  const auto lines = task_environment(node(), {.directory = "/nodes/p/n/startup"}, {});
  EXPECT_THAT(lines, Contains("AZ_BATCH_TASK_WORKING_DIR=/nodes/p/n/startup/wd"));
  EXPECT_THAT(lines, Contains("AZ_BATCH_NODE_IS_DEDICATED=false"));
  EXPECT_THAT(lines, Contains("MORE=1"));
  EXPECT_THAT(lines, Not(Contains(StartsWith("AZ_BATCH_JOB_ID="))));
  EXPECT_THAT(lines, Not(Contains(StartsWith("AZ_BATCH_TASK_ID="))));
}

TEST(TaskEnvironment, LaterSettingsWinAndEveryNameOccursOnce) {
  const auto lines = environment({{setting("A", "job"), setting("PATH", "/mine"), setting("MORE", "2")},
                                  {setting("A", "task"), setting("EMPTY", "")}});
  EXPECT_THAT(lines, Contains("A=task"));
  EXPECT_THAT(lines, Contains("PATH=/mine"));
  EXPECT_THAT(lines, Contains("MORE=2"));
  EXPECT_THAT(lines, Contains("EMPTY="));
  std::vector<std::string> names;
  for (const std::string& line : lines) names.push_back(line.substr(0, line.find('=')));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(TaskEnvironment, WhatTheServiceSaysCannotBeSet) {
  const auto lines = environment({{setting("AZ_BATCH_NODE_ID", "mine"), setting("AZ_BATCH_NEW", "x"),
                                   setting("az_batch_node_id", "an ordinary name")}});
  EXPECT_THAT(lines, Contains("AZ_BATCH_NODE_ID=n"));
  EXPECT_THAT(lines, Not(Contains(StartsWith("AZ_BATCH_NEW="))));
  EXPECT_THAT(lines, Contains("az_batch_node_id=an ordinary name"));
}

TEST(TaskEnvironment, TasksFindWhatTheirJobPrepared) {
  const auto lines = task_environment(node(),
                                      {.directory = "/nodes/p/n/workitems/j/job-1/t",
                                       .job_id = "j",
                                       .task_id = "t",
                                       .preparation_directory = "/nodes/p/n/workitems/j/job-1/prep"},
                                      {});
  EXPECT_THAT(lines, Contains("AZ_BATCH_JOB_PREP_DIR=/nodes/p/n/workitems/j/job-1/prep"));
  EXPECT_THAT(lines, Contains("AZ_BATCH_JOB_PREP_WORKING_DIR=/nodes/p/n/workitems/j/job-1/prep/wd"));
  EXPECT_THAT(environment({}), Not(Contains(StartsWith("AZ_BATCH_JOB_PREP_"))));
}

TEST(TaskEnvironment, ATaskThatAskedForATokenFindsIt) {
  const auto lines = task_environment(
      node(), {.directory = "/nodes/p/n/workitems/j/job-1/t", .job_id = "j", .task_id = "t", .token = "abc"}, {});
  EXPECT_THAT(lines, Contains("AZ_BATCH_AUTHENTICATION_TOKEN=abc"));
  EXPECT_THAT(environment({}), Not(Contains(StartsWith("AZ_BATCH_AUTHENTICATION_TOKEN="))));
}

TEST(TaskEnvironment, ValuesAreLiteral) {
  EXPECT_THAT(environment({{setting("A", "$HOME %PATH% a=b\nc")}}), Contains("A=$HOME %PATH% a=b\nc"));
}

}  // namespace
}  // namespace batchite
