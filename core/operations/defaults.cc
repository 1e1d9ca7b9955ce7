#include "core/operations/defaults.h"

#include "core/contract/error_codes.h"

namespace batchite {

void default_to(Document& object, std::string_view name, Document value) {
  if (!Reader(object).has(name)) object[std::string(name)] = std::move(value);
}

void default_identity(Document& task) {
  default_to(task, "userIdentity", {{"autoUser", {{"scope", "pool"}, {"elevationLevel", "nonadmin"}}}});
  Document& identity = task["userIdentity"];
  if (const auto user = identity.find("autoUser"); user != identity.end()) {
    default_to(*user, "scope", "pool");
    default_to(*user, "elevationLevel", "nonadmin");
  }
}

Error invalid_property(std::string name, std::string value, std::string reason) {
  return Error(errors::kInvalidPropertyValue,
               {{"PropertyName", std::move(name)}, {"PropertyValue", std::move(value)}, {"Reason", std::move(reason)}});
}

}  // namespace batchite
