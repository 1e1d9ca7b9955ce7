// From a request line to an operation of the contract. The routes are the contract's own paths; nothing is listed here.
// Segments are matched and decoded one by one, so an encoded slash stays part of its segment. Literal segments are
// matched exactly, the names within certificates(…) without regard to case, as the service does.
// Immutable after construction; any thread.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/parameters.h"
#include "core/contract/contract.h"

namespace batchite::batch {

struct Route {
  const contract::Operation* operation;
  Parameters path;  // decoded
};

class Router {
 public:
  Router();
  // `path`: percent-encoded. Throws ResourceNotFound (no such path in any version), UnsupportedHttpVerb (naming those
  // it takes).
  Route find(std::string_view method, std::string_view path) const;

 private:
  struct Segment {
    std::string_view text;                // a literal, or what stands before '('
    std::string_view name = {};           // of a parameter; empty: literal
    std::vector<std::string_view> names;  // of parameters within brackets
    bool takes_rest = false;              // a file's path: this segment and all that follow
  };
  struct Pattern {
    const contract::Operation* operation;
    std::vector<Segment> segments;
  };

  static std::optional<Parameters> match(const Pattern& pattern, const std::vector<std::string_view>& segments);

  std::vector<Pattern> patterns_;
};

}  // namespace batchite::batch
