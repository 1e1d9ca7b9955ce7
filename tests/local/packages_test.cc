// Application packages on nodes of the local backend: where they are unpacked, who sees them, and what a broken one
// does.
#include <gmock/gmock.h>

#include <fstream>

#include "backends/local/package_installer.h"
#include "tests/support/local_backend_fixture.h"
#include "tests/support/zip.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::zip_of;

class PackagesTest : public LocalBackendTest {
 protected:
  static std::string program(const std::string& says) {
    return zip_of({{"bin/hello", "#!/bin/sh\necho " + says + "\n", 0755}});
  }
  void put(const std::string& application, const std::string& version, const std::string& zip, bool usual = false) {
    backend().manage({Management::PutApplication, application});
    const Document place = backend().manage({Management::PutPackage, application, version});
    put_blob(place["container"], place["blob"], zip);
    backend().manage({Management::ActivatePackage, application, version, {{"format", "zip"}}});
    if (usual) backend().manage({Management::PatchApplication, application, "", {{"defaultVersion", version}}});
  }
  std::string managed(const ManagementCall& call) {
    try {
      backend().manage(call);
      return "fine";
    } catch (const Error& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
  }
  static Document referring(const std::string& application, const std::string& version = "") {
    Document reference = {{"applicationId", application}};
    if (!version.empty()) reference["version"] = version;
    return {{"applicationPackageReferences", Document::array({reference})}};
  }
  static void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  fs::path applications() { return node_root(first_node()) / "applications"; }
  std::vector<std::string> in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(PackagesTest, OfThePoolAreThereForItsStartTaskAndEveryTask) {
  put("Agent-linux", "1.1-x", program("agent"));
  put("hello", "2", program("two"), true);
  Document more = referring("Agent-linux", "1.1-x");
  more["applicationPackageReferences"].push_back({{"applicationId", "hello"}});
  more["startTask"] = {
      {"commandLine", "/bin/sh -c '$AZ_BATCH_APP_PACKAGE_hello/bin/hello > $AZ_BATCH_NODE_SHARED_DIR/s'"},
      {"waitForSuccess", true}};
  nodes(1, more);
  EXPECT_EQ(read_text(node_root(first_node()) / "shared/s"), "two\n");
  const Document info = run(shell("t",
                                  "$AZ_BATCH_APP_PACKAGE_hello/bin/hello; "
                                  "$AZ_BATCH_APP_PACKAGE_agent_linux_1_1_x/bin/hello; "
                                  "$AZ_BATCH_APP_PACKAGE_Agent_linux_1_1_x/bin/hello; env | grep -c APP_PACKAGE"));
  EXPECT_EQ(info["exitCode"], 0) << info.dump(2);
  EXPECT_EQ(task_file("t", "stdout.txt"), "two\nagent\nagent\n3\n");
  EXPECT_EQ(fs::status(applications() / "hello/2/bin/hello").permissions(), fs::perms(0755));
}

TEST_F(PackagesTest, OfATaskAreBroughtBeforeItsFilesAndForItAlone) {
  put("hello", "1", program("one"));
  put("hello", "2", program("two"), true);
  nodes(1);
  Document both = shell("t", "$AZ_BATCH_APP_PACKAGE_hello_1/bin/hello && $AZ_BATCH_APP_PACKAGE_hello/bin/hello",
                        referring("hello", "1"));
  both["applicationPackageReferences"].push_back({{"applicationId", "hello"}});
  EXPECT_EQ(run(both)["exitCode"], 0);
  EXPECT_EQ(task_file("t", "stdout.txt"), "one\ntwo\n");
  run(shell("other", "env"));
  EXPECT_THAT(task_file("other", "stdout.txt"), ::testing::Not(HasSubstr("APP_PACKAGE")));
  EXPECT_THAT(in(applications() / "hello"), ElementsAre("1", "2")) << "nothing is left of the unpacking";
}

TEST_F(PackagesTest, AreUnpackedOncePerNodeHoweverManyTasksWantThem) {
  put("hello", "1", program("one"));
  nodes(1, {{"taskSlotsPerNode", 4}});
  const Document where = referring("hello", "1");
  for (int i = 0; i < 8; ++i) {
    add(shell("t" + std::to_string(i), "stat -c %i $AZ_BATCH_APP_PACKAGE_hello_1/bin/hello", where));
  }
  std::set<std::string> inodes;
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(result("t" + std::to_string(i))["exitCode"], 0);
    inodes.insert(task_file("t" + std::to_string(i), "stdout.txt"));
  }
  EXPECT_EQ(inodes.size(), 1U);
}

TEST_F(PackagesTest, ThatAreBrokenMakeTheNodeUnusableUntilItBootsWithBetterOnes) {
  put("hello", "1", "no archive");
  ask("Pool_Add", {.body = pool_document("p", 1, referring("hello", "1"))});
  ASSERT_TRUE(eventually([&] { return node_states() == states(1, "unusable"); }));
  const Document error = node_list().at(0)["errors"].at(0);
  EXPECT_EQ(error["code"], "ApplicationPackageError");
  EXPECT_THAT(error["errorDetails"].dump(), HasSubstr("cannot be read"));
  EXPECT_TRUE(fs::is_empty(applications() / "hello"));
  put("hello", "1", program("good"));
  backend().inflict({.kind = NodeFault::Kind::Recover, .pool_id = "p", .node_id = first_node()});
  EXPECT_TRUE(eventually([&] { return node_states() == states(1, "idle"); }));
  EXPECT_FALSE(node_list().at(0).contains("errors"));
}

TEST_F(PackagesTest, ThatAreBrokenFailTheTaskWithoutARetry) {
  put("bad", "1", zip_of({{"../../../escaped", "x"}}));
  nodes(1);
  Document task = shell("t", "true", referring("bad", "1"));
  task["constraints"] = {{"maxTaskRetryCount", 3}};
  const Document info = run(task);
  EXPECT_EQ(info["failureInfo"]["code"], "ApplicationPackageError");
  EXPECT_EQ(info["failureInfo"]["category"], "UserError");
  EXPECT_EQ(info["failureInfo"]["details"][0]["value"], "bad");
  EXPECT_EQ(info["retryCount"], 0);
  EXPECT_FALSE(info.contains("exitCode"));
  EXPECT_FALSE(fs::exists(node_root(first_node()) / "escaped"));
  EXPECT_EQ(run(shell("next", "true"))["exitCode"], 0) << "the node is as good as before";
}

TEST_F(PackagesTest, ThatAreGoneMeanwhileFailWhoeverWantsThem) {
  put("hello", "1", program("one"));
  nodes(1);
  add(shell("first", "while [ ! -e $AZ_BATCH_NODE_SHARED_DIR/go ]; do sleep 0.02; done"));
  ASSERT_TRUE(reaches("first", "running"));
  add(shell("t", "true", referring("hello", "1")));
  backend().manage({Management::DeleteApplication, "hello"});
  write_text(node_root(first_node()) / "shared/go", "");
  EXPECT_EQ(result("t")["failureInfo"]["code"], "ApplicationPackageError");
}

TEST_F(PackagesTest, ArePutBackWhenTheNodesDiskIsMadeAnew) {
  put("hello", "1", program("one"));
  nodes(1, referring("hello", "1"));
  write_text(applications() / "hello/1/note", "kept over reboots");
  const Asking node{.path = {{"poolId", "p"}, {"nodeId", first_node()}}};
  const auto last_boot = [&] { return node_list().at(0)["lastBootTime"]; };
  Document before = last_boot();
  ask("ComputeNode_Reboot", node);
  ASSERT_TRUE(eventually([&] { return last_boot() != before && node_states() == states(1, "idle"); }));
  EXPECT_TRUE(fs::exists(applications() / "hello/1/note"));
  before = last_boot();
  ask("ComputeNode_Reimage", node);
  ASSERT_TRUE(eventually([&] { return last_boot() != before && node_states() == states(1, "idle"); }));
  EXPECT_FALSE(fs::exists(applications() / "hello/1/note"));
  EXPECT_EQ(run(shell("t", "$AZ_BATCH_APP_PACKAGE_hello_1/bin/hello"))["exitCode"], 0);
}

TEST_F(PackagesTest, HaveTheirBytesInTheLinkedAccount) {
  backend().manage({Management::PutApplication, "app"});
  const Document place = backend().manage({Management::PutPackage, "app", "1"});
  const ManagementCall activation{Management::ActivatePackage, "app", "1", {{"format", "zip"}}};
  EXPECT_EQ(managed(activation), "409 ApplicationPackageNotUploaded");
  put_blob(place["container"], place["blob"], program("x"));
  EXPECT_EQ(managed(activation), "fine");
  EXPECT_EQ(blob_names(place["container"]), "1.zip ");
  put("app", "2", program("y"));
  backend().manage({Management::DeletePackage, "app", "1"});
  EXPECT_EQ(blob_names(place["container"]), "2.zip ");
  backend().manage({Management::DeleteApplication, "app"});
  EXPECT_THROW(blob_names(place["container"]), Error);
}

TEST_F(PackagesTest, OutliveAKilledProgramsHalfUnpackedRest) {
  put("hello", "1", program("one"));
  nodes(1);
  fs::create_directories(applications() / "hello/.1.new/half");
  EXPECT_EQ(run(shell("t", "$AZ_BATCH_APP_PACKAGE_hello_1/bin/hello", referring("hello", "1")))["exitCode"], 0);
  EXPECT_THAT(in(applications() / "hello"), ElementsAre("1"));
}

TEST(PackageVariables, ReplaceOthersOfTheirName) {
  std::vector<std::string> environment = {"A=1", "AZ_BATCH_APP_PACKAGE_app=/old", "AZ_BATCH_APP_PACKAGE_app_1=/other"};
  add_package_variables(environment, {{.application = "app", .version = "2", .by_default = true}}, "/node");
  EXPECT_THAT(environment, ElementsAre("A=1", "AZ_BATCH_APP_PACKAGE_app_1=/other",
                                       "AZ_BATCH_APP_PACKAGE_app=/node/applications/app/2"));
}

}  // namespace
}  // namespace batchite
