// A host without machines: nodes boot, processes run and end in virtual time, as a plan says.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/host.h"
#include "tests/simulation/agenda.h"

namespace batchite::simulation {

class SimulatedHost : public Host {
 public:
  // How an attempt of a task of any kind goes.
  struct Course {
    Ticks takes{};
    int exit_code = 0;
  };
  // By the task's document and the number of the attempt; nullopt: it runs until it is killed. Asked once an attempt,
  // when it begins.
  using Plan = std::function<std::optional<Course>(const std::string& spec, int attempt)>;

  SimulatedHost(Clock clock, Plan plan, Ticks boot_time)
      : clock_(std::move(clock)), plan_(std::move(plan)), boot_time_(boot_time) {}

  void enqueue(std::vector<HostOrder> orders) override;
  std::optional<Failure> upload(const TextUpload&) override { return std::nullopt; }

  Time next() const { return agenda_.next(); }
  Event take() { return agenda_.take(); }  // REQUIRES: next() is not Time::max()

 private:
  void perform(const BootNodeOrder& order);
  void perform(const RemoveNodeOrder& order);
  void perform(const RunStartTaskOrder& order);
  void perform(const RunTaskOrder& order);
  void perform(const RunCoordinationOrder&) {}  // nobody simulates multi-instance tasks here
  void perform(const RunJobTaskOrder& order);
  void perform(const KillTask& order);
  void perform(const KillStartTask& order);
  void perform(const KillJobTask& order);
  void perform(const RemoveTaskFilesOrder&) {}
  void perform(const MeasurePoolOrder&) {}
  void perform(const WakeAt& order) { agenda_.wake(order.at); }
  template <class Exited>
  void run(const std::string& spec, Exited exited);

  const Clock clock_;
  const Plan plan_;
  const Ticks boot_time_;
  Agenda agenda_;
};

}  // namespace batchite::simulation
