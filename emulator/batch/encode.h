// From what an operation answered to HTTP, as recordings of the service show it: JSON chunked, errors with a length;
// DataServiceId on changes, Location on creations; ETag and Last-Modified of single resources. Throws nothing.
#pragma once
#include "core/backend.h"
#include "emulator/http/message.h"

namespace batchite::batch {

http::Response encode(const Call& call, Reply reply, std::string_view path);

// `base`: of URLs; `id`: the request's.
http::Response encode_error(const Error& error, const http::Request& request, const std::string& id, Time now);

}  // namespace batchite::batch
