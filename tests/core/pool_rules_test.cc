// Pools: what must hold within a document, what is filled in, and what each operation refuses in which state. Facts are
// the service's recorded answers and its documented limits.
#include <fmt/format.h>

#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class PoolRulesTest : public ServiceTest {
 protected:
  using ServiceTest::ServiceTest;

  // "201", or "InvalidPropertyValue PROPERTY".
  std::string added(Document pool_document) {
    pool_document["id"] = "p" + std::to_string(++pools_);
    try {
      return std::to_string(ask("Pool_Add", {.body = pool_document}).status);
    } catch (const Error& error) {
      std::string text = error.code();
      if (!error.values().empty()) text += " " + error.values().front().value;
      return text;
    }
  }
  Document shown(const std::string& id) { return ask("Pool_Get", {.path = {{"poolId", id}}}).body; }
  static Asked of(const std::string& id, Document body = nullptr) {
    return {.path = {{"poolId", id}}, .body = std::move(body), .version = {20250601}};
  }

 private:
  int pools_ = 0;
};

Document machine(Document more) {
  Document result = {{"imageReference", {{"publisher", "p"}, {"offer", "o"}, {"sku", "s"}}},
                     {"nodeAgentSKUId", "batch.node.ubuntu 22.04"}};
  result.update(more);
  return {{"virtualMachineConfiguration", result}};
}
Document image(Document reference) { return machine({{"imageReference", std::move(reference)}}); }
Document nat_pool(const char* name, int back, int first, int last) {
  return {{"name", name},
          {"protocol", "tcp"},
          {"backendPort", back},
          {"frontendPortRangeStart", first},
          {"frontendPortRangeEnd", last}};
}
Document network(Document nat_pools) {
  return {{"networkConfiguration", {{"endpointConfiguration", {{"inboundNATPools", std::move(nat_pools)}}}}}};
}
Document mounts(Document entries) { return {{"mountConfiguration", std::move(entries)}}; }
Document nfs(const char* path) {
  return {{"nfsMountConfiguration", {{"source", "10.0.0.1:/x"}, {"relativeMountPath", path}}}};
}
Document rule(int priority) { return {{"priority", priority}, {"access", "allow"}, {"sourceAddressPrefix", "*"}}; }
Document with_rules(int first_priority, int count, Document pool) {
  for (int i = 0; i < count; ++i) pool["networkSecurityGroupRules"].push_back(rule(first_priority + i));
  return pool;
}

struct Case {
  Document more;
  std::string expected;
};

TEST_F(PoolRulesTest, OneDocumentHoldsTogether) {
  const std::string invalid = "InvalidPropertyValue ", missing = "MissingRequiredProperty ";
  const char* id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/a/images/i/versions/1.0.0";
  Document twice = machine(Document::object());
  twice["cloudServiceConfiguration"] = {{"osFamily", "6"}};
  const Case cases[] = {
      {Document::object(), "201"},
      {twice, invalid + "virtualMachineConfiguration"},
      {{{"virtualMachineConfiguration", nullptr}}, invalid + "virtualMachineConfiguration"},
      {{{"virtualMachineConfiguration", nullptr}, {"cloudServiceConfiguration", {{"osFamily", "6"}}}}, "201"},
      {{{"targetDedicatedNodes", -1}}, invalid + "targetDedicatedNodes"},
      {{{"autoScaleFormula", "x"}}, invalid + "autoScaleFormula"},
      {{{"enableAutoScale", true}}, missing + "autoScaleFormula"},
      {{{"enableAutoScale", true}, {"autoScaleFormula", "x"}}, invalid + "targetLowPriorityNodes"},
      {{{"resizeTimeout", "PT4M59S"}}, invalid + "resizeTimeout"},
      {{{"resizeTimeout", "PT5M"}}, "201"},
      {{{"taskSlotsPerNode", 4}}, "201"},
      {{{"taskSlotsPerNode", 5}}, invalid + "taskSlotsPerNode"},
      {{{"taskSlotsPerNode", 256}, {"vmSize", "standard_d64s_v3"}}, "201"},
      {{{"taskSlotsPerNode", 200}, {"vmSize", "home-made"}}, "201"},
      {image({{"virtualMachineImageId", id}}), "201"},
      {image({{"virtualMachineImageId", "my image"}}), invalid + "virtualMachineImageId"},
      {image({{"virtualMachineImageId", id}, {"publisher", "p"}}), invalid + "imageReference"},
      {image({{"publisher", "p"}, {"offer", "o"}}), missing + "sku"},
      {image(Document::object()), missing + "publisher"},
      {machine({{"windowsConfiguration", Document::object()}}), invalid + "windowsConfiguration"},
      {machine({{"dataDisks", {{{"lun", 1}, {"diskSizeGB", 8}}, {{"lun", 1}, {"diskSizeGB", 8}}}}}), invalid + "lun"},
      {machine({{"dataDisks", {{{"lun", 64}, {"diskSizeGB", 8}}}}}), invalid + "lun"},
      {machine({{"dataDisks", {{{"lun", 0}, {"diskSizeGB", 0}}}}}), invalid + "diskSizeGB"},
      {{{"userAccounts", {{{"name", "u"}, {"password", "x"}}, {{"name", "U"}, {"password", "x"}}}}}, invalid + "name"},
      {{{"userAccounts", {{{"name", "u"}, {"password", "x"}, {"linuxUserConfiguration", {{"uid", 7}}}}}}},
       invalid + "gid"},
      {{{"startTask", {{"commandLine", "x"}, {"resourceFiles", {{{"filePath", "f"}}}}}}}, invalid + "resourceFiles"},
      {{{"startTask", {{"commandLine", "x"}, {"userIdentity", {{"username", "u"}, {"autoUser", Document::object()}}}}}},
       invalid + "userIdentity"},
  };
  for (const Case& each : cases) EXPECT_EQ(added(pool("p", 0, each.more)), each.expected) << each.more.dump();
}

TEST_F(PoolRulesTest, EndpointsDoNotGetInEachOthersWay) {
  const std::string invalid = "InvalidPropertyValue ";
  const Case cases[] = {
      {network({nat_pool("a", 80, 60000, 60039), nat_pool("b", 81, 60040, 60079)}), "201"},
      {network({nat_pool("a", 80, 60000, 60038)}), invalid + "frontendPortRangeEnd"},
      {network({nat_pool("a", 80, 49000, 56000)}), invalid + "frontendPortRangeEnd"},
      {network({nat_pool("a", 80, 50100, 56000)}), invalid + "frontendPortRangeStart"},
      {network({nat_pool("a", 22, 60000, 60100)}), invalid + "backendPort"},
      {network({nat_pool("a", 80, 60000, 60100), nat_pool("A", 81, 61000, 61100)}), invalid + "name"},
      {network({nat_pool("a", 80, 60000, 60100), nat_pool("b", 80, 61000, 61100)}), invalid + "backendPort"},
      {network({nat_pool("a", 80, 60000, 60100), nat_pool("b", 81, 60100, 60200)}), invalid + "frontendPortRangeStart"},
      {network({nat_pool("a", 1, 1, 40), nat_pool("b", 2, 41, 80), nat_pool("c", 3, 81, 120),
                nat_pool("d", 4, 121, 160), nat_pool("e", 5, 161, 200), nat_pool("f", 6, 201, 240)}),
       invalid + "inboundNATPools"},
      {network({with_rules(150, 25, nat_pool("a", 80, 60000, 60100))}), "201"},
      {network({with_rules(150, 13, nat_pool("a", 80, 60000, 60100)),
                with_rules(150, 13, nat_pool("b", 81, 61000, 61100))}),
       invalid + "networkSecurityGroupRules"},
      {network({with_rules(149, 1, nat_pool("a", 80, 60000, 60100))}), invalid + "priority"},
      {{{"networkConfiguration", {{"publicIPAddressConfiguration", {{"provision", "usermanaged"}}}}}},
       invalid + "ipAddressIds"},
  };
  for (const Case& each : cases) EXPECT_EQ(added(pool("p", 0, each.more)), each.expected) << each.more.dump();
  Document twice = nat_pool("a", 80, 60000, 60100);
  twice["networkSecurityGroupRules"] = {rule(150), rule(150)};
  EXPECT_EQ(added(pool("p", 0, network({twice}))), invalid + "priority");
  twice["networkSecurityGroupRules"] = {rule(150)};
  for (const char* range : {"*", "22", "1-65535"}) {
    twice["networkSecurityGroupRules"][0]["sourcePortRanges"] = {range};
    EXPECT_EQ(added(pool("p", 0, network({twice}))), "201") << range;
  }
  for (const char* range : {"", "22-", "30-20", "65536", "all"}) {
    twice["networkSecurityGroupRules"][0]["sourcePortRanges"] = {range};
    EXPECT_EQ(added(pool("p", 0, network({twice}))), invalid + "sourcePortRanges") << range;
  }
}

TEST_F(PoolRulesTest, EachMountIsOneFileSystemAtAPlaceOfItsOwn) {
  const std::string invalid = "InvalidPropertyValue ";
  const auto blob = [](Document more) {
    Document mount = {{"accountName", "a"}, {"containerName", "c"}, {"relativeMountPath", "b"}};
    mount.update(more);
    return Document{{"azureBlobFileSystemConfiguration", mount}};
  };
  Document both = nfs("a");
  both.update(blob({{"sasKey", "s"}}));
  Document many = Document::array();
  for (int i = 0; i < 11; ++i) many.push_back(nfs(std::to_string(i).c_str()));
  const Case cases[] = {
      {mounts({nfs("a"), nfs("b")}), "201"},
      {mounts({nfs("a"), nfs("a")}), invalid + "relativeMountPath"},
      {mounts({Document::object()}), invalid + "mountConfiguration"},
      {mounts({both}), invalid + "mountConfiguration"},
      {mounts(many), invalid + "mountConfiguration"},
      {mounts({blob({{"sasKey", "s"}})}), "201"},
      {mounts({blob(Document::object())}), invalid + "azureBlobFileSystemConfiguration"},
      {mounts({blob({{"sasKey", "s"}, {"accountKey", "k"}})}), invalid + "azureBlobFileSystemConfiguration"},
  };
  for (const Case& each : cases) EXPECT_EQ(added(pool("p", 0, each.more)), each.expected) << each.more.dump();
}

TEST_F(PoolRulesTest, WhatIsLeftOutIsFilledInAsTheServiceDoes) {
  Document more = machine({{"nodeAgentSKUId", "batch.node.windows amd64"},
                           {"windowsConfiguration", Document::object()},
                           {"nodePlacementConfiguration", Document::object()},
                           {"dataDisks", {{{"lun", 0}, {"diskSizeGB", 8}}}}});
  more.update(network({with_rules(150, 1, nat_pool("a", 80, 60000, 60100))}));
  more["userAccounts"] = {{{"name", "u"}, {"password", "secret"}}};
  more["taskSchedulingPolicy"] = {{"nodeFillType", "PACK"}};
  more["metadata"] = Document::array();
  ask("Pool_Add", {.body = pool("p", 0, more)});
  const Document document = shown("p");
  const Document& vm = document["virtualMachineConfiguration"];
  EXPECT_EQ(vm["imageReference"]["version"], "latest");
  EXPECT_EQ(vm["windowsConfiguration"]["enableAutomaticUpdates"], true);
  EXPECT_EQ(vm["nodePlacementConfiguration"]["policy"], "Regional");
  EXPECT_EQ(vm["dataDisks"][0]["caching"], "none");
  EXPECT_EQ(vm["dataDisks"][0]["storageAccountType"], "standard_lrs");
  EXPECT_EQ(document["networkConfiguration"]["dynamicVNetAssignmentScope"], "none");
  EXPECT_EQ(document["networkConfiguration"]["endpointConfiguration"]["inboundNATPools"][0]["networkSecurityGroupRules"]
                    [0]["sourcePortRanges"],
            Document::array({"*"}));
  EXPECT_EQ(document["userAccounts"].dump(),
            R"([{"name":"u","elevationLevel":"nonadmin","windowsUserConfiguration":{"loginMode":"batch"}}])");
  EXPECT_EQ(document["taskSchedulingPolicy"]["nodeFillType"], "Pack");
  EXPECT_FALSE(document.contains("metadata")) << "an empty list is not shown";
  EXPECT_FALSE(document.contains("targetNodeCommunicationMode")) << "it was never sent";

  Document cloud = pool("c", 0, {{"cloudServiceConfiguration", {{"osFamily", "6"}}}});
  cloud.erase("virtualMachineConfiguration");
  cloud["userAccounts"] = {{{"name", "u"}, {"password", "secret"}}};
  ask("Pool_Add", {.body = cloud});
  EXPECT_EQ(shown("c")["cloudServiceConfiguration"]["osVersion"], "*");
  EXPECT_EQ(shown("c")["userAccounts"][0]["windowsUserConfiguration"]["loginMode"], "interactive");
}

TEST_F(PoolRulesTest, TheCommunicationModeIsKnownOnceThereAreNodes) {
  ask("Pool_Add", {.body = pool("none", 0)});
  ask("Pool_Add", {.body = pool("p", 1)});
  ask("Pool_Add", {.body = pool("s", 1, {{"targetNodeCommunicationMode", "Simplified"}})});
  EXPECT_FALSE(shown("none").contains("currentNodeCommunicationMode"));
  EXPECT_EQ(shown("p")["currentNodeCommunicationMode"], "classic");
  EXPECT_EQ(shown("s")["currentNodeCommunicationMode"], "simplified");
  EXPECT_EQ(shown("s")["targetNodeCommunicationMode"], "simplified");
}

TEST_F(PoolRulesTest, APatchKeepsWhatItLeavesOutAndAnEmptyListClears) {
  ask("Pool_Add",
      {.body =
           pool("p", 0, {{"metadata", {{{"name", "a"}, {"value", "1"}}}}, {"startTask", {{"commandLine", "one"}}}})});
  EXPECT_EQ(outcome("Pool_Patch", of("p", {{"startTask", {{"commandLine", "two"}}}})), "200");
  EXPECT_EQ(shown("p")["startTask"]["commandLine"], "two");
  EXPECT_EQ(shown("p")["startTask"]["waitForSuccess"], true);
  EXPECT_EQ(shown("p")["metadata"].size(), 1U);
  ask("Pool_Patch", of("p", {{"metadata", Document::array()}}));
  EXPECT_FALSE(shown("p").contains("metadata"));
  EXPECT_TRUE(shown("p").contains("startTask"));
}

TEST_F(PoolRulesTest, MostOfAPoolCanBeChangedOnlyWhileItIsEmpty) {
  ask("Pool_Add", {.body = pool("p", 0)});
  const Document changes[] = {{{"vmSize", "STANDARD_D2_v2"}},
                              {{"taskSlotsPerNode", 2}},
                              {{"enableInterNodeCommunication", true}},
                              {{"taskSchedulingPolicy", {{"nodeFillType", "pack"}}}}};
  for (const Document& change : changes) EXPECT_EQ(outcome("Pool_Patch", of("p", change)), "200") << change.dump();
  EXPECT_EQ(shown("p")["vmSize"], "standard_d2_v2");
  EXPECT_EQ(shown("p")["taskSchedulingPolicy"]["nodeFillType"], "Pack");
  EXPECT_EQ(outcome("Pool_Patch", of("p", {{"taskSlotsPerNode", 9}})), "400 InvalidPropertyValue");
  ask("Pool_Resize", of("p", {{"targetDedicatedNodes", 1}}));
  for (const Document& change : changes) {
    EXPECT_EQ(outcome("Pool_Patch", of("p", change)), "409 OperationInvalidForCurrentState") << change.dump();
  }
  EXPECT_EQ(outcome("Pool_Patch", of("p", {{"displayName", "d"}})), "200");
  Asked old = of("p", {{"displayName", "d"}});
  old.version = {20240201};
  EXPECT_EQ(outcome("Pool_Patch", old), "400 UnsupportedProperty");
}

TEST_F(PoolRulesTest, UpdatePropertiesReplacesAllOfThem) {
  ask("Pool_Add",
      {.body =
           pool("p", 0, {{"metadata", {{{"name", "a"}, {"value", "1"}}}}, {"startTask", {{"commandLine", "one"}}}})});
  const Document empty = {{"applicationPackageReferences", Document::array()}, {"metadata", Document::array()}};
  Document until_20 = empty;
  until_20["certificateReferences"] = Document::array();
  const auto update = [&](Document body, std::int32_t version) {
    return outcome("Pool_UpdateProperties", {.path = {{"poolId", "p"}}, .body = std::move(body), .version = {version}});
  };
  EXPECT_EQ(update(empty, 20240701), "400 MissingRequiredProperty") << "certificateReferences";
  EXPECT_EQ(update({{"applicationPackageReferences", Document::array()}}, 20250601), "400 MissingRequiredProperty");
  EXPECT_EQ(update(until_20, 20250601), "400 UnsupportedProperty");
  EXPECT_EQ(update(until_20, 20240701), "204");
  EXPECT_FALSE(shown("p").contains("startTask"));
  EXPECT_FALSE(shown("p").contains("metadata"));
  EXPECT_EQ(update(empty, 20250601), "204");
}

TEST_F(PoolRulesTest, ResizingNeedsATargetAndASteadyPool) {
  ask("Pool_Add", {.body = pool("p", 1)});
  EXPECT_EQ(outcome("Pool_Resize", of("p", Document::object())), "400 MissingRequiredProperty");
  EXPECT_EQ(outcome("Pool_Resize", of("p", {{"targetDedicatedNodes", -1}})), "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("Pool_Resize", of("p", {{"targetDedicatedNodes", 1}, {"resizeTimeout", "PT1M"}})),
            "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("Pool_StopResize", of("p")), "409 OperationInvalidForCurrentState") << "nothing is under way";
  EXPECT_EQ(outcome("Pool_Resize", of("p", {{"targetDedicatedNodes", 2}})), "202");
  EXPECT_EQ(shown("p")["targetLowPriorityNodes"], 1) << "what is left out keeps its value";
  EXPECT_EQ(outcome("Pool_Resize", of("p", {{"targetDedicatedNodes", 0}})), "202");
  EXPECT_EQ(shown("p")["allocationState"], "resizing") << "its nodes have not gone yet";
  EXPECT_EQ(outcome("Pool_Resize", of("p", {{"targetDedicatedNodes", 2}})), "409 PoolBeingResized");
  EXPECT_EQ(outcome("Pool_RemoveNodes", of("p", {{"nodeList", {"x"}}})), "409 PoolBeingResized");
}

TEST_F(PoolRulesTest, NodesAreRemovedByNameAndTheTargetsShrink) {
  ask("Pool_Add", {.body = pool("p", 2, {{"targetDedicatedNodes", 2}})});
  boot_nodes();
  const Document nodes = ask("ComputeNode_List", of("p")).body["value"];
  EXPECT_EQ(outcome("Pool_RemoveNodes", of("p", {{"nodeList", Document::array()}})), "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("Pool_RemoveNodes", of("p", {{"nodeList", Document(101, "x")}})), "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("Pool_RemoveNodes", of("p", {{"nodeList", {nodes[0]["id"], "tvmps_none"}}})), "404 NodeNotFound");
  EXPECT_EQ(outcome("Pool_RemoveNodes", of("p", {{"nodeList", {nodes[0]["id"]}}, {"nodeDeallocationOption", "x"}})),
            "400 InvalidPropertyValue");
  const int dedicated = nodes[0]["isDedicated"] ? 1 : 0;
  EXPECT_EQ(outcome("Pool_RemoveNodes", of("p", {{"nodeList", {nodes[0]["id"], nodes[0]["id"]}}})), "202");
  EXPECT_EQ(shown("p")["targetDedicatedNodes"], 2 - dedicated);
  EXPECT_EQ(shown("p")["targetLowPriorityNodes"], 1 + dedicated);
  const Asked the_node{.path = {{"poolId", "p"}, {"nodeId", nodes[0]["id"]}}};
  EXPECT_EQ(ask("ComputeNode_Get", the_node).body["state"], "leavingpool");
}

TEST_F(PoolRulesTest, APoolOnItsWayOutRefusesEverything) {
  ask("Pool_Add", {.body = pool("p", 1)});
  EXPECT_EQ(outcome("Pool_Delete", of("p")), "202");
  EXPECT_EQ(shown("p")["state"], "deleting");
  EXPECT_EQ(outcome("Pool_Delete", of("p")), "409 PoolBeingDeleted");
  EXPECT_EQ(outcome("Pool_Patch", of("p", {{"displayName", "d"}})), "409 PoolBeingDeleted");
  EXPECT_EQ(outcome("Pool_Resize", of("p", {{"targetDedicatedNodes", 2}})), "409 PoolBeingDeleted");
  EXPECT_EQ(outcome("Pool_StopResize", of("p")), "409 PoolBeingDeleted");
  EXPECT_EQ(outcome("Pool_Add", {.body = pool("P", 0)}), "409 PoolBeingDeleted");
  happens(NodeRemoved{NodeKey{1}});
  EXPECT_EQ(outcome("Pool_Get", of("p")), "404 PoolNotFound");
}

// A service whose nodes take their time.
class SlowPoolTest : public PoolRulesTest {
 protected:
  explicit SlowPoolTest(Ticks delay = seconds(5)) : PoolRulesTest(Settings{.allocation_delay = delay}) {}
  void passes(Ticks time) {
    now += time;
    happens(Tick{});
  }
};

class VerySlowPoolTest : public SlowPoolTest {
 protected:
  VerySlowPoolTest() : SlowPoolTest(hours(1)) {}
};

TEST_F(SlowPoolTest, AStoppedResizeSaysWhatItDidNotReachAndKeepsItsETag) {
  ask("Pool_Add", {.body = pool("p", 2)});
  EXPECT_EQ(shown("p")["allocationState"], "resizing");
  EXPECT_EQ(shown("p")["currentLowPriorityNodes"], 0);
  const std::string tag = shown("p")["eTag"];
  EXPECT_EQ(outcome("Pool_StopResize", of("p")), "202");
  EXPECT_EQ(shown("p")["allocationState"], "stopping");
  EXPECT_FALSE(shown("p").contains("resizeErrors")) << "only once it is steady";
  EXPECT_EQ(outcome("Pool_StopResize", of("p")), "409 OperationInvalidForCurrentState");
  EXPECT_EQ(outcome("Pool_Resize", of("p", {{"targetDedicatedNodes", 1}})), "409 PoolBeingResized");
  passes(seconds(6));
  const Document stopped = shown("p");
  EXPECT_EQ(stopped["allocationState"], "steady");
  EXPECT_EQ(stopped["targetLowPriorityNodes"], 2) << "the target stays";
  EXPECT_EQ(stopped["currentLowPriorityNodes"], 0);
  EXPECT_EQ(stopped["eTag"], tag);
  EXPECT_EQ(stopped["resizeErrors"].dump(),
            R"([{"code":"ResizeStopped","message":"Desired number of low priority nodes could not be allocated )"
            R"(due to a stop resize operation"}])");
  ask("Pool_Resize", of("p", {{"targetLowPriorityNodes", 0}}));
  EXPECT_FALSE(shown("p").contains("resizeErrors")) << "a new resize clears them";
}

TEST_F(VerySlowPoolTest, AResizeThatTakesTooLongTimesOut) {
  ask("Pool_Add", {.body = pool("p", 1, {{"targetDedicatedNodes", 1}, {"resizeTimeout", "PT5M"}})});
  passes(minutes(4));
  EXPECT_EQ(shown("p")["allocationState"], "resizing");
  passes(minutes(2));
  const Document timed_out = shown("p");
  EXPECT_EQ(timed_out["allocationState"], "steady");
  ASSERT_EQ(timed_out["resizeErrors"].size(), 2U);
  EXPECT_EQ(timed_out["resizeErrors"][0]["code"], "AllocationTimedOut");
  EXPECT_EQ(timed_out["resizeErrors"][0]["message"],
            "Desired number of dedicated nodes could not be allocated as the resize timeout was reached");
  passes(hours(2));
  EXPECT_EQ(shown("p")["currentDedicatedNodes"], 0) << "the service does not try again by itself";
}

// --- conditional headers --------------------------------------------------------------------------------------------

struct Conditional {
  std::string_view operation;
  Parameters headers;
  std::string expected;
};

TEST_F(PoolRulesTest, OnlySomeConditionsStandTogether) {
  one_node();
  const std::string tag = shown("p")["eTag"];
  const char* past = "Sat, 14 Mar 2020 00:00:00 GMT";
  const char* future = "Sun, 14 Mar 2100 00:00:00 GMT";
  const std::string many = "400 MultipleConditionHeadersNotSupported", unmet = "412 ConditionNotMet";
  const Conditional cases[] = {
      {"Pool_Get", {{"If-Match", tag}, {"If-Unmodified-Since", past}}, "200"},  // the tag decides
      {"Pool_Get", {{"If-None-Match", "0x1"}, {"If-Modified-Since", future}}, "200"},
      {"Pool_Get", {{"If-Match", tag}, {"If-None-Match", "0x1"}}, many},
      {"Pool_Get", {{"If-Match", tag}, {"If-Modified-Since", past}}, many},
      {"Pool_Get", {{"If-None-Match", "0x1"}, {"If-Unmodified-Since", future}}, many},
      {"Pool_Get", {{"If-Modified-Since", past}, {"If-Unmodified-Since", future}}, many},
      {"Pool_Get", {{"If-Match", tag}, {"If-Unmodified-Since", future}, {"If-None-Match", "0x1"}}, many},
      {"Pool_Delete", {{"If-Match", tag}, {"If-None-Match", "0x1"}}, many},
      {"Pool_Get", {{"If-Modified-Since", future}}, "304 ConditionNotMet"},
      {"Pool_Get", {{"If-Unmodified-Since", past}}, unmet},
      {"Pool_Patch", {{"If-Modified-Since", future}}, unmet},
      {"Pool_Get", {{"If-Modified-Since", "yesterday"}}, "400 InvalidHeaderValue"},
      {"Job_Get", {{"If-Unmodified-Since", "2026-03-14T00:00:00Z"}}, "400 InvalidHeaderValue"},
      {"Job_Get", {{"If-Modified-Since", "Saturday, 14-Mar-20 00:00:00 GMT"}}, "200"},
      {"Pool_List", {{"If-Match", tag}, {"If-None-Match", "x"}}, "200"},  // takes no conditions
      {"Pool_UpdateProperties", {{"If-Match", "0x1"}}, "204"},            // likewise
  };
  for (const auto& [operation, headers, expected] : cases) {
    Asked asked{.path = {{"poolId", "p"}, {"jobId", "j"}}, .headers = headers, .version = {20250601}};
    if (operation == "Pool_Patch") asked.body = {{"displayName", "d"}};
    if (operation == "Pool_UpdateProperties") {
      asked.body = {{"applicationPackageReferences", Document::array()}, {"metadata", Document::array()}};
    }
    EXPECT_EQ(outcome(operation, asked), expected) << operation << " " << headers.begin()->first;
  }
}

}  // namespace
}  // namespace batchite
