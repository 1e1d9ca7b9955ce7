// Failures of work, as against failures of a request: they are stored with the task, node or pool and told later.
// The constants are in core/contract/error_codes.h.
#pragma once
#include <string_view>

namespace batchite {

struct FailureCode {
  std::string_view category;  // "usererror" or "servererror"; empty where the service gives none
  std::string_view code;
  std::string_view message;
  std::string_view detail = {};      // the value of the detail named "Message"; empty: no details
  std::string_view additional = {};  // the value of the detail named "AdditionalErrorCode"; empty: none
};

}  // namespace batchite
