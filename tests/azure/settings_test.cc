#include "backends/azure/settings.h"

#include <gtest/gtest.h>

namespace batchite {
namespace {

std::string told(const AzureAccount& account) { return account.endpoint + " " + account.name + " " + account.key; }

std::string storage(const AzureSettings& settings) {
  try {
    return told(azure_accounts(settings).storage);
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(AzureSettingsTest, ABatchAccountIsNamedByItsUrl) {
  EXPECT_EQ(told(azure_accounts({.batch_endpoint = "acct.westeurope.batch.azure.com", .batch_key = "a2V5"}).batch),
            "https://acct.westeurope.batch.azure.com acct a2V5");
  EXPECT_EQ(
      told(azure_accounts({.batch_endpoint = "http://127.0.0.1:5", .batch_account = "x", .batch_key = "a"}).batch),
      "http://127.0.0.1:5 x a");
}

TEST(AzureSettingsTest, AStorageAccountIsFoundByNameOrConnectionString) {
  EXPECT_EQ(storage({.storage_account = "acct", .storage_key = "k"}), "https://acct.blob.core.windows.net acct k");
  EXPECT_EQ(storage({.storage_account = "acct", .storage_key = "k", .storage_suffix = "core.chinacloudapi.cn"}),
            "https://acct.blob.core.chinacloudapi.cn acct k");
  EXPECT_EQ(storage({.connection_string = "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=k==;"
                                          "EndpointSuffix=core.usgovcloudapi.net"}),
            "https://acct.blob.core.usgovcloudapi.net acct k==");
  EXPECT_EQ(storage({.connection_string = "AccountName=a;AccountKey=k;BlobEndpoint=http://127.0.0.1:1/a;"}),
            "http://127.0.0.1:1/a a k");
  EXPECT_EQ(storage({.connection_string = "UseDevelopmentStorage=true"}).substr(0, 54),
            "http://127.0.0.1:10000/devstoreaccount1 devstoreaccoun");
}

TEST(AzureSettingsTest, ResourceManagerIsThatOfTheCloudAndTheRegionThatOfTheUrl) {
  const auto told = [](const AzureSettings& settings) {
    const AzureManagement management = azure_accounts(settings).management;
    return management.endpoint + " " + management.subscription + " " + management.location;
  };
  EXPECT_EQ(told({.batch_endpoint = "https://acct.westeurope.batch.azure.com", .subscription = "s"}),
            "https://management.azure.com s westeurope");
  EXPECT_EQ(told({.batch_endpoint = "acct.usgovvirginia.batch.usgovcloudapi.net"}),
            "https://management.usgovcloudapi.net  usgovvirginia");
  EXPECT_EQ(told({.batch_endpoint = "acct.chinaeast2.batch.chinacloudapi.cn"}),
            "https://management.chinacloudapi.cn  chinaeast2");
  EXPECT_EQ(told({.batch_endpoint = "http://127.0.0.1:10010", .management_endpoint = "http://127.0.0.1:10010/"}),
            "http://127.0.0.1:10010  local");
  EXPECT_EQ(told({.batch_endpoint = "http://127.0.0.1:10010"}), "https://management.azure.com  ");
}

TEST(AzureSettingsTest, WhatIsGivenWinsOverTheConnectionString) {
  const std::string text = "AccountName=a;AccountKey=k;BlobEndpoint=http://127.0.0.1:1/a;";
  EXPECT_EQ(storage({.storage_key = "mine", .connection_string = text}), "http://127.0.0.1:1/a a mine");
  EXPECT_EQ(storage({.storage_account = "b", .storage_key = "own", .connection_string = text}),
            "https://b.blob.core.windows.net b own");
}

std::string storage_sas(const AzureSettings& settings) {
  const AzureAccount account = azure_accounts(settings).storage;
  return account.endpoint + " " + account.name + " " + account.key + " " + account.sas;
}

TEST(AzureSettingsTest, ASignatureStandsForAKey) {
  EXPECT_EQ(storage_sas({.storage_account = "s", .storage_sas = "?sv=1&sig=x"}),
            "https://s.blob.core.windows.net s  sv=1&sig=x");
  EXPECT_EQ(storage_sas({.connection_string = "BlobEndpoint=https://s.blob.core.windows.net/;"
                                              "SharedAccessSignature=sv=1&sig=x%3D"}),
            "https://s.blob.core.windows.net/ s  sv=1&sig=x%3D");
  EXPECT_EQ(storage_sas({.connection_string = "BlobEndpoint=http://127.0.0.1:1/acct;SharedAccessSignature=sig=x"}),
            "http://127.0.0.1:1/acct acct  sig=x");
  EXPECT_EQ(storage_sas({.storage_sas = "sig=mine", .connection_string = "AccountName=s;AccountKey=k"}),
            "https://s.blob.core.windows.net s  sig=mine");
}

TEST(AzureSettingsTest, WhatIsMissingIsNamed) {
  EXPECT_EQ(storage({}), "  ");
  EXPECT_EQ(storage({.storage_endpoint = "https://x", .storage_key = "k"}),
            "the name of the storage account is missing: set AZURE_STORAGE_ACCOUNT");
  EXPECT_EQ(storage({.connection_string = "secret"}),
            "the storage connection string is not of the form NAME=VALUE;NAME=VALUE");
}

// Authority, what tokens for Batch are for, and where the blobs are.
std::string cloud(const AzureSettings& settings) {
  const AzureAccounts accounts = azure_accounts(settings);
  EXPECT_EQ(accounts.storage.resource, "https://storage.azure.com");
  return accounts.entra.authority + " " + accounts.batch.resource + " " + accounts.storage.endpoint;
}

TEST(AzureSettingsTest, TheCloudIsTheOneInWhichTheAccountsAre) {
  const std::string usual = "https://login.microsoftonline.com https://batch.core.windows.net/ ";
  const std::string government = "https://login.microsoftonline.us https://batch.core.usgovcloudapi.net/ ";
  const std::string china = "https://login.chinacloudapi.cn https://batch.chinacloudapi.cn/ ";
  EXPECT_EQ(cloud({}), usual);
  EXPECT_EQ(cloud({.batch_endpoint = "b.westeurope.batch.azure.com", .storage_account = "s"}),
            usual + "https://s.blob.core.windows.net");
  EXPECT_EQ(cloud({.batch_endpoint = "https://b.usgovvirginia.batch.usgovcloudapi.net:443", .storage_account = "s"}),
            government + "https://s.blob.core.usgovcloudapi.net");
  EXPECT_EQ(cloud({.batch_endpoint = "b.chinanorth.BATCH.chinacloudapi.cn", .storage_account = "s"}),
            china + "https://s.blob.core.chinacloudapi.cn");
  EXPECT_EQ(cloud({.storage_account = "s", .storage_suffix = "core.chinacloudapi.cn"}),
            china + "https://s.blob.core.chinacloudapi.cn");
  EXPECT_EQ(cloud({.connection_string = "AccountName=s;EndpointSuffix=core.usgovcloudapi.net"}),
            government + "https://s.blob.core.usgovcloudapi.net");
  EXPECT_EQ(cloud({.batch_endpoint = "http://127.0.0.1:1", .entra = {.authority = "login.microsoftonline.us/"}}),
            government);
  EXPECT_EQ(cloud({.entra = {.authority = "http://127.0.0.1:9"}}),
            "http://127.0.0.1:9 https://batch.core.windows.net/ ");
}

TEST(AzureSettingsTest, AnEmulatorIsWhereItIsUnlessToldOtherwise) {
  const AzureAccounts usual = emulator_accounts({});
  EXPECT_EQ(usual.batch.endpoint, "http://127.0.0.1:10010");
  EXPECT_EQ(usual.storage.endpoint, "http://127.0.0.1:10000/devstoreaccount1");
  const AzureAccounts other = emulator_accounts({.batch_endpoint = "http://127.0.0.1:7", .batch_account = "mine"});
  EXPECT_EQ(other.batch.endpoint, "http://127.0.0.1:7");
  EXPECT_EQ(other.batch.name, "mine");
}

}  // namespace
}  // namespace batchite
