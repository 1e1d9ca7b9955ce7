// What is recorded tells no secret, and is a fixture: played again, it is answered the same.
#include "backends/azure/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/workflow/client.h"
#include "tests/support/documents.h"
#include "tests/support/emulated_azure.h"
#include "tests/support/local_backend_fixture.h"
#include "tests/support/wire_player.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RecorderTest : public ::testing::Test {
 protected:
  void open() {
    azure_.listen = [this](std::shared_ptr<Transport> wire) {
      return azure::record(wire,
                           {.folder = folder_,
                            .batch_endpoint = testing::EmulatedAzure::kBatch,
                            .storage_endpoint = testing::EmulatedAzure::kBlobs,
                            .batch_account = "acct",
                            .storage_account = "acct",
                            .secrets = {std::string(kBatchKey), std::string(kStorageKey)}},
                           [](const std::string& warning) { ADD_FAILURE() << warning; });
    };
    backend_ = azure_.open();
    client_.emplace(*backend_);
  }
  void call(std::string_view operation, const Parameters& path = {}, const Document& body = nullptr) {
    try {
      client_->call(operation, path, {}, body);
    } catch (const Error&) {  // an answer like others
    }
  }
  // By their numbers.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      std::ifstream file(entry.path());
      std::ostringstream text;
      text << file.rdbuf();
      const std::string name = entry.path().filename();
      files[name.substr(name.find('.') + 1) + " " + name.substr(0, name.find('.'))] = text.str();
    }
    return files;
  }

  TemporaryDirectory place_;
  const std::string folder_ = place_.path() / "recorded";
  testing::EmulatedAzure azure_;
  std::unique_ptr<Backend> backend_;
  std::optional<workflow::Client> client_;
};

// Without what depends on the connection and on who writes it down.
std::string plain(const std::string& answer) {
  std::istringstream lines(answer);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Transfer-Encoding: ") || line.starts_with("Content-Length: ")) continue;
    text += line.starts_with("HTTP/1.1 ") ? line.substr(0, 12) : line;
    text += '\n';
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

TEST_F(RecorderTest, WhatIsRecordedIsAnsweredTheSameWhenItIsPlayedAgain) {
  open();
  call("Pool_Add", {}, pool_document("p", 0));
  call("Pool_Get", {{"poolId", "p"}});
  call("Pool_Get", {{"poolId", "none"}});
  call("Job_Add", {}, job_document("j", "p"));
  call("Task_AddCollection", {{"jobId", "j"}},
       {{"value", {{{"id", "t1"}, {"commandLine", "run on"}}, {{"id", "t1"}, {"commandLine", "run on"}}}}});
  call("Task_List", {{"jobId", "j"}});
  call("Job_GetTaskCounts", {{"jobId", "j"}});
  call("Job_Terminate", {{"jobId", "j"}}, Document::object());
  const auto recorded = files();
  ASSERT_EQ(recorded.size(), 8u);
  testing::WirePlayer player{testing::WireExchange()};
  for (const auto& [name, text] : recorded) {
    std::ofstream(place_.path() / "one") << text;
    const testing::WireExchange exchange = testing::read_exchange(place_.path() / "one");
    EXPECT_EQ(plain(player.play(exchange)), plain(exchange.section("answer").text)) << name << "\n" << text;
  }
}

TEST_F(RecorderTest, NoSecretIsWritten) {
  open();
  const std::string url = backend_->sas_url({.container = "data", .permissions = "w", .expiry = azure_.service.now});
  const std::string signature = url.substr(url.find("sig=") + 4);
  Document pool = pool_document("p", 0);
  pool["startTask"] = {{"commandLine", "echo " + std::string(kStorageKey)},
                       {"resourceFiles", {{{"storageContainerUrl", url}}}},
                       {"environmentSettings", {{{"name", "API_TOKEN"}, {"value", "hushhush"}}}}};
  pool["userAccounts"] = {{{"name", "u"}, {"password", "hushhush"}}};
  call("Pool_Add", {}, pool);
  call("Pool_Get", {{"poolId", "p"}});
  call("Certificate_Add", {}, {{"thumbprint", "ab"}, {"thumbprintAlgorithm", "sha1"}, {"data", "hushhush"}});
  StringSource body("some text");
  backend_->blob({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"});
  backend_->blob({.operation = BlobOperation::PutBlob,
                  .account = "acct",
                  .container = "data",
                  .blob = "b",
                  .headers = {{"x-ms-blob-type", "BlockBlob"}, {"x-ms-copy-source-authorization", "Bearer hushhush"}},
                  .body = &body});
  std::string all;
  for (const auto& [name, text] : files()) all += text;
  EXPECT_GE(files().size(), 5u);
  for (const std::string& secret : {std::string(kBatchKey), std::string(kStorageKey), signature,
                                    std::string("hushhush"), std::string("SharedKey")}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
  EXPECT_THAT(all, HasSubstr("sig={{secret}}"));
  EXPECT_THAT(all, HasSubstr("\nsome text\n")) << "what is no secret stays";
  EXPECT_THAT(all, HasSubstr("PUT /acct/data/b"));
}

TEST_F(RecorderTest, BytesThatAreNoTextAreToldOf) {
  open();
  backend_->blob({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"});
  StringSource body(std::string("\x00\xff\x01", 3));
  backend_->blob({.operation = BlobOperation::PutBlob,
                  .account = "acct",
                  .container = "data",
                  .blob = "b",
                  .headers = {{"x-ms-blob-type", "BlockBlob"}},
                  .body = &body});
  EXPECT_THAT(files().rbegin()->second, HasSubstr("\n\n{{3 bytes}}\n"));
}

TEST_F(RecorderTest, AFolderThatCannotBeMadeIsToldAtOnce) {
  std::ofstream(place_.path() / "file") << "x";
  EXPECT_THROW(azure::record(nullptr, {.folder = place_.path() / "file" / "x"}, nullptr), UsageError);
}

}  // namespace
}  // namespace batchite
