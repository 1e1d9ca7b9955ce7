// A service that misbehaves: nothing is lost, nothing done twice, and what cannot be known is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/workflow/client.h"
#include "tests/support/documents.h"
#include "tests/support/emulated_azure.h"

namespace batchite {
namespace {

using namespace std::chrono_literals;
using testing::answer_is_lost;
using testing::answers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::never_arrives;

class AzureFaultsTest : public ::testing::Test {
 protected:
  // "201", or "409 PoolExists".
  std::string call(std::string_view operation, const Parameters& path = {}, const Document& body = nullptr) {
    return told([&] { return client_.call(operation, path, {}, body).status; });
  }
  std::string blob(const BlobCall& call) {
    return told([&] { return backend_->blob(call).status; });
  }
  std::string put(const std::string& name, const std::string& content, Parameters headers = {}) {
    headers.set("x-ms-blob-type", "BlockBlob");
    StringSource body(content);
    return blob({.operation = BlobOperation::PutBlob,
                 .account = "acct",
                 .container = "data",
                 .blob = name,
                 .headers = headers,
                 .body = &body});
  }
  std::string get(const std::string& name) {
    return read_all(
        *backend_->blob({.operation = BlobOperation::GetBlob, .account = "acct", .container = "data", .blob = name})
             .bytes);
  }
  template <class Asking>
  static std::string told(const Asking& ask) {
    try {
      return std::to_string(ask());
    } catch (const Error& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
  }
  void make_container() {
    ASSERT_EQ(blob({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"}), "201");
    azure_.story.clear();
  }

  testing::EmulatedAzure azure_;
  std::unique_ptr<Backend> backend_ = azure_.open({.size = 10, .at_once = 3});
  workflow::Client client_{*backend_};
};

TEST_F(AzureFaultsTest, AnAddWhoseAnswerIsLostIsFoundAndNotRepeated) {
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  EXPECT_THAT(azure_.story, ElementsAre("POST /pools lost", "GET /pools/p 200"));
}

TEST_F(AzureFaultsTest, AnAddThatNeverArrivedIsRepeated) {
  azure_.faults = {never_arrives};
  EXPECT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  EXPECT_THAT(azure_.story, ElementsAre("POST /pools lost", "GET /pools/p 404", "POST /pools 201"));
}

TEST_F(AzureFaultsTest, WhatWasThereBeforeIsNotTakenForOurs) {
  EXPECT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  azure_.service.wait(60s);
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "409 PoolExists");
}

TEST_F(AzureFaultsTest, OursIsKnownByTheServicesClockWhateverOursSays) {
  azure_.clock_goes_wrong_by = -3min;
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  EXPECT_THAT(azure_.story, ElementsAre("POST /pools lost", "GET /pools/p 200"));
}

TEST_F(AzureFaultsTest, AClockThatIsFarOffIsPutRight) {
  azure_.clock_goes_wrong_by = 2h;
  EXPECT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  EXPECT_EQ(call("Pool_Get", {{"poolId", "p"}}), "200");
  EXPECT_THAT(azure_.story, ElementsAre("POST /pools 403", "POST /pools 201", "GET /pools/p 200"));
}

TEST_F(AzureFaultsTest, TasksOfACollectionWhoseAnswerIsLostAreAddedOnce) {
  ASSERT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  ASSERT_EQ(call("Job_Add", {}, job_document("j", "p")), "201");
  Document tasks = Document::array();
  for (const char* id : {"t1", "t2"}) tasks.push_back({{"id", id}, {"commandLine", "run on"}});
  azure_.faults = {answer_is_lost};
  const Document answer = client_.call("Task_AddCollection", {{"jobId", "j"}}, {}, {{"value", tasks}}).body;
  for (const Document& item : answer["value"]) EXPECT_EQ(item["status"], "success") << item;
  EXPECT_EQ(client_.list("Task_List", {{"jobId", "j"}}).size(), 2u);
}

TEST_F(AzureFaultsTest, ATaskThatWasThereBeforeTheCollectionIsStillRefused) {
  ASSERT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  ASSERT_EQ(call("Job_Add", {}, job_document("j", "p")), "201");
  const Document task = {{"id", "t1"}, {"commandLine", "run on"}};
  ASSERT_EQ(call("Task_Add", {{"jobId", "j"}}, task), "201");
  azure_.service.wait(60s);
  azure_.faults = {answer_is_lost};
  const Document answer = client_.call("Task_AddCollection", {{"jobId", "j"}}, {}, {{"value", {task}}}).body;
  EXPECT_EQ(answer["value"][0]["error"]["code"], "TaskExists");
}

TEST_F(AzureFaultsTest, ADeletionWhoseAnswerIsLostHasDeleted) {
  ASSERT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(call("Pool_Delete", {{"poolId", "p"}}), "202");
  EXPECT_EQ(call("Pool_Delete", {{"poolId", "q"}}), "404 PoolNotFound");
}

TEST_F(AzureFaultsTest, ARebootIsNotOrderedTwice) {
  ASSERT_EQ(call("Pool_Add", {}, pool_document("p", 1)), "201");
  const std::string node = client_.list("ComputeNode_List", {{"poolId", "p"}}).at(0)["id"];
  azure_.story.clear();
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(call("ComputeNode_Reboot", {{"poolId", "p"}, {"nodeId", node}}), "503 OutcomeUnknown");
  EXPECT_EQ(azure_.story.size(), 1u);
}

TEST_F(AzureFaultsTest, ThrottledRequestsWaitAsLongAsTheServiceSays) {
  azure_.faults = {answers(429, {{"Retry-After", "12"}}), answers(503, {{"Retry-After", "3"}})};
  EXPECT_EQ(call("Pool_List"), "200");
  EXPECT_THAT(azure_.pauses, ElementsAre(Ticks(12s), Ticks(3s)));
}

TEST_F(AzureFaultsTest, AServiceThatStaysAwayIsNamedWithTheNumberOfAttempts) {
  for (int i = 0; i < 6; ++i) azure_.faults.push_back(never_arrives);
  try {
    client_.call("Pool_List");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("GET https://acct.westeurope.batch.azure.com/pools: reset, after 6 attempts"));
  }
}

TEST_F(AzureFaultsTest, AnAnswerThatIsNoneIsTold) {
  for (const char* body : {"{\"value\": [{\"id\"", "<html>a proxy's page</html>"}) {
    azure_.faults = {[&](const testing::EmulatedAzure::Deliver&) { return HttpAnswer{.status = 200, .body = body}; }};
    EXPECT_EQ(call("Pool_List"), "502 InvalidAnswer") << body;
  }
  azure_.faults = {[&](const testing::EmulatedAzure::Deliver&) { return HttpAnswer{.status = 404, .body = "<html>"}; }};
  EXPECT_EQ(call("Pool_Get", {{"poolId", "p"}}), "404 PoolNotFound");
  for (const char* body : {"<EnumerationResults><Blobs><Blob>", "{}", ""}) {
    azure_.faults = {[&](const testing::EmulatedAzure::Deliver&) { return HttpAnswer{.status = 200, .body = body}; }};
    EXPECT_EQ(blob({.operation = BlobOperation::ListBlobs, .account = "acct", .container = "data"}),
              "502 InvalidAnswer")
        << body;
  }
}

TEST_F(AzureFaultsTest, AContainerWhoseCreationIsNotAnsweredIsOurs) {
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(blob({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"}), "201");
  azure_.service.wait(60s);
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(blob({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"}),
            "409 ContainerAlreadyExists");
}

TEST_F(AzureFaultsTest, AppendedBytesAreNotAppendedTwice) {
  make_container();
  StringSource nothing("");
  ASSERT_EQ(blob({.operation = BlobOperation::PutBlob,
                  .account = "acct",
                  .container = "data",
                  .blob = "log",
                  .headers = {{"x-ms-blob-type", "AppendBlob"}},
                  .body = &nothing}),
            "201");
  StringSource line("line\n");
  azure_.faults = {answer_is_lost};
  EXPECT_EQ(blob({.operation = BlobOperation::AppendBlock,
                  .account = "acct",
                  .container = "data",
                  .blob = "log",
                  .body = &line}),
            "503 OutcomeUnknown");
  EXPECT_EQ(get("log"), "line\n");
}

TEST_F(AzureFaultsTest, LargeContentGoesInBlocksAndComesInRanges) {
  make_container();
  const std::string content = "0123456789abcdefghijABCDEFGHIJklmno";
  EXPECT_EQ(put("b", content, {{"Content-Type", "text/x-test"}, {"x-ms-meta-a", "b"}}), "201");
  EXPECT_EQ(azure_.story.size(), 5u) << "four blocks, one list";
  const BlobReply reply =
      backend_->blob({.operation = BlobOperation::GetBlob, .account = "acct", .container = "data", .blob = "b"});
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.headers.get("Content-Type"), "text/x-test");
  EXPECT_EQ(reply.headers.get("x-ms-meta-a"), "b");
  EXPECT_EQ(reply.bytes->size(), content.size());
  EXPECT_EQ(read_all(*reply.bytes), content);
}

TEST_F(AzureFaultsTest, ContentOfEverySizeAroundAPieceSurvives) {
  make_container();
  for (const std::size_t size : {0u, 1u, 9u, 10u, 11u, 20u, 21u, 30u, 100u}) {
    const std::string content(size, static_cast<char>('a' + size % 26));
    EXPECT_EQ(put("b", content), "201");
    EXPECT_EQ(get("b"), content) << size;
  }
}

TEST_F(AzureFaultsTest, ABreakInALargeTransferCostsOnePiece) {
  make_container();
  const std::string content(95, 'x');
  azure_.faults = {nullptr, answer_is_lost, nullptr, never_arrives, answers(503)};
  EXPECT_EQ(put("b", content), "201");
  EXPECT_EQ(azure_.story.size(), 14u) << "ten blocks, one list, three again";
  azure_.story.clear();
  azure_.faults = {nullptr, never_arrives, answers(500)};
  EXPECT_EQ(get("b"), content);
  EXPECT_EQ(azure_.story.size(), 12u) << "ten ranges, two again";
}

TEST_F(AzureFaultsTest, ABlobThatChangesWhileItIsReadIsNoMixture) {
  make_container();
  ASSERT_EQ(put("b", std::string(95, 'x')), "201");
  const auto reader =
      backend_->blob({.operation = BlobOperation::GetBlob, .account = "acct", .container = "data", .blob = "b"}).bytes;
  ASSERT_EQ(put("b", std::string(95, 'y')), "201");
  EXPECT_EQ(told([&] { return read_all(*reader).size(); }), "412 ConditionNotMet");
}

TEST_F(AzureFaultsTest, ARangeOfAnotherLengthIsRefused) {
  make_container();
  ASSERT_EQ(put("b", std::string(25, 'x')), "201");
  const auto cut = [](const testing::EmulatedAzure::Deliver& deliver) {
    HttpAnswer answer = deliver();
    answer.body.pop_back();
    return answer;
  };
  azure_.faults = {nullptr, cut, cut};
  EXPECT_EQ(told([&] { return get("b").size(); }), "502 InvalidAnswer");
}

}  // namespace
}  // namespace batchite
