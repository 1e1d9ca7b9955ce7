#include "cli/open_azure.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

namespace batchite::cli {
namespace {

// What is asked of who sits at the terminal, and what is wrong with what they type.
struct Asked {
  std::string text, wrong;
};

class OpenAzureTest : public ::testing::Test {
 protected:
  Asked open(const std::string& typed) {
    std::ostringstream out, err;
    std::istringstream in(typed);
    Surroundings around{.out = out, .err = err, .in = in, .err_is_terminal = true, .in_is_terminal = is_terminal_};
    around.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto it = variables_.find(name);
      return it == variables_.end() ? std::nullopt : std::optional(it->second);
    };
    Globals globals;
    globals.backend = "azure";
    globals.remote.batch_endpoint = "https://b.westeurope.batch.azure.com";
    globals.remote.storage_account = "s";
    Asked asked;
    try {
      open_remote(globals, {}, around);
    } catch (const UsageError& error) {
      asked.wrong = error.what();
    }
    asked.text = err.str();
    return asked;
  }

  bool is_terminal_ = true;
  std::map<std::string, std::string> variables_ = {{"PATH", "/nonexistent"}};
};

constexpr const char* kBatch = "Key of the Batch account b (none: a managed identity): \n";
constexpr const char* kStorage = "Key of the storage account s (none: a managed identity): \n";

TEST_F(OpenAzureTest, WhoSitsThereIsAskedForKeys) {
  const Asked asked = open("a2V5\nnot Base64!\n");
  EXPECT_EQ(asked.text, std::string(kBatch) + kStorage);
  EXPECT_EQ(asked.wrong, "the key of account s is not Base64 text");
  EXPECT_EQ(open("\n\n").wrong, "");
}

TEST_F(OpenAzureTest, WhatIsKnownIsNotAsked) {
  variables_["AZURE_BATCH_ACCESS_KEY"] = "a2V5";
  EXPECT_EQ(open("\n").text, kStorage);
  variables_["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&sig=x";
  EXPECT_EQ(open("\n").text, "");
}

TEST_F(OpenAzureTest, ACredentialOrNobodyThereMeansNoQuestion) {
  is_terminal_ = false;
  EXPECT_EQ(open("").text, "");
  is_terminal_ = true;
  variables_["AZURE_CLIENT_SECRET"] = "hush";
  EXPECT_EQ(open("").text, "");
}

TEST(OpenProxyTest, SeveralStorageAccountsAreRefused) {
  std::ostringstream out, err;
  std::istringstream in;
  Surroundings around{.out = out, .err = err, .in = in};
  around.environment = [](const std::string& name) {
    return name == "AZURE_BATCH_ACCESS_KEY" ? std::optional<std::string>("a2V5") : std::nullopt;
  };
  Globals globals;
  globals.backend = "azure";
  globals.remote.batch_endpoint = "https://b.westeurope.batch.azure.com";
  Serving serving;
  const OpenBackend remote = open_remote(globals, serving, around);
  EXPECT_TRUE(open_proxy(*remote.backend, globals, around, serving));
  serving.storage_accounts.push_back({"another", {"a2V5"}});
  EXPECT_THROW(open_proxy(*remote.backend, globals, around, serving), UsageError);
}

}  // namespace
}  // namespace batchite::cli
