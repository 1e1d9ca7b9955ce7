// Named texts in the order they came: path parameters, query parameters, headers.
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"

namespace batchite {

// Names compare without regard to ASCII case, as the services read queries and headers.
class Parameters {
 public:
  using Entry = std::pair<std::string, std::string>;
  Parameters() = default;
  Parameters(std::initializer_list<Entry> entries) : entries_(entries) {}

  const std::string* find(std::string_view name) const {
    for (const Entry& entry : entries_) {
      if (same_id(entry.first, name)) return &entry.second;
    }
    return nullptr;
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string get(std::string_view name, std::string_view fallback = "") const {
    const std::string* value = find(name);
    return value ? *value : std::string(fallback);
  }
  void add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value) {
    for (Entry& entry : entries_) {
      if (same_id(entry.first, name)) {
        entry.second = std::move(value);
        return;
      }
    }
    entries_.emplace_back(std::string(name), std::move(value));
  }

  // Those whose names are not dropped.
  template <class Dropped>
  Parameters without(const Dropped& is_dropped) const {
    Parameters kept;
    for (const auto& [name, value] : entries_) {
      if (!is_dropped(std::string_view(name))) kept.add(name, value);
    }
    return kept;
  }

  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace batchite
