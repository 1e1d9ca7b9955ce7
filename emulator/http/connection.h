// One client's connection: requests are read, handled and answered one after the other on the caller's thread.
#pragma once
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <mutex>

#include "emulator/http/server.h"

namespace batchite::http {

class Connection {
 public:
  Connection(boost::asio::ip::tcp::socket socket, const ServerOptions& options, std::string fallback_host);

  // Returns when the connection is over. `stopping`: no further request is taken.
  void serve(Endpoint& endpoint, const std::atomic<bool>& stopping);

  // From the server's thread. Cuts the connection when its deadline has passed, or `at_once`, or when it waits for a
  // request that shall not come any more (`only_idle`).
  void cut_if_late(std::chrono::steady_clock::time_point now);
  void cut_if_idle();
  void cut();
  bool is_idle() const { return is_idle_; }

 private:
  template <class Stream>
  friend class Conversation;

  void give(std::chrono::milliseconds timeout, bool is_idle = false);  // until the next call
  void give_freely();                                                  // the endpoint is at work: no deadline
  void close();

  boost::asio::ip::tcp::socket socket_;
  const ServerOptions& options_;
  const std::string fallback_host_;
  std::string address_;                 // of the client
  std::atomic<std::int64_t> deadline_;  // steady_clock ticks
  std::atomic<bool> is_idle_ = false;
  std::mutex mutex_;     // around closing and cutting: a closed descriptor's number may be another's
  bool is_open_ = true;  // guarded by mutex_
};

}  // namespace batchite::http
