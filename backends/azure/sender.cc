#include "backends/azure/sender.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace batchite::azure {
namespace {

constexpr unsigned kUnauthorized = 401, kForbidden = 403;
constexpr Ticks kMostSkew = std::chrono::minutes(1);  // the services allow 5 and 15

Error no_answer(const HttpRequest& request, const HttpAnswer& answer, int attempts) {
  const std::string place = request.url.substr(0, request.url.find('?'));
  const std::string text = fmt::format("{} {}: {}{}", request.method, place, answer.error,
                                       attempts > 1 ? fmt::format(", after {} attempts", attempts) : "");
  return answer.timed_out ? Error(408, "RequestTimedOut", text) : Error(503, "ServiceUnreachable", text);
}

}  // namespace

Sender::Sender(Seams seams, RetrySettings settings, Proof proof)
    : seams_(std::move(seams)), settings_(settings), proof_(std::move(proof)) {}

double Sender::chance() const {
  unsigned char bytes[2];
  seams_.entropy(bytes);
  return (bytes[0] * 256 + bytes[1]) / 65536.0;
}

HttpRequest Sender::signed_form(HttpRequest request) const {
  const bool is_proven = request.headers.has("Authorization");
  if (proof_.sign && !is_proven) proof_.sign(request, seams_.clock() + Ticks(ahead_));
  return request;
}

HttpAnswer Sender::attempt(const HttpRequest& request) {
  const HttpRequest sent = signed_form(request);
  HttpAnswer answer = seams_.transport->send(sent);
  const bool is_ours = !request.headers.has("Authorization");
  if (answer.status != kUnauthorized || !is_ours || !proof_.renew || !proof_.renew(sent)) return answer;
  return seams_.transport->send(signed_form(request));
}

// A signature is refused when its date is too far from the service's, which every answer names.
bool Sender::corrects_clock(const HttpAnswer& answer) {
  if (answer.status != kUnauthorized && answer.status != kForbidden) return false;
  const auto date = parse_http_date(answer.headers.get("Date"));
  if (!date) return false;
  const Ticks off = *date - (seams_.clock() + Ticks(ahead_));
  if (std::chrono::abs(off) < kMostSkew) return false;
  ahead_ += off.count();
  return true;
}

Patience::Patience(const Seams& seams) : seams_(seams), may_end_(seams.interrupt && !seams.interrupt->is_asked()) {}

bool Patience::wait(Ticks pause) const {
  if (!may_end_) {
    seams_.sleep(pause);
    return true;
  }
  seams_.interrupt->wait(pause);
  return !seams_.interrupt->is_asked();
}

Sent Sender::send(const HttpRequest& request, const Settle& settle) {
  Sent sent{.begun = seams_.clock()};
  const Patience patience(seams_);
  for (int attempts = 1;; ++attempts) {
    sent.answer = attempt(request);
    if (corrects_clock(sent.answer)) sent.answer = attempt(request);
    const auto pause = pause_before_next(settings_, {sent.answer, attempts, seams_.clock(), chance()});
    const bool goes_on = pause && patience.wait(*pause);
    if (!goes_on && sent.answer.status == 0) throw no_answer(request, sent.answer, attempts);
    if (!goes_on) return sent;
    sent.is_uncertain = sent.is_uncertain || may_have_happened(sent.answer);
    if (sent.is_uncertain && settle) {
      if (auto settled = settle(seams_.clock() - sent.begun)) {
        sent.answer = *std::move(settled);
        return sent;
      }
    }
  }
}

}  // namespace batchite::azure
