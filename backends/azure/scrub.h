// Takes out of a recorded exchange what nobody is to read: keys, signatures, tokens, passwords, certificates. By where
// they stand (names of headers, members and parameters) and by what they are (secrets that are known). Pure; any
// thread.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/document.h"
#include "core/base/parameters.h"

namespace batchite::azure {

inline constexpr std::string_view kScrubbed = "{{secret}}";

// Of an empty text there is none.
void replace_all(std::string& text, std::string_view what, std::string_view by);

class Scrubber {
 public:
  // Of each pair the first is replaced by the second wherever it stands, in this order.
  using Replacements = std::vector<std::pair<std::string, std::string>>;
  explicit Scrubber(Replacements replacements);

  // URLs, connection strings, forms, XML, the parts of a batch.
  std::string text(std::string text) const;
  // Members whose names tell of a secret, and the values of variables with such names; the other texts as text() does.
  Document document(Document document) const;
  // Without what says who asks and when.
  Parameters headers(const Parameters& headers) const;

 private:
  Replacements replacements_;
};

}  // namespace batchite::azure
