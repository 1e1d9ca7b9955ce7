#include "backends/azure/tokens.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "core/base/error.h"

namespace batchite::azure {
namespace {

using namespace std::chrono_literals;

// Credentials that tell whom they were asked by: "storage#1" is the first token for "storage".
class TokensTest : public ::testing::Test {
 protected:
  Credential works(const std::string& name = "works") {
    return {name, [this](const std::string& resource) {
              ++asked_;
              if (is_broken_) throw Error(503, "Broken", "Try later.");
              return AccessToken{resource + "#" + std::to_string(asked_), now_ + lifetime_};
            }};
  }
  static Credential is_missing(const std::string& name) {
    return {name, [](const std::string&) -> AccessToken { throw CredentialUnavailable("there is none"); }};
  }
  static Credential is_refused(const std::string& name) {
    return {name, [](const std::string&) -> AccessToken { throw Error(401, "Refused", "You are not welcome."); }};
  }
  Tokens tokens(std::vector<Credential> credentials) {
    return Tokens(std::move(credentials), [this] { return now_; });
  }
  static std::string get(Tokens& tokens, const std::string& resource = "a") {
    try {
      return tokens.get(resource);
    } catch (const Error& error) {
      return error.what();
    }
  }

  Time now_ = *parse_iso8601("2026-03-14T20:00:00Z");
  Ticks lifetime_ = 1h;
  int asked_ = 0;
  bool is_broken_ = false;
};

TEST_F(TokensTest, ATokenIsKeptForEachResource) {
  Tokens tokens = this->tokens({works()});
  EXPECT_EQ(get(tokens, "a"), "a#1");
  EXPECT_EQ(get(tokens, "b"), "b#2");
  now_ += 54min;
  EXPECT_EQ(get(tokens, "a"), "a#1");
  EXPECT_EQ(get(tokens, "b"), "b#2");
}

TEST_F(TokensTest, ATokenIsRenewedBeforeItExpires) {
  Tokens tokens = this->tokens({works()});
  get(tokens);
  now_ += 55min;
  EXPECT_EQ(get(tokens), "a#2");
}

TEST_F(TokensTest, AShortTokenIsUsedForHalfOfItsLife) {
  lifetime_ = 4min;
  Tokens tokens = this->tokens({works()});
  get(tokens);
  now_ += 119s;
  EXPECT_EQ(get(tokens), "a#1");
  now_ += 1s;
  EXPECT_EQ(get(tokens), "a#2");
}

TEST_F(TokensTest, WhatCannotBeRenewedYetServesToItsEnd) {
  Tokens tokens = this->tokens({works()});
  get(tokens);
  is_broken_ = true;
  now_ += 56min;
  EXPECT_EQ(get(tokens), "a#1");
  EXPECT_EQ(get(tokens), "a#1");
  EXPECT_EQ(asked_, 2) << "not again at once";
  now_ += 30s;
  EXPECT_EQ(get(tokens), "a#1");
  EXPECT_EQ(asked_, 3);
  now_ += 4min;
  EXPECT_EQ(get(tokens), "Broken: Try later.");
  is_broken_ = false;
  EXPECT_EQ(get(tokens), "a#5");
}

TEST_F(TokensTest, ARefusedTokenIsReplacedOnce) {
  Tokens tokens = this->tokens({works()});
  const std::string first = get(tokens);
  EXPECT_TRUE(tokens.replace("a", first));
  EXPECT_EQ(get(tokens), "a#2");
  EXPECT_TRUE(tokens.replace("a", first)) << "somebody else has replaced it";
  EXPECT_EQ(asked_, 2);
}

TEST_F(TokensTest, TheSameTokenAgainIsNoOther) {
  Tokens tokens = this->tokens({{"stubborn", [this](const std::string&) { return AccessToken{"t", now_ + 1h}; }}});
  EXPECT_FALSE(tokens.replace("a", get(tokens)));
}

TEST_F(TokensTest, TheFirstThatIsThereIsUsedFromThenOn) {
  Tokens tokens = this->tokens({is_missing("one"), works("two"), is_refused("three")});
  EXPECT_EQ(tokens.used(), "");
  EXPECT_EQ(get(tokens), "a#1");
  EXPECT_EQ(get(tokens, "b"), "b#2");
  EXPECT_EQ(tokens.used(), "two");
  ASSERT_EQ(tokens.passed_over().size(), 1U);
  EXPECT_EQ(tokens.passed_over()[0].name + ": " + tokens.passed_over()[0].why, "one: there is none");
}

TEST_F(TokensTest, ARefusalIsNotPassedOver) {
  Tokens tokens = this->tokens({is_refused("one"), works("two")});
  EXPECT_EQ(get(tokens), "Refused: You are not welcome.");
}

TEST_F(TokensTest, WithoutAnyEachIsNamed) {
  Tokens tokens = this->tokens({is_missing("one"), is_missing("two")});
  EXPECT_EQ(get(tokens),
            "NoCredential: No key is given, and nothing here gets a token of Entra ID. one: there is none; two: there "
            "is none.");
}

TEST_F(TokensTest, ThreadsShareOneToken) {
  Tokens tokens = this->tokens({{"slow", [this](const std::string&) {
                                   std::this_thread::sleep_for(20ms);
                                   return AccessToken{"t" + std::to_string(++asked_), now_ + 1h};
                                 }}});
  std::vector<std::future<std::string>> all;
  for (int i = 0; i < 8; ++i) all.push_back(std::async(std::launch::async, [&] { return tokens.get("a"); }));
  for (auto& one : all) EXPECT_EQ(one.get(), "t1");
}

}  // namespace
}  // namespace batchite::azure
