// A proxy that connects those who ask (CONNECT) with where they want to go, and counts them. One connection after the
// other.
#pragma once
#include <poll.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <istream>
#include <string>
#include <thread>

namespace batchite::testing {

class ConnectProxy {
 public:
  ConnectProxy()
      : acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()),
        thread_([this] { serve(); }) {}
  ~ConnectProxy() {
    stopping_ = true;
    Socket wake(context_);  // accept() does not notice a closed acceptor
    boost::system::error_code ignored;
    wake.connect({boost::asio::ip::make_address("127.0.0.1"), port_}, ignored);
    thread_.join();
  }
  ConnectProxy(const ConnectProxy&) = delete;
  ConnectProxy& operator=(const ConnectProxy&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connected() const { return connected_; }

 private:
  using Socket = boost::asio::ip::tcp::socket;

  void serve() {
    while (!stopping_) {
      boost::system::error_code error;
      Socket client(context_);
      acceptor_.accept(client, error);
      if (error || stopping_) continue;
      boost::asio::streambuf head;
      boost::asio::read_until(client, head, "\r\n\r\n", error);
      std::string method, place;
      std::istream(&head) >> method >> place;
      const std::size_t colon = place.rfind(':');
      if (error || method != "CONNECT" || colon == std::string::npos) continue;
      Socket server(context_);
      server.connect({boost::asio::ip::make_address(place.substr(0, colon)),
                      static_cast<unsigned short>(std::stoi(place.substr(colon + 1)))},
                     error);
      if (error) continue;
      ++connected_;
      boost::asio::write(client, boost::asio::buffer(std::string("HTTP/1.1 200 OK\r\n\r\n")), error);
      pass_on(client, server);
    }
  }
  void pass_on(Socket& one, Socket& other) const {
    while (!stopping_) {
      pollfd both[2] = {{one.native_handle(), POLLIN, 0}, {other.native_handle(), POLLIN, 0}};
      ::poll(both, 2, 20);
      if (both[0].revents != 0 && !copy(one, other)) return;
      if (both[1].revents != 0 && !copy(other, one)) return;
    }
  }
  static bool copy(Socket& from, Socket& into) {
    char bytes[16384];
    boost::system::error_code error;
    const std::size_t count = from.read_some(boost::asio::buffer(bytes), error);
    if (!error) boost::asio::write(into, boost::asio::buffer(bytes, count), error);
    return !error;
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const unsigned short port_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connected_ = 0;
  std::thread thread_;
};

}  // namespace batchite::testing
