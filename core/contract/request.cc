#include "core/contract/request.h"

#include "core/base/encoding.h"

namespace batchite::contract {

std::string request_path(const Operation& operation, const Parameters& values) {
  std::string path;
  std::string_view rest = operation.path;
  for (std::size_t open; (open = rest.find('{')) != std::string_view::npos;) {
    const std::size_t close = rest.find('}', open);
    path.append(rest.substr(0, open));
    path += percent_encode(values.get(rest.substr(open + 1, close - open - 1)));
    rest.remove_prefix(close + 1);
  }
  return path.append(rest);
}

std::string_view version_name(Version version) {
  std::string_view name = known_versions().front();
  for (const std::string_view known : known_versions()) {
    if (*parse_version(known) <= version) name = known;
  }
  return name;
}

}  // namespace batchite::contract
