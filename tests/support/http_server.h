// A small HTTP server for tests: one thread, one request after the other, answers by a function.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace batchite::testing {

class HttpServer {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  using Answer = std::function<Response(const Request&)>;

  explicit HttpServer(Answer answer)
      : answer_(std::move(answer)),
        acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        url_("http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port())),
        thread_([this] { serve(); }) {}
  ~HttpServer() {
    stopping_ = true;
    boost::asio::ip::tcp::socket wake(context_);  // accept() does not notice a closed acceptor
    boost::system::error_code ignored;
    wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const std::string& url() const { return url_; }
  // "PUT /path" of what came, in order.
  std::vector<std::string> seen() const {
    const std::lock_guard guard(lock_);
    return seen_;
  }

  static Response respond(unsigned status, std::string body = "") {
    Response response{static_cast<boost::beast::http::status>(status), 11};
    response.body() = std::move(body);
    return response;
  }

 private:
  void serve() {
    while (!stopping_) {
      boost::system::error_code error;
      boost::asio::ip::tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      if (error || stopping_) continue;
      boost::beast::flat_buffer buffer;
      boost::beast::http::request_parser<boost::beast::http::string_body> parser;
      parser.body_limit(boost::none);
      boost::beast::http::read(socket, buffer, parser, error);
      if (error) continue;
      const Request request = parser.release();
      {
        const std::lock_guard guard(lock_);
        seen_.push_back(std::string(request.method_string()) + " " + std::string(request.target()));
      }
      Response response = answer_(request);
      response.set(boost::beast::http::field::connection, "close");
      response.prepare_payload();
      boost::beast::http::write(socket, response, error);
      socket.shutdown(boost::asio::ip::tcp::socket::shutdown_both, error);
    }
  }

  Answer answer_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::string url_;
  mutable std::mutex lock_;
  std::vector<std::string> seen_;  // guarded by lock_
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace batchite::testing
