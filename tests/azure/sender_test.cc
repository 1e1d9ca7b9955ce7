#include "backends/azure/sender.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>

#include "core/base/error.h"

namespace batchite::azure {
namespace {

using namespace std::chrono_literals;

// A service that answers as the test says, in time that passes only by waiting.
class SenderTest : public ::testing::Test {
 protected:
  class Script : public Transport {
   public:
    explicit Script(SenderTest& test) : test_(test) {}
    HttpAnswer send(const HttpRequest& request) override {
      test_.story_ += request.method + " at " + request.headers.get("date") + "; ";
      test_.now_ += 1s;
      HttpAnswer answer = test_.answers_.at(0);
      test_.answers_.pop_front();
      return answer;
    }

   private:
    SenderTest& test_;
  };

  static std::string clock_of(Time time) { return iso8601(time).substr(14, 5); }

  Sender sender() {
    return sender([](HttpRequest& request, Time now) { request.headers.set("date", clock_of(now)); });
  }
  Sender sender(Sign sign, std::function<bool(const HttpRequest&)> renew = nullptr) {
    Seams seams{.transport = std::make_shared<Script>(*this),
                .clock = [this] { return now_; },
                .sleep =
                    [this](Ticks pause) {
                      now_ += pause;
                      story_ += fmt::format("wait {}; ", std::chrono::duration<double>(pause).count());
                    },
                .entropy = [](std::span<unsigned char> bytes) { std::ranges::fill(bytes, 0); },
                .interrupt = interrupt_};
    return Sender(seams, {.first = 1s}, {std::move(sign), std::move(renew)});
  }

  // "200", "503 ServiceUnreachable", with " (uncertain)".
  std::string send(const Settle& settle = nullptr) {
    Sender sender = this->sender();
    try {
      const Sent sent = sender.send({.url = "http://host/path?key=secret"}, settle);
      return std::to_string(sent.answer.status) + (sent.is_uncertain ? " (uncertain)" : "");
    } catch (const Error& error) {
      return fmt::format("{} {}", error.status(), error.what());
    }
  }

  static HttpAnswer lost(HttpFailure failure = HttpFailure::Lost) { return {.error = "reset", .failure = failure}; }

  Time now_ = *parse_iso8601("2026-03-14T20:00:00Z");
  std::deque<HttpAnswer> answers_;
  std::shared_ptr<Interrupt> interrupt_ = nullptr;
  std::string story_;
};

TEST_F(SenderTest, AnAnswerThatCountsIsTheFirst) {
  answers_ = {{.status = 404}};
  EXPECT_EQ(send(), "404");
  EXPECT_EQ(story_, "GET at 00:00; ");
}

TEST_F(SenderTest, WhatWasThrottledIsRepeatedSignedAnewAndIsNotUncertain) {
  answers_ = {{.status = 429, .headers = {{"Retry-After", "5"}}}, {.status = 503}, {.status = 201}};
  EXPECT_EQ(send(), "201");
  EXPECT_EQ(story_, "GET at 00:00; wait 5; GET at 00:06; wait 2; GET at 00:09; ");
}

// Asked for while the service is waited for the n-th time.
struct AskedAt : Interrupt {
  explicit AskedAt(int wait) : waits(wait) {}
  bool is_asked() const override { return waits == 0; }
  void wait(Ticks) override { --waits; }
  int waits;
};

TEST_F(SenderTest, AWaitEndsWhenSomebodyAsksForAnEnd) {
  interrupt_ = std::make_shared<AskedAt>(2);
  answers_ = {{.status = 503}, {.status = 429, .headers = {{"Retry-After", "300"}}}, {.status = 200}};
  EXPECT_EQ(send(), "429");
  EXPECT_EQ(story_, "GET at 00:00; GET at 00:01; ");
}

TEST_F(SenderTest, WithoutAnAnswerTheEndOfAWaitIsAnError) {
  interrupt_ = std::make_shared<AskedAt>(1);
  answers_ = {lost()};
  EXPECT_EQ(send(), "503 ServiceUnreachable: GET http://host/path: reset");
}

TEST_F(SenderTest, WhatIsSentAfterAnEndWasAskedForWaits) {
  interrupt_ = std::make_shared<AskedAt>(0);
  answers_ = {{.status = 429, .headers = {{"Retry-After", "5"}}}, {.status = 202}};
  EXPECT_EQ(send(), "202");
  EXPECT_EQ(story_, "GET at 00:00; wait 5; GET at 00:06; ");
}

TEST_F(SenderTest, ALostAnswerMakesTheNextOneUncertain) {
  answers_ = {lost(), {.status = 409}};
  EXPECT_EQ(send(), "409 (uncertain)");
}

TEST_F(SenderTest, WhatMayHaveBeenDoneIsLookedForBeforeItIsRepeated) {
  answers_ = {{.status = 429}, lost(), {.status = 500}, {.status = 200}};
  int looks = 0;
  const Settle settle = [&](Ticks ago) -> std::optional<HttpAnswer> {
    story_ += fmt::format("look {} s back; ", std::chrono::duration<double>(ago).count());
    return ++looks < 2 ? std::nullopt : std::optional(HttpAnswer{.status = 201});
  };
  EXPECT_EQ(send(settle), "201 (uncertain)");
  EXPECT_EQ(story_,
            "GET at 00:00; wait 1; GET at 00:02; wait 2; look 5 s back; GET at 00:05; wait 4; look 10 s back; ");
}

TEST_F(SenderTest, TheEndOfPatienceSaysWhatAndHowOftenButNotTheQuery) {
  for (int i = 0; i < 6; ++i) answers_.push_back(lost());
  EXPECT_EQ(send(), "503 ServiceUnreachable: GET http://host/path: reset, after 6 attempts");
  EXPECT_EQ(story_.substr(0, 30), "GET at 00:00; wait 1; GET at 0");
}

TEST_F(SenderTest, AHopelessRequestIsNotRepeated) {
  answers_ = {lost(HttpFailure::Hopeless)};
  EXPECT_EQ(send(), "503 ServiceUnreachable: GET http://host/path: reset");
}

TEST_F(SenderTest, AClockThatGoesWrongIsPutRightByTheServices) {
  answers_ = {{.status = 403, .headers = {{"Date", "Sat, 14 Mar 2026 21:30:01 GMT"}}}, {.status = 200}};
  EXPECT_EQ(send(), "200");
  EXPECT_EQ(story_, "GET at 00:00; GET at 30:01; ");
}

TEST_F(SenderTest, ARefusedProofIsReplacedOnceIfThereIsAnother) {
  int proofs = 1;
  const Sign sign = [&](HttpRequest& request, Time) { request.headers.set("date", std::to_string(proofs)); };
  answers_ = {{.status = 401}, {.status = 401}};
  EXPECT_EQ(sender(sign,
                   [&](const HttpRequest& refused) {
                     story_ += "refused " + refused.headers.get("date") + "; ";
                     return ++proofs == 2;
                   })
                .send({.url = "http://host"})
                .answer.status,
            401U);
  EXPECT_EQ(story_, "GET at 1; refused 1; GET at 2; ");
  answers_ = {{.status = 401}};
  EXPECT_EQ(sender(sign, [](const HttpRequest&) { return false; }).send({.url = "http://host"}).answer.status, 401U);
}

TEST_F(SenderTest, ARefusalInTimeIsARefusal) {
  answers_ = {{.status = 403, .headers = {{"Date", "Sat, 14 Mar 2026 20:00:02 GMT"}}}};
  EXPECT_EQ(send(), "403");
}

}  // namespace
}  // namespace batchite::azure
