#include "emulator/own/event_stream.h"

#include <chrono>

namespace batchite {
namespace {

constexpr std::size_t kMaxWaiting = 10'000;  // events
constexpr auto kComment = std::chrono::seconds(15);

}  // namespace

class EventStream::Body : public ByteSource {
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

  std::size_t read(std::span<char> into) override {
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

  void keep(std::shared_ptr<void> subscription) { subscription_ = std::move(subscription); }

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
  std::shared_ptr<void> subscription_;
};

std::shared_ptr<ByteSource> EventStream::listen() {
  auto body = std::make_shared<Body>();
  // The subscription ends with the body, so it must not keep the body.
  body->keep(backend_.watch([weak = std::weak_ptr(body)](const Document& change) {
    if (const auto listener = weak.lock()) listener->push(change);
  }));
  const std::lock_guard lock(mutex_);
  std::erase_if(bodies_, [](const auto& weak) { return weak.expired(); });
  bodies_.insert(body);
  if (is_closed_) body->close();
  return body;
}

void EventStream::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  for (const auto& weak : bodies_) {
    if (const auto body = weak.lock()) body->close();
  }
}

}  // namespace batchite
