// What clients of the emulator see of real accounts behind it.
#include "backends/azure/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/base/query.h"
#include "core/signing/sas.h"
#include "core/workflow/client.h"
#include "tests/support/documents.h"
#include "tests/support/emulated_azure.h"

namespace batchite {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kHere = "http://127.0.0.1:10010";

class ProxyTest : public ::testing::Test {
 protected:
  Reply call(std::string_view operation, const Parameters& path = {}, const Document& body = nullptr,
             const Parameters& query = {}) {
    Call call{.operation = *contract::find_operation(operation), .path = path, .query = query, .body = body};
    call.base = kHere;
    return proxy_->call(call);
  }
  static BlobCall blob(BlobOperation operation, const std::string& name = "") {
    return {.operation = operation, .account = "devstoreaccount1", .container = "data", .blob = name};
  }
  void put(const std::string& name, const std::string& content) {
    StringSource body(content);
    BlobCall call = blob(BlobOperation::PutBlob, name);
    call.headers = {{"x-ms-blob-type", "BlockBlob"}};
    call.body = &body;
    EXPECT_EQ(proxy_->blob(call).status, 201u);
  }
  // As a client makes one for the emulator's account.
  std::string own_url(const std::string& blob) const {
    const std::string key = base64_decode(kStorageKey).value();
    return "http://127.0.0.1:10000/devstoreaccount1/data/" + blob + "?" +
           signing::make_service_sas({.terms = {.permissions = "r", .expiry = azure_.service.now + Ticks(1h)},
                                      .account = "devstoreaccount1",
                                      .container = "data",
                                      .blob = blob},
                                     key);
  }

  testing::EmulatedAzure azure_;
  std::unique_ptr<Backend> real_ = azure_.open();
  std::unique_ptr<Backend> proxy_ = make_proxy(
      *real_, {testing::EmulatedAzure::kBatch, testing::EmulatedAzure::kBlobs, std::string(kStorageAccount)});
};

TEST_F(ProxyTest, AnswersNameTheAddressByWhichTheyWereAskedFor) {
  EXPECT_THAT(call("Pool_Add", {}, pool_document("p", 0)).headers.get("Location"), StartsWith(kHere));
  EXPECT_EQ(call("Pool_Get", {{"poolId", "p"}}).body["url"], std::string(kHere) + "/pools/p");
  call("Pool_Add", {}, pool_document("q", 0));
  const Reply page = call("Pool_List", {}, nullptr, {{"maxresults", "1"}});
  EXPECT_THAT(page.body["odata.nextLink"].get<std::string>(), StartsWith(std::string(kHere) + "/pools?"));
}

TEST_F(ProxyTest, WhatIsFarAwayIsAskedForAWholePageAtOnce) {
  EXPECT_EQ(proxy_->manners().listed_at_once, 5000u);
  EXPECT_EQ(proxy_->manners().calls_at_once, real_->manners().calls_at_once);
}

TEST_F(ProxyTest, AnOlderClientIsPassedOnInAVersionThatKnowsBoth) {
  Call old{.operation = *contract::find_operation("Pool_List")};
  old.version = *contract::parse_version("2018-12-01.8.0");
  azure_.before_each = [](const HttpRequest& request) {
    EXPECT_EQ(request.url.find("2018-12-01"), std::string::npos) << request.url;
  };
  EXPECT_EQ(proxy_->call(old).status, 200u);
}

TEST_F(ProxyTest, TheEmulatorsStorageAccountStandsForTheRealOne) {
  EXPECT_EQ(proxy_->storage_account(), kStorageAccount);
  proxy_->blob(blob(BlobOperation::CreateContainer));
  put("b", "content");
  BlobCall get = blob(BlobOperation::GetBlob, "b");
  EXPECT_EQ(read_all(*proxy_->blob(get).bytes), "content");
  get.account = "another";
  EXPECT_THROW(proxy_->blob(get), UsageError);
}

TEST_F(ProxyTest, SignaturesForTheEmulatorBecomeTheAccounts) {
  proxy_->blob(blob(BlobOperation::CreateContainer));
  put("b", "content");
  call("Pool_Add", {}, pool_document("p", 0));
  call("Job_Add", {}, job_document("j", "p"));
  const Document task = {{"id", "t"},
                         {"commandLine", "curl " + own_url("b")},
                         {"resourceFiles", {{{"httpUrl", own_url("b")}, {"filePath", "f"}}}}};
  call("Task_Add", {{"jobId", "j"}}, task);
  const Document there = call("Task_Get", {{"jobId", "j"}, {"taskId", "t"}}).body;
  const std::string url = there["resourceFiles"][0]["httpUrl"];
  EXPECT_THAT(url, StartsWith(std::string(testing::EmulatedAzure::kBlobs) + "/data/b?"));
  EXPECT_THAT(there["commandLine"].get<std::string>(), HasSubstr("devstoreaccount1")) << "only whole addresses";
  const Parameters query = query_parameters(url.substr(url.find('?') + 1));
  EXPECT_TRUE(signing::verify_sas(*signing::parse_sas(query), {.account = "acct", .container = "data", .blob = "b"},
                                  base64_decode(kStorageKey).value()));
}

TEST_F(ProxyTest, CopiesAreMadeInTheRealAccount) {
  proxy_->blob(blob(BlobOperation::CreateContainer));
  put("b", "content");
  BlobCall copy = blob(BlobOperation::CopyBlob, "copy");
  copy.headers = {{"x-ms-copy-source", "http://localhost:10000/devstoreaccount1/data/b"}};
  EXPECT_EQ(proxy_->blob(copy).status, 202u);
  EXPECT_EQ(read_all(*proxy_->blob(blob(BlobOperation::GetBlob, "copy")).bytes), "content");
}

// The emulator in front of the proxy, and a token of Entra ID, as clients have one who are somebody.
class ProxiedTokenTest : public ProxyTest {
 protected:
  HttpAnswer ask_batch(const std::string& token) {
    return LoopTransport(batch_).send(
        {.url = "http://here/pools?api-version=2024-07-01.20.0", .headers = {{"Authorization", "Bearer " + token}}});
  }
  HttpAnswer ask_blobs(const HttpRequest& request, const std::string& token) {
    HttpRequest asked = request;
    asked.headers.add("Authorization", "Bearer " + token);
    asked.headers.add("x-ms-version", "2021-12-02");
    return LoopTransport(blob_).send(asked);
  }
  std::string token_of(const std::string& secret, const std::string& resource) const {
    return BearerToken::issue(secret, resource, azure_.service.now, Ticks(1h));
  }

  using LoopTransport = testing::LoopTransport;
  const Clock clock_ = [this] { return azure_.service.now; };
  Metrics metrics_;
  batch::BatchEndpoint batch_{*proxy_,
                              metrics_,
                              {.account = {std::string(kBatchAccount), {std::string(kBatchKey)}},
                               .token_secret = "own",
                               .clock = clock_,
                               .warn = [](const std::string&) {}}};
  BlobEndpoint blob_{*proxy_, {.accounts = default_storage_accounts(), .clock = clock_, .token_secret = "own"}};
  const std::string theirs_ = token_of("Entra's", "https://batch.core.windows.net/");
  const std::string ours_ = token_of("own", "https://batch.core.windows.net/");
};

TEST_F(ProxiedTokenTest, WhoHasOneAsksAzureWithIt) {
  std::vector<std::string> proofs;
  azure_.before_each = [&](const HttpRequest& request) { proofs.push_back(request.headers.get("Authorization")); };
  EXPECT_EQ(ask_batch(theirs_).status, 401u) << "it is not one that this Azure gave";
  EXPECT_EQ(proofs, std::vector<std::string>{"Bearer " + theirs_}) << "nor is it replaced by another";
  proofs.clear();
  const HttpRequest large{.method = "PUT",
                          .url = "http://127.0.0.1/devstoreaccount1/data/b",
                          .headers = {{"x-ms-blob-type", "BlockBlob"}, {"Content-Length", "9"}},
                          .body = "in pieces"};
  EXPECT_EQ(ask_blobs(large, theirs_).status, 401u);
  EXPECT_EQ(proofs, std::vector<std::string>{"Bearer " + theirs_});
}

TEST_F(ProxiedTokenTest, TheEmulatorsOwnStayHere) {
  azure_.before_each = [&](const HttpRequest& request) {
    EXPECT_THAT(request.headers.get("Authorization"), StartsWith("SharedKey acct:"));
  };
  EXPECT_EQ(ask_batch(ours_).status, 200u);
  EXPECT_EQ(ask_blobs({.url = "http://127.0.0.1/devstoreaccount1?comp=list"}, ours_).status, 200u);
}

TEST_F(ProxyTest, AStoredPolicyCannotBeSignedAnew) {
  const std::string url = "http://127.0.0.1:10000/devstoreaccount1/data?si=policy&sr=c&sv=2021-12-02&sig=abc";
  Document pool = pool_document("p", 0);
  pool["startTask"] = {{"commandLine", "true"}, {"resourceFiles", {{{"storageContainerUrl", url}}}}};
  try {
    call("Pool_Add", {}, pool);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "NotImplemented");
  }
}

}  // namespace
}  // namespace batchite
