// Who may speak to the Batch endpoint: shared keys are verified over the request as it came; bearer tokens by the mode.
// Sources: learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service and recordings
// (400 MissingRequiredHeader without an Authorization header). Any thread.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/signing/task_token.h"
#include "emulator/http/message.h"

namespace batchite::batch {

enum class AuthMode {
  Strict,   // bearer tokens must be ours (issue_token)
  Lenient,  // bearer tokens must be well formed, in time, and for Batch
  Off,      // nothing is looked at
};

struct Account {
  std::string name;
  std::vector<std::string> keys;  // Base64; each signs
};

class Authenticator {
 public:
  // `secret`: what tokens are signed with.
  Authenticator(Account account, AuthMode mode, std::string secret, Clock clock);

  // The task that calls, if it is one (its token has to be ours in every mode). Throws MissingRequiredHeader,
  // InvalidAuthenticationInfo, AuthenticationFailed (403 for keys, 401 for tokens).
  std::optional<TaskCaller> check(const http::Request& request) const;

  // For what takes tokens only, and none of tasks. Throws AuthenticationFailed (401).
  void check_bearer(const http::Request& request) const;

  // The token of Entra ID that the caller came with, for who passes calls on; empty: none, or one of ours.
  std::string foreign_token(const http::Request& request) const;

  // A token that check() accepts in every mode.
  std::string issue_token(const std::string& audience, Ticks lifetime) const;

 private:
  void check_key(const http::Request& request, const std::string& header) const;
  void check_date(const http::Request& request) const;
  std::optional<TaskCaller> check_token(std::string_view text) const;

  const Account account_;
  const AuthMode mode_;
  const std::string secret_;
  const Clock clock_;
};

}  // namespace batchite::batch
