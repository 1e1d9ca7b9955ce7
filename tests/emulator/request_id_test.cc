#include "emulator/request_id.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backends/system/real.h"

namespace batchite {
namespace {

TEST(RequestIdTest, IsMadeOfTheBytesThatItWasGiven) {
  const Entropy known = [](std::span<unsigned char> bytes) { std::ranges::fill(bytes, 0xAB); };
  EXPECT_EQ(new_request_id(known), "abababab-abab-4bab-abab-abababababab");
}

TEST(RequestIdTest, IsAnotherEveryTimeWithRealBytes) {
  EXPECT_NE(new_request_id(random_bytes), new_request_id(random_bytes));
}

}  // namespace
}  // namespace batchite
