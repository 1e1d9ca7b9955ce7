// The machines of a simulation: they carry the scheduler's actions out in virtual time, and hold it to its word.
// Whatever they do is fixed by plans, so that leaving one command of a history out changes nothing about the others.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "core/scheduler/action.h"
#include "core/scheduler/event.h"
#include "tests/simulation/agenda.h"

namespace batchite::simulation {

// How processes of a kind behave.
struct Plan {
  Ticks takes = std::chrono::seconds(10);
  int failures = 0;                 // the first attempts exit with 1
  Trouble trouble = Trouble::None;  // of the attempts after those
  bool replies_twice = false;       // and its end is told although it had been killed
};

class Machines {
 public:
  // Set before anything of the kind runs.
  std::map<TaskKey, Plan> tasks;
  std::map<TaskKey, Plan> coordinations;  // of multi-instance tasks; failures are the last instance's
  std::map<PoolKey, Plan> start_tasks;
  std::map<JobKey, Plan> preparations, releases;

  // Throws std::logic_error when the action makes no sense. `state`: after the step.
  void told(const Action& action, const State& state, Time now);

  Time next() const { return agenda_.next(); }
  Event take();  // REQUIRES: next() is not Time::max()

  void fail();  // nothing of what ran is left
  // Throws std::logic_error when the scheduler has another opinion of what runs.
  void expect_same_processes(const State& state) const;

 private:
  struct Process {
    int attempt;
    NodeKey node;
    bool operator==(const Process&) const = default;
  };
  using Coordination = std::pair<TaskKey, int>;  // of which instance
  using JobProcess = std::tuple<JobKey, NodeKey, JobTask>;

  void perform(const BootNode& a, const State& state, Time now);
  void perform(const RemoveNode& a, const State& state, Time now);
  void perform(const RunStartTask& a, const State& state, Time now);
  void perform(const KillStartTask& a, const State& state, Time now);
  void perform(const RunTask& a, const State& state, Time now);
  void perform(const RunCoordination& a, const State& state, Time now);
  void perform(const KillTask& a, const State& state, Time now);
  void perform(const RemoveTaskFiles& a, const State& state, Time now);
  void perform(const RunJobTask& a, const State& state, Time now);
  void perform(const KillJobTask& a, const State& state, Time now);
  void perform(const RemoveJobTaskFiles& a, const State& state, Time now);
  void perform(const MeasurePool& a, const State& state, Time now);
  void perform(const WakeAt& a, const State& state, Time now);

  void report(Time now, const Plan& plan, const Event& event);
  void empty_disk(NodeKey node);
  void expect_quiet(NodeKey node, const char* what) const;
  void expect_same_tasks(const State& state) const;

  Agenda agenda_;
  std::map<TaskKey, Process> processes_;
  std::map<Coordination, Process> coordinations_;           // and what they left running
  std::map<NodeKey, std::pair<int, int>> start_processes_;  // boot, attempt
  std::map<JobProcess, int> job_processes_;                 // attempt
  std::set<std::pair<JobKey, NodeKey>> prepared_;           // a preparation has run on the disk that the node has
};

}  // namespace batchite::simulation
