// Ctrl-C and its kind, as a run needs them: the first one asks to stop (and wakes who waits), a second one ends the
// program at once; the local backend's processes die with it.
// One at a time in the process. Threads: the signals may arrive on any; pause() and cancelled() from any.
#pragma once
#include <memory>

#include "backends/azure/sender.h"
#include "core/workflow/events.h"

namespace batchite::cli {

class InterruptiblePace : public workflow::Pace {
 public:
  // Takes SIGINT, SIGTERM and SIGHUP over; the destructor gives them back.
  InterruptiblePace();
  ~InterruptiblePace() override;
  InterruptiblePace(const InterruptiblePace&) = delete;
  InterruptiblePace& operator=(const InterruptiblePace&) = delete;

  void pause(Ticks duration) override;
  bool cancelled() const override { return signal() != 0; }
  Time now() const override;

  // What the second signal writes to stderr before it ends the program; at most 400 bytes.
  void say_when_ended(const std::string& line);

  // The signal that asked to stop; 0: none.
  static int signal();
};

// The same for requests to a service that asks to wait. While there is no InterruptiblePace nobody asks.
std::shared_ptr<azure::Interrupt> interrupt();

}  // namespace batchite::cli
