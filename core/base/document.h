// Resources as the client wrote them. A Document keeps members in their order, so that what was sent is what comes
// back.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace batchite {

using Document = nlohmann::ordered_json;

// Parses JSON that a person or a client wrote. Throws UsageError "NAME:LINE:COLUMN: what is wrong" (name: a file, or
// what the text is). Columns count bytes from 1.
Document parse_document(std::string_view text, std::string_view name);

// Typed reading of one object. Borrows the document, so it never outlives it. Absent and null are the same.
class Reader {
 public:
  explicit Reader(const Document& object) : object_(object) {}

  const Document* find(std::string_view name) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }

  template <class T>
  T get(std::string_view name, T fallback) const {
    const Document* value = find(name);
    return value ? value->get<T>() : fallback;
  }
  std::string text(std::string_view name) const { return get<std::string>(name, {}); }
  // The member, or an empty object/array to read from.
  Reader object(std::string_view name) const { return Reader(find(name) ? *find(name) : empty_object()); }
  const Document& array(std::string_view name) const { return find(name) ? *find(name) : empty_array(); }
  const Document& document() const { return object_; }

 private:
  static const Document& empty_object();
  static const Document& empty_array();
  const Document& object_;
};

}  // namespace batchite
