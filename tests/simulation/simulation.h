// The scheduler, a store and machines in virtual time, at which the commands of a history are thrown. After every event
// all that can be recounted is recounted; at the end everything must come to rest, and then go.
//
// All functions throw std::logic_error (or what the scheduler itself throws) when a property does not hold.
#pragma once
#include <map>
#include <set>

#include "core/scheduler/step.h"
#include "tests/simulation/bookkeeper.h"
#include "tests/simulation/command.h"
#include "tests/simulation/kept_statuses.h"
#include "tests/simulation/machines.h"

namespace batchite::simulation {

// What a schedule's jobs are like; Simulation makes them when they are due.
struct ScheduledJobs {
  JobSpec spec = {};
  bool has_auto_pool = false;
  int tasks = 0;
};

// Of pools that scale: what their formulas want for each task that waits or runs.
enum class Formula { None, Dedicated, Spot };

class Simulation {
 public:
  // After so many commands the store is compared as a whole: it is the dearest of all checks.
  explicit Simulation(int kept_every) : kept_every_(kept_every) {}

  void perform(const Command& command);
  // Nobody asks for anything any more: what can run has run in the end, and nothing is on its way.
  void come_to_rest();
  // Everything is deleted, and nothing is left.
  void end();

  // --- for the commands ---
  void happen(const Event& event);
  void restart();  // of the machine that everything runs on
  void reload();   // as after a commit that failed: what runs goes on
  const State& state() const { return state_; }
  State& state_before_all() { return state_; }  // for settings, before anything has happened
  Machines& machines() { return machines_; }
  Time now() const { return now_; }

  PoolKey new_pool() { return PoolKey{++last_pool_}; }
  JobKey new_job() { return JobKey{++last_job_}; }
  TaskKey new_task() { return TaskKey{++last_task_}; }
  ScheduleKey new_schedule() { return ScheduleKey{++last_schedule_}; }

  // What clients call things. Each is gone once the scheduler says so; what is asked to be deleted is waited for.
  std::map<int, JobKey> jobs;
  std::map<std::pair<JobKey, int>, TaskKey> tasks;
  std::map<int, ScheduleKey> schedules;
  std::map<ScheduleKey, ScheduledJobs> scheduled;
  std::map<PoolKey, Formula> formulas;
  std::set<TaskKey> may_go;      // tasks that somebody deleted
  std::set<JobKey> jobs_may_go;  // jobs likewise, or their schedules

 private:
  void pass_until(Time time);
  void pass_until_nothing_is_due();
  void answer_next();
  void forget_erased(const Effects& effects);
  void answer_what_is_due(const Effects& effects);
  void scale(PoolKey key);
  void create_scheduled_job(ScheduleKey key);
  void name_scheduled_job(JobKey job);
  void expect_rest() const;
  void expect_no_task_stuck(TaskKey key, const Task& task) const;

  State state_;
  Machines machines_;
  KeptStatuses kept_;
  Bookkeeper books_;
  Time now_ = Time(std::chrono::hours(24 * 365 * 50));
  const int kept_every_;
  int performed_ = 0;
  std::int64_t last_task_ = 0, last_job_ = 0, last_pool_ = 0, last_schedule_ = 0;
};

// j0 … j3 are clients', those after are a schedule's, until all of these ids are taken.
inline constexpr int kClientJobs = 4, kJobs = 6;
// p0 … p2 are clients', those after are made for jobs.
inline constexpr int kClientPools = 3, kPools = 5;
std::string pool_id(int pool);
// The first id of an auto pool that nobody has.
std::string free_auto_pool(const State& state);

}  // namespace batchite::simulation
