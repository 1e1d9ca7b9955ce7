// What ends a request: thrown at any depth, rendered at one place (JSON by the Batch emulator, XML by the blob one,
// text by the command line). It knows no wire form. Codes and texts are the service's; the constants come from
// core/contract/errors.json and core/blob/errors.h.
#pragma once
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchite {

struct ErrorCode {
  unsigned status;           // HTTP
  std::string_view code;     // "PoolExists"
  std::string_view message;  // the service's sentence, without RequestId and Time
};

struct ErrorValue {
  std::string key;
  std::string value;
  bool operator==(const ErrorValue&) const = default;
};

class Error : public std::exception {
 public:
  explicit Error(const ErrorCode& code, std::vector<ErrorValue> values = {});
  // An answer of a remote service that no constant describes.
  Error(unsigned status, std::string code, std::string message, std::vector<ErrorValue> values = {});

  unsigned status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<ErrorValue>& values() const { return values_; }
  bool is(const ErrorCode& code) const { return code_ == code.code; }
  // "PoolExists: The specified pool already exists. (PoolId: p1)"
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  unsigned status_;
  std::string code_, message_;
  std::vector<ErrorValue> values_;
  std::string text_;
};

// Bad input that never reached a service: a template, a flag, a configuration file. Names the thing, the place, the
// remedy.
class UsageError : public std::exception {
 public:
  explicit UsageError(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

}  // namespace batchite
