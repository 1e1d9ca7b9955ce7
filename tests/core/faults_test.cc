#include "core/operations/faults.h"

#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using Fault = NodeFault::Kind;

class FaultsTest : public ServiceTest {
 protected:
  std::string node_of(const std::string& pool_id) {
    return ask("ComputeNode_List", {.path = {{"poolId", pool_id}}}).body["value"][0]["id"];
  }
  Document node(const std::string& pool_id, const std::string& id) {
    return ask("ComputeNode_Get", {.path = {{"poolId", pool_id}, {"nodeId", id}}}).body;
  }
  // "409 OperationNotValidOnNode: why", or "done"
  std::string inflict(const NodeFault& fault) {
    now += std::chrono::seconds(1);
    try {
      service.inflict(fault, now);
      return "done";
    } catch (const Error& error) {
      std::string text = std::to_string(error.status()) + " " + error.code();
      for (const auto& [key, value] : error.values()) text += ": " + value;
      return text;
    }
  }
};

TEST_F(FaultsTest, ASpotNodeIsPreemptedAndComesBack) {
  one_node();
  const std::string id = node_of("p");
  EXPECT_EQ(inflict({.kind = Fault::Preempt, .pool_id = "p", .node_id = id, .away = std::chrono::minutes(1)}), "done");
  EXPECT_EQ(node("p", id)["state"], "preempted");
  const Document counts = ask("Account_ListPoolNodeCounts").body["value"][0];
  EXPECT_EQ(counts["lowPriority"]["preempted"], 1);
  now += std::chrono::minutes(1);
  happens(Tick{});
  boot_nodes();
  EXPECT_EQ(node("p", id)["state"], "idle");
}

TEST_F(FaultsTest, ANoticeIsSeenByWhoeverAsksLikeAVirtualMachine) {
  one_node();
  const std::string id = node_of("p");
  EXPECT_EQ(service.scheduled_events("", now)["Events"], Document::array());
  inflict({.kind = Fault::Preempt, .pool_id = "p", .node_id = id, .notice = std::chrono::seconds(30)});
  const Document seen = service.scheduled_events(id, now);
  ASSERT_EQ(seen["Events"].size(), 1U);
  const Document& event = seen["Events"][0];
  EXPECT_EQ(event["EventType"], "Preempt");
  EXPECT_EQ(event["EventStatus"], "Scheduled");
  EXPECT_EQ(event["Resources"], Document::array({id}));
  EXPECT_EQ(event["NotBefore"], http_date(now + std::chrono::seconds(30)));
  EXPECT_EQ(event["EventId"].get<std::string>().size(), 36U);
  EXPECT_EQ(service.scheduled_events("", now), seen);
  EXPECT_EQ(service.scheduled_events("another", now)["Events"], Document::array());
}

TEST_F(FaultsTest, WhatCannotBeIsRefusedWithItsReason) {
  ask("Pool_Add", {.body = pool("d", 0, {{"targetDedicatedNodes", 1}})});
  boot_nodes();
  const std::string id = node_of("d");
  EXPECT_EQ(inflict({.kind = Fault::Preempt, .pool_id = "d", .node_id = id}),
            "409 OperationNotValidOnNode: Only spot nodes are preempted, and this one is dedicated");
  EXPECT_EQ(inflict({.kind = Fault::Recover, .pool_id = "d", .node_id = id}),
            "409 OperationNotValidOnNode: Only an unusable node recovers; it is idle");
  EXPECT_EQ(inflict({.kind = Fault::Fail, .pool_id = "x", .node_id = id}), "404 PoolNotFound");
  EXPECT_EQ(inflict({.kind = Fault::Fail, .pool_id = "d", .node_id = "x"}), "404 NodeNotFound");
  EXPECT_EQ(inflict({.kind = Fault::Fail, .pool_id = "", .node_id = "x"}), "404 NodeNotFound");
}

TEST_F(FaultsTest, ABrokenNodeShowsItsErrorUntilItRecovers) {
  one_node();
  const std::string id = node_of("p");
  inflict({.kind = Fault::Fail, .pool_id = "p", .node_id = id, .code = "DiskFull", .message = "No room."});
  EXPECT_EQ(node("p", id)["state"], "unusable");
  EXPECT_EQ(node("p", id)["errors"], Document::array({{{"code", "DiskFull"}, {"message", "No room."}}}));
  EXPECT_EQ(inflict({.kind = Fault::Recover, .pool_id = "p", .node_id = id}), "done");
  boot_nodes();
  EXPECT_EQ(node("p", id)["state"], "idle");
  EXPECT_FALSE(node("p", id).contains("errors"));
}

}  // namespace
}  // namespace batchite
