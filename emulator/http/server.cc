#include "emulator/http/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <set>
#include <thread>

#include "backends/system/memory.h"
#include "core/base/error.h"
#include "emulator/http/connection.h"

namespace batchite::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kLookAround = std::chrono::milliseconds(500);  // for connections past their deadline
constexpr int kLooksUntilRest = 2;

tcp::endpoint endpoint_of(const ServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error || !address.is_loopback()) {
    throw UsageError("Batchite serves this machine only, so '" + options.host +
                     "' will not do as its address: use 127.0.0.1 or ::1");
  }
  return {address, options.port};
}

// In this thread: a client that goes while sendfile writes to it is an error of that call, no signal.
void ignore_broken_pipes() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerOptions options) : options_(std::move(options)) {
    const tcp::endpoint endpoint = endpoint_of(options_);
    error_code error;
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      throw UsageError("port " + std::to_string(options_.port) + " of " + options_.host +
                       " cannot be had: " + error.message() + " (0 takes any free one)");
    }
    local_ = acceptor_.local_endpoint();
  }

  ~Impl() { stop(); }

  unsigned short port() const { return local_.port(); }

  std::string authority() const {
    const std::string host = local_.address().to_string();
    return (local_.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port());
  }

  void serve(Endpoint& endpoint) {
    endpoint_ = &endpoint;
    accept();
    look_around();
    thread_ = std::thread([this] { io_.run(); });
  }

  void stop() {
    if (stopping_.exchange(true)) return;
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      timer_.cancel();
    });
    if (thread_.joinable()) thread_.join();
    finish_connections();
  }

 private:
  void accept() {
    acceptor_.async_accept(sockets_, [this](error_code error, tcp::socket socket) {
      if (stopping_ || error == asio::error::operation_aborted) return;
      if (!error) take(std::move(socket));
      accept();
    });
  }

  void take(tcp::socket socket) {
    auto connection = std::make_shared<Connection>(std::move(socket), options_, authority());
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= options_.max_connections) return;
    connections_.insert(connection);
    looks_since_work_ = 0;
    waiting_.push_back(std::move(connection));
    if (idle_threads_ >= waiting_.size()) {
      work_.notify_one();
    } else {
      threads_.emplace_back([this] { serve_connections(); });
    }
  }

  void serve_connections() {
    ignore_broken_pipes();
    std::unique_lock lock(mutex_);
    while (true) {
      ++idle_threads_;
      work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      --idle_threads_;
      if (waiting_.empty()) return;
      const std::shared_ptr<Connection> connection = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      connection->serve(*endpoint_, stopping_);
      lock.lock();
      connections_.erase(connection);
      if (connections_.empty()) done_.notify_all();
    }
  }

  void look_around() {
    timer_.expires_after(kLookAround);
    timer_.async_wait([this](error_code error) {
      if (error || stopping_) return;
      if (look_at_connections()) give_memory_back();
      look_around();
    });
  }
  // Cuts those past their deadline. True: some time has passed since a burst of requests, for the first time.
  bool look_at_connections() {
    const std::lock_guard lock(mutex_);
    bool is_quiet = true;
    for (const auto& connection : connections_) {
      connection->cut_if_late(std::chrono::steady_clock::now());
      is_quiet &= connection->is_idle();
    }
    if (!is_quiet) looks_since_work_ = 0;
    return is_quiet && looks_since_work_ < kLooksUntilRest && ++looks_since_work_ == kLooksUntilRest;
  }

  void finish_connections() {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + options_.grace;
    // A connection that was between two looks at stopping_ may become idle a moment later.
    while (!connections_.empty() && std::chrono::steady_clock::now() < until) {
      for (const auto& connection : connections_) connection->cut_if_idle();
      done_.wait_for(lock, std::chrono::milliseconds(20));
    }
    for (const auto& connection : connections_) connection->cut();
    work_.notify_all();
    lock.unlock();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const ServerOptions options_;
  asio::io_context io_{1};
  asio::io_context sockets_{1};  // of the connections; nobody runs it, so that no request wakes the accepting thread
  tcp::acceptor acceptor_{io_};
  tcp::endpoint local_;
  asio::steady_timer timer_{io_};
  Endpoint* endpoint_ = nullptr;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;
  std::condition_variable work_, done_;                // with mutex_
  std::set<std::shared_ptr<Connection>> connections_;  // guarded by mutex_
  std::deque<std::shared_ptr<Connection>> waiting_;    // guarded by mutex_
  std::vector<std::thread> threads_;                   // guarded by mutex_
  std::size_t idle_threads_ = 0;                       // guarded by mutex_
  int looks_since_work_ = kLooksUntilRest;             // guarded by mutex_
};

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() = default;
unsigned short Server::port() const { return impl_->port(); }
std::string Server::url() const { return "http://" + impl_->authority(); }
void Server::serve(Endpoint& endpoint) { impl_->serve(endpoint); }
void Server::stop() { impl_->stop(); }

}  // namespace batchite::http
