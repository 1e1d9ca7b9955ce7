#include "backends/local/command_line.h"

namespace batchite {

namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Reads one quoted part; `at` is just behind the opening quote and ends behind the closing one.
void read_quoted(std::string_view line, std::size_t& at, char quote, std::string& argument) {
  while (at < line.size() && line[at] != quote) {
    const bool escapes =
        quote == '"' && line[at] == '\\' && at + 1 < line.size() && (line[at + 1] == '"' || line[at + 1] == '\\');
    if (escapes) ++at;
    argument += line[at++];
  }
  if (at < line.size()) ++at;
}

std::string read_argument(std::string_view line, std::size_t& at) {
  std::string argument;
  while (at < line.size() && kBlanks.find(line[at]) == std::string_view::npos) {
    const char c = line[at++];
    if (c == '\'' || c == '"') {
      read_quoted(line, at, c, argument);
    } else if (c == '\\' && at < line.size()) {
      argument += line[at++];
    } else {
      argument += c;
    }
  }
  return argument;
}

}  // namespace

std::vector<std::string> split_command_line(std::string_view line) {
  std::vector<std::string> arguments;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
    arguments.push_back(read_argument(line, at));
  }
  return arguments;
}

}  // namespace batchite
