// What the service fills in where a client left something out, shared by several resources.
#pragma once
#include <string_view>

#include "core/base/document.h"
#include "core/base/error.h"

namespace batchite {

inline constexpr std::string_view kNoLimit = "P10675199DT2H48M5.4775807S";

// Sets the member unless it is there.
void default_to(Document& object, std::string_view name, Document value);

// userIdentity: auto user of the pool, not an administrator.
void default_identity(Document& task);

// InvalidPropertyValue with its three values.
Error invalid_property(std::string name, std::string value, std::string reason);

}  // namespace batchite
