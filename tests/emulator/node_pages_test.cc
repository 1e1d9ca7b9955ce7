#include "emulator/own/node_pages.h"

#include <gtest/gtest.h>

#include "tests/support/fake_backend.h"

namespace batchite {
namespace {

// Remembers the faults; one node is told that it is to be preempted.
class Faulty : public testing::FakeBackend {
 public:
  std::vector<NodeFault> faults;
  void inflict(const NodeFault& fault) override { faults.push_back(fault); }
  Document scheduled_events(const std::string&) override {
    return {{"DocumentIncarnation", 3}, {"Events", {{{"EventId", "A-1"}, {"Resources", {"tvmps_1_p"}}}}}};
  }
};

class NodePagesTest : public ::testing::Test {
 protected:
  // The answer, or "403 Forbidden".
  std::string ask(const std::string& method, const std::string& path, const Parameters& headers,
                  const std::string& text = "", const std::string& query = "") {
    StringSource body(text);
    http::Request request{.method = method, .path = "/_batchite/" + path, .query = query, .headers = headers};
    request.length = text.size();
    request.body = &body;
    try {
      const auto answer = node_page(backend, request, path);
      return answer ? answer->dump() : "no such page";
    } catch (const Error& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
  }

  const Parameters control = {{"x-batchite-control", "true"}};
  const Parameters metadata = {{"Metadata", "true"}};
  Faulty backend;
};

TEST_F(NodePagesTest, AFaultIsMadeToHappen) {
  EXPECT_EQ(ask("POST", "nodes/p%20q/n1/preempt", control, "", "notice=PT30S&away=PT5M"), R"({"status":"done"})");
  ASSERT_EQ(backend.faults.size(), 1U);
  const NodeFault& fault = backend.faults[0];
  EXPECT_EQ(fault.kind, NodeFault::Kind::Preempt);
  EXPECT_EQ(fault.pool_id, "p q");
  EXPECT_EQ(fault.node_id, "n1");
  EXPECT_EQ(fault.notice, std::chrono::seconds(30));
  EXPECT_EQ(fault.away, std::chrono::minutes(5));
}

TEST_F(NodePagesTest, AWebPageCannotDoIt) {
  EXPECT_EQ(ask("POST", "nodes/p/n1/preempt", {}), "403 Forbidden");
  EXPECT_EQ(ask("GET", "nodes/p/n1/preempt", control), "405 UnsupportedHttpVerb");
  EXPECT_EQ(ask("GET", "metadata/scheduledevents", {}), "400 BadRequest");
  EXPECT_TRUE(backend.faults.empty());
}

TEST_F(NodePagesTest, WhatIsWrongIsSaid) {
  EXPECT_EQ(ask("POST", "nodes/p/n1/preempt", control, "", "notice=soon"), "400 BadRequest");
  EXPECT_EQ(ask("POST", "nodes/p/n1/explode", control), "no such page");
  EXPECT_EQ(ask("GET", "health", {}), "no such page");
  EXPECT_EQ(ask("POST", "metadata/scheduledevents", metadata, "{"), "400 BadRequest");
  EXPECT_EQ(ask("POST", "metadata/scheduledevents", metadata, R"({"StartRequests":[{"EventId":"B-2"}]})"),
            "400 BadRequest");
}

TEST_F(NodePagesTest, AProgramReadsItsEventsAndLetsOneBegin) {
  const std::string events = R"({"DocumentIncarnation":3,"Events":[{"EventId":"A-1","Resources":["tvmps_1_p"]}]})";
  EXPECT_EQ(ask("GET", "metadata/scheduledevents", metadata), events);
  EXPECT_EQ(ask("GET", "nodes/tvmps_1_p/metadata/scheduledevents", metadata), events);
  EXPECT_EQ(ask("POST", "metadata/scheduledevents", metadata, R"({"StartRequests":[{"EventId":"a-1"}]})"), "{}");
  ASSERT_EQ(backend.faults.size(), 1U);
  EXPECT_EQ(backend.faults[0].node_id, "tvmps_1_p");
  EXPECT_EQ(backend.faults[0].notice, Ticks::zero());
}

}  // namespace
}  // namespace batchite
