// Where Entra's clients ask for tokens, on the Batch port: POST /{tenant}/oauth2/v2.0/token (and
// /{tenant}/oauth2/token), and the document by which they find it. Whoever asks gets a token for what they ask: there
// is no directory here. Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow. Any
// thread; throws nothing.
#pragma once
#include <optional>

#include "emulator/batch/authenticator.h"
#include "emulator/http/message.h"

namespace batchite {

// nullopt: none of these paths.
std::optional<http::Response> token_page(const http::Request& request, const batch::Authenticator& issuer);

}  // namespace batchite
