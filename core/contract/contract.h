// The Batch data plane as data: its operations, the models they carry, and what each api-version knows of them.
// The tables are generated at build time from operations.json, models.json and filters.json beside this file, so they
// cost nothing at start. Everything here is constant and lives as long as the program; any thread.
// Source: the published contract of api-versions 2022-10-01.16.0 to 2025-06-01.
#pragma once
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/error.h"

namespace batchite::contract {

enum class Method { Get, Head, Post, Put, Patch, Delete };
std::string_view to_string(Method method);  // "GET"
std::optional<Method> parse_method(std::string_view text);

// An api-version, ordered by its date. Any date is representable: one older than the oldest known version sees what
// that one does, a newer one what the newest does.
struct Version {
  std::int32_t date = 0;  // 20221001
  auto operator<=>(const Version&) const = default;
};
inline constexpr Version kAlways{0};                                        // since before the oldest known version
inline constexpr Version kStays{std::numeric_limits<std::int32_t>::max()};  // not removed so far

// "2022-10-01.16.0" or "2025-06-01"; nullopt for what has another form, whether or not the version is known.
std::optional<Version> parse_version(std::string_view text);
std::span<const std::string_view> known_versions();  // oldest first
Version newest_version();
bool is_known(std::string_view version);

enum class Type { String, Int32, Int64, Double, Boolean, DateTime, Duration, Enum, Object, Array, Map, Json };

struct EnumValue {
  std::string_view value = {};  // as the contract spells it
  Version since = kAlways;
  Version removed = kStays;
  std::string_view older = {};  // what versions without the value are told in its place; empty: nothing
};

struct Enumeration {
  std::string_view name;
  std::span<const EnumValue> values;

  const EnumValue* find(std::string_view value) const;  // without regard to case
};

enum class Pattern {
  None,
  Id,        // letters, digits, '-' and '_'
  Endpoint,  // letters, digits, '.', '-' and '_'; a letter or digit first, no '.' or '-' last
};

struct Range {
  std::int64_t first, last;  // both included
};

struct Limits {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();  // of numbers; of durations in ticks
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::span<const Range> except = {};
  std::size_t min_size = 0;  // characters of a string, items of a list
  std::size_t max_size = std::numeric_limits<std::size_t>::max();
  std::size_t max_total = std::numeric_limits<std::size_t>::max();  // characters of all strings of a list
  Pattern pattern = Pattern::None;
  const ErrorCode* error = nullptr;  // the service's own code for a value out of limits; null: InvalidPropertyValue
};

struct Model;

struct Field {
  std::string_view name = {};
  Type type = Type::String;
  Type item = Type::String;                  // of Array and Map
  const Model* model = nullptr;              // of Object, or of the items of an Array
  const Enumeration* enumeration = nullptr;  // likewise
  bool required = false;                     // in a request; in an answer: never absent
  bool read_only = false;                    // set by the service only
  bool secret = false;                       // taken but never returned
  bool lower_case = false;                   // returned in lower case
  std::string_view default_value = {};       // as JSON text, strings without quotes; empty: none
  Limits limits = {};
  Version since = kAlways;
  Version removed = kStays;

  bool exists_in(Version version) const { return since <= version && version < removed; }
};

struct Model {
  std::string_view name;
  std::span<const Field> fields;

  const Field* find(std::string_view field) const;  // exact case
};

struct QueryParameter {
  std::string_view name = {};  // the spelling of the oldest known version; compare without regard to case
  Type type = Type::String;
  bool required = false;
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::string_view default_value = {};
  Version since = kAlways;
};

// Which conditional headers an operation takes.
enum class Conditions {
  None,
  All,       // If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since
  TimeOnly,  // the last two
};

// A property that $filter may name, with the comparisons it may stand in ("eq", …, "startswith").
struct Filterable {
  std::string_view name = {};  // "executionInfo/exitCode"
  Type type = Type::String;
  std::span<const std::string_view> comparisons = {};

  bool allows(std::string_view comparison) const;
};

struct Operation {
  std::string_view id = {};          // "Pool_Add"
  std::string_view newer_name = {};  // "CreatePool"; empty where newer specifications have none
  std::string_view resource = {};    // "Pool"
  Method method = Method::Get;
  std::string_view path = {};  // "/pools/{poolId}"
  unsigned status = 200;       // of success
  std::span<const QueryParameter> query = {};
  Conditions conditions = Conditions::None;
  const Model* body = nullptr;  // null: takes none
  bool body_required = false;
  const Model* answer = nullptr;  // null: none, or bytes
  bool answers_bytes = false;     // the content of a file
  bool takes_range = false;       // "ocp-range"
  bool paged = false;
  bool finishes_later = false;           // clients poll the resource after the answer
  std::string_view odata_metadata = {};  // what follows "$metadata#"; empty: the answer has none
  std::span<const Filterable> filters = {};
  Version since = kAlways;
  Version removed = kStays;

  bool exists_in(Version version) const { return since <= version && version < removed; }
  const QueryParameter* find_query(std::string_view name) const;  // without regard to case
  const Model* item() const;                                      // of the list it answers; null for no list
};

std::span<const Operation> operations();
const Operation* find_operation(std::string_view id);  // exact case
std::span<const Model> models();
const Model* find_model(std::string_view name);
std::span<const Enumeration> enumerations();
const Enumeration* find_enumeration(std::string_view name);

}  // namespace batchite::contract
