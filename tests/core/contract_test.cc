#include "core/contract/contract.h"

#include <fstream>
#include <set>

#include "core/base/document.h"
#include "core/base/error.h"
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"

namespace batchite::contract {
namespace {

Version version(std::string_view text) { return parse_version(text).value(); }
const Version k16 = version("2022-10-01.16.0");
const Version k20 = version("2024-07-01.20.0");
const Version k2025 = version("2025-06-01");

const Model& model(std::string_view name) {
  const Model* found = find_model(name);
  if (!found) throw std::logic_error("no model " + std::string(name));
  return *found;
}

const Operation& operation(std::string_view id) {
  const Operation* found = find_operation(id);
  if (!found) throw std::logic_error("no operation " + std::string(id));
  return *found;
}

TEST(Operations, AreEightyWithIdsAndRoutesOfTheirOwn) {
  EXPECT_EQ(operations().size(), 80U);
  std::set<std::string_view> ids;
  std::set<std::pair<Method, std::string_view>> routes;
  for (const Operation& o : operations()) {
    EXPECT_TRUE(ids.insert(o.id).second) << o.id;
    EXPECT_TRUE(routes.emplace(o.method, o.path).second) << o.id;
    EXPECT_EQ(find_operation(o.id), &o);
    EXPECT_TRUE(o.id.starts_with(o.resource) || o.resource == "ComputeNodeExtension") << o.id;
    EXPECT_TRUE(o.path.starts_with('/')) << o.id;
    EXPECT_NE(o.find_query("API-VERSION"), nullptr) << o.id;
    EXPECT_NE(o.find_query("timeOut"), nullptr) << o.id;
  }
  EXPECT_EQ(find_operation("pool_add"), nullptr);
}

TEST(Operations, CarryBodiesOnlyWithMethodsThatTakeOne) {
  for (const Operation& o : operations()) {
    const bool can_write = o.method == Method::Post || o.method == Method::Put || o.method == Method::Patch;
    EXPECT_TRUE(can_write || !o.body) << o.id;
    EXPECT_TRUE(o.body || !o.body_required) << o.id;
    EXPECT_EQ(o.paged, o.find_query("maxresults") != nullptr) << o.id;
    EXPECT_EQ(!o.filters.empty(), o.find_query("$filter") != nullptr) << o.id;
    if (o.paged) {
      EXPECT_NE(o.item(), nullptr) << o.id;
    }
    EXPECT_EQ(!o.odata_metadata.empty(), o.answer != nullptr) << o.id;
  }
}

TEST(Operations, AnswerWithTheirIrregularStatuses) {
  const std::pair<std::string_view, unsigned> cases[] = {
      {"Pool_Add", 201},
      {"Pool_Delete", 202},
      {"Pool_Patch", 200},
      {"Pool_Resize", 202},
      {"Pool_UpdateProperties", 204},
      {"Pool_EnableAutoScale", 200},
      {"Job_Delete", 202},
      {"Job_Disable", 202},
      {"Job_Enable", 202},
      {"Job_Terminate", 202},
      {"Job_Update", 200},
      {"JobSchedule_Disable", 204},
      {"JobSchedule_Enable", 204},
      {"JobSchedule_Terminate", 202},
      {"Task_Delete", 200},
      {"Task_Terminate", 204},
      {"Task_Reactivate", 204},
      {"Task_AddCollection", 200},
      {"Task_Update", 200},
      {"ComputeNode_Reboot", 202},
      {"ComputeNode_DisableScheduling", 200},
      {"ComputeNode_AddUser", 201},
      {"File_DeleteFromTask", 200},
      {"Certificate_CancelDeletion", 204},
  };
  for (const auto& [id, status] : cases) EXPECT_EQ(operation(id).status, status) << id;
}

TEST(Operations, KnowTheirConditionsRangesAndMetadata) {
  EXPECT_EQ(operation("Task_Delete").conditions, Conditions::All);
  EXPECT_EQ(operation("Task_Add").conditions, Conditions::None);
  EXPECT_EQ(operation("Pool_UpdateProperties").conditions, Conditions::None);
  EXPECT_EQ(operation("File_GetFromTask").conditions, Conditions::TimeOnly);
  EXPECT_TRUE(operation("File_GetFromTask").takes_range);
  EXPECT_TRUE(operation("File_GetFromTask").answers_bytes);
  EXPECT_EQ(operation("Task_Get").odata_metadata, "tasks/@Element");
  EXPECT_EQ(operation("Task_AddCollection").odata_metadata, "taskaddresult");
  EXPECT_EQ(operation("Pool_Add").newer_name, "CreatePool");
  EXPECT_EQ(operation("Task_List").item(), find_model("CloudTask"));
  EXPECT_EQ(operation("Task_List").find_query("maxresults")->max, 1000);
  EXPECT_EQ(operation("Account_ListPoolNodeCounts").find_query("maxresults")->default_value, "10");
  EXPECT_FALSE(operation("Job_Terminate").body_required);
}

TEST(Operations, NameWhatAFilterMayCompare) {
  const auto find = [](std::string_view id, std::string_view name) -> const Filterable& {
    for (const Filterable& filterable : operation(id).filters) {
      if (filterable.name == name) return filterable;
    }
    throw std::logic_error(std::string(name));
  };
  EXPECT_EQ(find("Task_List", "executionInfo/exitCode").type, Type::Int32);
  EXPECT_TRUE(find("Task_List", "executionInfo/exitCode").allows("ge"));
  EXPECT_TRUE(find("Task_List", "lastModified").allows("lt"));
  EXPECT_TRUE(find("Pool_List", "id").allows("startswith"));
  EXPECT_FALSE(find("Pool_List", "state").allows("gt"));
}

TEST(Operations, ComeAndGoWithVersions) {
  EXPECT_TRUE(operation("Pool_GetAllLifetimeStatistics").exists_in(k16));
  EXPECT_FALSE(operation("Pool_GetAllLifetimeStatistics").exists_in(version("2023-05-01.17.0")));
  EXPECT_FALSE(operation("ComputeNode_Start").exists_in(version("2024-02-01.19.0")));
  EXPECT_TRUE(operation("ComputeNode_Start").exists_in(k20));
  EXPECT_TRUE(operation("Certificate_Add").exists_in(k20));
  EXPECT_FALSE(operation("Certificate_Add").exists_in(k2025));
}

TEST(Versions, OlderThanTheOldestAndNewerThanTheNewestAreServed) {
  const Operation& statistics = operation("Pool_GetAllLifetimeStatistics");
  EXPECT_TRUE(statistics.exists_in(version("2018-12-01.8.0")));
  EXPECT_TRUE(operation("Pool_Add").exists_in(version("2014-10-01.1.0")));
  EXPECT_FALSE(operation("Certificate_Add").exists_in(version("2031-01-01")));
  EXPECT_TRUE(operation("ComputeNode_Start").exists_in(version("2031-01-01")));
  EXPECT_EQ(newest_version(), k2025);
  EXPECT_TRUE(is_known("2022-10-01.16.0"));
  EXPECT_FALSE(is_known("2022-10-01"));
}

TEST(Versions, AreReadInTheTwoFormsOnly) {
  EXPECT_LT(version("2022-10-01.16.0"), version("2025-06-01"));
  for (const std::string_view text : {"", "2022", "2022-10-1", "2022-10-01.", "2022-10-01.16", "2022-10-01.16.",
                                      "2022-10-01.a.0", "2022-10-01x", "20221001", "2022-10-01..0"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

TEST(Models, FindTheirFieldsByExactName) {
  EXPECT_EQ(models().size(), 174U);
  EXPECT_EQ(find_model("Nothing"), nullptr);
  const Model& pool = model("PoolAddParameter");
  const Field* id = pool.find("id");
  ASSERT_NE(id, nullptr);
  EXPECT_TRUE(id->required);
  EXPECT_EQ(id->limits.max_size, 64U);
  EXPECT_EQ(pool.find("ID"), nullptr);
  EXPECT_EQ(pool.find("startTask")->model, find_model("StartTask"));
  EXPECT_EQ(pool.find("userAccounts")->item, Type::Object);
  EXPECT_EQ(pool.find("resizeTimeout")->default_value, "PT15M");
  EXPECT_EQ(model("CloudPool").find("allocationState")->enumeration, find_enumeration("AllocationState"));
  for (const Model& m : models()) EXPECT_EQ(find_model(m.name), &m);
  for (const Enumeration& e : enumerations()) EXPECT_EQ(find_enumeration(e.name), &e);
}

TEST(Models, HoldSecretsThatAreNeverReturned) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"UserAccount", "password"},
      {"LinuxUserConfiguration", "sshPrivateKey"},
      {"ContainerRegistry", "password"},
      {"AzureBlobFileSystemConfiguration", "accountKey"},
      {"CIFSMountConfiguration", "password"},
      {"AzureBlobFileSystemConfiguration", "sasKey"},
      {"VMExtension", "protectedSettings"},
      {"AzureFileShareConfiguration", "accountKey"},
  };
  for (const auto& [name, field] : cases) EXPECT_TRUE(model(name).find(field)->secret) << name << '.' << field;
}

TEST(Errors, KeepTheServicesStatusesAndTexts) {
  EXPECT_EQ(errors::kPoolExists.status, 409U);
  EXPECT_EQ(errors::kPoolExists.message, "The specified pool already exists.");
  EXPECT_EQ(errors::kConditionNotMet.status, 412U);
  EXPECT_EQ(errors::kNotModified.status, 304U);
  EXPECT_EQ(errors::kNotModified.code, "ConditionNotMet");
  EXPECT_EQ(errors::kTooManyRequests.status, 429U);
  EXPECT_EQ(failures::kTaskTimedOut.code, "TaskEnded");
  EXPECT_EQ(failures::kFailureExitCode.category, "usererror");
  EXPECT_EQ(failures::kFailureExitCode.additional, "FailureExitCode");
  EXPECT_EQ(resize_errors::kResizeStopped.code, "ResizeStopped");
  for (const ErrorCode* code : errors::kAll) {
    EXPECT_GE(code->status, 304U) << code->code;
    EXPECT_FALSE(code->message.empty()) << code->code;
  }
}

// "CODE PropertyName" of the error, "ok" without one.
std::string verdict(std::string_view model_name, std::string_view body, CheckOptions options = {}) {
  try {
    check_body(model(model_name), parse_document(body, "body"), options);
    return "ok";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), 400U);
    std::string text = error.code();
    if (!error.values().empty() && error.values()[0].key == "PropertyName") text += " " + error.values()[0].value;
    return text;
  }
}

TEST(CheckBody, AcceptsWhatClientsSend) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"JobAddParameter", R"({"id":"j1","poolInfo":{"poolId":"p1"}})"},
      {"JobAddParameter", R"({"odata.metadata":"x","id":"j1","poolInfo":{"poolId":"p1"},"displayName":null})"},
      {"JobAddParameter", R"({"id":"j1","priority":-1000,"maxParallelTasks":-1,"poolInfo":{}})"},
      {"PoolAddParameter", R"({"id":"p_1-A","vmSize":"STANDARD_D1_V2","resizeTimeout":"PT05M00S"})"},
      {"PoolAddParameter", R"({"id":"p","vmSize":"a","taskSchedulingPolicy":{"nodeFillType":"Pack"}})"},
      {"TaskAddCollectionParameter", R"({"value":[{"id":"t1","commandLine":"/bin/true"}]})"},
      {"TaskAddParameter",
       R"({"id":"t","commandLine":"x","constraints":{"maxWallClockTime":"P10675199DT2H48M5.4775807S","maxTaskRetryCount":-1}})"},
      {"PoolResizeParameter", R"({"targetDedicatedNodes":3,"nodeDeallocationOption":"TaskCompletion"})"},
      {"ComputeNodeUser", R"({"name":"u","expiryTime":"2030-01-01T00:00:00Z"})"},
      {"NodeRebootParameter", "{}"},
      {"VMExtension", R"({"name":"e","publisher":"p","type":"t","settings":{"any":[1]}})"},
  };
  for (const auto& [name, body] : cases) EXPECT_EQ(verdict(name, body), "ok") << body;
}

TEST(CheckBody, RefusesWithTheServicesCodeAndTheInnermostName) {
  const struct {
    std::string_view model, body, expected;
  } cases[] = {
      {"JobAddParameter", "[]", "InvalidRequestBody"},
      {"JobAddParameter", "null", "InvalidRequestBody"},
      {"JobAddParameter", R"({"poolInfo":{}})", "MissingRequiredProperty id"},
      {"JobAddParameter", R"({"id":null,"poolInfo":{}})", "MissingRequiredProperty id"},
      {"JobAddParameter", R"({"id":"j"})", "MissingRequiredProperty poolInfo"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"colour":1})", "UnsupportedProperty colour"},
      {"JobAddParameter", R"({"Id":"j","poolInfo":{}})", "UnsupportedProperty Id"},
      {"JobAddParameter", R"({"id":"","poolInfo":{}})", "InvalidPropertyValue id"},
      {"JobAddParameter", R"({"id":"a:b","poolInfo":{}})", "InvalidPropertyValue id"},
      {"JobAddParameter", R"({"id":7,"poolInfo":{}})", "InvalidPropertyValue id"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"priority":1001})", "OutOfRangePriority priority"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"priority":"1"})", "InvalidPropertyValue priority"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"priority":1.5})", "InvalidPropertyValue priority"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"maxParallelTasks":0})", "InvalidPropertyValue maxParallelTasks"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"onTaskFailure":"panic"})", "InvalidPropertyValue onTaskFailure"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"metadata":[{"name":"","value":"x"}]})", "EmptyMetadataKey name"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"metadata":[{"name":"n"}]})", "MissingRequiredProperty value"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"metadata":{}})", "InvalidPropertyValue metadata"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"usesTaskDependencies":"true"})",
       "InvalidPropertyValue usesTaskDependencies"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"constraints":{"maxWallClockTime":"5 minutes"}})",
       "InvalidPropertyValue maxWallClockTime"},
      {"JobAddParameter", R"({"id":"j","poolInfo":{},"constraints":{"maxTaskRetryCount":-2}})",
       "InvalidPropertyValue maxTaskRetryCount"},
      {"JobReleaseTask", R"({"commandLine":"x","maxWallClockTime":"PT16M"})", "InvalidPropertyValue maxWallClockTime"},
      {"PoolAddParameter", R"({"id":"p","vmSize":"a","resizeTimeout":"PT4M59S"})",
       "InvalidPropertyValue resizeTimeout"},
      {"PoolAddParameter", R"({"id":"p","vmSize":"a","autoScaleEvaluationInterval":"P8D"})",
       "InvalidPropertyValue autoScaleEvaluationInterval"},
      {"PoolAddParameter", R"({"id":"p","vmSize":"a","taskSlotsPerNode":257})",
       "InvalidPropertyValue taskSlotsPerNode"},
      {"PoolAddParameter", R"({"id":"p","vmSize":"a","targetDedicatedNodes":2147483648})",
       "InvalidPropertyValue targetDedicatedNodes"},
      {"PoolAddParameter", R"({"id":"p","vmSize":"a","startTask":{"waitForSuccess":true}})",
       "MissingRequiredProperty commandLine"},
      {"InboundNATPool",
       R"({"name":"n","protocol":"tcp","backendPort":3389,"frontendPortRangeStart":1,"frontendPortRangeEnd":50})",
       "InvalidPropertyValue backendPort"},
      {"InboundNATPool",
       R"({"name":"n","protocol":"tcp","backendPort":1,"frontendPortRangeStart":50000,"frontendPortRangeEnd":6})",
       "InvalidPropertyValue frontendPortRangeStart"},
      {"InboundNATPool",
       R"({"name":"n-","protocol":"tcp","backendPort":1,"frontendPortRangeStart":5,"frontendPortRangeEnd":6})",
       "InvalidPropertyValue name"},
      {"NodeRemoveParameter", R"({"nodeList":[]})", "InvalidPropertyValue nodeList"},
      {"NodeRemoveParameter", R"({"nodeList":[1]})", "InvalidPropertyValue nodeList"},
      {"ComputeNodeUser", R"({"name":"u","expiryTime":"tomorrow"})", "InvalidPropertyValue expiryTime"},
      {"TaskAddCollectionParameter", R"({"value":[{"id":"t1"}]})", "MissingRequiredProperty commandLine"},
      {"TaskAddCollectionParameter", R"({"value":[3]})", "InvalidPropertyValue value"},
      {"PoolAddParameter", R"({"id":"p","vmSize":"a","resourceTags":{"a":1}})", "UnsupportedProperty resourceTags"},
  };
  for (const auto& c : cases) EXPECT_EQ(verdict(c.model, c.body), c.expected) << c.body;
}

TEST(CheckBody, LimitsSizesOfTextsAndLists) {
  const auto job = [](std::string_view name, std::size_t length) {
    Document body = {{"id", "j"}, {"poolInfo", Document::object()}};
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += name == "displayName" ? "\xC3\xA4" : "a";
    body[std::string(name)] = text;
    return body.dump();
  };
  EXPECT_EQ(verdict("JobAddParameter", job("id", 64)), "ok");
  EXPECT_EQ(verdict("JobAddParameter", job("id", 65)), "InvalidPropertyValue id");
  EXPECT_EQ(verdict("JobAddParameter", job("displayName", 1024)), "ok");
  EXPECT_EQ(verdict("JobAddParameter", job("displayName", 1025)), "InvalidPropertyValue displayName");

  Document formula = {{"autoScaleFormula", std::string(8193, 'x')}};
  EXPECT_EQ(verdict("PoolEvaluateAutoScaleParameter", formula.dump()), "AutoScalingFormulaTooLong autoScaleFormula");
  Document depends = {{"taskIds", Document::array()}};
  for (int i = 0; i < 1001; ++i) depends["taskIds"].push_back(std::string(64, 'a'));
  EXPECT_EQ(verdict("TaskDependencies", depends.dump()), "TaskDependencyListTooLong taskIds");
  Document tasks = {{"value", Document::array()}};
  for (int i = 0; i < 101; ++i) tasks["value"].push_back({{"id", "t"}, {"commandLine", "x"}});
  EXPECT_EQ(verdict("TaskAddCollectionParameter", tasks.dump()), "InvalidPropertyValue value");
}

TEST(CheckBody, HoldsAVersionToItsOwnProperties) {
  const std::string_view tagged = R"({"id":"p","vmSize":"a","resourceTags":{"a":"b"}})";
  EXPECT_EQ(verdict("PoolAddParameter", tagged, {.version = k16}), "UnsupportedProperty resourceTags");
  EXPECT_EQ(verdict("PoolAddParameter", tagged, {.version = k20}), "ok");
  EXPECT_EQ(verdict("PoolAddParameter", tagged, {.version = k2025}), "UnsupportedProperty resourceTags");
  EXPECT_EQ(verdict("PoolAddParameter", tagged, {.version = k16, .loose = true}), "ok");
  EXPECT_EQ(verdict("JobAddParameter", R"({"id":"j","poolInfo":{},"colour":1})", {.loose = true}), "ok");

  const std::string_view update = R"({"applicationPackageReferences":[],"metadata":[]})";
  EXPECT_EQ(verdict("PoolUpdatePropertiesParameter", update, {.version = k20}),
            "MissingRequiredProperty certificateReferences");
  EXPECT_EQ(verdict("PoolUpdatePropertiesParameter", update, {.version = k2025}), "ok");

  const std::string_view disk = R"({"lun":0,"diskSizeGB":1,"storageAccountType":"StandardSSD_LRS"})";
  EXPECT_EQ(verdict("DataDisk", disk, {.version = k16}), "InvalidPropertyValue storageAccountType");
  EXPECT_EQ(verdict("DataDisk", disk, {.version = k20}), "ok");
}

TEST(CheckBody, TellsNameValueAndReasonButNoSecret) {
  try {
    check_body(model("JobAddParameter"), {{"id", "j"}, {"poolInfo", Document::object()}, {"priority", 2000}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(error.is(errors::kOutOfRangePriority));
    EXPECT_EQ(error.values(), (std::vector<ErrorValue>{{"PropertyName", "priority"},
                                                       {"PropertyValue", "2000"},
                                                       {"Reason", "The value is greater than 1000"}}));
  }
  try {
    check_body(model("UserAccount"), {{"name", "u"}, {"password", {{"hunter", 2}}}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("hunter"), std::string::npos);
  }
}

TEST(Normalise, PutsValuesIntoTheServicesForm) {
  const struct {
    std::string_view model, body, normal;
  } cases[] = {
      {"PoolAddParameter", R"({"id":"P","vmSize":"STANDARD_D1_V2","resizeTimeout":"PT06M00S"})",
       R"({"id":"P","vmSize":"standard_d1_v2","resizeTimeout":"PT6M"})"},
      {"PoolAddParameter",
       R"({"odata.metadata":"x","id":"p","displayName":null,"startTask":{"commandLine":"x","userIdentity":null}})",
       R"({"id":"p","startTask":{"commandLine":"x"}})"},
      {"JobAddParameter",
       R"({"id":"j","onAllTasksComplete":"NoAction","constraints":{"maxWallClockTime":"P3Y6M4DT12H30M5S"}})",
       R"({"id":"j","onAllTasksComplete":"noaction","constraints":{"maxWallClockTime":"P1279DT12H30M5S"}})"},
      {"JobAddParameter",
       R"({"z":1,"id":"j","poolInfo":{"autoPoolSpecification":{"poolLifetimeOption":"JobSchedule"}}})",
       R"({"z":1,"id":"j","poolInfo":{"autoPoolSpecification":{"poolLifetimeOption":"jobschedule"}}})"},
      {"ComputeNodeUser", R"({"name":"u","expiryTime":"2030-01-01T02:00:00.5000+02:00"})",
       R"({"name":"u","expiryTime":"2030-01-01T00:00:00.5Z"})"},
      {"ImageReference", R"({"offer":"o","exactVersion":"1"})", R"({"offer":"o"})"},
      {"TaskAddCollectionParameter", R"({"value":[{"id":"t","constraints":{"retentionTime":"PT168H"}}]})",
       R"({"value":[{"id":"t","constraints":{"retentionTime":"P7D"}}]})"},
      {"VMExtension", R"({"name":"e","settings":{"PT06M":null}})", R"({"name":"e","settings":{"PT06M":null}})"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(normalise(model(c.model), parse_document(c.body, "body")).dump(), c.normal);
  }
}

// No request of the contract carries a 64-bit number today, so this model is made up.
constexpr Field kLongFields[] = {{.name = "long", .type = Type::Int64, .limits = {.max = 9'000'000'000}}};
constexpr Model kLongModel{"Long", kLongFields};

TEST(Normalise, WritesLongNumbersAsStrings) {
  EXPECT_EQ(normalise(kLongModel, {{"long", 8'000'000'000}}).dump(), R"({"long":"8000000000"})");
  EXPECT_EQ(normalise(kLongModel, {{"long", "7"}}).dump(), R"({"long":"7"})");
}

TEST(CheckBody, TakesLongNumbersAsNumbersAndAsStrings) {
  EXPECT_NO_THROW(check_body(kLongModel, {{"long", 8'000'000'000}}));
  EXPECT_NO_THROW(check_body(kLongModel, {{"long", "-8000000000"}}));
  for (const Document& value : {Document("7x"), Document(""), Document(1.5), Document(9'000'000'001),
                                Document("9000000001"), Document(18'446'744'073'709'551'615U), Document(true)}) {
    EXPECT_THROW(check_body(kLongModel, {{"long", value}}), Error) << value;
  }
}

TEST(Shape, HidesSecretsNullsAndWhatAVersionDoesNotKnow) {
  const Document pool = parse_document(
      R"({"odata.metadata":"m","id":"p","displayName":null,"resourceTags":{"a":"b"},
          "userAccounts":[{"name":"u","password":"s","linuxUserConfiguration":{"uid":1,"sshPrivateKey":"s"}}]})",
      "pool");
  const std::string accounts = R"("userAccounts":[{"name":"u","linuxUserConfiguration":{"uid":1}}])";
  EXPECT_EQ(shape(model("CloudPool"), pool, k16).dump(), R"({"odata.metadata":"m","id":"p",)" + accounts + "}");
  EXPECT_EQ(shape(model("CloudPool"), pool, k20).dump(),
            R"({"odata.metadata":"m","id":"p","resourceTags":{"a":"b"},)" + accounts + "}");
}

TEST(Shape, TellsAnOlderVersionTheNearestStateItKnows) {
  const Document nodes = parse_document(R"({"value":[{"state":"deallocated"},{"state":"idle"}]})", "nodes");
  EXPECT_EQ(shape(model("ComputeNodeListResult"), nodes, k16).dump(),
            R"({"value":[{"state":"offline"},{"state":"idle"}]})");
  EXPECT_EQ(shape(model("ComputeNodeListResult"), nodes, k20).dump(), nodes.dump());
}

TEST(Shape, LeavesOutAnEnumValueWithoutAnOlderName) {
  const Document disk = {{"lun", 0}, {"storageAccountType", "standardssd_lrs"}};
  EXPECT_EQ(shape(model("DataDisk"), disk, k16).dump(), R"({"lun":0})");
}

}  // namespace
}  // namespace batchite::contract
