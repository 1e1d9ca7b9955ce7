#include "core/workflow/properties.h"

#include <fmt/format.h>

#include <charconv>

#include "core/base/ids.h"
#include "core/contract/contract.h"
#include "core/workflow/parameters.h"

namespace batchite::workflow {
namespace {

using contract::Type;

struct Property {
  std::string_view model;  // whose property it is
  std::string_view name;
  Type type = Type::String;
  Type item = Type::String;
  std::string_view value_model = {};
  const contract::Enumeration* enumeration = nullptr;
};

// What templates have beyond the service.
constexpr Property kAdded[] = {
    {"PoolAddParameter", "packageReferences", Type::Array, Type::Object, "PackageReference"},
    {"PoolSpecification", "packageReferences", Type::Array, Type::Object, "PackageReference"},
    {"TaskAddParameter", "packageReferences", Type::Array, Type::Object, "PackageReference"},
    {"JobAddParameter", "taskFactory", Type::Object, Type::String, "TaskFactory"},
    {"JobAddParameter", "applicationTemplateInfo", Type::Object, Type::String, "ApplicationTemplateInfo"},
    {"ResourceFile", "source", Type::Object, Type::String, "FileSource"},
    {"OutputFileDestination", "autoStorage", Type::Object, Type::String, "AutoStorageDestination"},
    {"PackageReference", "type"},
    {"PackageReference", "id"},
    {"PackageReference", "version"},
    {"PackageReference", "disableExcludes"},
    {"PackageReference", "allowEmptyChecksums", Type::Boolean},
    {"TaskFactory", "type"},
    {"TaskFactory", "tasks", Type::Array, Type::Object, "TaskAddParameter"},
    {"TaskFactory", "parameterSets", Type::Array, Type::Object, "ParameterSet"},
    {"TaskFactory", "source", Type::Object, Type::String, "FileSource"},
    {"TaskFactory", "repeatTask", Type::Object, Type::String, "TaskAddParameter"},
    {"TaskFactory", "mergeTask", Type::Object, Type::String, "TaskAddParameter"},
    {"ParameterSet", "start", Type::Int64},
    {"ParameterSet", "end", Type::Int64},
    {"ParameterSet", "step", Type::Int64},
    {"FileSource", "fileGroup"},
    {"FileSource", "prefix"},
    {"FileSource", "containerUrl"},
    {"FileSource", "url"},
    {"AutoStorageDestination", "fileGroup"},
    {"AutoStorageDestination", "path"},
    {"ApplicationTemplateInfo", "filePath"},
    {"ApplicationTemplateInfo", "parameters", Type::Json},
};

struct OldName {
  std::string_view old, current;
};
// Names of earlier service versions, wherever the current one is known.
constexpr OldName kOldNames[] = {
    {"blobSource", "httpUrl"},
    {"maxTasksPerNode", "taskSlotsPerNode"},
    {"targetDedicated", "targetDedicatedNodes"},
};

// A dependent view of both tables.
std::vector<Property> properties_of(std::string_view model) {
  std::vector<Property> result;
  if (const contract::Model* known = contract::find_model(model)) {
    for (const contract::Field& field : known->fields) {
      result.push_back({model, field.name, field.type, field.item, field.model ? field.model->name : std::string_view{},
                        field.enumeration});
    }
  }
  for (const Property& property : kAdded) {
    if (property.model == model) result.push_back(property);
  }
  return result;
}

const Property* find(const std::vector<Property>& properties, std::string_view name) {
  for (const Property& property : properties) {
    if (same_id(property.name, name)) return &property;
  }
  return nullptr;
}

Document number(const Document& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t whole = 0;
  const char* last = text.data() + text.size();
  if (const auto [end, error] = std::from_chars(text.data(), last, whole); error == std::errc() && end == last)
    return whole;
  double real = 0;
  if (const auto [end, error] = std::from_chars(text.data(), last, real); error == std::errc() && end == last)
    return real;
  return value;
}

Document boolean(const Document& value) {
  const std::string word = fold(value.get_ref<const std::string&>());
  return word == "true" ? Document(true) : word == "false" ? Document(false) : value;
}

// Enum values are written in any case in templates ("taskSuccess", "TaskSuccess"); the service's spelling is sent.
Document enumerated(const Property& property, const Document& value) {
  const std::string text = text_form(value);
  const contract::EnumValue* known = property.enumeration ? property.enumeration->find(text) : nullptr;
  return known ? std::string(known->value) : text;
}

class Normaliser {
 public:
  explicit Normaliser(Report& report) : report_(report) {}

  Document object(const Document& source, std::string_view model, const std::string& path) {
    if (!source.is_object()) {
      report_.problem(path, fmt::format("an object is expected here, not {}", source.dump()));
      return source;
    }
    const std::vector<Property> properties = properties_of(model);
    Document result = Document::object();
    for (const auto& [name, value] : source.items()) member(result, properties, name, value, member_path(path, name));
    return result;
  }

 private:
  void member(Document& result, const std::vector<Property>& properties, const std::string& name, const Document& value,
              const std::string& path) {
    if (value.is_null()) return;
    if (same_id(name, "runElevated") && find(properties, "userIdentity")) return run_elevated(result, value, path);
    const Property* property = find(properties, name);
    if (!property) property = find(properties, today(name));
    if (!property) {
      std::vector<std::string> names;
      names.reserve(properties.size());
      for (const Property& known : properties) names.emplace_back(known.name);
      report_.warn_or_refuse(path, fmt::format("unknown property, left out{}", did_you_mean(name, names)));
      return;
    }
    if (!same_id(name, property->name)) {
      report_.warn(path, fmt::format("an old name, taken as {}; please update the template", property->name));
    }
    result[std::string(property->name)] = convert(*property, property->type, value, path);
  }

  static std::string_view today(std::string_view name) {
    for (const OldName& row : kOldNames) {
      if (same_id(row.old, name)) return row.current;
    }
    return name;
  }

  void run_elevated(Document& result, const Document& value, const std::string& path) {
    const bool elevated = value == true || (value.is_string() && fold(value.get<std::string>()) == "true");
    if (elevated && !result.contains("userIdentity")) {
      result["userIdentity"] = {{"autoUser", {{"elevationLevel", "admin"}}}};
    }
    report_.warn(path, "an old name, taken as userIdentity.autoUser.elevationLevel; please update the template");
  }

  Document convert(const Property& property, Type type, const Document& value, const std::string& path) {
    switch (type) {
      case Type::Object:
        return property.value_model.empty() ? value : object(value, property.value_model, path);
      case Type::Array:
        return array(property, value, path);
      case Type::Int32:
      case Type::Int64:
      case Type::Double:
        return scalar(value.is_string() ? number(value) : value, value.is_number(), "a number", path);
      case Type::Boolean:
        return scalar(value.is_string() ? boolean(value) : value, value.is_boolean(), "true or false", path);
      case Type::Enum:
        return scalar(value.is_primitive() ? enumerated(property, value) : value, value.is_string(), "a text", path);
      case Type::String:
      case Type::DateTime:
      case Type::Duration:
        return scalar(value.is_primitive() ? Document(text_form(value)) : value, value.is_string(), "a text", path);
      case Type::Map:
      case Type::Json:
        break;
    }
    return value;
  }

  Document array(const Property& property, const Document& value, const std::string& path) {
    if (!value.is_array()) {
      report_.problem(path, fmt::format("a list is expected here, not {}", value.dump()));
      return value;
    }
    Document result = Document::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!value[i].is_null()) result.push_back(convert(property, property.item, value[i], item_path(path, i)));
    }
    return result;
  }

  // `was_right`: the value needed no conversion.
  Document scalar(Document converted, bool was_right, const char* expected, const std::string& path) {
    const bool is_text = converted.is_string();
    const bool wants_text = std::string_view(expected) == "a text";
    if (!was_right && (is_text != wants_text || converted.is_structured())) {
      report_.problem(path, fmt::format("{} is expected here, not {}", expected, converted.dump()));
    }
    return converted;
  }

  Report& report_;
};

}  // namespace

Document normalise(const Document& object, const std::string& model, const std::string& path, Report& report) {
  return Normaliser(report).object(object, model, path);
}

const Document* find_member(const Document& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& item : object.items()) {
    if (same_id(item.key(), name)) return &item.value();
  }
  return nullptr;
}

}  // namespace batchite::workflow
