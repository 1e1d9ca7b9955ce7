// Lists and queries: which parameters an operation takes, pages of lists that are at hand as a whole, and the lists of
// extensions, applications, subtasks and preparation tasks.
#include "core/contract/query.h"
#include "tests/support/service_fixture.h"

namespace batchite {
namespace {

std::string checked(std::string_view operation, const Parameters& query, std::int32_t version = 20240701) {
  try {
    contract::check_query(*contract::find_operation(operation), query, {version});
    return "fine";
  } catch (const Error& error) {
    std::string text = error.code();
    for (const ErrorValue& value : error.values()) text += " " + value.value;
    return text;
  }
}

struct QueryCase {
  std::string_view operation;
  Parameters query;
  std::string expected;
};

TEST(Query, HoldsWhatTheOperationTakes) {
  const std::string unsupported = "UnsupportedQueryParameter ", invalid = "InvalidQueryParameterValue ";
  const QueryCase cases[] = {
      {"Pool_List", {}, "fine"},
      {"Pool_Delete", {{"timeout", "30"}, {"api-version", "2024-07-01.20.0"}, {"$skiptoken", "x"}}, "fine"},
      {"Pool_List", {{"$EXPAND", "stats"}, {"MaxResults", "1000"}, {"$select", "id, state"}}, "fine"},
      {"Pool_List", {{"nonsense", "1"}}, unsupported + "nonsense 1"},
      {"Pool_Delete", {{"$select", "id"}}, unsupported + "$select id"},
      {"ComputeNode_Get", {{"$expand", "stats"}}, unsupported + "$expand stats"},
      {"Job_Get", {{"maxresults", "1"}}, unsupported + "maxresults 1"},
      {"Application_List", {{"$filter", "id eq 'a'"}}, unsupported + "$filter id eq 'a'"},
      {"Pool_Get", {{"$expand", "nodes"}}, invalid + "$expand nodes nodes cannot be expanded, only stats can"},
      {"Pool_Get", {{"$select", "id,nosuch"}}, invalid + "$select id,nosuch There is no property nosuch"},
      {"Task_List", {{"maxresults", "-5"}}, invalid + "maxresults -5 MaxResults cannot be less than 1"},
      {"Task_List", {{"maxresults", "1001"}}, invalid + "maxresults 1001 MaxResults cannot be greater than 1000"},
      {"Task_List", {{"maxresults", "ten"}}, invalid + "maxresults ten MaxResults must be a whole number"},
      {"Task_List", {{"timeout", "soon"}}, invalid + "timeout soon timeout must be a whole number"},
      {"File_ListFromTask", {{"recursive", "TRUE"}}, "fine"},
      {"File_ListFromTask", {{"recursive", "1"}}, invalid + "recursive 1 The value has to be true or false"},
      {"Pool_ListUsageMetrics",
       {{"starttime", "yesterday"}},
       invalid + "starttime yesterday The value has to be an ISO 8601 date and time"},
  };
  for (const QueryCase& each : cases) EXPECT_EQ(checked(each.operation, each.query), each.expected);
}

TEST(Query, DependsOnTheVersion) {
  EXPECT_EQ(checked("Job_Delete", {{"force", "true"}}, 20240701), "fine");
  EXPECT_EQ(checked("Job_Delete", {{"force", "true"}}, 20240201), "fine") << "it harms no older version";
  EXPECT_EQ(checked("ComputeNode_Get", {{"$select", "certificateReferences"}}, 20240701), "fine");
  EXPECT_EQ(checked("ComputeNode_Get", {{"$select", "certificateReferences"}}, 20250601).substr(0, 26),
            "InvalidQueryParameterValue");
}

class ListsTest : public ServiceTest {
 protected:
  void add_application(const std::string& id, const std::vector<std::string>& versions,
                       const Document& settings = Document::object()) {
    service.manage({Management::PutApplication, id, "", settings}, now);
    for (const std::string& version : versions) {
      service.manage({Management::PutPackage, id, version}, now);
      service.manage({Management::ActivatePackage, id, version, {{"format", "zip"}}}, now);
    }
  }
  static Document extension(const std::string& name) {
    return {{"name", name},
            {"publisher", "Microsoft.Azure.Extensions"},
            {"type", "CustomScript"},
            {"settings", {{"timestamp", 1}}},
            {"protectedSettings", {{"key", "secret"}}}};
  }
};

TEST_F(ListsTest, AQueryIsCheckedBeforeAnythingHappens) {
  EXPECT_EQ(outcome("Pool_Add", {.body = pool("p", 0), .query = {{"$select", "id"}}}), "400 UnsupportedQueryParameter");
  EXPECT_EQ(outcome("Pool_Get", {.path = {{"poolId", "p"}}}), "404 PoolNotFound");
  EXPECT_EQ(outcome("Pool_List", {.query = {{"$select", "nosuch"}}}), "400 InvalidQueryParameterValue")
      << "also when there is nothing to select from";
  ask("Pool_Add", {.body = pool("p", 0)});
  EXPECT_EQ(ask("Pool_List", {.query = {{"$select", "id, id ,vmSize"}}}).body["value"].dump(),
            R"([{"id":"p","vmSize":"standard_a1_v2"}])");
}

TEST_F(ListsTest, ImagesComeInPagesOfWhatTheFilterLetsThrough) {
  const Document all = ask("Account_ListSupportedImages").body;
  EXPECT_FALSE(all.contains("odata.nextLink"));
  const std::string filter = "nodeAgentSKUId eq 'batch.node.ubuntu 22.04'";
  Document collected = Document::array();
  Parameters query = {{"$filter", filter}, {"maxresults", "1"}};
  for (int pages = 1;; ++pages) {
    const Document page = ask("Account_ListSupportedImages", {.query = query}).body;
    ASSERT_EQ(page["value"].size(), 1U);
    collected.push_back(page["value"][0]);
    if (!page.contains("odata.nextLink")) break;
    const std::string link = page["odata.nextLink"];
    EXPECT_TRUE(link.starts_with("http://batch/supportedimages?$filter=nodeAgentSKUId")) << link;
    query.set("$skiptoken", link.substr(link.rfind('=') + 1));
    ASSERT_LT(pages, 10);
  }
  EXPECT_EQ(collected.size(), 2U);
  EXPECT_NE(collected[0]["imageReference"], collected[1]["imageReference"]);
  EXPECT_EQ(outcome("Account_ListSupportedImages", {.query = {{"$skiptoken", "x"}}}), "400 InvalidQueryParameterValue");
}

TEST_F(ListsTest, NodeCountsComeTenAtATimeUnlessMoreAreAskedFor) {
  for (int i = 10; i < 22; ++i) ask("Pool_Add", {.body = pool("p" + std::to_string(i), 0)});
  const Document page = ask("Account_ListPoolNodeCounts").body;
  EXPECT_EQ(page["value"].size(), 10U);
  EXPECT_TRUE(page["odata.nextLink"].get<std::string>().ends_with("$skiptoken=p19"));
  EXPECT_EQ(ask("Account_ListPoolNodeCounts", {.query = {{"maxresults", "1000"}}}).body["value"].size(), 12U);
}

TEST_F(ListsTest, FilesComeInPages) {
  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  files.entries = {{.name = "stdout.txt"}, {.name = "stderr.txt"}, {.name = "wd", .is_directory = true}};
  Asked asked{.path = {{"jobId", "j"}, {"taskId", "t"}}, .query = {{"maxresults", "2"}}};
  const Document page = ask("File_ListFromTask", asked).body;
  EXPECT_EQ(page["value"].size(), 2U);
  EXPECT_EQ(page["odata.nextLink"], "http://batch/jobs/j/tasks/t/files?maxresults=2&$skiptoken=2");
  asked.query.set("$skiptoken", "2");
  const Document rest = ask("File_ListFromTask", asked).body;
  EXPECT_EQ(rest["value"].at(0)["name"], "wd");
  EXPECT_FALSE(rest.contains("odata.nextLink"));
}

TEST_F(ListsTest, ApplicationsAreToldOfWithTheirVersions) {
  EXPECT_EQ(ask("Application_List").body.dump(), R"({"value":[]})");
  add_application("Blender", {"2.8", "4.1"}, {{"displayName", "Blender 3D"}});
  add_application("ffmpeg", {"7"});
  service.manage({Management::PutPackage, "ffmpeg", "8"}, now);  // nobody can have it yet
  EXPECT_EQ(ask("Application_Get", {.path = {{"applicationId", "blender"}}}).body.dump(),
            R"({"id":"Blender","displayName":"Blender 3D","versions":["2.8","4.1"]})");
  const Document page = ask("Application_List", {.query = {{"maxresults", "1"}}}).body;
  EXPECT_EQ(page["value"][0]["id"], "Blender");
  EXPECT_EQ(page["odata.nextLink"], "http://batch/applications?maxresults=1&$skiptoken=Blender");
  EXPECT_EQ(ask("Application_List", {.query = {{"$skiptoken", "Blender"}}}).body.dump(),
            R"({"value":[{"id":"ffmpeg","versions":["7"]}]})");
  EXPECT_EQ(outcome("Application_Get", {.path = {{"applicationId", "none"}}}), "404 ApplicationNotFound");
}

TEST_F(ListsTest, ExtensionsOfThePoolAreShownAtItsNodes) {
  Document body = pool("p", 1);
  body["virtualMachineConfiguration"]["extensions"] = {extension("First"), extension("second")};
  ask("Pool_Add", {.body = body});
  Asked asked{.path = {{"poolId", "p"}, {"extensionName", "first"}}};
  asked.path.add("nodeId", ask("ComputeNode_List", {.path = {{"poolId", "p"}}}).body["value"].at(0)["id"]);
  EXPECT_EQ(ask("ComputeNodeExtension_Get", asked).body["provisioningState"], "Creating");
  boot_nodes();
  const Document shown = ask("ComputeNodeExtension_Get", asked).body;
  EXPECT_EQ(shown["provisioningState"], "Succeeded");
  EXPECT_EQ(shown["vmExtension"]["name"], "First");
  EXPECT_EQ(shown["vmExtension"]["settings"]["timestamp"], 1);
  EXPECT_FALSE(shown["vmExtension"].contains("protectedSettings"));
  EXPECT_EQ(shown["instanceView"]["name"], "First");
  EXPECT_EQ(shown["instanceView"]["statuses"][0]["code"], "ProvisioningState/succeeded");

  asked.query = {{"maxresults", "1"}, {"$select", "provisioningState"}};
  const Document page = ask("ComputeNodeExtension_List", asked).body;
  EXPECT_EQ(page["value"].dump(), R"([{"provisioningState":"Succeeded"}])");
  EXPECT_TRUE(page["odata.nextLink"].get<std::string>().ends_with("&$skiptoken=1"));
  asked.query = {{"$skiptoken", "1"}};
  const Document rest = ask("ComputeNodeExtension_List", asked).body;
  EXPECT_EQ(rest["value"][0]["vmExtension"]["name"], "second");
  EXPECT_FALSE(rest.contains("odata.nextLink"));
  EXPECT_EQ(ask("ComputeNodeExtension_List", asked).body.dump().find("secret"), std::string::npos);
  asked.query = {};
  asked.path.set("extensionName", "third");
  EXPECT_EQ(outcome("ComputeNodeExtension_Get", asked), "404 ResourceNotFound");
}

TEST_F(ListsTest, OrdinaryTasksHaveNoSubtasksAndOrdinaryJobsNoPreparation) {
  one_node();
  ask("Task_Add", {.path = {{"jobId", "j"}}, .body = task("t")});
  const Reply subtasks = ask("Task_ListSubtasks", {.path = {{"jobId", "j"}, {"taskId", "t"}}});
  EXPECT_EQ(subtasks.status, 200U);
  EXPECT_EQ(subtasks.body.dump(), R"({"value":[]})");
  EXPECT_EQ(outcome("Task_ListSubtasks", {.path = {{"jobId", "j"}, {"taskId", "u"}}}), "404 TaskNotFound");
  EXPECT_EQ(outcome("Job_ListPreparationAndReleaseTaskStatus", {.path = {{"jobId", "j"}}}),
            "409 JobPreparationTaskOrReleaseTaskNotSpecified");
  EXPECT_EQ(outcome("Job_ListPreparationAndReleaseTaskStatus", {.path = {{"jobId", "k"}}}), "404 JobNotFound");
}

}  // namespace
}  // namespace batchite
