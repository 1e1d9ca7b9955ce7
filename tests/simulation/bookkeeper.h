// Counts on its own, from what happened, what the scheduler counts of a task: starts, retries, requeues.
#pragma once
#include <map>

#include "core/scheduler/action.h"
#include "core/scheduler/event.h"

namespace batchite::simulation {

class Bookkeeper {
 public:
  // Throws std::logic_error when a task's counters moved otherwise than the event demands.
  void expect_counted(const Event& event, const State& after, const Effects& effects, Time now);

 private:
  struct Seen {
    TaskState state = TaskState::Active;
    int attempt = 0, retries = 0, requeues = 0;
    NodeKey node = kNoNode;
    int max_retries = 0;
  };
  static Seen seen(const Task& task);
  static void expect_counted(const Event& event, TaskKey key, const Seen& before, const Task& task, const State& state,
                             Time now);

  std::map<TaskKey, Seen> tasks_;
};

}  // namespace batchite::simulation
