#include "core/base/error.h"

namespace batchite {
namespace {

std::string sentence(std::string_view code, std::string_view message, const std::vector<ErrorValue>& values) {
  std::string text = std::string(code) + ": " + std::string(message);
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += (i == 0 ? " (" : ", ") + values[i].key + ": " + values[i].value;
  }
  return values.empty() ? text : text + ")";
}

}  // namespace

Error::Error(const ErrorCode& code, std::vector<ErrorValue> values)
    : Error(code.status, std::string(code.code), std::string(code.message), std::move(values)) {}

Error::Error(unsigned status, std::string code, std::string message, std::vector<ErrorValue> values)
    : status_(status),
      code_(std::move(code)),
      message_(std::move(message)),
      values_(std::move(values)),
      text_(sentence(code_, message_, values_)) {}

}  // namespace batchite
