// Turns the contract's data files into C++ tables, at build time:
//   generate SOURCE_FOLDER tables.cc error_codes.h
// A row with an unknown key, type or name ends the build and is named.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHeading = "// Generated from the data files in core/contract by generate.cc.\n";

[[noreturn]] void refuse(const Json& row, std::string_view why) {
  throw std::runtime_error(fmt::format("{}: {}", row.dump(), why));
}

Json load(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/" + name);
  if (!file) throw std::runtime_error("cannot read " + folder + "/" + name);
  try {
    return Json::parse(file);
  } catch (const Json::exception& error) {
    throw std::runtime_error(name + ": " + error.what());
  }
}

void check_keys(const Json& row, const std::set<std::string_view>& known) {
  for (const auto& [key, value] : row.items()) {
    if (!known.contains(key)) refuse(row, "unknown key " + key);
  }
}

// A C++ literal: JSON's escapes are C++'s, as long as the text is ASCII.
std::string quote(std::string_view text) { return Json(text).dump(); }
std::string text_of(const Json& row, const char* key) { return row.value(key, std::string()); }
bool flag(const Json& row, const char* key) { return row.value(key, false); }

// ".name = value, " for what differs from the member's default.
class Members {
 public:
  void add(std::string_view name, std::string_view value) { text_ += fmt::format(".{} = {}, ", name, value); }
  void text(std::string_view name, const Json& row, const char* key) {
    if (row.contains(key)) add(name, quote(row.at(key).get<std::string>()));
  }
  void flag(std::string_view name, const Json& row, const char* key) {
    if (row.value(key, false)) add(name, "true");
  }
  void version(std::string_view name, const Json& row, const char* key) {
    if (!row.contains(key)) return;
    std::string date = row.at(key).get<std::string>().substr(0, 10);
    std::erase(date, '-');
    add(name, fmt::format("Version{{{}}}", date));
  }
  std::string braced() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

class Generator {
 public:
  explicit Generator(const std::string& folder)
      : operations_(load(folder, "operations.json")),
        models_(load(folder, "models.json")),
        filters_(load(folder, "filters.json")),
        errors_(load(folder, "errors.json")) {
    for (const auto& [name, rows] : models_.at("models").items()) model_index_.emplace(name, 0);
    for (const auto& [name, rows] : models_.at("enums").items()) enum_index_.emplace(name, 0);
    std::size_t index = 0;
    for (auto& [name, at] : model_index_) at = index++;  // the tables are sorted by name
    index = 0;
    for (auto& [name, at] : enum_index_) at = index++;
  }

  std::string tables();
  std::string error_codes();

 private:
  void enumerations();
  void models();
  void operations();
  std::string field(const Json& row);
  std::string limits(const Json& row, std::string_view type);
  std::string excluded(const Json& row);
  std::string type_members(const std::string& type, const Json& row);
  std::string operation(const Json& row);
  std::string query(const Json& row);
  std::string query_parameter(const Json& row);
  std::string filters(const std::string& operation);
  std::string model_pointer(const Json& row, const char* key);
  std::string array(std::string_view type, const std::vector<std::string>& rows);

  Json operations_, models_, filters_, errors_;
  std::map<std::string, std::size_t> model_index_, enum_index_;
  std::size_t arrays_ = 0;
  std::string out_;
};

const std::map<std::string, std::string_view> kScalars = {
    {"string", "Type::String"}, {"int32", "Type::Int32"},       {"int64", "Type::Int64"},
    {"double", "Type::Double"}, {"boolean", "Type::Boolean"},   {"datetime", "Type::DateTime"},
    {"json", "Type::Json"},     {"duration", "Type::Duration"},
};

// Writes a constant array and answers its name; "{}" for none.
std::string Generator::array(std::string_view type, const std::vector<std::string>& rows) {
  if (rows.empty()) return "{}";
  std::string name = fmt::format("kArray{}", arrays_++);
  out_ += fmt::format("constexpr {} {}[] = {{\n", type, name);
  for (const std::string& row : rows) out_ += "    " + row + ",\n";
  out_ += "};\n";
  return name;
}

void Generator::enumerations() {
  std::vector<std::string> rows;
  for (const auto& [name, index] : enum_index_) {
    std::vector<std::string> values;
    for (const Json& value : models_.at("enums").at(name)) {
      if (value.is_string()) {
        values.push_back("{.value = " + value.dump() + "}");
        continue;
      }
      check_keys(value, {"value", "since", "removed", "older"});
      Members members;
      members.text("value", value, "value");
      members.version("since", value, "since");
      members.version("removed", value, "removed");
      members.text("older", value, "older");
      values.push_back(members.braced());
    }
    rows.push_back(fmt::format("{{{}, {}}}", quote(name), array("EnumValue", values)));
  }
  out_ += fmt::format("constexpr Enumeration kEnumerations[] = {{\n    {}}};\n", fmt::join(rows, ",\n    "));
}

// "JobState", "ResourceFile[]", "string{}" as members of a Field.
std::string Generator::type_members(const std::string& type, const Json& row) {
  std::string element = type;
  std::string_view collection;
  if (type.ends_with("[]") || type.ends_with("{}")) {
    collection = type.ends_with("[]") ? "Type::Array" : "Type::Map";
    element.resize(type.size() - 2);
  }
  std::string_view kind;
  std::string reference;
  if (const auto scalar = kScalars.find(element); scalar != kScalars.end()) {
    kind = scalar->second;
  } else if (const auto model = model_index_.find(element); model != model_index_.end()) {
    kind = "Type::Object";
    reference = fmt::format(".model = kModels + {}, ", model->second);
  } else if (const auto values = enum_index_.find(element); values != enum_index_.end()) {
    kind = "Type::Enum";
    reference = fmt::format(".enumeration = kEnumerations + {}, ", values->second);
  } else {
    refuse(row, "unknown type " + type);
  }
  if (collection.empty()) return fmt::format(".type = {}, {}", kind, reference);
  return fmt::format(".type = {}, .item = {}, {}", collection, kind, reference);
}

std::string Generator::excluded(const Json& row) {
  std::vector<std::string> ranges;
  for (const Json& range : row.at("except")) {
    ranges.push_back(range.is_array() ? fmt::format("{{{}, {}}}", range.at(0).dump(), range.at(1).dump())
                                      : fmt::format("{{{0}, {0}}}", range.dump()));
  }
  return array("Range", ranges);
}

std::string Generator::limits(const Json& row, std::string_view type) {
  const auto bound = [&](const Json& value) {
    if (type != "duration") return value.dump();
    const auto duration = batchite::parse_duration(value.get<std::string>());
    if (!duration) refuse(row, "not a duration");
    return std::to_string(duration->count());
  };
  Members members;
  for (const char* key : {"min", "max"}) {
    if (row.contains(key)) members.add(key, bound(row.at(key)));
  }
  if (row.contains("except")) members.add("except", excluded(row));
  for (const char* key : {"min_size", "max_size", "max_total"}) {
    if (row.contains(key)) members.add(key, row.at(key).dump());
  }
  if (const std::string pattern = text_of(row, "pattern"); !pattern.empty()) {
    if (pattern != "id" && pattern != "endpoint") refuse(row, "unknown pattern");
    members.add("pattern", pattern == "id" ? "Pattern::Id" : "Pattern::Endpoint");
  }
  if (row.contains("error")) members.add("error", "&errors::k" + text_of(row, "error"));
  return members.braced();
}

std::string Generator::field(const Json& row) {
  check_keys(row, {"name", "type", "required", "readonly", "secret", "lower", "default", "min", "max", "except",
                   "min_size", "max_size", "max_total", "pattern", "error", "since", "removed"});
  const std::string type = row.at("type");
  const std::string limit = limits(row, type);
  Members members;
  members.flag("required", row, "required");
  members.flag("read_only", row, "readonly");
  members.flag("secret", row, "secret");
  members.flag("lower_case", row, "lower");
  members.text("default_value", row, "default");
  if (limit != "{}") members.add("limits", limit);
  members.version("since", row, "since");
  members.version("removed", row, "removed");
  return fmt::format("{{.name = {}, {}{}", row.at("name").dump(), type_members(type, row), members.braced().substr(1));
}

void Generator::models() {
  out_ += fmt::format("extern const Model kModels[{}];\n", model_index_.size());
  std::vector<std::string> rows;
  for (const auto& [name, index] : model_index_) {
    std::vector<std::string> fields;
    for (const Json& row : models_.at("models").at(name)) fields.push_back(field(row));
    rows.push_back(fmt::format("{{{}, {}}}", quote(name), array("Field", fields)));
  }
  out_ += fmt::format("constexpr Model kModels[] = {{\n    {}}};\n", fmt::join(rows, ",\n    "));
}

std::string Generator::query_parameter(const Json& row) {
  check_keys(row, {"name", "type", "required", "min", "max", "default", "since"});
  const auto type = kScalars.find(row.at("type").get<std::string>());
  if (type == kScalars.end()) refuse(row, "unknown type");
  Members members;
  members.text("name", row, "name");
  members.add("type", type->second);
  members.flag("required", row, "required");
  for (const char* key : {"min", "max"}) {
    if (row.contains(key)) members.add(key, row.at(key).dump());
  }
  members.text("default_value", row, "default");
  members.version("since", row, "since");
  return members.braced();
}

std::string Generator::query(const Json& row) {
  Json wanted = operations_.at("everywhere");
  for (const Json& parameter : row.value("query", Json::array())) wanted.push_back(parameter);
  std::vector<std::string> rows;
  for (const Json& parameter : wanted) {
    const Json name = parameter.is_string() ? parameter : parameter.at("name");
    const Json& known = operations_.at("query");
    const auto it = std::ranges::find_if(known, [&](const Json& candidate) { return candidate.at("name") == name; });
    if (it == known.end()) refuse(row, "unknown query parameter " + name.dump());
    Json merged = *it;
    if (parameter.is_object()) merged.update(parameter);
    rows.push_back(query_parameter(merged));
  }
  return array("QueryParameter", rows);
}

std::string Generator::filters(const std::string& operation) {
  if (!filters_.contains(operation)) return "{}";
  std::vector<std::string> rows;
  for (const Json& row : filters_.at(operation)) {
    check_keys(row, {"name", "type", "ops"});
    std::vector<std::string> comparisons;
    std::istringstream words(row.at("ops").get<std::string>());
    for (std::string word; words >> word;) comparisons.push_back(quote(word));
    rows.push_back(fmt::format("{{{}, {}, {}}}", row.at("name").dump(), kScalars.at(row.at("type").get<std::string>()),
                               array("std::string_view", comparisons)));
  }
  return array("Filterable", rows);
}

std::string Generator::model_pointer(const Json& row, const char* key) {
  const auto it = model_index_.find(text_of(row, key));
  if (it == model_index_.end()) refuse(row, std::string("unknown model in ") + key);
  return fmt::format("kModels + {}", it->second);
}

std::string Generator::operation(const Json& row) {
  check_keys(row, {"id", "name", "resource", "method", "path", "status", "body", "body_optional", "answer", "bytes",
                   "metadata", "query", "conditions", "range", "paged", "later", "since", "removed"});
  std::string method = row.at("method");
  std::transform(method.begin() + 1, method.end(), method.begin() + 1,
                 [](char c) { return static_cast<char>(c | 32); });
  Members members;
  members.text("id", row, "id");
  members.text("newer_name", row, "name");
  members.text("resource", row, "resource");
  members.add("method", "Method::" + method);
  members.text("path", row, "path");
  members.add("status", row.at("status").dump() + "U");
  members.add("query", query(row));
  if (const std::string conditions = text_of(row, "conditions"); !conditions.empty()) {
    if (conditions != "all" && conditions != "time") refuse(row, "unknown conditions");
    members.add("conditions", conditions == "all" ? "Conditions::All" : "Conditions::TimeOnly");
  }
  if (row.contains("body")) {
    members.add("body", model_pointer(row, "body"));
    if (!flag(row, "body_optional")) members.add("body_required", "true");
  }
  if (row.contains("answer")) members.add("answer", model_pointer(row, "answer"));
  members.flag("answers_bytes", row, "bytes");
  members.flag("takes_range", row, "range");
  members.flag("paged", row, "paged");
  members.flag("finishes_later", row, "later");
  members.text("odata_metadata", row, "metadata");
  members.add("filters", filters(row.at("id")));
  members.version("since", row, "since");
  members.version("removed", row, "removed");
  return members.braced();
}

void Generator::operations() {
  std::vector<std::string> rows;
  for (const Json& row : operations_.at("operations")) rows.push_back(operation(row));
  out_ += fmt::format("constexpr Operation kOperations[] = {{\n    {}}};\n", fmt::join(rows, ",\n    "));
}

std::string Generator::tables() {
  out_ = std::string(kHeading) +
         "#include \"core/contract/tables.h\"\n\n#include \"core/contract/error_codes.h\"\n\n"
         "namespace batchite::contract::tables {\nnamespace {\n\n";
  std::vector<std::string> versions;
  for (const Json& version : operations_.at("versions")) versions.push_back(version.dump());
  out_ += fmt::format("constexpr std::string_view kVersions[] = {{{}}};\n", fmt::join(versions, ", "));
  enumerations();
  models();
  operations();
  out_ +=
      "\n}  // namespace\n\n"
      "std::span<const std::string_view> versions() { return kVersions; }\n"
      "std::span<const Operation> operations() { return kOperations; }\n"
      "std::span<const Model> models() { return kModels; }\n"
      "std::span<const Enumeration> enumerations() { return kEnumerations; }\n\n"
      "}  // namespace batchite::contract::tables\n";
  return out_;
}

std::string Generator::error_codes() {
  std::string text = std::string(kHeading) +
                     "#pragma once\n#include <span>\n\n#include \"core/base/error.h\"\n"
                     "#include \"core/contract/failure.h\"\n\nnamespace batchite {\n";
  for (const auto& [space, rows] : errors_.items()) {
    const bool http = space == "errors";
    const std::string type = http ? "ErrorCode" : "FailureCode";
    std::vector<std::string> names;
    text += fmt::format("\nnamespace {} {{\n", space);
    for (const Json& row : rows) {
      check_keys(row, {"name", "code", "status", "category", "message", "detail", "additional"});
      const std::string name = "k" + row.value("name", row.at("code").get<std::string>());
      const std::string first = http ? row.at("status").dump() + "U" : quote(text_of(row, "category"));
      std::string rest;
      for (const char* key : {"detail", "additional"}) {
        if (row.contains(key)) rest += ", " + quote(text_of(row, key));
      }
      text += fmt::format("inline constexpr {} {}{{{}, {}, {}{}}};\n", type, name, first, row.at("code").dump(),
                          row.at("message").dump(), rest);
      names.push_back("&" + name);
    }
    text += fmt::format("inline constexpr const {}* kAll[] = {{{}}};\n}}  // namespace {}\n", type,
                        fmt::join(names, ", "), space);
  }
  return text + "\n}  // namespace batchite\n";
}

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: generate SOURCE_FOLDER tables.cc error_codes.h\n";
    return 2;
  }
  Generator generator(argv[1]);
  write(argv[2], generator.tables());
  write(argv[3], generator.error_codes());
  return 0;
} catch (const std::exception& error) {
  std::cerr << "core/contract: " << error.what() << '\n';
  return 1;
}
