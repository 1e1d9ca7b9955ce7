// What the launcher is made of and needs no process to test: task tags, and the protocol.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <stdexcept>

#include "backends/local/launcher_protocol.h"
#include "backends/local/stray_processes.h"

namespace batchite {
namespace {

using namespace std::chrono_literals;

TEST(TaskTags, NameTheirTaskAlsoForLaunchersInsideIt) {
  const TaskTags outer(RLIM_INFINITY);
  const std::uint64_t a = outer.key(0), b = outer.key(1);
  EXPECT_NE(a, b);
  EXPECT_EQ(outer.key_of_limit(outer.tag(a)), a);
  EXPECT_EQ(outer.key_of_limit(RLIM_INFINITY), std::nullopt);
  EXPECT_EQ(outer.key_of_limit(1'000'000), std::nullopt);

  const TaskTags inner(outer.tag(b));
  const TaskTags innermost(inner.tag(inner.key(0)));
  for (const std::uint64_t sequence : {0U, 1U, 1000U}) {
    const rlim_t tag = inner.tag(inner.key(sequence));
    EXPECT_LT(tag, outer.tag(b));
    EXPECT_EQ(inner.key_of_limit(tag), inner.key(sequence));
    EXPECT_EQ(outer.key_of_limit(tag), b);
    EXPECT_EQ(inner.key_of_limit(outer.tag(b)), std::nullopt);
    EXPECT_EQ(outer.key_of_limit(innermost.tag(innermost.key(sequence))), b);
    EXPECT_EQ(inner.key_of_limit(innermost.tag(innermost.key(sequence))), inner.key(0));
  }
}

TEST(TaskTags, WithoutRoomThereAreNone) {
  EXPECT_EQ(TaskTags(0).tag(5), RLIM_INFINITY);
  EXPECT_EQ(TaskTags(0).key_of_limit(5), std::nullopt);
  EXPECT_EQ(TaskTags(200'000).tag(5), RLIM_INFINITY);  // as rtkit sets it
}

TEST(LauncherProtocol, MessagesComeBackAsTheyWere) {
  std::string packet;
  encode(RunRequest{.id = 5,
                    .arguments = {"a", ""},
                    .environment = {"A=b"},
                    .working_directory = "/w",
                    .wall_clock_limit = 3s,
                    .isolation = Isolation::Landlock,
                    .node = 9,
                    .admin = true},
         packet);
  encode(Order(KillRequest{6}), packet);
  encode(Order(PrepareNode{7, {"/x"}}), packet);
  encode(Order(ForgetNode{8}), packet);
  const std::vector<Order> orders = decode_orders(packet);
  ASSERT_EQ(orders.size(), 4U);
  const auto& run = std::get<RunRequest>(orders[0]);
  EXPECT_EQ(run.id, 5U);
  EXPECT_THAT(run.arguments, testing::ElementsAre("a", ""));
  EXPECT_THAT(run.environment, testing::ElementsAre("A=b"));
  EXPECT_EQ(run.working_directory, "/w");
  EXPECT_EQ(run.wall_clock_limit, 3s);
  EXPECT_EQ(run.isolation, Isolation::Landlock);
  EXPECT_EQ(run.node, 9U);
  EXPECT_TRUE(run.admin);
  EXPECT_EQ(std::get<KillRequest>(orders[1]).id, 6U);
  EXPECT_THAT(std::get<PrepareNode>(orders[2]).writable, testing::ElementsAre("/x"));
  EXPECT_EQ(std::get<ForgetNode>(orders[3]).node, 8U);
}

TEST(LauncherProtocol, AMalformedPacketIsRefused) {
  std::string packet;
  encode(RunRequest{.id = 5, .command_line = "true"}, packet);
  for (std::size_t size = 1; size < packet.size(); ++size) {
    EXPECT_THROW(decode_orders(std::string_view(packet).substr(0, size)), std::runtime_error) << size;
  }
  EXPECT_THROW(decode_orders("\x7f"), std::runtime_error);
}

}  // namespace
}  // namespace batchite
