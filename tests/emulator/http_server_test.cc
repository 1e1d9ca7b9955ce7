// The server on the wire: raw bytes in, raw bytes out, over real sockets of 127.0.0.1.
#include "emulator/http/server.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/system/memory.h"
#include "core/base/error.h"

namespace batchite::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::uint64_t kFileBytes = 8'000'000;  // more than a connection holds

// Tells what it was asked; "/echo" gives the body back, "/stream" bytes of unknown length, "/ignore" leaves the body
// unread, "/nothing" has chunks but no bytes, "/wait" answers when the test says so, "/file" sends part of a file,
// "/forged" has a header with line ends in its value, "/large" fills 64 MiB meanwhile.
class Asked : public Endpoint {
 public:
  Response handle(const Request& request) override {
    if (request.path == "/echo") return echo(request);
    if (request.path == "/wait") return wait();
    if (request.path == "/large") fill_buffers();
    Response response;
    if (request.path == "/stream") {
      response.bytes = std::make_shared<Unsized>();
      return response;
    }
    if (request.path == "/file") {
      response.bytes = std::make_shared<PartOfFile>();
      return response;
    }
    response.chunked = request.path == "/chunked" || request.path == "/nothing";
    if (request.path == "/nothing") return response;
    if (request.path != "/ignore") read_all(*request.body);
    response.body = request.method + " " + request.path + "?" + request.query + " " + request.base;
    if (request.path == "/forged") response.headers.add("x-said", "a\r\nx-forged: 1\r\n\r\nbody");
    return response;
  }

  void let_go() {
    const std::lock_guard lock(mutex_);
    may_answer_ = true;
    changed_.notify_all();
  }
  void await_waiting() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_waiting_; });
  }

 private:
  class Unsized : public ByteSource {
   public:
    std::size_t read(std::span<char> into) override {
      if (++pieces_ > 3) return 0;
      std::fill_n(into.begin(), 5, static_cast<char>('a' + pieces_ - 1));
      return 5;
    }

   private:
    int pieces_ = 0;
  };

  // All but the first byte of a file without a name.
  class PartOfFile : public ByteSource {
   public:
    PartOfFile() : file_(std::tmpfile()) {
      for (std::uint64_t i = 0; i <= kFileBytes; ++i) std::fputc(static_cast<int>('a' + i % 26), file_);
      std::fflush(file_);
    }
    ~PartOfFile() override { std::fclose(file_); }
    PartOfFile(const PartOfFile&) = delete;
    PartOfFile& operator=(const PartOfFile&) = delete;
    std::size_t read(std::span<char>) override { throw Error(500, "Read", "It is to go without being read."); }
    std::optional<std::uint64_t> size() const override { return kFileBytes; }
    std::optional<File> file() const override { return File{::fileno(file_), 1, kFileBytes}; }

   private:
    std::FILE* file_;
  };

  static Response echo(const Request& request) {
    Response response;
    try {
      response.body = read_all(*request.body);
    } catch (const Error& error) {
      response.status = error.status();
      response.body = error.code();
    }
    return response;
  }

  static void fill_buffers() {
    std::vector<Buffer> buffers;
    for (int i = 0; i < 64; ++i) std::memset(buffers.emplace_back(take_buffer()).get(), 'x', kBufferBytes);
  }

  Response wait() {
    std::unique_lock lock(mutex_);
    is_waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return may_answer_; });
    Response response;
    response.body = "waited";
    return response;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_waiting_ = false, may_answer_ = false;
};

class Client {
 public:
  explicit Client(unsigned short port) { socket_.connect({asio::ip::make_address("127.0.0.1"), port}); }

  void send(std::string_view text) { asio::write(socket_, asio::buffer(text)); }
  void end_sending() { socket_.shutdown(asio::ip::tcp::socket::shutdown_send); }

  // Up to and with `end`.
  std::string until(std::string_view end) {
    boost::system::error_code error;
    const std::size_t count = asio::read_until(socket_, asio::dynamic_buffer(buffer_), end, error);
    const std::string text = buffer_.substr(0, error ? buffer_.size() : count);
    buffer_.erase(0, text.size());
    return text;
  }
  // All until the server closes.
  std::string rest() {
    boost::system::error_code error;
    asio::read(socket_, asio::dynamic_buffer(buffer_), error);
    return std::exchange(buffer_, "");
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_{io_};
  std::string buffer_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void serve(ServerOptions options = {}) {
    server = std::make_unique<Server>(std::move(options));
    server->serve(endpoint);
  }
  // The answer to one request after which the connection ends.
  std::string ask(std::string_view text) {
    Client client(server->port());
    client.send(text);
    return client.rest();
  }

  Asked endpoint;
  std::unique_ptr<Server> server;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(HttpServerTest, ARequestArrivesAsItWasSent) {
  serve();
  const std::string answer = ask("GET /a%2Fb/c?x=1%20y HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nGET /a%2Fb/c?x=1%20y http://localhost:1")) << answer;
  EXPECT_TRUE(has(answer, "\r\nDate: ")) << answer;
}

TEST_F(HttpServerTest, OneConnectionServesManyRequestsAlsoWhenTheyComeAtOnce) {
  serve();
  Client client(server->port());
  client.send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntwo"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string answers = client.rest();
  const std::size_t one = answers.find("GET /1"), two = answers.find("two"), three = answers.find("GET /3");
  EXPECT_TRUE(one < two && two < three && three != std::string::npos) << answers;
}

TEST_F(HttpServerTest, BodiesComeChunkedOrWithTheirLength) {
  serve();
  const std::string answer =
      ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
          "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabcde")) << answer;
}

TEST_F(HttpServerTest, AnAnswerOfUnknownLengthIsChunkedAndEndsOnce) {
  serve();
  const std::string answer = ask("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answer, "Transfer-Encoding: chunked\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("5\r\naaaaa\r\n5\r\nbbbbb\r\n5\r\nccccc\r\n0\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, AFileGoesOutWholeAndTheConnectionServesOn) {
  serve();
  Client client(server->port());
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string head = client.until("\r\n\r\n");
  EXPECT_TRUE(has(head, "Content-Length: 8000000\r\n")) << head;
  const std::string rest = client.rest();
  ASSERT_GT(rest.size(), kFileBytes);
  EXPECT_EQ(rest.substr(0, 3) + rest.substr(kFileBytes - 1, 5), "bcdiHTTP");
}

TEST_F(HttpServerTest, AClientThatGoesWhileAFileIsSentHarmsNobody) {
  serve();
  for (int i = 0; i < 3; ++i) {
    Client client(server->port());
    client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
    client.until("bcd");
  }
  const std::string answer = ask("GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answer, "GET /next?")) << answer;
}

// Node's parser takes what follows the last chunk for the next answer.
TEST_F(HttpServerTest, AChunkedAnswerWithoutBytesEndsOnce) {
  serve();
  const std::string answer = ask("GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n0\r\n\r\n") && !has(answer, "0\r\n\r\n0\r\n")) << answer;
}

TEST_F(HttpServerTest, AClientOfHttp10GetsALengthInsteadOfChunks) {
  serve();
  EXPECT_TRUE(
      has(ask("GET /chunked HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
  const std::string answer = ask("GET /chunked HTTP/1.0\r\nHost: h\r\n\r\n");
  EXPECT_FALSE(has(answer, "Transfer-Encoding")) << answer;
  EXPECT_TRUE(has(answer, "Content-Length: 22\r\n") && answer.ends_with("\r\n\r\nGET /chunked? http://h")) << answer;
}

TEST_F(HttpServerTest, AClientOfHttp10SeesTheEndOfWhatHasNoLengthByTheEndOfItsConnection) {
  serve();
  const std::string answer = ask("GET /stream HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(has(answer, "keep-alive") || has(answer, "Transfer-Encoding")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\naaaaabbbbbccccc")) << answer;
}

TEST_F(HttpServerTest, NoValueOfAHeaderBeginsAnother) {
  serve();
  const std::string answer = ask("GET /forged HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answer, "\r\nx-said: ax-forged: 1body\r\n")) << answer;
}

TEST_F(HttpServerTest, AHeadAnswerHasNoBody) {
  serve();
  const std::string answer = ask("HEAD /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, AClientThatAsksFirstIsToldToGoOn) {
  serve();
  Client client(server->port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.rest().ends_with("\r\n\r\nok"));
}

TEST_F(HttpServerTest, AClientThatAsksFirstForWhatNobodyReadsGetsItsAnswerAndTheEnd) {
  serve();
  Client client(server->port());
  client.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = client.rest();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n") && has(answer, "Connection: close")) << answer;
}

TEST_F(HttpServerTest, AnUnreadBodyDoesNotBecomeTheNextRequest) {
  serve();
  const std::string answers =
      ask("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"
          "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answers, "GET /next") && !has(answers, "smuggled")) << answers;
}

// The SDKs send megabytes, are told that they are too many, and go on with halves on the same connection.
TEST_F(HttpServerTest, AfterAnUnreadBodyOfMegabytesTheConnectionIsKeptOrSaysThatItEnds) {
  serve();
  Client client(server->port());
  client.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + std::string(3000000, 'x'));
  EXPECT_TRUE(has(client.until("http://h"), "POST /ignore"));
  client.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 99000000\r\n\r\nx");
  EXPECT_TRUE(has(client.rest(), "Connection: close"));
}

struct Refusal {
  const char* name;
  std::string request;
  const char* status_line;
};
class HttpRefusalTest : public HttpServerTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(HttpRefusalTest, IsAnsweredAndTheConnectionEnds) {
  serve();
  const std::string answer = ask(GetParam().request);
  EXPECT_TRUE(answer.starts_with(GetParam().status_line)) << answer;
  EXPECT_FALSE(has(answer, "\nHTTP/1.1")) << answer << "one answer, no more";
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, HttpRefusalTest,
    ::testing::Values(
        Refusal{"NoHttp", "hello\r\n\r\n", "HTTP/1.1 400 "},
        Refusal{"NoHost", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        Refusal{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "},
        Refusal{"LongHead", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
                "HTTP/1.1 431 "},
        Refusal{"LongTarget", "GET /" + std::string(70'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 431 "},
        Refusal{"BadLength", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 "},
        Refusal{"TwoLengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                "HTTP/1.1 400 "},
        Refusal{"LengthAndChunks",
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 400 "}),
    [](const auto& row) { return row.param.name; });

TEST_F(HttpServerTest, ATruncatedBodyIsAnErrorToWhoReadsIt) {
  serve();
  Client client(server->port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  client.end_sending();
  const std::string answer = client.rest();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("IncompleteBody")) << answer;
}

TEST_F(HttpServerTest, SlowClientsAreCutWhereverTheyDawdle) {
  serve({.head_timeout = 50ms, .idle_timeout = 50ms, .body_timeout = 50ms});
  for (const char* begun : {"", "GET / HT", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"}) {
    Client client(server->port());
    client.send(begun);
    const std::string answer = client.rest();  // ends only because the server ends it
    EXPECT_FALSE(answer.starts_with("HTTP/1.1 200")) << begun << ": " << answer;
  }
}

TEST_F(HttpServerTest, StoppingFinishesWhatIsUnderWayAndLetsIdleConnectionsGo) {
  serve();
  Client busy(server->port()), idle(server->port());
  idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  idle.until("GET /");
  busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  endpoint.await_waiting();
  std::thread stopping([this] { server->stop(); });
  idle.rest();  // its end comes though the other is still served
  endpoint.let_go();
  EXPECT_TRUE(busy.rest().ends_with("waited"));
  stopping.join();
  EXPECT_ANY_THROW(Client{server->port()});
}

TEST_F(HttpServerTest, ASecondServerIsToldThatThePortIsTaken) {
  serve();
  try {
    Server second({.port = server->port()});
    FAIL() << "two servers on one port";
  } catch (const UsageError& error) {
    EXPECT_TRUE(has(error.what(), std::to_string(server->port()))) << error.what();
  }
}

TEST_F(HttpServerTest, OnlyLoopbackAddressesWillDo) {
  EXPECT_THROW(Server({.host = "0.0.0.0"}), UsageError);
  EXPECT_THROW(Server({.host = "192.168.1.1"}), UsageError);
  EXPECT_THROW(Server({.host = "nonsense"}), UsageError);
  EXPECT_NO_THROW(Server({.host = "localhost"}));
}

std::size_t resident_mib() {
  std::size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * 4096 >> 20;
}

TEST_F(HttpServerTest, WhatABurstTookGoesBackToTheSystem) {
  serve();
  const std::size_t before = resident_mib();
  ask("GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_GE(resident_mib(), before + 60);
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (resident_mib() > before + 20 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_LE(resident_mib(), before + 20);
}

TEST_F(HttpServerTest, OnePortSpeaksPlainAndTlsWithACertificateThatClientsCanTrust) {
  const auto directory = std::filesystem::temp_directory_path() / ("batchite-tls-" + std::to_string(::getpid()));
  const GeneratedTls made = generate_tls(directory);
  serve({.tls = load_tls(made.files)});
  EXPECT_TRUE(has(ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "http://h"));

  asio::ssl::context trust(asio::ssl::context::tls_client);
  trust.load_verify_file(made.authority.string());
  asio::io_context io;
  asio::ssl::stream<asio::ip::tcp::socket> stream(io, trust);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification("localhost"));
  stream.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), server->port()});
  stream.handshake(asio::ssl::stream_base::client);
  asio::write(stream, asio::buffer(std::string_view("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")));
  std::string answer;
  boost::system::error_code end;
  asio::read(stream, asio::dynamic_buffer(answer), end);
  EXPECT_TRUE(has(answer, "https://h")) << answer;

  const auto mode = std::filesystem::status(made.files.key).permissions();
  EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
  const auto before = std::filesystem::last_write_time(made.authority);
  generate_tls(directory);
  EXPECT_EQ(std::filesystem::last_write_time(made.authority), before) << "a good certificate is kept";
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace batchite::http
