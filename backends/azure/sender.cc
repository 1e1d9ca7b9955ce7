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

// A request in the form in which it is sent, for a while; what it carries is too large to be copied for that.
class Sender::Signed {
 public:
  Signed(HttpRequest& request, const Sender& sender) : request_(request), url_(request.url), headers_(request.headers) {
    const Proof& proof = sender.proof_;
    if (proof.sign && !is_proven()) proof.sign(request, sender.seams_.clock() + Ticks(sender.ahead_));
  }
  ~Signed() {
    request_.url = std::move(url_);
    request_.headers = std::move(headers_);
  }
  Signed(const Signed&) = delete;
  Signed& operator=(const Signed&) = delete;
  // By whoever made it.
  bool is_proven() const { return headers_.has("Authorization"); }

 private:
  HttpRequest& request_;
  std::string url_;
  Parameters headers_;
};

HttpAnswer Sender::attempt(HttpRequest& request) {
  {
    const Signed sent(request, *this);
    HttpAnswer answer = seams_.transport->send(request);
    const bool is_refused = answer.status == kUnauthorized && !sent.is_proven() && proof_.renew;
    if (!is_refused || !proof_.renew(request)) return answer;
  }
  const Signed sent(request, *this);
  return seams_.transport->send(request);
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

Sent Sender::send(HttpRequest request, const Settle& settle) {
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
