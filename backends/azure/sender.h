// Sends a request until it has an answer that counts: signs each attempt anew, waits as retry.h decides, and puts right
// the clock it signs by, when the service's goes otherwise, and a token that is refused. Any thread.
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "backends/azure/retry.h"
#include "backends/http/http_client.h"
#include "core/base/clock.h"
#include "core/base/entropy.h"

namespace batchite::azure {

// Adds the date and the proof of who asks.
using Sign = std::function<void(HttpRequest& request, Time now)>;

// Who asks. Without `sign` the request goes as it is.
struct Proof {
  Sign sign = nullptr;
  // The service does not know who asked with this (401): whether there is another proof by now. Null: there never is.
  std::function<bool(const HttpRequest& refused)> renew = nullptr;
};

// Somebody's wish that what goes on should end. Any thread.
class Interrupt {
 public:
  virtual ~Interrupt() = default;
  virtual bool is_asked() const = 0;
  virtual void wait(Ticks pause) = 0;  // or until it is asked
};

// What a sender touches of the world.
struct Seams {
  std::shared_ptr<Transport> transport;
  Clock clock;
  std::function<void(Ticks)> sleep;
  Entropy entropy;
  std::shared_ptr<Interrupt> interrupt = nullptr;  // null: nobody asks
};

// Waits as long as something takes that begins now; or until an end is asked for, unless that was before.
class Patience {
 public:
  explicit Patience(const Seams& seams);  // which outlive it
  // False: an end was asked for.
  bool wait(Ticks pause) const;

 private:
  const Seams& seams_;
  const bool may_end_;
};

// Of a request that may have been done: looks, before it is repeated, whether it has been. An answer ends it. `ago`:
// since the first attempt began.
using Settle = std::function<std::optional<HttpAnswer>(Ticks ago)>;

struct Sent {
  HttpAnswer answer = {};
  bool is_uncertain = false;  // an attempt before this answer may have been done
  Time begun = kNever;        // the first one, by our clock
};

class Sender {
 public:
  Sender(Seams seams, RetrySettings settings, Proof proof);

  // A request that has an Authorization goes with that one. An answer of any status; throws Error when none came. Waits
  // end, and the answer that was there is the last word, when an end is asked for; but for requests that begin later,
  // which put away what is there.
  Sent send(HttpRequest request, const Settle& settle = nullptr);

 private:
  class Signed;
  HttpAnswer attempt(HttpRequest& request);
  bool corrects_clock(const HttpAnswer& answer);
  double chance() const;

  const Seams seams_;
  const RetrySettings settings_;
  const Proof proof_;
  std::atomic<std::int64_t> ahead_{0};  // of the service's clock before ours, in ticks
};

}  // namespace batchite::azure
