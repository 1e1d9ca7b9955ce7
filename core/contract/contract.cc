#include "core/contract/contract.h"

#include <algorithm>
#include <array>

#include "core/base/ids.h"
#include "core/contract/tables.h"

namespace batchite::contract {
namespace {

constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

template <class Row>
const Row* find_sorted(std::span<const Row> rows, std::string_view name) {
  const auto it = std::ranges::lower_bound(rows, name, {}, &Row::name);
  return it != rows.end() && it->name == name ? &*it : nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ".16.0"
bool is_revision(std::string_view text) {
  const std::size_t second = text.find('.', 1);
  return text.starts_with('.') && second != std::string_view::npos && second > 1 && second + 1 < text.size() &&
         std::ranges::all_of(text.substr(1, second - 1), is_digit) &&
         std::ranges::all_of(text.substr(second + 1), is_digit);
}

}  // namespace

std::string_view to_string(Method method) { return kMethods.at(static_cast<std::size_t>(method)); }

std::optional<Method> parse_method(std::string_view text) {
  const auto* const it = std::ranges::find(kMethods, text);
  if (it == kMethods.end()) return std::nullopt;
  return static_cast<Method>(it - kMethods.begin());
}

std::optional<Version> parse_version(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-dd";
  if (text.size() < form.size()) return std::nullopt;
  std::int32_t date = 0;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == 'd' ? !is_digit(text[i]) : text[i] != form[i]) return std::nullopt;
    if (form[i] == 'd') date = date * 10 + (text[i] - '0');
  }
  const std::string_view rest = text.substr(form.size());
  if (!rest.empty() && !is_revision(rest)) return std::nullopt;
  return Version{date};
}

std::span<const std::string_view> known_versions() { return tables::versions(); }
Version newest_version() { return *parse_version(tables::versions().back()); }
bool is_known(std::string_view version) {
  return std::ranges::find(tables::versions(), version) != tables::versions().end();
}

const EnumValue* Enumeration::find(std::string_view value) const {
  const auto it = std::ranges::find_if(values, [&](const EnumValue& known) { return same_id(known.value, value); });
  return it == values.end() ? nullptr : &*it;
}

const Field* Model::find(std::string_view field) const {
  const auto it = std::ranges::find(fields, field, &Field::name);
  return it == fields.end() ? nullptr : &*it;
}

bool Filterable::allows(std::string_view comparison) const {
  return std::ranges::find(comparisons, comparison) != comparisons.end();
}

const QueryParameter* Operation::find_query(std::string_view name) const {
  const auto it = std::ranges::find_if(query, [&](const QueryParameter& known) { return same_id(known.name, name); });
  return it == query.end() ? nullptr : &*it;
}

const Model* Operation::item() const {
  const Field* value = answer ? answer->find("value") : nullptr;
  return value && value->type == Type::Array ? value->model : nullptr;
}

std::span<const Operation> operations() { return tables::operations(); }

const Operation* find_operation(std::string_view id) {
  const auto rows = tables::operations();
  const auto it = std::ranges::find(rows, id, &Operation::id);
  return it == rows.end() ? nullptr : &*it;
}

std::span<const Model> models() { return tables::models(); }
const Model* find_model(std::string_view name) { return find_sorted(tables::models(), name); }
std::span<const Enumeration> enumerations() { return tables::enumerations(); }
const Enumeration* find_enumeration(std::string_view name) { return find_sorted(tables::enumerations(), name); }

}  // namespace batchite::contract
