// What a request is called, in headers and in messages of errors. Any thread; nothing throws.
#pragma once
#include <string>

namespace batchite {

std::string new_request_id();

}  // namespace batchite
