#include "backends/local/write_behind.h"

#include <utility>

#include "backends/local/blob_files.h"

namespace batchite {

WriteBehind::~WriteBehind() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::span<char> WriteBehind::buffer() {
  Piece& own = pieces_[next_];
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return own.count == 0 || failure_; });
  rethrow_failure();
  if (!own.bytes) own.bytes = take_buffer();
  return {own.bytes.get(), kBufferBytes};
}

void WriteBehind::give(std::size_t count) {
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  {
    const std::lock_guard lock(mutex_);
    pieces_[next_].count = count;
  }
  changed_.notify_all();
  next_ = 1 - next_;
}

void WriteBehind::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return (pieces_[0].count == 0 && pieces_[1].count == 0) || failure_; });
  rethrow_failure();
}

void WriteBehind::loop() {
  std::unique_lock lock(mutex_);
  for (std::size_t turn = 0;; turn = 1 - turn) {
    Piece& theirs = pieces_[turn];
    changed_.wait(lock, [&] { return theirs.count > 0 || is_over_; });
    if (is_over_) return;  // whoever gives has finished, or given up
    lock.unlock();
    std::exception_ptr failure;
    try {
      write_all(file_, {theirs.bytes.get(), theirs.count});
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    theirs.count = 0;
    failure_ = failure;
    changed_.notify_all();
    if (failure) return;
  }
}

void WriteBehind::rethrow_failure() {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace batchite
