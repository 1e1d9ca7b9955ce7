// What libcurl makes of servers that misbehave on the connection itself.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "backends/http/http_client.h"

namespace batchite {
namespace {

// Answers each connection's first request with given bytes, then hangs up: in order, by a reset, not at all, or in
// order after a body that comes byte by byte.
class RawServer {
 public:
  enum class End { Close, Reset, Silence, Trickle };

  RawServer(std::string bytes, End end)
      : acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        bytes_(std::move(bytes)),
        end_(end),
        thread_([this] { serve(); }) {}
  ~RawServer() { thread_.join(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/x"; }

 private:
  void serve() {
    boost::system::error_code error;
    boost::asio::ip::tcp::socket socket(context_);
    acceptor_.accept(socket, error);
    boost::asio::streambuf head;
    boost::asio::read_until(socket, head, "\r\n\r\n", error);
    const std::size_t body = end_ == End::Trickle ? bytes_.find("\r\n\r\n") + 4 : bytes_.size();
    boost::asio::write(socket, boost::asio::buffer(bytes_.data(), body), error);
    for (std::size_t at = body; at < bytes_.size(); ++at) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      boost::asio::write(socket, boost::asio::buffer(bytes_.data() + at, 1), error);
    }
    if (end_ == End::Silence) {
      char rest[64];
      while (socket.read_some(boost::asio::buffer(rest), error) > 0) {  // until the client gives up
      }
    }
    if (end_ == End::Reset) socket.set_option(boost::asio::socket_base::linger(true, 0), error);
    socket.close(error);
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const std::string bytes_;
  const End end_;
  std::thread thread_;
};

HttpAnswer ask(const std::string& bytes, RawServer::End end, long stall_ms = 60'000) {
  const RawServer server(bytes, end);
  HttpClient client({.stall_timeout_ms = stall_ms});
  return client.send({.url = server.url()});
}

TEST(HttpFaultsTest, AWholeAnswerIsOne) {
  const HttpAnswer answer = ask("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", RawServer::End::Close);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(answer.failure, HttpFailure::None);
}

TEST(HttpFaultsTest, ABodyThatEndsTooSoonIsNoAnswer) {
  for (const RawServer::End end : {RawServer::End::Close, RawServer::End::Reset}) {
    const HttpAnswer answer = ask("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf of it", end);
    EXPECT_EQ(answer.status, 0u);
    EXPECT_EQ(answer.failure, HttpFailure::Lost);
    EXPECT_NE(answer.error, "");
  }
}

TEST(HttpFaultsTest, ChunksThatEndTooSoonAreNoAnswer) {
  const HttpAnswer answer =
      ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", RawServer::End::Close);
  EXPECT_EQ(answer.status, 0u);
  EXPECT_EQ(answer.failure, HttpFailure::Lost);
}

TEST(HttpFaultsTest, AConnectionThatClosesWithoutAnAnswerIsLost) {
  EXPECT_EQ(ask("", RawServer::End::Close).failure, HttpFailure::Lost);
  EXPECT_EQ(ask("", RawServer::End::Reset).failure, HttpFailure::Lost);
}

TEST(HttpFaultsTest, ABodyThatStopsComingIsGivenUp) {
  const HttpAnswer answer =
      ask("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf of it", RawServer::End::Silence, 1000);
  EXPECT_EQ(answer.failure, HttpFailure::Lost);
  EXPECT_TRUE(answer.timed_out);
}

TEST(HttpFaultsTest, LengthsThatAreNoneAreNoAnswer) {
  for (const char* length : {"-5", "many"}) {
    const HttpAnswer answer =
        ask(std::string("HTTP/1.1 200 OK\r\nContent-Length: ") + length + "\r\n\r\nhello", RawServer::End::Close);
    EXPECT_TRUE(answer.status == 0 || answer.body != "hello") << length;
    EXPECT_EQ(answer.status == 0, answer.failure == HttpFailure::Lost) << length;
  }
}

TEST(HttpFaultsTest, ABodyThatIsLongerThanItsLengthIsCutThere) {
  const HttpAnswer answer = ask("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello", RawServer::End::Close);
  EXPECT_EQ(answer.body, "hell");
}

TEST(HttpFaultsTest, SlowBodiesAreWaitedForAsLongAsTheyCome) {
  const RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", RawServer::End::Trickle);
  HttpClient client({.stall_timeout_ms = 1000});
  EXPECT_EQ(client.send({.url = server.url()}).body, "hello");
}

TEST(HttpFaultsTest, NobodyThereMeansNotSent) {
  HttpClient client;
  EXPECT_EQ(client.send({.url = "http://127.0.0.1:1/x"}).failure, HttpFailure::NotSent);
}

TEST(HttpFaultsTest, AnAddressThatIsNoneIsHopeless) {
  HttpClient client;
  EXPECT_EQ(client.send({.url = "ftp://127.0.0.1/x"}).failure, HttpFailure::Hopeless);
}

}  // namespace
}  // namespace batchite
