// From an HTTP request to what an operation is asked. Throws Error with the service's codes.
#pragma once
#include "core/backend.h"
#include "emulator/batch/router.h"
#include "emulator/http/message.h"

namespace batchite::batch {

Call decode(const http::Request& request, Route route, Parameters query, contract::Version version);

// The whole body. Throws RequestBodyTooLarge when it has more bytes than that.
std::string read_body(const http::Request& request, std::size_t limit);

}  // namespace batchite::batch
