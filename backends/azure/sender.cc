#include "backends/azure/sender.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace batchite::azure {
namespace {

constexpr Ticks kMostSkew = std::chrono::minutes(1);  // the services allow 5 and 15

Error no_answer(const HttpRequest& request, const HttpAnswer& answer, int attempts) {
  const std::string place = request.url.substr(0, request.url.find('?'));
  const std::string text = fmt::format("{} {}: {}{}", request.method, place, answer.error,
                                       attempts > 1 ? fmt::format(", after {} attempts", attempts) : "");
  return answer.timed_out ? Error(408, "RequestTimedOut", text) : Error(503, "ServiceUnreachable", text);
}

}  // namespace

Sender::Sender(Seams seams, RetrySettings settings, Sign sign)
    : seams_(std::move(seams)), settings_(settings), sign_(std::move(sign)) {}

double Sender::chance() const {
  unsigned char bytes[2];
  seams_.entropy(bytes);
  return (bytes[0] * 256 + bytes[1]) / 65536.0;
}

HttpAnswer Sender::attempt(HttpRequest request) {
  sign_(request, seams_.clock() + Ticks(ahead_));
  return seams_.transport->send(request);
}

// A signature is refused when its date is too far from the service's, which every answer names.
bool Sender::corrects_clock(const HttpAnswer& answer) {
  if (answer.status != 401 && answer.status != 403) return false;
  const auto date = parse_http_date(answer.headers.get("Date"));
  if (!date) return false;
  const Ticks off = *date - (seams_.clock() + Ticks(ahead_));
  if (std::chrono::abs(off) < kMostSkew) return false;
  ahead_ += off.count();
  return true;
}

Sent Sender::send(const HttpRequest& request, const Settle& settle) {
  Sent sent{.begun = seams_.clock()};
  for (int attempts = 1;; ++attempts) {
    sent.answer = attempt(request);
    if (corrects_clock(sent.answer)) sent.answer = attempt(request);
    const auto pause = pause_before_next(settings_, {sent.answer, attempts, seams_.clock(), chance()});
    if (!pause && sent.answer.status == 0) throw no_answer(request, sent.answer, attempts);
    if (!pause) return sent;
    sent.is_uncertain = sent.is_uncertain || may_have_happened(sent.answer);
    seams_.sleep(*pause);
    if (sent.is_uncertain && settle) {
      if (auto settled = settle(seams_.clock() - sent.begun)) {
        sent.answer = *std::move(settled);
        return sent;
      }
    }
  }
}

}  // namespace batchite::azure
