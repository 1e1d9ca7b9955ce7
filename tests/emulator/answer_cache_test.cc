#include "emulator/batch/answer_cache.h"

#include <gtest/gtest.h>

namespace batchite::batch {
namespace {

http::Response saying(const std::string& text) { return {.body = text}; }

std::string found(AnswerCache& cache, const std::string& key, std::uint64_t revision) {
  const auto response = cache.find(key, revision);
  return response ? response->body : "nothing";
}

TEST(AnswerCacheTest, AnAnswerIsKeptUntilAnythingChanges) {
  AnswerCache cache;
  cache.keep("pools", 7, saying("one"));
  EXPECT_EQ(found(cache, "pools", 7), "one");
  EXPECT_EQ(found(cache, "pools", 8), "nothing");
  EXPECT_EQ(found(cache, "jobs", 7), "nothing");
  cache.keep("pools", 8, saying("two"));
  EXPECT_EQ(found(cache, "pools", 8), "two");
  EXPECT_EQ(found(cache, "pools", 7), "nothing");
}

TEST(AnswerCacheTest, ItsMemoryIsBounded) {
  AnswerCache cache;
  const std::string megabyte(1024 * 1024, 'x');
  for (int i = 0; i < 100; ++i) cache.keep(std::to_string(i), 1, saying(megabyte));
  int kept = 0;
  for (int i = 0; i < 100; ++i) kept += cache.find(std::to_string(i), 1) ? 1 : 0;
  EXPECT_GT(kept, 0);
  EXPECT_LE(kept, 8);
  for (int i = 0; i < 100; ++i) cache.keep(std::to_string(i), 2, saying("small"));
  for (int i = 0; i < 100; ++i) cache.keep(std::to_string(i), 3, saying(megabyte));  // an answer that has grown
  kept = 0;
  for (int i = 0; i < 100; ++i) kept += cache.find(std::to_string(i), 3) ? 1 : 0;
  EXPECT_GT(kept, 0);
  EXPECT_LE(kept, 8);
  cache.keep("huge", 1, saying(std::string(5 * megabyte.size(), 'x')));
  EXPECT_EQ(found(cache, "huge", 1), "nothing");
}

TEST(AnswerCacheTest, WhatGoesOnWithTheTimeIsNotKept) {
  const auto may_keep = [](std::string_view operation, const Parameters& query = {}, const Parameters& headers = {}) {
    return AnswerCache::may_keep(
        {.operation = *contract::find_operation(operation), .query = query, .headers = headers});
  };
  EXPECT_TRUE(may_keep("Pool_Get"));
  EXPECT_TRUE(may_keep("Task_List", {{"$filter", "state eq 'active'"}}));
  EXPECT_FALSE(may_keep("Pool_Get", {{"$expand", "stats"}}));
  EXPECT_FALSE(may_keep("Pool_Get", {}, {{"If-None-Match", "*"}}));
  EXPECT_FALSE(may_keep("Pool_ListUsageMetrics"));
  EXPECT_FALSE(may_keep("File_ListFromTask"));
  EXPECT_FALSE(may_keep("Pool_Add"));
}

}  // namespace
}  // namespace batchite::batch
