// What changes in the service, sent to whoever listens as server-sent events. Any thread.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>

#include "core/backend.h"

namespace batchite {

class EventStream {
 public:
  explicit EventStream(Backend& backend) : backend_(backend) {}

  // A body of one event a change, from now on: "event: task\ndata: {…}\n\n". Its reads wait for the next change; with
  // none for a while comes a comment, so that a listener who has gone is noticed. A listener who is far too slow loses
  // the oldest, and is told how many.
  std::shared_ptr<ByteSource> listen();
  // Ends all bodies.
  void close();

 private:
  class Queue;
  class Body;

  Backend& backend_;
  std::mutex mutex_;
  bool is_closed_ = false;                                    // guarded by mutex_
  std::set<std::weak_ptr<Queue>, std::owner_less<>> queues_;  // guarded by mutex_
};

}  // namespace batchite
