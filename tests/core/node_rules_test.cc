// Nodes: what each operation refuses in which state, and what older api-versions are told.
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

class NodeRulesTest : public ServiceTest {
 protected:
  static constexpr contract::Version kNew{20240701};

  NodeRulesTest() {
    ask("Pool_Add", {.body = pool("p", 0, {{"targetDedicatedNodes", 1}, {"startTask", {{"commandLine", "x"}}}})});
  }
  Asked the_node(Document body = nullptr, contract::Version version = kNew) {
    if (id_.empty()) id_ = ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"][0]["id"];
    return {.path = {{"poolId", "p"}, {"nodeId", id_}}, .body = std::move(body), .version = version};
  }
  std::string state(contract::Version version = kNew) {
    return ask("ComputeNode_Get", the_node(nullptr, version)).body["state"];
  }
  int boots() { return service.state().nodes.at(NodeKey{1}).status.boot; }
  void boot(int start_task = 0) {
    happens(NodeBooted{NodeKey{1}, boots()});
    if (start_task >= 0)
      happens(StartTaskExited{
          NodeKey{1}, boots(), 1, {.exit_code = start_task, .failure = {}, .may_retry = true, .started = now}});
  }
  // Brings the node into the state, from the moment of its creation.
  void bring_to(const std::string& wanted) {
    if (wanted == "creating") return;
    boot(wanted == "waitingforstarttask" ? -1 : wanted == "starttaskfailed" ? 1 : 0);
    if (wanted == "rebooting") ask("ComputeNode_Reboot", the_node());
    if (wanted == "reimaging") ask("ComputeNode_Reimage", the_node());
    if (wanted == "unusable") happens(NodeLost{NodeKey{1}, NodeState::Unusable, std::nullopt});
    if (wanted == "offline") ask("ComputeNode_DisableScheduling", the_node());
    if (wanted == "deallocating" || wanted == "deallocated") ask("ComputeNode_Deallocate", the_node());
    if (wanted == "deallocated") happens(NodeRemoved{NodeKey{1}});
    if (wanted == "running") {
      ask("Job_Add", {.body = job("j", "p")});
      ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
    }
    if (wanted == "leavingpool") {
      ask("Pool_RemoveNodes", {.path = {{"poolId", "p"}}, .body = {{"nodeList", {id_of()}}}});
    }
  }
  std::string id_of() { return *the_node().path.find("nodeId"); }

 private:
  std::string id_;
};

struct InState {
  const char* state;
  std::string reboot, deallocate, start;
};
const InState kStates[] = {
    {"idle", "202", "202", "409 OperationInvalidForCurrentState"},
    {"running", "202", "202", "409 OperationInvalidForCurrentState"},
    {"creating", "409 NodeBeingCreated", "409 NodeBeingCreated", "409 NodeBeingCreated"},
    {"waitingforstarttask", "409 NodeBeingStarted", "409 NodeBeingStarted", "409 NodeBeingStarted"},
    {"starttaskfailed", "202", "409 NodeStateUnusable", "409 NodeStateUnusable"},
    {"rebooting", "409 NodeBeingRebooted", "409 NodeBeingRebooted", "409 NodeBeingRebooted"},
    {"reimaging", "409 NodeBeingReimaged", "409 NodeBeingReimaged", "409 NodeBeingReimaged"},
    {"unusable", "409 NodeStateUnusable", "409 NodeStateUnusable", "409 NodeStateUnusable"},
    {"offline", "409 NodeStateUnusable", "409 NodeStateUnusable", "409 NodeStateUnusable"},
    {"leavingpool", "409 NodeStateUnusable", "409 NodeStateUnusable", "409 NodeStateUnusable"},
    {"deallocating", "409 NodeStateUnusable", "409 OperationInvalidForCurrentState",
     "409 OperationInvalidForCurrentState"},
    {"deallocated", "409 NodeStateUnusable", "409 OperationInvalidForCurrentState", "202"},
};

class NodeInState : public NodeRulesTest, public testing::WithParamInterface<InState> {};

TEST_P(NodeInState, IsRebooted) {
  bring_to(GetParam().state);
  ASSERT_EQ(state(), GetParam().state);
  EXPECT_EQ(outcome("ComputeNode_Reboot", the_node()), GetParam().reboot);
}
TEST_P(NodeInState, IsReimaged) {
  bring_to(GetParam().state);
  EXPECT_EQ(outcome("ComputeNode_Reimage", the_node(nullptr, {20230501})), "409 OperationNotValidOnNode");
  EXPECT_EQ(outcome("ComputeNode_Reimage", the_node()), GetParam().reboot);
}
TEST_P(NodeInState, IsDeallocated) {
  bring_to(GetParam().state);
  EXPECT_EQ(outcome("ComputeNode_Deallocate", the_node({{"nodeDeallocateOption", "Terminate"}})),
            GetParam().deallocate);
}
TEST_P(NodeInState, IsStarted) {
  bring_to(GetParam().state);
  EXPECT_EQ(outcome("ComputeNode_Start", the_node()), GetParam().start);
}
INSTANTIATE_TEST_SUITE_P(States, NodeInState, testing::ValuesIn(kStates),
                         [](const auto& instance) { return std::string(instance.param.state); });

TEST_F(NodeRulesTest, AReimageOfAVirtualMachineWasRefusedWithItsReason) {
  try {
    ask("ComputeNode_Reimage", the_node(nullptr, {20230501}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.values().at(0).value,
              "Operation reimage can be invoked only on pools created with cloudServiceConfiguration");
  }
}

TEST_F(NodeRulesTest, OlderVersionsAreToldOfStatesThatTheyKnow) {
  bring_to("deallocating");
  EXPECT_EQ(state(), "deallocating");
  EXPECT_EQ(state({20240201}), "offline");
  happens(NodeRemoved{NodeKey{1}});
  EXPECT_EQ(state(), "deallocated");
  EXPECT_EQ(state({20240201}), "offline");
  const auto counts = [&](contract::Version version) {
    return ask("Account_ListPoolNodeCounts", {.version = version}).body["value"][0]["dedicated"];
  };
  EXPECT_EQ(counts(kNew)["deallocated"], 1);
  EXPECT_EQ(counts(kNew)["total"], 1);
  EXPECT_FALSE(counts({20240201}).contains("deallocated"));
}

TEST_F(NodeRulesTest, ADeallocatedNodeIsStillADeallocatedNodeAfterARestart) {
  bring_to("deallocated");
  Service again(store, files, host, {.account = "acct", .base_url = "http://batch"});
  host.orders.clear();
  again.happened({HostRestarted{}}, now);
  check(again.state());
  EXPECT_EQ(again.state().nodes.at(NodeKey{1}).status.state, NodeState::Deallocated);
  for (const HostOrder& order : host.orders) EXPECT_FALSE(std::holds_alternative<BootNodeOrder>(order));
}

TEST_F(NodeRulesTest, WhyATaskWaitsForADeallocatedNodeIsTold) {
  bring_to("deallocated");
  ask("Job_Add", {.body = job("j", "p")});
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  const Document reasons = service.explain("j", "t", now);
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0]["message"], "node " + id_of() + " is deallocated");
}

TEST_F(NodeRulesTest, FilesOfANodeThatIsAwayCannotBeReached) {
  const auto list = [&] { return outcome("File_ListFromComputeNode", the_node()); };
  EXPECT_EQ(list(), "409 NodeNotReady") << "it is being created";
  boot();
  EXPECT_EQ(list(), "200");
  ask("ComputeNode_Deallocate", the_node());
  EXPECT_EQ(list(), "409 NodeNotReady");
}

TEST_F(NodeRulesTest, SchedulingIsSwitchedOnlyTheOtherWay) {
  boot();
  EXPECT_EQ(outcome("ComputeNode_EnableScheduling", the_node()), "409 NodeAlreadyInTargetSchedulingState");
  EXPECT_EQ(outcome("ComputeNode_DisableScheduling", the_node({{"nodeDisableSchedulingOption", "retaineddata"}})),
            "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("ComputeNode_DisableScheduling", the_node()), "200");
  EXPECT_EQ(state(), "offline");
  EXPECT_EQ(outcome("ComputeNode_DisableScheduling", the_node()), "409 NodeAlreadyInTargetSchedulingState");
  EXPECT_EQ(outcome("ComputeNode_EnableScheduling", the_node()), "200");
  EXPECT_EQ(state(), "idle");
}

}  // namespace
}  // namespace batchite
