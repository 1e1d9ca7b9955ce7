// The mirror proof: a workflow leaves the same log whether it runs on the local backend, or on the azure backend that
// reaches an emulator by HTTP or HTTPS, with keys or with tokens only. What is behind the emulator is the local backend
// again, so whatever differs is the azure backend's or the emulator's doing.
#include <gtest/gtest.h>

#include "backends/azure/azure_backend.h"
#include "cli/interrupt.h"
#include "emulator/emulator.h"
#include "emulator/http/tls.h"
#include "tests/mirror/workflow_log.h"
#include "tests/mirror/workflows.h"
#include "tests/support/fake_backend.h"
#include "tests/support/local_backend_fixture.h"

namespace batchite::mirror {
namespace {

enum class Way { Embedded, Http, Https, HttpWithTokens };

class Stage {
 public:
  explicit Stage(Way way) { way == Way::Embedded ? open({}) : open_behind_emulator(way); }

  Backend& backend() { return azure_ ? *azure_ : *local_; }
  Backend& service() { return *local_; }

 private:
  void open_behind_emulator(Way way) {
    EmulatorOptions options;
    options.batch_port = options.blob_port = 0;
    options.account = {std::string(kBatchAccount), {std::string(kBatchKey)}};
    options.storage_accounts = default_storage_accounts();
    options.auth = batch::AuthMode::Strict;
    options.token_secret = "what tokens are signed with";
    options.warn = [](const std::string&) {};
    std::string authority;
    if (way == Way::Https) {
      const http::GeneratedTls tls = http::generate_tls(place_.path() / "tls");
      options.tls = http::load_tls(tls.files);
      authority = tls.authority;
    }
    emulator_.emplace(options);
    open({.batch_url = emulator_->batch_url(), .blob_url = emulator_->blob_url()});
    emulator_->serve(*local_);
    AzureOptions azure{.batch = {by(way, emulator_->batch_url()), std::string(kBatchAccount), std::string(kBatchKey)},
                       .storage = {by(way, emulator_->blob_url()) + "/devstoreaccount1", std::string(kStorageAccount),
                                   std::string(kStorageKey)}};
    azure.http.ca_file = authority;
    if (way == Way::HttpWithTokens) use_tokens(azure);
    azure_ = open_azure_backend(azure);
  }

  // Nobody knows a key: Entra's part is played by the emulator, which takes no tokens but its own.
  void use_tokens(AzureOptions& azure) const {
    azure.batch.key = azure.storage.key = "";
    azure.batch.resource = "https://batch.core.windows.net/";
    azure.storage.resource = "https://storage.azure.com";
    azure.entra = {.authority = emulator_->batch_url(), .tenant = "t", .client = "app", .client_secret = "hush"};
  }

  void open(LocalOptions options) {
    options.location = place_.path() / "data";
    options.isolation = "process";
    options.launcher = BATCHITE_PROGRAM;
    local_ = open_local_backend(options);
  }
  static std::string by(Way way, const std::string& url) {
    return way == Way::Https ? "https" + url.substr(url.find(':')) : url;
  }

  TemporaryDirectory place_;
  std::unique_ptr<Backend> local_;
  std::optional<Emulator> emulator_;  // ends before the backend does
  std::unique_ptr<Backend> azure_;
};

std::string log_of(const Workflow& workflow, Way way) {
  Stage stage(way);
  ServiceLog service;
  RunLog log;
  testing::FakeFiles files;
  files.inputs = workflow.files;
  cli::InterruptiblePace pace;
  if (workflow.before) workflow.before(stage.backend());
  const auto watched = stage.service().watch([&](const Document& change) { service.on(change); });
  try {
    log.ended(workflow::run(stage.backend(), workflow.settings, workflow.plan, {files, pace, log}));
  } catch (const std::exception& error) {
    log.add_line(std::string("error: ") + error.what());
  }
  for (const auto& [name, content] : files.outputs) {
    log.add_line(fmt::format("{}: {} bytes: {}", name, content.size(), content.substr(0, 40)));
  }
  return log.text() + service.text();
}

class MirrorTest : public ::testing::TestWithParam<Workflow> {};

TEST_P(MirrorTest, OverHttpItGoesAsItDoesHere) {
  EXPECT_EQ(log_of(GetParam(), Way::Http), log_of(GetParam(), Way::Embedded));
}

TEST_P(MirrorTest, OverHttpsItGoesAsItDoesHere) {
  EXPECT_EQ(log_of(GetParam(), Way::Https), log_of(GetParam(), Way::Embedded));
}

TEST_P(MirrorTest, WithTokensItGoesAsItDoesHere) {
  EXPECT_EQ(log_of(GetParam(), Way::HttpWithTokens), log_of(GetParam(), Way::Embedded));
}

INSTANTIATE_TEST_SUITE_P(Workflows, MirrorTest, ::testing::ValuesIn(workflows()),
                         [](const auto& workflow) { return workflow.param.name; });

}  // namespace
}  // namespace batchite::mirror
