// User delegation keys: what signatures are made with where the storage account's own key is not known. Asked for with
// a token of Entra ID and kept while they last. Any thread; one asks, the others wait for it.
// Source: learn.microsoft.com/rest/api/storageservices/get-user-delegation-key, .../create-user-delegation-sas.
#pragma once
#include <mutex>
#include <optional>

#include "backends/azure/blob_pieces.h"
#include "core/base/clock.h"
#include "core/signing/sas.h"

namespace batchite::azure {

class DelegationKeys {
 public:
  DelegationKeys(AskBlob ask, Clock clock) : ask_(std::move(ask)), clock_(std::move(clock)) {}

  // A key for signatures that last until then, or as long as the service gives any: seven days. Throws Error.
  signing::DelegationKey key_until(Time expiry);

 private:
  signing::DelegationKey ask(Time now);

  const AskBlob ask_;
  const Clock clock_;
  std::mutex lock_;
  std::optional<signing::DelegationKey> key_;  // guarded by lock_
};

}  // namespace batchite::azure
