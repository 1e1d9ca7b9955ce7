// Bearer tokens of Entra ID: kept in memory until shortly before they expire, one for each resource, asked for by the
// first kind of credential that is set up here. Any thread: one asks, the others wait for it.
// The order, and how long before the end a token is renewed, are those of DefaultAzureCredential (azure-identity).
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/clock.h"

namespace batchite::azure {

struct AccessToken {
  std::string text = {};
  Time expires = kNever;
};

// From what Entra and the endpoints of managed identities answer: access_token, and expires_on or expires_in, numbers
// or texts. nullopt: it is none.
std::optional<AccessToken> read_token(const std::string& json, Time now);

// Why a kind of credential gives no tokens here: it is not set up. Others may be.
class CredentialUnavailable : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

// Gets a token for a resource ("https://storage.azure.com"). Throws CredentialUnavailable, or Error when the credential
// is there but was refused; neither names a secret.
using FetchToken = std::function<AccessToken(const std::string& resource)>;

struct Credential {
  std::string name;  // "client secret"
  FetchToken fetch;
};

class Tokens {
 public:
  Tokens(std::vector<Credential> credentials, Clock clock);

  // Throws Error.
  std::string get(const std::string& resource);
  // The service has refused this token: whether there is another one now.
  bool replace(const std::string& resource, const std::string& refused);

  // The credential that gave the first token; empty: none has.
  std::string used() const;
  // Those before it, and why they were passed over.
  struct PassedOver {
    std::string name, why;
  };
  std::vector<PassedOver> passed_over() const;

 private:
  struct Kept {
    AccessToken token = {};
    Time renew_from = kNever;
  };
  void fetch(const std::string& resource, Kept& kept);
  AccessToken fetch_by_first(const std::string& resource);

  const std::vector<Credential> credentials_;
  const Clock clock_;
  mutable std::mutex lock_;
  // Guarded by lock_:
  const Credential* used_ = nullptr;
  std::vector<PassedOver> passed_over_;
  std::map<std::string, Kept> kept_;  // by resource
};

}  // namespace batchite::azure
