#include "core/contract/query.h"

#include <fmt/format.h>

#include <charconv>

#include "core/base/time.h"
#include "core/contract/error_codes.h"

namespace batchite::contract {
namespace {

[[noreturn]] void refuse(std::string_view name, const std::string& value, std::string reason) {
  throw Error(
      errors::kInvalidQueryParameterValue,
      {{"QueryParameterName", std::string(name)}, {"QueryParameterValue", value}, {"Reason", std::move(reason)}});
}

// As the service writes it in its reasons.
std::string_view title(std::string_view name) { return name == "maxresults" ? "MaxResults" : name; }

void check_number(const QueryParameter& parameter, const std::string& value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    refuse(parameter.name, value, fmt::format("{} must be a whole number", title(parameter.name)));
  }
  if (number < parameter.min) {
    refuse(parameter.name, value, fmt::format("{} cannot be less than {}", title(parameter.name), parameter.min));
  }
  if (number > parameter.max) {
    refuse(parameter.name, value, fmt::format("{} cannot be greater than {}", title(parameter.name), parameter.max));
  }
}

void check_type(const QueryParameter& parameter, const std::string& value) {
  switch (parameter.type) {
    case Type::Int32:
      return check_number(parameter, value);
    case Type::Boolean:
      if (!same_id(value, "true") && !same_id(value, "false")) {
        refuse(parameter.name, value, "The value has to be true or false");
      }
      return;
    case Type::DateTime:
      if (!parse_iso8601(value)) refuse(parameter.name, value, "The value has to be an ISO 8601 date and time");
      return;
    default:
      return;
  }
}

void check_select(const Operation& operation, const std::string& value, Version version) {
  const Model* model = operation.item() ? operation.item() : operation.answer;
  for (const std::string& name : selected_names(value)) {
    const Field* field = model ? model->find(name) : nullptr;
    if (!field || !field->exists_in(version)) refuse("$select", value, "There is no property " + name);
  }
}

void check_expand(const std::string& value) {
  for (const std::string& name : selected_names(value)) {
    if (name != "stats") refuse("$expand", value, fmt::format("{} cannot be expanded, only stats can", name));
  }
}

}  // namespace

void check_query(const Operation& operation, const Parameters& query, Version version) {
  for (const auto& [name, value] : query) {
    if (same_id(name, "$skiptoken")) continue;
    const QueryParameter* parameter = operation.find_query(name);
    if (!parameter) {  // one that came later harms no older version ("force")
      throw Error(errors::kUnsupportedQueryParameter, {{"QueryParameterName", name}, {"QueryParameterValue", value}});
    }
    check_type(*parameter, value);
    if (parameter->name == "$select") check_select(operation, value, version);
    if (parameter->name == "$expand") check_expand(value);
  }
}

std::vector<std::string> selected_names(std::string_view select) {
  std::vector<std::string> names;
  while (!select.empty()) {
    const std::size_t comma = std::min(select.find(','), select.size());
    std::string_view name = select.substr(0, comma);
    select.remove_prefix(std::min(comma + 1, select.size()));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    names.emplace_back(name);
  }
  return names;
}

}  // namespace batchite::contract
