// What a client shows Entra ID in place of a secret: a short-lived token about itself, signed with the key of a
// certificate that Entra knows.
// Source: learn.microsoft.com/entra/identity-platform/certificate-credentials (PS256, x5t#S256). Pure; any thread.
#pragma once
#include <string>

#include "core/base/time.h"

namespace batchite {

struct ClientAssertion {
  std::string audience;  // the URL that tokens are asked at
  std::string client;
  std::string id;  // of this assertion, for no other one
  Time now;        // good from then on, for ten minutes
};

// `file`: an RSA private key and its certificate, among others perhaps; PEM, the key as it is or encrypted with
// `password`, or PKCS #12 (.pfx) with that password. Throws UsageError saying what is wrong with it, without showing
// any of it.
std::string make_client_assertion(const std::string& file, const std::string& password,
                                  const ClientAssertion& assertion);

}  // namespace batchite
