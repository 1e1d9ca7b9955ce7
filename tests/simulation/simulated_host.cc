#include "tests/simulation/simulated_host.h"

namespace batchite::simulation {

void SimulatedHost::enqueue(std::vector<HostOrder> orders) {
  for (const HostOrder& order : orders) std::visit([this](const auto& one) { perform(one); }, order);
}

template <class Exited>
void SimulatedHost::run(const std::string& spec, Exited exited) {
  const std::optional<Course> course = plan_(spec, exited.attempt);
  if (!course) return;
  const Time now = clock_();
  exited.outcome = {.exit_code = course->exit_code, .failure = std::nullopt, .may_retry = true, .started = now};
  exited.outcome.usage.user = course->takes;
  agenda_.later(now + course->takes, std::move(exited));
}

void SimulatedHost::perform(const BootNodeOrder& order) {
  agenda_.later(clock_() + boot_time_, NodeBooted{order.what.node, order.what.boot});
}

void SimulatedHost::perform(const RemoveNodeOrder& order) { agenda_.later(clock_(), NodeRemoved{order.what.node}); }

void SimulatedHost::perform(const RunStartTaskOrder& order) {
  run(order.spec, StartTaskExited{order.what.node, order.what.boot, order.what.attempt, {}});
}

void SimulatedHost::perform(const RunTaskOrder& order) {
  run(order.spec, TaskExited{order.what.task, order.what.attempt, {}});
}

void SimulatedHost::perform(const RunJobTaskOrder& order) {
  run(order.spec, JobTaskExited{order.what.job, order.what.node, order.what.which, order.what.attempt, {}});
}

void SimulatedHost::perform(const KillTask& order) {
  agenda_.drop<TaskExited>([&](const TaskExited& e) { return e.task == order.task && e.attempt == order.attempt; });
}

void SimulatedHost::perform(const KillStartTask& order) {
  agenda_.drop<StartTaskExited>(
      [&](const StartTaskExited& e) { return e.node == order.node && e.attempt == order.attempt; });
}

void SimulatedHost::perform(const KillJobTask& order) {
  agenda_.drop<JobTaskExited>([&](const JobTaskExited& e) {
    return e.job == order.job && e.node == order.node && e.which == order.which && e.attempt == order.attempt;
  });
}

}  // namespace batchite::simulation
