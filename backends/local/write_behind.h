// Writes a file in a thread of its own, so that whoever fetches and checksums the bytes does so meanwhile. At most
// two buffers are on their way. One thread gives; throws DiskError of an earlier write with the next buffer.
#pragma once
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "backends/system/memory.h"

namespace batchite {

class WriteBehind {
 public:
  explicit WriteBehind(int file) : file_(file) {}
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  // Room for the next bytes, to be filled from its start.
  std::span<char> buffer();
  // The first `count` bytes of what buffer() gave are to be written behind the earlier ones.
  void give(std::size_t count);
  // All is written when this returns.
  void finish();

 private:
  void loop();
  void rethrow_failure();

  const int file_;
  struct Piece {
    Buffer bytes;
    std::size_t count = 0;  // > 0: waits to be written
  };
  Piece pieces_[2];
  std::size_t next_ = 0;  // of the two, the giver's

  std::mutex mutex_;
  std::condition_variable changed_;  // with mutex_, which guards the counts and what follows
  bool is_over_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // not before there is something to overlap
};

}  // namespace batchite
