#include "backends/local/remote_sources.h"

#include <gtest/gtest.h>

#include <future>

#include "core/base/error.h"
#include "core/blob/errors.h"
#include "tests/support/http_server.h"

namespace batchite {
namespace {

using testing::HttpServer;

TEST(RemoteSourcesTest, BytesComeAsTheyAreAskedFor) {
  const std::string text(std::size_t{20} << 20, 'x');
  HttpServer server([&](const HttpServer::Request& request) {
    EXPECT_EQ(request["Range"], "bytes=0-");
    return HttpServer::respond(206, text);
  });
  RemoteSources sources;
  const SourceAnswer answer = sources.get(server.url() + "/a/../b", {{"Range", "bytes=0-"}});
  EXPECT_EQ(answer.status, 206u);
  EXPECT_EQ(answer.reason, "Partial Content");
  EXPECT_EQ(answer.bytes->size(), text.size());
  EXPECT_TRUE(read_all(*answer.bytes) == text);
  EXPECT_EQ(server.seen(), std::vector<std::string>{"GET /a/../b"});
}

TEST(RemoteSourcesTest, AnAnswerMayBeDroppedHalfRead) {
  HttpServer server([](const auto&) { return HttpServer::respond(404, std::string(std::size_t{8} << 20, 'x')); });
  RemoteSources sources;
  for (int times = 0; times < 3; ++times) {
    const SourceAnswer answer = sources.get(server.url() + "/", {});
    EXPECT_EQ(answer.status, 404u);
    char some[10];
    EXPECT_EQ(answer.bytes->read(some), 10u);
  }
}

TEST(RemoteSourcesTest, ASourceThatFallsSilentIsGivenUp) {
  std::promise<void> enough;
  HttpServer server([&](const auto&) {
    enough.get_future().wait();
    return HttpServer::respond(200);
  });
  RemoteSources sources({.stall_timeout_ms = 1000});
  try {
    sources.get(server.url() + "/", {});
    ADD_FAILURE() << "nothing came, and yet something was answered";
  } catch (const Error& error) {
    EXPECT_TRUE(error.is(blob_errors::kCannotVerifyCopySource)) << error.what();
  }
  enough.set_value();
}

}  // namespace
}  // namespace batchite
