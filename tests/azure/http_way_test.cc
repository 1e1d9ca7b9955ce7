// The way a request takes by libcurl: certificates are verified, and proxies come from the environment.
#include <gtest/gtest.h>

#include <cstdlib>

#include "backends/http/http_client.h"
#include "emulator/http/server.h"
#include "tests/support/connect_proxy.h"
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

class Greeter : public http::Endpoint {
 public:
  http::Response handle(const http::Request&) override { return {.status = 200, .body = "hello"}; }
};

class HttpWayTest : public ::testing::Test {
 protected:
  HttpWayTest() : server_({.tls = http::load_tls(tls_.files)}) { server_.serve(greeter_); }
  ~HttpWayTest() override {
    for (const char* name : {"HTTPS_PROXY", "NO_PROXY"}) unsetenv(name);
  }
  std::string https() const { return "https" + server_.url().substr(4); }
  HttpAnswer ask(const HttpRequest& request) const {
    HttpClient client({.ca_file = tls_.authority.string()});
    return client.send(request);
  }

  TemporaryDirectory place_;
  http::GeneratedTls tls_ = http::generate_tls(place_.path() / "tls");
  Greeter greeter_;
  http::Server server_;
  testing::ConnectProxy proxy_;
};

TEST_F(HttpWayTest, OnlyWhoIsTrustedIsBelieved) {
  EXPECT_EQ(ask({.url = https()}).body, "hello");
  HttpClient stranger;
  const HttpAnswer answer = stranger.send({.url = https()});
  EXPECT_EQ(answer.status, 0u);
  EXPECT_EQ(answer.failure, HttpFailure::Hopeless);
  HttpClient nothing({.ca_file = "/nonexistent"});
  EXPECT_EQ(nothing.send({.url = https()}).failure, HttpFailure::Hopeless);
}

TEST_F(HttpWayTest, ACertificateForAnotherNameIsRefused) {
  const HttpAnswer answer = ask({.url = "https://other.localhost:" + std::to_string(server_.port())});
  EXPECT_EQ(answer.status, 0u);
  EXPECT_EQ(answer.failure, HttpFailure::Hopeless) << answer.error;
}

TEST_F(HttpWayTest, AProxyOfTheEnvironmentIsUsed) {
  setenv("HTTPS_PROXY", proxy_.url().c_str(), 1);
  EXPECT_EQ(ask({.url = https()}).body, "hello");
  EXPECT_EQ(proxy_.connected(), 1);
}

TEST_F(HttpWayTest, ButNotForWhatIsExceptedOrNextDoor) {
  setenv("HTTPS_PROXY", proxy_.url().c_str(), 1);
  EXPECT_EQ(ask({.url = https(), .is_next_door = true}).body, "hello");
  setenv("NO_PROXY", "127.0.0.1", 1);
  EXPECT_EQ(ask({.url = https()}).body, "hello");
  EXPECT_EQ(proxy_.connected(), 0);
}

TEST_F(HttpWayTest, AProxyThatIsNotThereIsTold) {
  setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_EQ(ask({.url = https()}).failure, HttpFailure::NotSent);
}

}  // namespace
}  // namespace batchite
