// A store that writes what it is told was touched, and gives a state back after a restart.
#pragma once
#include <map>
#include <string>

#include "core/scheduler/action.h"
#include "core/scheduler/state.h"

namespace batchite::simulation {

class KeptStatuses {
 public:
  KeptStatuses() = default;
  explicit KeptStatuses(const State& state);  // all there is

  void keep(const State& state, const Effects& effects);
  // What a restart of the service makes of them; specifications are those of `state`. Derived data is rebuilt.
  State restored(const State& state) const;
  // Throws std::logic_error naming the first thing that changed without having been told.
  void expect_all_of(const State& state) const;

 private:
  std::map<PoolKey, std::string> pools_;
  std::map<NodeKey, std::string> nodes_;
  std::map<JobKey, std::string> jobs_;
  std::map<ScheduleKey, std::string> schedules_;
  std::map<TaskKey, std::string> tasks_;
  std::map<std::pair<JobKey, NodeKey>, std::string> job_nodes_;
  std::string totals_;
};

}  // namespace batchite::simulation
