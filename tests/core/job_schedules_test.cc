// Job schedules and auto pools through the whole service, over virtual days.
#include <gmock/gmock.h>

#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;

class JobSchedulesTest : public ServiceTest {
 protected:
  static Document schedule(const std::string& id, const Document& when) {
    return {{"id", id}, {"schedule", when}, {"jobSpecification", {{"poolInfo", {{"poolId", "p"}}}}}};
  }
  void add(const std::string& id, const Document& when) { ask("JobSchedule_Add", {.body = schedule(id, when)}); }
  Document get(const std::string& id) { return ask("JobSchedule_Get", {.path = {{"jobScheduleId", id}}}).body; }
  std::string act(const std::string& verb, const std::string& id) {
    return outcome("JobSchedule_" + verb, {.path = {{"jobScheduleId", id}}});
  }
  // "s:job-1 active"
  std::vector<std::string> jobs(const std::string& id) {
    std::vector<std::string> found;
    const Document list = ask("Job_ListFromJobSchedule", {.path = {{"jobScheduleId", id}}}).body;
    for (const Document& job : list["value"]) {
      found.push_back(job["id"].get<std::string>() + " " + job["state"].get<std::string>());
    }
    return found;
  }
  void terminate(const std::string& job) { ask("Job_Terminate", {.path = {{"jobId", job}}}); }
  void later(Ticks by) {
    now += by;
    happens(Tick{});
  }
};

TEST_F(JobSchedulesTest, TheFirstJobIsThereAtOnceAndTheNextTimeIsTold) {
  add("s", {{"recurrenceInterval", "PT1H"}});
  const Document added = get("s");
  EXPECT_EQ(added["state"], "active");
  EXPECT_EQ(added["executionInfo"]["recentJob"]["id"], "s:job-1");
  EXPECT_EQ(added["executionInfo"]["nextRunTime"],
            iso8601(*parse_iso8601(added["creationTime"].get<std::string>()) + hours(1)));
  EXPECT_THAT(jobs("s"), ElementsAre("s:job-1 active"));
  EXPECT_EQ(added["jobSpecification"]["priority"], 0) << "with a job's defaults";
}

TEST_F(JobSchedulesTest, ADueJobWaitsForTheLastAndRunsWhenThatEnds) {
  add("s", {{"recurrenceInterval", "PT1H"}});
  later(hours(1));
  EXPECT_THAT(jobs("s"), ElementsAre("s:job-1 active")) << "at most one is active";
  terminate("s:job-1");
  EXPECT_THAT(jobs("s"), ElementsAre("s:job-1 completed", "s:job-2 active"));
}

TEST_F(JobSchedulesTest, AJobThatComesTooLateForItsWindowIsSkipped) {
  add("s", {{"recurrenceInterval", "PT1H"}, {"startWindow", "PT5M"}});
  later(hours(1));
  later(minutes(10));
  terminate("s:job-1");
  EXPECT_THAT(jobs("s"), ElementsAre("s:job-1 completed"));
  later(minutes(50));
  EXPECT_THAT(jobs("s"), ElementsAre("s:job-1 completed", "s:job-2 active"));
}

TEST_F(JobSchedulesTest, WithoutRecurrenceThereIsOneJobAndItsEndCompletesTheSchedule) {
  add("s", Document::object());
  EXPECT_FALSE(get("s")["executionInfo"].contains("nextRunTime"));
  terminate("s:job-1");
  EXPECT_EQ(get("s")["state"], "completed");
  EXPECT_EQ(act("Terminate", "s"), "409 JobScheduleCompleted");
}

TEST_F(JobSchedulesTest, NothingRunsBeforeItMayAndNothingIsBegunAfter) {
  add("s", {{"doNotRunUntil", iso8601(now + hours(2))},
            {"doNotRunAfter", iso8601(now + hours(4))},
            {"recurrenceInterval", "PT1H"}});
  EXPECT_TRUE(jobs("s").empty());
  later(hours(2));
  terminate("s:job-1");
  later(hours(1));
  terminate("s:job-2");
  later(hours(3));
  EXPECT_EQ(get("s")["state"], "completed");
  EXPECT_EQ(jobs("s").size(), 2U);
}

TEST_F(JobSchedulesTest, ADisabledOneKeepsItsTimeAndMakesNothing) {
  add("s", {{"recurrenceInterval", "PT1H"}});
  EXPECT_EQ(act("Disable", "s"), "204");
  EXPECT_EQ(act("Disable", "s"), "409 JobScheduleDisabled");
  terminate("s:job-1");
  later(hours(1));
  EXPECT_THAT(jobs("s"), ElementsAre("s:job-1 completed"));
  EXPECT_TRUE(get("s")["executionInfo"].contains("nextRunTime"));
  EXPECT_EQ(act("Enable", "s"), "204");
  EXPECT_THAT(jobs("s"), ElementsAre("s:job-1 completed", "s:job-2 active"));
}

TEST_F(JobSchedulesTest, TerminationEndsTheActiveJobAndDeletionTakesAll) {
  add("s", {{"recurrenceInterval", "PT1H"}});
  EXPECT_EQ(act("Terminate", "s"), "202");
  EXPECT_EQ(get("s")["state"], "completed");
  EXPECT_EQ(ask("Job_Get", {.path = {{"jobId", "s:job-1"}}}).body["executionInfo"]["terminateReason"],
            "TerminateWorkitem");
  EXPECT_EQ(act("Delete", "s"), "202");
  EXPECT_EQ(act("Get", "s"), "404 JobScheduleNotFound");
  EXPECT_EQ(outcome("Job_Get", {.path = {{"jobId", "s:job-1"}}}), "404 JobNotFound");
}

TEST_F(JobSchedulesTest, AJobAndAScheduleDoNotShareAnId) {
  add("s", {{"recurrenceInterval", "PT1H"}});
  EXPECT_EQ(outcome("JobSchedule_Add", {.body = schedule("S", {{"recurrenceInterval", "PT1H"}})}),
            "409 JobScheduleExists");
  EXPECT_EQ(outcome("Job_Add", {.body = job("s", "p")}), "409 JobScheduleWithSameIdExists");
  ask("Job_Add", {.body = job("j", "p")});
  EXPECT_EQ(outcome("JobSchedule_Add", {.body = schedule("j", Document::object())}), "409 JobWithSameIdExists");
}

TEST_F(JobSchedulesTest, ARestartForgetsNothing) {
  add("s", {{"recurrenceInterval", "PT1H"}});
  terminate("s:job-1");
  Service again(store, files, host, {.account = "acct", .base_url = "http://batch"});
  again.happened({HostRestarted{}}, now);
  again.happened({Tick{}}, now + hours(1));
  EXPECT_EQ(again.state().jobs.size(), 2U);
}

TEST_F(JobSchedulesTest, OverADayThereIsAJobAnHour) {
  add("s", {{"recurrenceInterval", "PT1H"}});
  for (int hour = 1; hour < 24; ++hour) {
    terminate("s:job-" + std::to_string(hour));
    later(hours(1));
  }
  EXPECT_EQ(get("s")["executionInfo"]["recentJob"]["id"], "s:job-24");
}

// --- auto pools ---

class AutoPoolsTest : public JobSchedulesTest {
 protected:
  static Document auto_pool(const std::string& lifetime, bool keep_alive = false) {
    Document of_pool = pool("x", 1);
    of_pool.erase("id");
    return {{"autoPoolSpecification",
             {{"autoPoolIdPrefix", "auto"},
              {"poolLifetimeOption", lifetime},
              {"keepAlive", keep_alive},
              {"pool", of_pool}}}};
  }
  std::string pool_of_job(const std::string& id) {
    return ask("Job_Get", {.path = {{"jobId", id}}}).body["executionInfo"]["poolId"];
  }
  std::string pool_outcome(const std::string& id) { return outcome("Pool_Get", {.path = {{"poolId", id}}}); }
  void remove_nodes() {
    for (const HostOrder& order : std::exchange(host.orders, {})) {
      if (const auto* remove = std::get_if<RemoveNodeOrder>(&order)) happens(NodeRemoved{remove->what.node});
    }
  }
};

TEST_F(AutoPoolsTest, APoolComesAndGoesWithItsJob) {
  ask("Job_Add", {.body = {{"id", "j"}, {"poolInfo", auto_pool("job")}}});
  const std::string id = pool_of_job("j");
  EXPECT_THAT(id, testing::MatchesRegex("auto_[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"));
  EXPECT_EQ(pool_outcome(id), "200");
  boot_nodes();
  terminate("j");
  remove_nodes();
  EXPECT_EQ(pool_outcome(id), "404 PoolNotFound");
}

TEST_F(AutoPoolsTest, APoolThatIsKeptAliveStays) {
  ask("Job_Add", {.body = {{"id", "j"}, {"poolInfo", auto_pool("job", true)}}});
  const std::string id = pool_of_job("j");
  ask("Job_Delete", {.path = {{"jobId", "j"}}});
  EXPECT_EQ(pool_outcome(id), "200");
}

TEST_F(AutoPoolsTest, TheJobsOfAScheduleCanShareOne) {
  Document shared = schedule("s", {{"recurrenceInterval", "PT1H"}});
  shared["jobSpecification"]["poolInfo"] = auto_pool("jobschedule");
  ask("JobSchedule_Add", {.body = shared});
  const std::string id = pool_of_job("s:job-1");
  boot_nodes();
  terminate("s:job-1");
  later(hours(1));
  EXPECT_EQ(pool_of_job("s:job-2"), id);
  act("Delete", "s");
  remove_nodes();
  EXPECT_EQ(pool_outcome(id), "404 PoolNotFound");
}

TEST_F(AutoPoolsTest, OnlyASchedulesJobsShareAPool) {
  EXPECT_EQ(outcome("Job_Add", {.body = {{"id", "j"}, {"poolInfo", auto_pool("jobschedule")}}}),
            "400 InvalidPropertyValue");
}

TEST_F(AutoPoolsTest, AnAutoPoolHasToBeDescribedWhenAJobIsAddedAndWhenItIsChanged) {
  Document nothing = auto_pool("job");
  nothing["autoPoolSpecification"].erase("pool");
  EXPECT_EQ(outcome("Job_Add", {.body = {{"id", "j"}, {"poolInfo", nothing}}}), "400 MissingRequiredProperty");
  ask("Job_Add", {.body = {{"id", "j"}, {"poolInfo", auto_pool("job")}}});
  EXPECT_EQ(outcome("Job_Update", {.path = {{"jobId", "j"}}, .body = {{"poolInfo", nothing}}}),
            "400 MissingRequiredProperty");
}

}  // namespace
}  // namespace batchite
