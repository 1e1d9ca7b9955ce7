#include "core/accounts.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace batchite {
namespace {

// "a: k1 k2, b: k1", or what is wrong.
std::string read(std::string_view text) {
  try {
    std::string answer;
    for (const BlobAccount& account : parse_storage_accounts(text)) {
      answer += (answer.empty() ? "" : ", ") + account.name + ":";
      for (const std::string& key : account.keys) answer += " " + key;
    }
    return answer;
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(StorageAccountsTest, AreReadAsAzuriteWritesThem) {
  EXPECT_EQ(read("one:a2V5"), "one: a2V5");
  EXPECT_EQ(read("one:a2V5:b3RoZXI=;two:a2V5;"), "one: a2V5 b3RoZXI=, two: a2V5");
}

TEST(StorageAccountsTest, WhatIsWrongIsToldWithoutTheKey) {
  EXPECT_EQ(read("one"), "storage accounts: one needs one key or two, as name:key1:key2");
  EXPECT_EQ(read("one:a2V5:a2V5:a2V5"), "storage accounts: one needs one key or two, as name:key1:key2");
  EXPECT_EQ(read("One/../x:a2V5"), "storage accounts: 'One/../x' is no name: use a-z, 0-9 and -");
  EXPECT_EQ(read("one:not base64"), "storage accounts: a key of one is not Base64 text");
  EXPECT_EQ(read("one:a2V5;one:a2V5"), "storage accounts: one is there twice");
  EXPECT_EQ(read(""), "storage accounts: there is none in name:key1:key2;name2:key1");
}

}  // namespace
}  // namespace batchite
