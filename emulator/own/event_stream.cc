#include "emulator/own/event_stream.h"

#include <chrono>

namespace batchite {
namespace {

constexpr std::size_t kMaxWaiting = 10'000;  // events
constexpr auto kComment = std::chrono::seconds(15);

}  // namespace

// Between the service, which only notes, and the listener's thread, which waits.
class EventStream::Queue {
 public:
  void push(const Document& change) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) {
      waiting_.pop_front();
      ++lost_;
    }
    waiting_.push_back("event: " + change.value("kind", std::string("change")) + "\ndata: " + change.dump() + "\n\n");
    arrived_.notify_one();
  }

  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    arrived_.notify_one();
  }

  std::size_t read(std::span<char> into) {
    std::unique_lock lock(mutex_);
    if (at_ == text_.size()) {
      arrived_.wait_for(lock, kComment, [this] { return is_closed_ || !waiting_.empty() || is_first_; });
      if (is_closed_) return 0;
      next_text();
    }
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    text_.copy(into.data(), count, at_);
    at_ += count;
    return count;
  }

 private:
  void next_text() {
    at_ = 0;
    text_ = std::exchange(is_first_, false) || waiting_.empty() ? ": listening\n\n" : "";
    if (lost_ > 0) text_ += "event: lost\ndata: {\"events\":" + std::to_string(std::exchange(lost_, 0)) + "}\n\n";
    for (const std::string& event : waiting_) text_ += event;
    waiting_.clear();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> waiting_;  // guarded by mutex_, as the rest
  std::string text_;
  std::size_t at_ = 0;
  std::uint64_t lost_ = 0;
  bool is_first_ = true;  // something goes out at once, so that the listener knows from when on it hears
  bool is_closed_ = false;
};

class EventStream::Body : public ByteSource {
 public:
  Body(std::shared_ptr<Queue> queue, std::shared_ptr<void> subscription)
      : queue_(std::move(queue)), subscription_(std::move(subscription)) {}
  std::size_t read(std::span<char> into) override { return queue_->read(into); }

 private:
  std::shared_ptr<Queue> queue_;
  std::shared_ptr<void> subscription_;
};

std::shared_ptr<ByteSource> EventStream::listen() {
  auto queue = std::make_shared<Queue>();
  auto subscription = backend_.watch([queue](const Document& change) { queue->push(change); });
  const std::lock_guard lock(mutex_);
  std::erase_if(queues_, [](const auto& weak) { return weak.expired(); });
  queues_.insert(queue);
  if (is_closed_) queue->close();
  return std::make_shared<Body>(std::move(queue), std::move(subscription));
}

void EventStream::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  for (const auto& weak : queues_) {
    if (const auto queue = weak.lock()) queue->close();
  }
}

}  // namespace batchite
