// User delegation keys: what a caller with a bearer token signs on behalf of itself. A key is made of the account's own
// and the six things that every signature repeats, so nothing is kept.
// Source: learn.microsoft.com/rest/api/storageservices/get-user-delegation-key and .../create-user-delegation-sas.
// Pure; any thread.
#pragma once
#include <string>

#include "core/base/parameters.h"
#include "core/base/time.h"

namespace batchite {

// As parameters of a signature: skoid, sktid, skt, ske, sks, skv. The key's bytes.
std::string delegation_key(const Parameters& terms, std::string_view account_key);

// Whether a key may be for that time: it begins before it ends, and is not for longer than seven days.
bool is_delegation_time(Time start, Time expiry);

}  // namespace batchite
