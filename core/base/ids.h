// Ids keep the case they were given but compare without it (Batch: "case-preserving and case-insensitive").
#pragma once
#include <string>
#include <string_view>

namespace batchite {

// The form an id is compared and keyed by: ASCII letters in lower case.
inline std::string fold(std::string_view id) {
  std::string folded(id);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

inline bool same_id(std::string_view a, std::string_view b) { return a.size() == b.size() && fold(a) == fold(b); }

}  // namespace batchite
