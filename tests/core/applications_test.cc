// Applications and packages: managing them, and what pools and tasks may refer to.
#include "core/management.h"

#include <gmock/gmock.h>

#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ApplicationsTest : public ServiceTest {
 protected:
  Document manage(const ManagementCall& call) {
    now += std::chrono::seconds(1);
    return service.manage(call, now);
  }
  // "409 Code", or "fine".
  std::string managed(const ManagementCall& call) {
    try {
      manage(call);
      return "fine";
    } catch (const Error& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
  }
  static ManagementCall activation(const std::string& application, const std::string& version) {
    return {Management::ActivatePackage, application, version, {{"format", "zip"}}};
  }
  void add(const std::string& application, const std::vector<std::string>& versions, const std::string& usual = "") {
    manage({Management::PutApplication, application});
    for (const std::string& version : versions) {
      manage({Management::PutPackage, application, version});
      manage(activation(application, version));
    }
    if (!usual.empty()) manage({Management::PatchApplication, application, "", {{"defaultVersion", usual}}});
  }

  // {{"ffmpeg", "6"}, {"blender", ""}}: the second without a version.
  using References = std::vector<std::pair<std::string, std::string>>;
  static Document referring(const References& references) {
    Document list = Document::array();
    for (const auto& [application, version] : references) {
      list.push_back({{"applicationId", application}});
      if (!version.empty()) list.back()["version"] = version;
    }
    return {{"applicationPackageReferences", list}};
  }
  // "key: sentence" of each value of the refusal; "fine".
  std::string refusals(std::string_view operation, const Asked& asked) {
    try {
      ask(operation, asked);
      return "fine";
    } catch (const Error& error) {
      std::string text = error.code();
      for (const ErrorValue& value : error.values()) text += " | " + value.key + ": " + value.value;
      return text;
    }
  }
  std::vector<std::string> booted_with() {
    std::vector<std::string> found;
    for (const HostOrder& order : host.orders) {
      if (const auto* boot = std::get_if<BootNodeOrder>(&order)) found.push_back(text_of(boot->packages));
    }
    return found;
  }
  static std::string text_of(const std::vector<PackageFile>& packages) {
    std::string text;
    for (const PackageFile& package : packages) {
      text += package.application + " " + package.version + (package.by_default ? " (default) " : " ") +
              (package.container.empty() ? "nowhere" : package.blob) + "; ";
    }
    return text;
  }
};

// --- managing -------------------------------------------------------------------------------------------------------

TEST_F(ApplicationsTest, AreMadeChangedAndShown) {
  const Document made = manage({Management::PutApplication, "FFmpeg", "", {{"displayName", "Fast forward"}}});
  EXPECT_EQ(made["id"], "FFmpeg");
  EXPECT_EQ(made["allowUpdates"], true);
  EXPECT_FALSE(made.contains("defaultVersion"));
  const Document package = manage({Management::PutPackage, "ffmpeg", "6.0"});
  EXPECT_EQ(package["state"], "pending");
  EXPECT_THAT(package["container"].get<std::string>(), ::testing::MatchesRegex("app-ffmpeg-[0-9a-f]{40}"));
  EXPECT_EQ(package["blob"], "6.0.zip");
  EXPECT_EQ(manage(activation("ffmpeg", "6.0"))["state"], "active");
  manage({Management::PatchApplication, "ffmpeg", "", {{"defaultVersion", "6.0"}, {"allowUpdates", false}}});
  const Document shown = manage({Management::GetApplication, "ffmpeg"});
  EXPECT_EQ(shown["displayName"], "Fast forward") << "what is not named stays";
  EXPECT_EQ(shown["defaultVersion"], "6.0");
  EXPECT_EQ(shown["allowUpdates"], false);
  EXPECT_EQ(shown["packages"][0]["format"], "zip");
  EXPECT_EQ(manage({Management::PutApplication, "ffmpeg"})["packages"].size(), 1U) << "again: nothing is lost";
  EXPECT_EQ(manage({Management::ListApplications}).size(), 1U);
}

TEST_F(ApplicationsTest, RefuseWhatCannotBe) {
  add("app", {"1"});
  const struct {
    ManagementCall call;
    const char* expected;
  } cases[] = {
      {{Management::GetApplication, "none"}, "404 ApplicationNotFound"},
      {{Management::PatchApplication, "none"}, "404 ApplicationNotFound"},
      {{Management::PutPackage, "none", "1"}, "404 ApplicationNotFound"},
      {{Management::GetPackage, "app", "2"}, "404 ApplicationPackageNotFound"},
      {activation("app", "2"), "404 ApplicationPackageNotFound"},
      {{Management::ActivatePackage, "app", "1"}, "400 InvalidPropertyValue"},
      {{Management::ActivatePackage, "app", "1", {{"format", "tar"}}}, "400 InvalidPropertyValue"},
      {{Management::PatchApplication, "app", "", {{"defaultVersion", "2"}}}, "404 ApplicationPackageNotFound"},
      {{Management::PatchApplication, "app", "", {{"defaultVersion", 1}}}, "400 InvalidPropertyValue"},
      {{Management::PutApplication, "new", "", {{"allowUpdates", "yes"}}}, "400 InvalidPropertyValue"},
      {{Management::PutApplication, "new", "", {{"displayName", std::string(1025, 'x')}}}, "400 InvalidPropertyValue"},
      {{Management::PutApplication, "../up"}, "400 InvalidPropertyValue"},
      {{Management::PutApplication, std::string(65, 'x')}, "400 InvalidPropertyValue"},
      {{Management::PutPackage, "app", ".."}, "400 InvalidPropertyValue"},
      {{Management::PutPackage, "app", "a/b"}, "400 InvalidPropertyValue"},
      {{Management::PutPackage, "app", ""}, "400 InvalidPropertyValue"},
  };
  for (const auto& each : cases) EXPECT_EQ(managed(each.call), each.expected) << each.call.application;
  EXPECT_EQ(managed({Management::GetApplication, "new"}), "404 ApplicationNotFound") << "a refusal makes nothing";
  EXPECT_TRUE(manage({Management::DeleteApplication, "none"}).is_null());
  EXPECT_TRUE(manage({Management::DeletePackage, "app", "2"}).is_null());
}

TEST_F(ApplicationsTest, ThatAllowNoUpdatesTakeNewVersionsOnly) {
  add("app", {"1"});
  manage({Management::PatchApplication, "app", "", {{"allowUpdates", false}}});
  EXPECT_EQ(managed({Management::PutPackage, "app", "1"}), "409 ApplicationUpdatesNotAllowed");
  EXPECT_EQ(managed(activation("app", "1")), "409 ApplicationUpdatesNotAllowed");
  EXPECT_EQ(managed({Management::DeletePackage, "app", "1"}), "409 ApplicationUpdatesNotAllowed");
  EXPECT_EQ(managed({Management::DeleteApplication, "app"}), "409 ApplicationUpdatesNotAllowed");
  EXPECT_EQ(managed({Management::PutPackage, "app", "2"}), "fine");
  EXPECT_EQ(managed({Management::PutPackage, "app", "2"}), "fine") << "it has not been activated yet";
  EXPECT_EQ(managed(activation("app", "2")), "fine");
  manage({Management::PatchApplication, "app", "", {{"allowUpdates", true}}});
  EXPECT_EQ(managed({Management::DeleteApplication, "app"}), "fine");
}

TEST_F(ApplicationsTest, AreTwentyWithFortyVersionsEachAtMost) {
  for (int i = 0; i < 20; ++i) manage({Management::PutApplication, "app" + std::to_string(i)});
  EXPECT_EQ(managed({Management::PutApplication, "more"}), "409 ApplicationQuotaReached");
  EXPECT_EQ(managed({Management::PutApplication, "app3"}), "fine") << "it is there";
  for (int i = 0; i < 40; ++i) manage({Management::PutPackage, "app0", std::to_string(i)});
  EXPECT_EQ(managed({Management::PutPackage, "app0", "more"}), "409 ApplicationPackageQuotaReached");
  EXPECT_EQ(managed({Management::PutPackage, "app0", "39"}), "fine");
}

TEST_F(ApplicationsTest, LoseTheirDefaultWithItsPackage) {
  add("app", {"1", "2"}, "2");
  EXPECT_EQ(manage({Management::DeletePackage, "app", "2"})["version"], "2");
  const Document left = manage({Management::GetApplication, "app"});
  EXPECT_FALSE(left.contains("defaultVersion"));
  EXPECT_EQ(left["packages"].size(), 1U);
}

TEST_F(ApplicationsTest, OutliveARestart) {
  add("app", {"1"}, "1");
  Service again(store, files, host, {.account = "acct", .base_url = "http://batch", .scheduler = {}});
  EXPECT_EQ(again.manage({Management::GetApplication, "APP"}, now)["defaultVersion"], "1");
}

// --- references -----------------------------------------------------------------------------------------------------

// Keys and sentences as Azure's tests of the service expect them.
TEST_F(ApplicationsTest, AreReferredToByPoolsIfTheyCanBeHad) {
  add("one", {"1.0"});
  add("two", {"1.0", "1.1"}, "1.0");
  manage({Management::PutPackage, "two", "pending"});
  const std::string missing = ": The specified application package does not exist.";
  const std::string unset = ": The specified application package does not have a default version set.";
  const std::string start = "InvalidApplicationPackageReferences";
  const struct {
    References references;
    std::string expected;
  } cases[] = {
      {{{"bad", ""}}, start + " | bad" + missing},
      {{{"bad", "999"}}, start + " | bad:999" + missing},
      {{{"one", "999"}}, start + " | one:999" + missing},
      {{{"one", ""}}, start + " | one" + unset},
      {{{"one", ""}, {"two", ""}}, start + " | one" + unset},
      {{{"one", ""}, {"bad", ""}}, start + " | one" + unset + " | bad" + missing},
      {{{"two", "pending"}}, start + " | two:pending: The specified application package has not been activated."},
      {{{"one", "1.0"}, {"two", ""}}, "fine"},
      {{{"TWO", "1.1"}, {"two", "1.0"}}, "fine"},
      {{}, "fine"},
  };
  int number = 0;
  for (const auto& each : cases) {
    const std::string id = "p" + std::to_string(number++);
    EXPECT_EQ(refusals("Pool_Add", {.body = pool(id, 0, referring(each.references))}), each.expected);
  }
}

TEST_F(ApplicationsTest, AreCheckedWhereAPoolIsChanged) {
  add("app", {"1"});
  ask("Pool_Add", {.body = pool("p", 0)});
  const auto references = [&] {
    return Reader(ask("Pool_Get", {.path = {{"poolId", "p"}}}).body).array("applicationPackageReferences").dump();
  };
  Document everything = referring({{"app", "1"}});
  everything["metadata"] = everything["certificateReferences"] = Document::array();
  Document wrong = everything;
  wrong["applicationPackageReferences"][0]["version"] = "2";
  for (const std::string operation : {"Pool_Patch", "Pool_UpdateProperties"}) {
    const bool is_patch = operation == "Pool_Patch";
    const std::string success = is_patch ? "200" : "204";
    EXPECT_EQ(outcome(operation, {.path = {{"poolId", "p"}}, .body = is_patch ? referring({{"app", "2"}}) : wrong}),
              "409 InvalidApplicationPackageReferences");
    EXPECT_EQ(references(), "[]");
    EXPECT_EQ(
        outcome(operation, {.path = {{"poolId", "p"}}, .body = is_patch ? referring({{"app", "1"}}) : everything}),
        success);
    EXPECT_EQ(references(), R"([{"applicationId":"app","version":"1"}])");
    Document none = is_patch ? referring({}) : everything;
    none["applicationPackageReferences"] = Document::array();
    EXPECT_EQ(outcome(operation, {.path = {{"poolId", "p"}}, .body = none}), success);
    EXPECT_EQ(references(), "[]");
  }
  // What a pool refers to may go; other changes of the pool do not mind.
  ask("Pool_Patch", {.path = {{"poolId", "p"}}, .body = referring({{"app", "1"}})});
  manage({Management::DeleteApplication, "app"});
  EXPECT_EQ(outcome("Pool_Patch", {.path = {{"poolId", "p"}}, .body = {{"targetNodeCommunicationMode", "simplified"}}}),
            "200");
}

TEST_F(ApplicationsTest, AreCheckedWhereTasksAreAdded) {
  add("app", {"1"});
  one_node();
  Document good = task("good"), bad = task("bad");
  good.update(referring({{"app", "1"}}));
  bad.update(referring({{"app", "2"}}));
  EXPECT_THAT(refusals("Task_Add", {.path = {{"jobId", "j"}}, .body = bad}), StartsWith("InvalidApplicationPackage"));
  const Reply reply =
      ask("Task_AddCollection", {.path = {{"jobId", "j"}}, .body = {{"value", Document::array({bad, good})}}});
  const Document refused = reply.body["value"][0];
  EXPECT_EQ(refused["error"]["code"], "InvalidApplicationPackageReferences");
  EXPECT_EQ(refused["error"]["values"][0]["key"], "app:2");
  EXPECT_EQ(reply.body["value"][1]["status"], "Success");
  const auto ordered = runs();
  ASSERT_EQ(ordered.size(), 1U);
  EXPECT_EQ(text_of(ordered[0].packages), "app 1 1.zip; ");
}

// --- orders ---------------------------------------------------------------------------------------------------------

TEST_F(ApplicationsTest, ComeWithTheOrderInTheVersionThatIsTheDefaultThen) {
  add("one", {"1"});
  add("two", {"1", "2"}, "1");
  ask("Pool_Add", {.body = pool("p", 1, referring({{"One", "1"}, {"two", ""}}))});
  EXPECT_THAT(booted_with(), ElementsAre("one 1 1.zip; two 1 (default) 1.zip; "));
  boot_nodes();
  manage({Management::PatchApplication, "two", "", {{"defaultVersion", "2"}}});
  ask("Pool_Resize", {.path = {{"poolId", "p"}}, .body = {{"targetLowPriorityNodes", 2}}});
  EXPECT_THAT(booted_with(), ElementsAre("one 1 1.zip; two 2 (default) 2.zip; "));
  boot_nodes();
  manage({Management::DeleteApplication, "one"});
  ask("Pool_Resize", {.path = {{"poolId", "p"}}, .body = {{"targetLowPriorityNodes", 3}}});
  EXPECT_THAT(booted_with(), ElementsAre("One 1 nowhere; two 2 (default) 2.zip; ")) << "the host says what is wrong";
}

TEST_F(ApplicationsTest, ThatANodeCannotHaveAreShownAsItsError) {
  add("app", {"1"});
  ask("Pool_Add", {.body = pool("p", 1, referring({{"app", "1"}}))});
  const auto node = std::get<BootNodeOrder>(host.orders.back()).what.node;
  happens(NodeLost{node, NodeState::Unusable,
                   Failure{.category = Category::UserError,
                           .code = "ApplicationPackageError",
                           .message = "No.",
                           .details = {{"ApplicationId", "app"}}}});
  const Document shown = ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"][0];
  EXPECT_EQ(shown["state"], "unusable");
  EXPECT_EQ(shown["errors"].dump(), R"([{"code":"ApplicationPackageError","message":"No.",)"
                                    R"("errorDetails":[{"name":"ApplicationId","value":"app"}]}])");
}

}  // namespace
}  // namespace batchite
