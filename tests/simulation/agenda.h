// What happens when, in virtual time: events that are on their way, and the scheduler's timer.
#pragma once
#include <map>

#include "core/scheduler/event.h"

namespace batchite::simulation {

class Agenda {
 public:
  // Events of one time come in the order in which they were put in.
  void later(Time at, Event event) { events_.emplace(at, std::move(event)); }
  void wake(Time at) { wake_at_ = at; }  // replaces an earlier wake

  Time next() const { return events_.empty() ? wake_at_ : std::min(wake_at_, events_.begin()->first); }

  // REQUIRES: next() is not Time::max(). Timers come first: whatever else comes at that time finds them done.
  Event take() {
    if (wake_at_ == next()) {
      wake_at_ = Time::max();
      return Tick{};
    }
    Event event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    return event;
  }

  // Those of a kind of event that a predicate picks.
  template <class Kind, class Picks>
  void drop(const Picks& picks) {
    std::erase_if(events_, [&](const auto& one) {
      const auto* event = std::get_if<Kind>(&one.second);
      return event && picks(*event);
    });
  }
  void clear() {
    events_.clear();
    wake_at_ = Time::max();
  }

 private:
  std::multimap<Time, Event> events_;
  Time wake_at_ = Time::max();
};

}  // namespace batchite::simulation
