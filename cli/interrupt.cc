#include "cli/interrupt.h"
#include "backends/system/real.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>

namespace batchite::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

// What the handler touches: nothing but these.
std::atomic<int> asked_by{0};
std::atomic<int> wake_fd{-1};
std::array<char, 400> farewell;
std::atomic<std::size_t> farewell_size{0};
static_assert(std::atomic<int>::is_always_lock_free);

struct sigaction before[kSignals.size()];
int pipe_ends[2] = {-1, -1};

extern "C" void on_signal(int number) {
  const int saved = errno;
  int none = 0;
  [[maybe_unused]] ssize_t written = 0;
  if (!asked_by.compare_exchange_strong(none, number)) {
    written = write(STDERR_FILENO, farewell.data(), farewell_size);
    _exit(128 + number);
  }
  const char byte = 0;
  written = write(wake_fd.load(), &byte, 1);
  errno = saved;
}

// Nobody reads what the handler writes: whoever waits, now or later, is woken by it.
void wait_for_signal(Ticks most) {
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(std::max(most, Ticks::zero())).count();
  const timespec limit = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  pollfd waker = {pipe_ends[0], POLLIN, 0};
  ppoll(&waker, 1, &limit, nullptr);  // interrupted or not: who pauses looks again
}

class SignalInterrupt : public azure::Interrupt {
 public:
  bool is_asked() const override { return asked_by != 0; }
  void wait(Ticks pause) override { wait_for_signal(pause); }
};

}  // namespace

std::shared_ptr<azure::Interrupt> interrupt() { return std::make_shared<SignalInterrupt>(); }

InterruptiblePace::InterruptiblePace() {
  asked_by = 0;
  if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  wake_fd = pipe_ends[1];
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // only pause() is to notice
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before[i]);
    // Who was started with a signal ignored (nohup) goes on ignoring it.
    if (before[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptiblePace::~InterruptiblePace() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
  wake_fd = -1;
  farewell_size = 0;
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  pipe_ends[0] = pipe_ends[1] = -1;
  asked_by = 0;
}

void InterruptiblePace::say_when_ended(const std::string& line) {
  farewell_size = 0;
  const std::size_t size = std::min(line.size(), farewell.size());
  std::copy_n(line.data(), size, farewell.data());
  farewell_size = size;
}

int InterruptiblePace::signal() { return asked_by.load(); }

void InterruptiblePace::pause(Ticks duration) {
  if (cancelled()) {
    std::this_thread::sleep_for(duration);
  } else {
    wait_for_signal(duration);
  }
}

Time InterruptiblePace::now() const { return clock_now(); }

}  // namespace batchite::cli
