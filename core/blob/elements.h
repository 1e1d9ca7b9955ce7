// Documents that were XML: an element that comes once stands for itself, one that comes again is an array.
// Pure; any thread.
#pragma once
#include <vector>

#include "core/base/document.h"

namespace batchite {

// The children of that name.
inline std::vector<const Document*> elements(const Document& parent, std::string_view name) {
  std::vector<const Document*> found;
  const Document* value = Reader(parent).find(name);
  if (!value) return found;
  if (!value->is_array()) return {value};
  for (const Document& item : *value) found.push_back(&item);
  return found;
}

}  // namespace batchite
