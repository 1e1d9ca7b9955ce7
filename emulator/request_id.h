// What a request is called, in headers and in messages of errors. Any thread.
#pragma once
#include <string>

#include "core/base/entropy.h"

namespace batchite {

std::string new_request_id(const Entropy& entropy);

}  // namespace batchite
