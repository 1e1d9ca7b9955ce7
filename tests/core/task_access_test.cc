// What tasks may do with the tokens that they were given.
#include "core/operations/task_access.h"

#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

class TaskAccessTest : public ServiceTest {
 protected:
  static Document with_token(const std::string& id, const Document& access = {"job"}) {
    Document body = task(id);
    body["authenticationTokenSettings"] = {{"access", access}};
    return body;
  }
  // The one that the task was given with its latest start.
  TaskCaller caller_of(const RunTaskOrder& run) {
    const auto token = BearerToken::parse(run.token);
    if (!token || !token->is_signed_with("secret")) throw std::logic_error("no token, or another's");
    return task_caller(*token).value();
  }
  TaskCaller given_caller(const Document& access = {"job"}) {
    one_node();
    ask("Task_Add", {.path = {{"jobId", "j"}}, .body = with_token("t", access)});
    return caller_of(runs().at(0));
  }
  // "200", or status, code and the first value.
  std::string verdict(const TaskCaller& caller, std::string_view operation, const Parameters& path = {},
                      const Document& body = nullptr) {
    now += std::chrono::seconds(1);
    Call call{.operation = *contract::find_operation(operation), .path = path, .body = body};
    call.caller = caller;
    try {
      Answer answer = service.call(call, now);
      auto* later = std::get_if<Later>(&answer);
      return std::to_string((later ? (*later)() : std::get<Reply>(answer)).status);
    } catch (const Error& error) {
      std::string text = std::to_string(error.status()) + " " + error.code();
      return error.values().empty() ? text : text + ": " + error.values()[0].value;
    }
  }
};

TEST_F(TaskAccessTest, OnlyATaskThatAsksForATokenGetsOne) {
  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  EXPECT_EQ(runs().at(0).token, "");
}

TEST_F(TaskAccessTest, EveryOperationOnItsOwnJobIsAllowed) {
  const TaskCaller caller = given_caller();
  EXPECT_EQ(verdict(caller, "Job_Get", {{"jobId", "J"}}), "200") << "case does not matter";
  EXPECT_EQ(verdict(caller, "Task_Add", {{"jobId", "j"}}, task("u")), "201");
  EXPECT_EQ(verdict(caller, "Task_List", {{"jobId", "j"}}), "200");
  EXPECT_EQ(verdict(caller, "Job_GetTaskCounts", {{"jobId", "j"}}), "200");
  EXPECT_EQ(verdict(caller, "File_ListFromTask", {{"jobId", "j"}, {"taskId", "t"}}), "200");
  EXPECT_EQ(verdict(caller, "Job_Patch", {{"jobId", "j"}}, {{"priority", 1}}), "200");
  EXPECT_EQ(verdict(caller, "Job_Terminate", {{"jobId", "j"}}), "202");
}

TEST_F(TaskAccessTest, EverythingElseIsForbidden) {
  const TaskCaller caller = given_caller();
  ask("Job_Add", {.body = job("other", "p")});
  const std::string forbidden = "403 Forbidden: The token of a task allows operations on its own job only, which is j";
  EXPECT_EQ(verdict(caller, "Job_Get", {{"jobId", "other"}}), forbidden);
  EXPECT_EQ(verdict(caller, "Job_Get", {{"jobId", "nobody"}}), forbidden) << "it does not learn what there is";
  EXPECT_EQ(verdict(caller, "Task_Add", {{"jobId", "other"}}, task("u")), forbidden);
  for (const char* operation : {"Pool_List", "Job_List", "Job_Add", "JobSchedule_List", "Account_ListPoolNodeCounts"}) {
    EXPECT_EQ(verdict(caller, operation, {}, nullptr), forbidden) << operation;
  }
}

TEST_F(TaskAccessTest, ATokenThatAskedForNoAccessAllowsNothing) {
  const TaskCaller caller = given_caller(Document::array());
  EXPECT_EQ(verdict(caller, "Job_Get", {{"jobId", "j"}}),
            "403 Forbidden: The token of a task allows operations on its own job only, if it asked for that access");
}

TEST_F(TaskAccessTest, ATokenIsGoodForItsAttemptOnly) {
  one_node();
  Document body = with_token("t");
  body["constraints"] = {{"maxTaskRetryCount", 1}};
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = body});
  const RunTaskOrder first = runs().at(0);
  ends(first, 1);
  const RunTaskOrder second = runs().at(0);
  const std::string ended = "401 AuthenticationFailed: The bearer token is of a task that does not run any more.";
  EXPECT_EQ(verdict(caller_of(first), "Job_Get", {{"jobId", "j"}}), ended);
  EXPECT_EQ(verdict(caller_of(second), "Job_Get", {{"jobId", "j"}}), "200");
  ends(second, 0);
  EXPECT_EQ(verdict(caller_of(second), "Job_Get", {{"jobId", "j"}}), ended);
}

TEST_F(TaskAccessTest, AJobThatTakesTheNameOfAnotherIsAnotherJob) {
  const TaskCaller caller = given_caller();
  ask("Job_Delete", {.path = {{"jobId", "j"}}});
  ask("Job_Add", {.body = job("j", "p")});
  EXPECT_EQ(verdict(caller, "Job_Get", {{"jobId", "j"}}).substr(0, 3), "401");
}

TEST_F(TaskAccessTest, WhereNobodyAnswersTasksTheyAreRefused) {
  Service alone{store, files, host, {.account = "acct", .base_url = "http://batch"}};
  const Call call{.operation = *contract::find_operation("Job_Add"),
                  .body = {{"id", "k"}, {"poolInfo", {{"poolId", "p"}}}, {"jobManagerTask", with_token("m")}}};
  try {
    alone.call(call, now);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "InvalidPropertyValue");
    EXPECT_EQ(error.values().at(0).value, "authenticationTokenSettings");
  }
}

}  // namespace
}  // namespace batchite
