// The patterns of output files: `*` any run of characters within a name, `?` one, `[abc]`, `[a-c]`, `[!abc]`, `**` any
// directories (also none). A name that starts with '.' matches only an explicit '.'; special characters are made plain
// by brackets ("abc[*]"). Separator is '/'. Source: learn.microsoft.com/rest/api/batchservice/task/add, OutputFile.
// Pure; any thread; nothing throws.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace batchite {

class FilePattern {
 public:
  explicit FilePattern(std::string_view pattern);

  bool has_wildcards() const { return !wild_.empty(); }
  // The leading components without wildcards, as written ("../out", "/data", ""). Without any wildcard: the whole.
  const std::string& base() const { return base_; }
  // Whether a path relative to the base matches the rest.
  bool matches(std::string_view path) const;
  // Whether something below this directory (relative to the base) could match.
  bool may_match_below(std::string_view directory) const;

 private:
  std::string base_;
  std::vector<std::string> wild_;
};

// "$NAME", "${NAME}" and "%NAME%" replaced from NAME=value; unknown names stay as they are.
std::string expand_variables(std::string_view text, const std::vector<std::string>& environment);

}  // namespace batchite
