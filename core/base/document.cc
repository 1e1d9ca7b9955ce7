#include "core/base/document.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace batchite {

const Document& Reader::empty_object() {
  static const Document empty = Document::object();
  return empty;
}

const Document& Reader::empty_array() {
  static const Document empty = Document::array();
  return empty;
}

Document parse_document(std::string_view text, std::string_view name) {
  try {
    return Document::parse(text);
  } catch (const Document::parse_error& error) {
    // error.byte counts from 1 and may lie one past the end.
    const std::size_t at = std::min<std::size_t>(error.byte == 0 ? 0 : error.byte - 1, text.size());
    const std::string_view before = text.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    std::string what = error.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: reason"
    if (const auto colon = what.find(": "); colon != std::string::npos) what = what.substr(colon + 2);
    throw UsageError(fmt::format("{}:{}:{}: not valid JSON: {}", name, line, at - line_start + 1, what));
  }
}

}  // namespace batchite
