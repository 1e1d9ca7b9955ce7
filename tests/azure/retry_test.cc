#include "backends/azure/retry.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace batchite::azure {
namespace {

using namespace std::chrono_literals;

const Time kNow = *parse_iso8601("2026-03-14T20:33:31Z");

HttpAnswer lost(HttpFailure failure) { return {.error = "gone", .failure = failure}; }

// "0.8 s", or "last word".
std::string pause(const HttpAnswer& answer, int attempts = 1, double chance = 0) {
  const auto pause = pause_before_next({}, {answer, attempts, kNow, chance});
  return pause ? fmt::format("{} s", std::chrono::duration<double>(*pause).count()) : "last word";
}

TEST(RetryTest, OnlyWhatMayGoBetterTheNextTimeIsRepeated) {
  for (const unsigned status : {408U, 429U, 500U, 502U, 503U, 504U}) {
    EXPECT_EQ(pause({.status = status}), "0.8 s") << status;
  }
  for (const unsigned status : {200U, 201U, 304U, 400U, 401U, 403U, 404U, 409U, 412U, 413U, 501U, 505U}) {
    EXPECT_EQ(pause({.status = status}), "last word") << status;
  }
  EXPECT_EQ(pause(lost(HttpFailure::Lost)), "0.8 s");
  EXPECT_EQ(pause(lost(HttpFailure::NotSent)), "0.8 s");
  EXPECT_EQ(pause(lost(HttpFailure::Hopeless)), "last word");
}

TEST(RetryTest, PausesDoubleUpToTheLongestAndChanceShortensThem) {
  const HttpAnswer busy{.status = 503};
  EXPECT_EQ(pause(busy, 2), "1.6 s");
  EXPECT_EQ(pause(busy, 3), "3.2 s");
  EXPECT_EQ(pause(busy, 2, 0.5), "1.2 s");
  EXPECT_EQ(pause(busy, 6), "last word");
  const auto late = pause_before_next({.attempts = 100}, {busy, 50, kNow, 0});
  EXPECT_EQ(late, Ticks(30s));
}

TEST(RetryTest, TheServiceSaysHowLongToWait) {
  EXPECT_EQ(pause({.status = 429, .headers = {{"Retry-After", "7"}}}), "7 s");
  EXPECT_EQ(pause({.status = 503, .headers = {{"retry-after", "Sat, 14 Mar 2026 20:33:40 GMT"}}}), "9 s");
  EXPECT_EQ(pause({.status = 503, .headers = {{"x-ms-retry-after-ms", "2500"}}}), "2.5 s");
  EXPECT_EQ(pause({.status = 429, .headers = {{"Retry-After", "0"}}}), "0.8 s");
  EXPECT_EQ(pause({.status = 429, .headers = {{"Retry-After", "soon"}}}), "0.8 s");
  EXPECT_EQ(pause({.status = 429, .headers = {{"Retry-After", "86400"}}}), "last word");
}

TEST(RetryTest, WhatNeverArrivedOrWasThrottledHasNotBeenDone) {
  for (const unsigned status : {408U, 500U, 502U, 504U}) EXPECT_TRUE(may_have_happened({.status = status})) << status;
  for (const unsigned status : {429U, 503U}) EXPECT_FALSE(may_have_happened({.status = status})) << status;
  EXPECT_TRUE(may_have_happened(lost(HttpFailure::Lost)));
  EXPECT_FALSE(may_have_happened(lost(HttpFailure::NotSent)));
}

}  // namespace
}  // namespace batchite::azure
