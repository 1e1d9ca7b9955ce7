// The $filter language of list operations, as far as Batch accepts it.
// Source: learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch; precedence as in fixtures/odata.cases.
// Times in literals are UTC unless they say otherwise. Texts compare without regard to ASCII case, file names with it.
// A member that a resource does not have differs from everything: only `ne` holds for it.
// Pure; any thread. Throws InvalidQueryParameterValue naming $filter and the column, counted in bytes from 1.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/document.h"
#include "core/base/time.h"
#include "core/contract/contract.h"

namespace batchite {

class Filter {
 public:
  // `operation` says what may be compared and how; it must outlive the filter, as those of the contract do.
  static Filter parse(std::string_view text, const contract::Operation& operation);

  // `resource` as the service shows it, whole.
  bool matches(const Document& resource) const;

  // A member that is known before its resource is rendered. std::monostate: the resource does not have it.
  struct Known {
    std::string_view member;
    std::variant<std::monostate, std::string_view, std::int64_t, Time> value;
  };
  // True when no resource with these members can match, whatever its other members are.
  bool rules_out(std::span<const Known> known) const;

  // The tree: "(or (eq state 'active') (startswith id 'a'))".
  std::string to_text() const;

  struct Node;  // defined in odata.cc

 private:
  explicit Filter(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  std::shared_ptr<const Node> root_;
};

}  // namespace batchite
