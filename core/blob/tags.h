// Tags of blobs: their two forms on the wire, and the conditions over them: `where` of finding, x-ms-if-tags of
// everything else. Values are compared as text.
// Source: learn.microsoft.com/rest/api/storageservices/set-blob-tags, .../find-blobs-by-tags and
// .../specifying-conditional-headers-for-blob-service-operations ("x-ms-if-tags").
// Pure; any thread. Throws Error with the service's codes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/document.h"
#include "core/base/parameters.h"

namespace batchite {

// x-ms-tags: "k1=v1&k2=v2", each escaped. Empty where the header is absent.
Parameters tags_from(const Parameters& headers);
// The children of Tags: {"TagSet": {"Tag": [{"Key": …, "Value": …}]}}.
Parameters tags_from(const Document& tags);
Document tags_document(const Parameters& tags);

// "k" = 'v' AND "other" <> 'w' OR …: AND binds closer than OR, brackets group. `@container` is the container's name.
class TagCondition {
 public:
  // What finding takes: no OR, no <>, at least one comparison.
  enum class Language { Find, Condition };
  // `name` of the header or query parameter, for errors.
  TagCondition(std::string_view text, Language language, std::string_view name);
  bool holds(const Parameters& tags, std::string_view container) const;

 private:
  struct Comparison {
    std::string key, operation, value;
  };
  std::vector<std::vector<Comparison>> any_of_all_;  // brackets multiplied out
  friend class TagParser;
};

}  // namespace batchite
