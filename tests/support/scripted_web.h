// The web as a test scripts it: answers to requests by a function, and what was asked.
#pragma once
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "backends/azure/entra.h"
#include "core/base/encoding.h"

namespace batchite::testing {

class ScriptedWeb : public Transport {
 public:
  std::deque<HttpAnswer> answers;     // to the next requests, in order; then it has no more and says so
  std::vector<HttpRequest> requests;  // so far
  Time now = *parse_iso8601("2026-03-14T20:00:00Z");

  HttpAnswer send(const HttpRequest& request) override {
    requests.push_back(request);
    if (answers.empty()) return {.error = "no more answers", .failure = HttpFailure::Hopeless};
    HttpAnswer answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }

  // The transport is the test's own and outlives what it is given to.
  azure::EntraWorld world() {
    return {.seams = {.transport = std::shared_ptr<Transport>(this, [](Transport*) {}),
                      .clock = [this] { return now; },
                      .sleep = [this](Ticks pause) { now += pause; },
                      .entropy = [](std::span<unsigned char> bytes) { std::ranges::fill(bytes, 7); }}};
  }

  // A field of the form that the last request sent.
  std::string field(std::string_view name) const {
    for (const auto& [key, value] : parse_query(requests.back().body)) {
      if (key == name) return value;
    }
    return "";
  }
};

inline HttpAnswer token_answer(const std::string& token, int seconds = 3600) {
  return {.status = 200,
          .body = Document{{"token_type", "Bearer"}, {"expires_in", seconds}, {"access_token", token}}.dump()};
}

}  // namespace batchite::testing
