// The query of a URL as parameters.
#pragma once
#include <string_view>

#include "core/base/encoding.h"
#include "core/base/parameters.h"

namespace batchite {

// "a=1&b=x%20y" in its order, names and values decoded.
inline Parameters query_parameters(std::string_view query) {
  Parameters parameters;
  for (auto& [name, value] : parse_query(query)) parameters.add(std::move(name), std::move(value));
  return parameters;
}

}  // namespace batchite
