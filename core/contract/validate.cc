#include "core/contract/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/contract/error_codes.h"

namespace batchite::contract {
namespace {

constexpr std::size_t kShownBytes = 200;  // of a value that is refused; a list of tasks can be a megabyte

std::string text_of(const Document& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.size() <= kShownBytes) return text;
  std::size_t end = kShownBytes;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "…";
}

[[noreturn]] void refuse(const ErrorCode& code, const Field& field, const Document& value, std::string reason) {
  throw Error(code, {{"PropertyName", std::string(field.name)},
                     {"PropertyValue", field.secret ? "(not shown)" : text_of(value)},
                     {"Reason", std::move(reason)}});
}

[[noreturn]] void refuse_value(const Field& field, const Document& value, std::string reason) {
  refuse(errors::kInvalidPropertyValue, field, value, std::move(reason));
}

[[noreturn]] void refuse_limit(const Field& field, const Document& value, std::string reason) {
  refuse(field.limits.error ? *field.limits.error : errors::kInvalidPropertyValue, field, value, std::move(reason));
}

bool is_ignored(std::string_view member) { return member.starts_with("odata."); }

std::optional<std::int64_t> parse_int64(const Document& value) {
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Code points, for text that is UTF-8.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_letter_or_digit(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool matches(Pattern pattern, std::string_view text) {
  const auto is_part = [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; };
  switch (pattern) {
    case Pattern::None:
      return true;
    case Pattern::Id:
      return std::ranges::all_of(text, is_part);
    case Pattern::Endpoint:
      return !text.empty() && is_letter_or_digit(text.front()) && text.back() != '-' && text.back() != '.' &&
             std::ranges::all_of(text, [&](char c) { return is_part(c) || c == '.'; });
  }
  return true;
}

class Checker {
 public:
  explicit Checker(const CheckOptions& options) : options_(options) {}

  void object(const Model& model, const Document& body) const {
    for (const auto& [name, value] : body.items()) {
      if (!is_ignored(name)) member(model, name, value);
    }
    for (const Field& field : model.fields) {
      if (!field.required || field.read_only || !field.exists_in(options_.version)) continue;
      const auto it = body.find(field.name);
      if (it == body.end() || it->is_null()) {
        throw Error(errors::kMissingRequiredProperty, {{"PropertyName", std::string(field.name)}});
      }
    }
  }

 private:
  void member(const Model& model, const std::string& name, const Document& member_value) const {
    const Field* field = model.find(name);
    if (!field || !field->exists_in(options_.version)) {
      if (options_.loose) return;
      throw Error(errors::kUnsupportedProperty,
                  {{"PropertyName", name},
                   {"Reason", field ? "This api-version does not have the property"
                                    : fmt::format("There is no such property in {}", model.name)}});
    }
    if (field->read_only || member_value.is_null()) return;
    if (field->type == Type::Array) {
      list(*field, member_value);
    } else if (field->type == Type::Map) {
      map(*field, member_value);
    } else {
      value(*field, field->type, member_value);
    }
  }

  void list(const Field& field, const Document& items) const {
    if (!items.is_array()) refuse_value(field, items, "The value has to be a list");
    size(field, items, items.size(), "items");
    if (options_.only_count && field.item == Type::Object) return;
    std::size_t total = 0;
    for (const Document& item : items) {
      value(field, field.item, item);
      if (item.is_string()) total += characters(item.get_ref<const std::string&>());
    }
    if (total > field.limits.max_total) {
      refuse_limit(field, items,
                   fmt::format("The items have more than {} characters together", field.limits.max_total));
    }
  }

  void map(const Field& field, const Document& entries) const {
    if (!entries.is_object()) refuse_value(field, entries, "The value has to be an object");
    for (const auto& [key, entry] : entries.items()) value(field, field.item, entry);
  }

  void value(const Field& field, Type type, const Document& value) const {
    switch (type) {
      case Type::String:
        return string(field, value);
      case Type::Int32:
      case Type::Int64:
        return integer(field, type, value);
      case Type::Double:
        if (!value.is_number()) refuse_value(field, value, "The value has to be a number");
        return;
      case Type::Boolean:
        if (!value.is_boolean()) refuse_value(field, value, "The value has to be true or false");
        return;
      case Type::DateTime:
        if (!value.is_string() || !parse_iso8601(value.get_ref<const std::string&>())) {
          refuse_value(field, value, "The value has to be an ISO 8601 date and time");
        }
        return;
      case Type::Duration:
        return duration(field, value);
      case Type::Enum:
        return enumeration(field, value);
      case Type::Object:
        if (!value.is_object()) refuse_value(field, value, "The value has to be an object");
        return object(*field.model, value);
      case Type::Array:
      case Type::Map:
      case Type::Json:
        return;
    }
  }

  void size(const Field& field, const Document& value, std::size_t size, std::string_view unit) const {
    const Limits& limits = field.limits;
    if (size > limits.max_size)
      refuse_limit(field, value, fmt::format("There are more than {} {}", limits.max_size, unit));
    if (size < limits.min_size)
      refuse_limit(field, value, fmt::format("There are less than {} {}", limits.min_size, unit));
  }

  void string(const Field& field, const Document& value) const {
    if (!value.is_string()) refuse_value(field, value, "The value has to be a string");
    if (field.type == Type::Array || field.type == Type::Map) return;  // the limits are the collection's
    const auto& text = value.get_ref<const std::string&>();
    size(field, value, characters(text), "characters");
    if (!matches(field.limits.pattern, text)) {
      refuse_limit(field, value,
                   field.limits.pattern == Pattern::Id
                       ? "Only letters, digits, hyphens and underscores are allowed"
                       : "Only letters, digits, hyphens, underscores and periods are allowed, a letter or digit "
                         "first, no hyphen or period last");
    }
  }

  void integer(const Field& field, Type type, const Document& value) const {
    const auto number = type == Type::Int32 && value.is_string() ? std::nullopt : parse_int64(value);
    if (!number) refuse_value(field, value, "The value has to be a whole number");
    if (type == Type::Int32 && *number != static_cast<std::int32_t>(*number)) {
      refuse_limit(field, value, "The value does not fit into 32 bits");
    }
    const Limits& limits = field.limits;
    if (*number < limits.min) refuse_limit(field, value, fmt::format("The value is less than {}", limits.min));
    if (*number > limits.max) refuse_limit(field, value, fmt::format("The value is greater than {}", limits.max));
    for (const Range& range : limits.except) {
      if (*number >= range.first && *number <= range.last) refuse_limit(field, value, "The value is not allowed");
    }
  }

  void duration(const Field& field, const Document& value) const {
    const auto parsed = value.is_string() ? parse_duration(value.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) refuse_value(field, value, "The value has to be an ISO 8601 duration");
    const Limits& limits = field.limits;
    if (parsed->count() < std::max<std::int64_t>(limits.min, 0)) {
      refuse_limit(field, value,
                   "The duration is less than " + iso8601_duration(Ticks(std::max<std::int64_t>(limits.min, 0))));
    }
    if (parsed->count() > limits.max) {
      refuse_limit(field, value, "The duration is greater than " + iso8601_duration(Ticks(limits.max)));
    }
  }

  void enumeration(const Field& field, const Document& value) const {
    const EnumValue* known = value.is_string() ? field.enumeration->find(value.get_ref<const std::string&>()) : nullptr;
    if (known && known->since <= options_.version && options_.version < known->removed) return;
    if (options_.loose && value.is_string()) return;
    std::vector<std::string_view> allowed;
    for (const EnumValue& candidate : field.enumeration->values) {
      if (candidate.since <= options_.version && options_.version < candidate.removed)
        allowed.push_back(candidate.value);
    }
    refuse_value(field, value, fmt::format("The value has to be one of: {}", fmt::join(allowed, ", ")));
  }

  const CheckOptions& options_;
};

void normalise_object(const Model& model, Document& body);

void normalise_value(const Field& field, Type type, Document& value) {
  switch (type) {
    case Type::Int64:
      if (value.is_number_integer()) value = value.dump();
      return;
    case Type::DateTime:
      if (!value.is_string()) return;
      if (const auto time = parse_iso8601(value.get_ref<const std::string&>())) value = iso8601(*time);
      return;
    case Type::Duration:
      if (!value.is_string()) return;
      if (const auto parsed = parse_duration(value.get_ref<const std::string&>())) value = iso8601_duration(*parsed);
      return;
    case Type::Enum:
      if (!value.is_string()) return;
      if (const auto* known = field.enumeration->find(value.get_ref<const std::string&>())) value = known->value;
      return;
    case Type::String:
      if (field.lower_case && value.is_string()) value = fold(value.get_ref<const std::string&>());
      return;
    case Type::Object:
      if (value.is_object()) normalise_object(*field.model, value);
      return;
    default:
      return;
  }
}

// Moves the members that `keep` answers true for into a new object; it may change them.
template <class Keep>
void filter_members(Document& object, Keep keep) {
  Document kept = Document::object();
  for (auto& [name, value] : object.get_ref<Document::object_t&>()) {
    if (keep(name, value)) kept.emplace(name, std::move(value));
  }
  object = std::move(kept);
}

void normalise_object(const Model& model, Document& body) {
  filter_members(body, [&](const std::string& name, Document& value) {
    if (value.is_null() || is_ignored(name)) return false;
    const Field* field = model.find(name);
    if (!field) return true;
    if (field->read_only) return false;
    if (field->type == Type::Array && value.is_array()) {
      for (Document& item : value) normalise_value(*field, field->item, item);
    } else {
      normalise_value(*field, field->type, value);
    }
    return true;
  });
}

void shape_object(const Model& model, Document& resource, Version version);

// False: this version is not told the value at all.
bool shape_value(const Field& field, Type type, Document& value, Version version) {
  if (type == Type::Object && value.is_object()) {
    shape_object(*field.model, value, version);
  } else if (type == Type::Enum && value.is_string()) {
    const EnumValue* known = field.enumeration->find(value.get_ref<const std::string&>());
    if (!known || (known->since <= version && version < known->removed)) return true;
    if (known->older.empty()) return false;
    value = known->older;
  }
  return true;
}

void shape_object(const Model& model, Document& resource, Version version) {
  filter_members(resource, [&](const std::string& name, Document& value) {
    if (value.is_null()) return false;
    const Field* field = model.find(name);
    if (!field) return true;
    if (field->secret || !field->exists_in(version)) return false;
    if (field->type != Type::Array || !value.is_array()) return shape_value(*field, field->type, value, version);
    Document kept = Document::array();
    for (Document& item : value) {
      if (shape_value(*field, field->item, item, version)) kept.push_back(std::move(item));
    }
    value = std::move(kept);
    return true;
  });
}

}  // namespace

void check_body(const Model& model, const Document& body, const CheckOptions& options) {
  if (!body.is_object()) {
    throw Error(errors::kInvalidRequestBody,
                {{"Reason", fmt::format("The body has to be a JSON object ({})", model.name)}});
  }
  Checker(options).object(model, body);
}

Document normalise(const Model& model, Document body) {
  if (body.is_object()) normalise_object(model, body);
  return body;
}

Document shape(const Model& model, Document resource, Version version) {
  if (resource.is_object()) shape_object(model, resource, version);
  return resource;
}

}  // namespace batchite::contract
