#include "backends/azure/at_once.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace batchite::azure {
namespace {

// What the call threw; null: nothing.
std::exception_ptr failure_of(const Numbered& call, std::size_t number) {
  try {
    call(number);
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

class Work {
 public:
  Work(std::size_t count, const Numbered& work, const Numbered& told)
      : count_(count), work_(work), told_(told), is_done_(count), failed_(count) {}

  void run(std::size_t threads) {
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 0; i < threads; ++i) others.emplace_back([this] { take(); });
      tell();
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void take() {
    std::unique_lock lock(lock_);
    while (next_ < count_ && failed_ == count_) {
      const std::size_t number = next_++;
      lock.unlock();
      const std::exception_ptr failure = failure_of(work_, number);
      lock.lock();
      if (failure) {
        fail(number, failure);
      } else {
        is_done_[number] = 1;
      }
      changed_.notify_one();
    }
  }

  // In order, up to the first that failed: numbers are taken in order, so all before it come to an end.
  void tell() {
    std::unique_lock lock(lock_);
    for (std::size_t number = 0; number < count_; ++number) {
      changed_.wait(lock, [&] { return is_done_[number] != 0 || failed_ <= number; });
      if (is_done_[number] == 0) return;
      lock.unlock();
      const std::exception_ptr failure = failure_of(told_, number);
      lock.lock();
      if (failure) return fail(number, failure);
    }
  }

  void fail(std::size_t number, std::exception_ptr failure) {
    if (number >= failed_) return;
    failed_ = number;
    failure_ = std::move(failure);
  }

  const std::size_t count_;
  const Numbered &work_, &told_;
  std::mutex lock_;
  std::condition_variable changed_;  // something was done, or failed
  // Guarded by lock_.
  std::size_t next_ = 0;
  std::vector<char> is_done_;
  std::size_t failed_;  // the first one by number; count_: none
  std::exception_ptr failure_;
};

}  // namespace

void each_at_once(std::size_t count, std::size_t at_once, const Numbered& work, const Numbered& told) {
  Work(count, work, told).run(std::clamp<std::size_t>(at_once, 1, std::max<std::size_t>(count, 1)));
}

}  // namespace batchite::azure
