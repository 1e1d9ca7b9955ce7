// Users of nodes and the ways into a node, as clients see them.
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

class NodeAccessTest : public ServiceTest {
 protected:
  std::string node_id(const std::string& pool = "p") {
    return ask("ComputeNode_List", {.path = {{"poolId", pool}}}).body["value"].at(0)["id"];
  }
  // A request about the first node of a pool.
  Asked at_node(Document body = nullptr, const std::string& user = "", const std::string& pool = "p") {
    Asked asked{.path = {{"poolId", pool}, {"nodeId", node_id(pool)}}, .body = std::move(body)};
    if (!user.empty()) asked.path.add("userName", user);
    return asked;
  }
  std::string add_user(const std::string& name, const std::string& pool = "p") {
    return outcome("ComputeNode_AddUser", at_node({{"name", name}, {"password", "pa55"}}, "", pool));
  }
  std::string delete_user(const std::string& name) { return outcome("ComputeNode_DeleteUser", at_node(nullptr, name)); }
  Document kept_user(const std::string& name) {
    Document found;
    store.each(Kind::NodeUser, [&](const Row& row) {
      if (row.id == name) found = Document::parse(row.spec);
    });
    return found;
  }
  static Document cloud_service_pool(const std::string& id) {
    Document body = pool(id, 1);
    body.erase("virtualMachineConfiguration");
    body["cloudServiceConfiguration"] = {{"osFamily", "6"}};
    return body;
  }
  static Document windows_pool(const std::string& id) {
    Document body = pool(id, 1);
    body["virtualMachineConfiguration"]["nodeAgentSKUId"] = "batch.node.windows amd64";
    return body;
  }
};

TEST_F(NodeAccessTest, AUserIsAddedOnceChangedAndDeleted) {
  one_node();
  const Reply added = ask("ComputeNode_AddUser", at_node({{"name", "Bob"}, {"password", "pa55"}}));
  EXPECT_EQ(added.status, 201U);
  EXPECT_TRUE(added.body.is_null());
  EXPECT_EQ(added.headers.get("Location"), "http://batch/pools/p/nodes/" + node_id() + "/users/Bob");
  EXPECT_FALSE(added.modified) << "users have no ETag";
  EXPECT_EQ(add_user("bob"), "409 NodeUserExists");
  EXPECT_EQ(outcome("ComputeNode_UpdateUser", at_node({{"password", "new"}}, "bob")), "200");
  EXPECT_EQ(delete_user("Bob"), "200");
  EXPECT_EQ(delete_user("Bob"), "404 NodeUserNotFound");
  EXPECT_EQ(outcome("ComputeNode_UpdateUser", at_node(Document::object(), "Bob")), "404 NodeUserNotFound");
}

TEST_F(NodeAccessTest, AUserLivesADayUnlessToldOtherwiseAndItsPasswordIsNotKept) {
  one_node();
  ask("ComputeNode_AddUser", at_node({{"name", "bob"}, {"password", "pa55"}, {"isAdmin", true}}));
  Document user = kept_user("bob");
  EXPECT_EQ(user["expiryTime"], iso8601(now + std::chrono::hours(24)));
  EXPECT_EQ(user["isAdmin"], true);
  EXPECT_EQ(user["hasPassword"], true);
  EXPECT_EQ(user.dump().find("pa55"), std::string::npos);

  ask("ComputeNode_UpdateUser", at_node({{"expiryTime", "2027-01-01T00:00:00Z"}, {"sshPublicKey", "k"}}, "bob"));
  user = kept_user("bob");
  EXPECT_EQ(user["expiryTime"], "2027-01-01T00:00:00Z");
  EXPECT_EQ(user["isAdmin"], true);
  EXPECT_EQ(user["sshPublicKey"], "k");
  EXPECT_EQ(user["hasPassword"], false) << "an update replaces everything that it can";
  ask("ComputeNode_UpdateUser", at_node(Document::object(), "bob"));
  user = kept_user("bob");
  EXPECT_EQ(user["expiryTime"], iso8601(now + std::chrono::hours(24)));
  EXPECT_FALSE(user.contains("sshPublicKey"));
}

TEST_F(NodeAccessTest, UsersNeedANodeThatIsIdleOrRunning) {
  ask("Pool_Add", {.body = pool("p", 1)});
  ask("Job_Add", {.body = job("j", "p")});
  EXPECT_EQ(add_user("bob"), "409 NodeBeingCreated");
  boot_nodes();
  EXPECT_EQ(add_user("bob"), "201");
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  EXPECT_EQ(add_user("eve"), "201") << "a running node takes users";
  ask("ComputeNode_Reboot", at_node());
  EXPECT_EQ(add_user("ann"), "409 NodeBeingRebooted");
  EXPECT_EQ(delete_user("bob"), "409 NodeBeingRebooted");
  boot_nodes();
  EXPECT_EQ(add_user("bob"), "409 NodeUserExists") << "a reboot leaves the disk alone";
}

TEST_F(NodeAccessTest, UsersGoWithTheDiskAndWithTheNode) {
  one_node();
  add_user("bob");
  ask("ComputeNode_Reimage", at_node());
  boot_nodes();
  EXPECT_EQ(add_user("bob"), "201") << "a reimaged node has no users";
  Asked remove = at_node();
  remove.body = {{"nodeList", {node_id()}}};
  ask("Pool_RemoveNodes", remove);
  for (const HostOrder& order : std::exchange(host.orders, {})) {
    if (const auto* gone = std::get_if<RemoveNodeOrder>(&order)) happens(NodeRemoved{gone->what.node});
  }
  int users = 0;
  store.each(Kind::NodeUser, [&](const Row&) { ++users; });
  EXPECT_EQ(users, 0);
}

TEST_F(NodeAccessTest, UsersSurviveARestartOfTheService) {
  one_node();
  add_user("bob");
  const std::string node = node_id();
  Service again(store, files, host, {.account = "acct", .base_url = "http://batch"});
  again.happened({HostRestarted{}}, now + std::chrono::seconds(1));
  for (const HostOrder& order : std::exchange(host.orders, {})) {
    if (const auto* boot = std::get_if<BootNodeOrder>(&order)) {
      again.happened({NodeBooted{boot->what.node, boot->what.boot}}, now + std::chrono::seconds(2));
    }
  }
  const Answer deleted = again.call({.operation = *contract::find_operation("ComputeNode_DeleteUser"),
                                     .path = {{"poolId", "p"}, {"nodeId", node}, {"userName", "bob"}}},
                                    now + std::chrono::seconds(3));
  EXPECT_EQ(std::get<Reply>(deleted).status, 200U);
}

TEST_F(NodeAccessTest, WindowsNodesWantAPasswordAndTakeNoKey) {
  ask("Pool_Add", {.body = windows_pool("w")});
  ask("Pool_Add", {.body = pool("p", 1)});
  boot_nodes();
  const auto add = [&](const std::string& pool, Document more) {
    more["name"] = "u";
    return outcome("ComputeNode_AddUser", at_node(more, "", pool));
  };
  EXPECT_EQ(add("w", Document::object()), "400 MissingRequiredProperty");
  EXPECT_EQ(add("w", {{"password", "x"}, {"sshPublicKey", "k"}}), "400 InvalidPropertyValue");
  EXPECT_EQ(add("w", {{"password", "x"}}), "201");
  EXPECT_EQ(add("p", {{"sshPublicKey", "k"}}), "201");
  EXPECT_EQ(outcome("ComputeNode_AddUser", at_node({{"name", ""}})), "400 InvalidPropertyValue");
  EXPECT_EQ(outcome("ComputeNode_AddUser", at_node(Document::object())), "400 MissingRequiredProperty");
}

TEST_F(NodeAccessTest, RemoteLoginAndTheNodesEndpointNameTheSamePort) {
  Document with_nat = pool("p", 2);
  with_nat["networkConfiguration"]["endpointConfiguration"]["inboundNATPools"] = {{{"name", "web"},
                                                                                   {"protocol", "TCP"},
                                                                                   {"backendPort", 80},
                                                                                   {"frontendPortRangeStart", 60000},
                                                                                   {"frontendPortRangeEnd", 60039}}};
  ask("Pool_Add", {.body = with_nat});
  std::string seen;
  const Document nodes = ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"];
  for (const Document& node : nodes) {
    const Reply login = ask("ComputeNode_GetRemoteLoginSettings", {.path = {{"poolId", "p"}, {"nodeId", node["id"]}}});
    EXPECT_FALSE(login.modified);
    EXPECT_EQ(login.body["remoteLoginIPAddress"], "127.0.0.1");
    EXPECT_FALSE(login.body.contains("ipv6RemoteLoginPort")) << "newer versions only";
    const Document& endpoints = node["endpointConfiguration"]["inboundEndpoints"];
    ASSERT_EQ(endpoints.size(), 2U);
    EXPECT_EQ(endpoints[1]["frontendPort"], login.body["remoteLoginPort"]);
    EXPECT_EQ(endpoints[1]["backendPort"], 22);
    const int index = login.body["remoteLoginPort"].get<int>() - 50000;
    EXPECT_EQ(endpoints[1]["name"], "SSHRule." + std::to_string(index));
    EXPECT_EQ(endpoints[0]["name"], "web." + std::to_string(index));
    EXPECT_EQ(endpoints[0]["frontendPort"], 60000 + index);
    EXPECT_EQ(endpoints[0]["protocol"], "tcp");
    seen += std::to_string(index) + " ";
  }
  EXPECT_TRUE(seen == "0 1 " || seen == "1 0 ") << seen;
}

TEST_F(NodeAccessTest, IPv6MembersAreForVersionsThatHaveThem) {
  one_node();
  const Asked asked = at_node();
  const Answer newest = service.call({.operation = *contract::find_operation("ComputeNode_GetRemoteLoginSettings"),
                                      .path = asked.path,
                                      .version = {20250601}},
                                     now);
  EXPECT_EQ(std::get<Reply>(newest).body.dump(), R"({"remoteLoginIPAddress":"127.0.0.1","remoteLoginPort":50000,)"
                                                 R"("ipv6RemoteLoginIPAddress":"::1","ipv6RemoteLoginPort":50000})");
}

TEST_F(NodeAccessTest, RemoteDesktopIsForCloudServicesAndLoginForVirtualMachines) {
  ask("Pool_Add", {.body = cloud_service_pool("c")});
  one_node();
  const Reply desktop = ask("ComputeNode_GetRemoteDesktop", at_node(nullptr, "", "c"));
  EXPECT_EQ(desktop.status, 200U);
  EXPECT_EQ(desktop.headers.get("Content-Type"), "application/octet-stream");
  EXPECT_EQ(read_all(*desktop.bytes), "full address:s:127.0.0.1\r\nLoadBalanceInfo:s:Cookie: mstshash=TVM#TVM_IN_0");
  EXPECT_EQ(outcome("ComputeNode_GetRemoteDesktop", at_node()), "409 OperationNotValidOnNode");
  EXPECT_EQ(outcome("ComputeNode_GetRemoteLoginSettings", at_node(nullptr, "", "c")), "409 OperationNotValidOnNode");
  EXPECT_EQ(outcome("ComputeNode_GetRemoteDesktop", {.path = {{"poolId", "p"}, {"nodeId", "x"}}}), "404 NodeNotFound");
}

}  // namespace
}  // namespace batchite
