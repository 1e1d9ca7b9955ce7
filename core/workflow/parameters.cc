#include "core/workflow/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/workflow/report.h"

namespace batchite::workflow {
namespace {

// "3" and "-2", but not "007", "+1" or "3.0": what prints back the same.
std::optional<std::int64_t> whole_number(const Document& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || std::to_string(number) != text) return std::nullopt;
  return number;
}

std::optional<std::int64_t> limit(const Reader& definition, const char* name) {
  const Document* value = definition.find(name);
  return value ? whole_number(*value) : std::nullopt;
}

std::string text_of(const Reader& object, const char* name) {
  const Document* value = object.find(name);
  return value && value->is_string() ? value->get<std::string>() : "";
}

ParameterInfo describe(const std::string& name, const Document& definition) {
  const Reader reader(definition);
  const Reader metadata = reader.object("metadata");
  ParameterInfo info{.name = name,
                     .type = text_of(reader, "type"),
                     .description = text_of(metadata, "description"),
                     .default_value = std::nullopt,
                     .min_value = limit(reader, "minValue"),
                     .max_value = limit(reader, "maxValue"),
                     .min_length = limit(reader, "minLength"),
                     .max_length = limit(reader, "maxLength"),
                     .advanced_type = text_of(metadata, "advancedType"),
                     .depends_on = text_of(metadata, "dependsOn")};
  if (const Document* value = reader.find("defaultValue")) info.default_value = *value;
  if (const Document* allowed = reader.find("allowedValues"); allowed && allowed->is_array()) info.allowed = *allowed;
  return info;
}

[[noreturn]] void refuse(const ParameterInfo& info, const Document& value, const std::string& why) {
  throw ExpressionError{fmt::format("parameter '{}': the value {} {}", info.name, value.dump(), why)};
}

Document as_int(const ParameterInfo& info, const Document& value) {
  const auto number = whole_number(value);
  if (!number) refuse(info, value, "is not an int; give a whole number such as 3 or -2");
  if (info.min_value && *number < *info.min_value)
    refuse(info, value, fmt::format("is below minValue {}", *info.min_value));
  if (info.max_value && *number > *info.max_value)
    refuse(info, value, fmt::format("is above maxValue {}", *info.max_value));
  return *number;
}

Document as_bool(const ParameterInfo& info, const Document& value) {
  if (value.is_boolean()) return value;
  if (value.is_number_integer() && (value == 0 || value == 1)) return value == 1;
  if (value.is_string()) {
    const std::string word = fold(value.get_ref<const std::string&>());
    if (word == "true" || word == "false") return word == "true";
  }
  refuse(info, value, "is not a bool; give true or false");
}

Document as_string(const ParameterInfo& info, const Document& value) {
  if (value.is_structured()) refuse(info, value, "is not a string");
  std::string text = text_form(value);
  // Characters, not bytes: UTF-8's continuation bytes do not count.
  const auto length = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (info.min_length && length < *info.min_length) {
    refuse(info, value, fmt::format("is {} characters long, shorter than minLength {}", length, *info.min_length));
  }
  if (info.max_length && length > *info.max_length) {
    refuse(info, value, fmt::format("is {} characters long, longer than maxLength {}", length, *info.max_length));
  }
  return text;
}

Document as_type(const ParameterInfo& info, const Document& value) {
  if (info.type == "int") return as_int(info, value);
  if (info.type == "bool") return as_bool(info, value);
  if (info.type == "string") return as_string(info, value);
  if (info.type == "object") return value;
  if (info.type.empty()) {
    throw ExpressionError{fmt::format("parameter '{}' states no type; give it int, string, bool or object", info.name)};
  }
  throw ExpressionError{
      fmt::format("parameter '{}' has the type '{}'; there are int, string, bool and object", info.name, info.type)};
}

}  // namespace

std::vector<ParameterInfo> describe_parameters(const Document& template_document) {
  std::vector<ParameterInfo> infos;
  const Document* definitions = Reader(template_document).find("parameters");
  if (!definitions || !definitions->is_object()) return infos;
  for (const auto& [name, definition] : definitions->items()) infos.push_back(describe(name, definition));
  return infos;
}

Document read_parameters(const Document& file, const std::string& name) {
  if (!file.is_object()) throw UsageError(name + ": parameters are an object of names and values");
  const Document* wrapped = Reader(file).find("parameters");
  // A template may have a parameter called "parameters"; ARM's wrapper holds {"value": ...} objects and says its
  // schema.
  const bool is_wrapper = wrapped && wrapped->is_object() && !wrapped->contains("value") &&
                          (file.size() == 1 || file.contains("$schema") || file.contains("contentVersion"));
  Document values = Document::object();
  for (const auto& [key, value] : (is_wrapper ? *wrapped : file).items()) {
    if (!is_wrapper && (key == "$schema" || key == "contentVersion")) continue;
    const Document* inner = Reader(value).find("value");
    const Document& given = inner ? *inner : value;
    const bool empty_value = value.is_object() && value.size() == 1 && value.contains("value") && !inner;
    if (!given.is_null() && !empty_value) values[key] = given;
  }
  return values;
}

std::string to_text(const ParameterInfo& info) {
  std::string text = fmt::format("{} ({})", info.name, info.type.empty() ? "no type" : info.type);
  if (!info.description.empty()) text += ": " + info.description;
  if (!info.allowed.empty()) text += " - one of " + info.allowed.dump();
  return text;
}

std::string text_form(const Document& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return value.dump();
}

Document check_value(const ParameterInfo& info, const Document& value) {
  Document checked = as_type(info, value);
  if (info.allowed.empty()) return checked;
  const bool is_allowed = std::any_of(info.allowed.begin(), info.allowed.end(), [&](const Document& one) {
    return one == checked || (checked.is_primitive() && one.is_primitive() && text_form(one) == text_form(checked));
  });
  if (!is_allowed) refuse(info, value, "is not among allowedValues " + info.allowed.dump());
  return checked;
}

ParameterValues::ParameterValues(const Document& template_document, Document values, Sign sign)
    : infos_(describe_parameters(template_document)), values_(std::move(values)), sign_(std::move(sign)) {}

const ParameterInfo& ParameterValues::find(const std::string& name) const {
  std::vector<std::string> names;
  for (const ParameterInfo& info : infos_) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  throw ExpressionError{fmt::format("the template defines no parameter '{}'{}", name, did_you_mean(name, names))};
}

std::optional<Document> ParameterValues::raw(const ParameterInfo& info) {
  if (const Document* value = Reader(values_).find(info.name)) return *value;
  if (info.default_value) return info.default_value;
  if (!info.is_signed_for_you() || info.depends_on.empty()) return std::nullopt;
  const Access access = info.advanced_type == "file-group-sas" ? Access::ReadList : Access::Write;
  return sign_(text_form(get(info.depends_on)), access);
}

Document ParameterValues::get(const std::string& name) {
  const ParameterInfo& info = find(name);
  used_.insert(name);
  if (std::optional<Document> value = raw(info)) return check_value(info, *value);
  missing_.insert(name);
  throw MissingParameter{};
}

std::vector<ParameterInfo> ParameterValues::missing() const {
  std::vector<ParameterInfo> result;
  std::copy_if(infos_.begin(), infos_.end(), std::back_inserter(result),
               [&](const ParameterInfo& info) { return missing_.contains(info.name); });
  return result;
}

}  // namespace batchite::workflow
