// Where the parts of a call stand in a request. Read by the emulator, written by who calls the service over HTTP.
// Pure; any thread; nothing throws.
#pragma once
#include <string>
#include <string_view>

#include "core/base/parameters.h"
#include "core/contract/contract.h"

namespace batchite::contract {

// The headers that belong to a call; no others are looked at.
inline constexpr std::string_view kCallHeaders[] = {"If-Match", "If-None-Match", "If-Modified-Since",
                                                    "If-Unmodified-Since", "ocp-range"};

// "/pools/{poolId}" → "/pools/p%201". A '/' in a value is encoded, as the SDKs do, also those in the path of a file.
std::string request_path(const Operation& operation, const Parameters& values);

// An api-version by name: the newest known that is not newer, else the oldest.
std::string_view version_name(Version version);

}  // namespace batchite::contract
