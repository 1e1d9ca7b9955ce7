// The part of Azure Resource Manager that makes application packages: the Batch account, its keys, its applications and
// their versions, as `az batch application …` and the management clients ask for them, on the Batch port; and the sizes
// of machines. There is one
// account; it is found in whatever subscription and resource group the caller names. Bearer tokens only, as there.
// Source: learn.microsoft.com/rest/api/batchmanagement, api-version 2022-10-01; any api-version gets the same answers.
// Any thread.
#pragma once
#include <functional>
#include <string>

#include "backends/system/real.h"
#include "core/backend.h"
#include "emulator/batch/authenticator.h"
#include "emulator/http/message.h"

namespace batchite::arm {

struct ArmOptions {
  batch::Account account;
  Clock clock;
  Entropy entropy = random_bytes;                // of request ids
  std::function<void(const std::string&)> warn;  // one line for a person
};

class ArmEndpoint : public http::Endpoint {
 public:
  // Backend and authenticator outlive the endpoint.
  ArmEndpoint(Backend& backend, const batch::Authenticator& authenticator, ArmOptions options)
      : backend_(backend), authenticator_(authenticator), options_(std::move(options)) {}

  // Whether the path is Resource Manager's; none of the Batch service's is.
  static bool is_arm(std::string_view path);

  http::Response handle(const http::Request& request) override;

 private:
  http::Response answer(const http::Request& request);

  Backend& backend_;
  const batch::Authenticator& authenticator_;
  const ArmOptions options_;
};

}  // namespace batchite::arm
