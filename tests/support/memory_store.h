// The store as maps, for stories about the service. A commit can be made to fail, like that of a full disk.
#pragma once
#include <array>
#include <map>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/store.h"

namespace batchite {

class MemoryStore : public Store {
 public:
  bool disk_is_full = false;

  void begin() override { before_ = rows_; }
  void commit() override {
    if (disk_is_full) {
      rollback();
      throw Error(500, "InternalError", "The disk is full.");
    }
  }
  void rollback() override { rows_ = before_; }

  std::optional<std::int64_t> insert(Kind kind, const Row& row) override {
    if (find(kind, row.parent, row.id)) return std::nullopt;
    auto& rows = of(kind);
    Row stored = row;
    std::int64_t& last = last_keys_[static_cast<std::size_t>(kind)];
    if (stored.key == 0) stored.key = last + 1;
    last = std::max(last, stored.key);
    rows[stored.key] = stored;
    return stored.key;
  }
  std::optional<std::int64_t> find(Kind kind, std::int64_t parent, const std::string& id) override {
    for (const auto& [key, row] : of(kind)) {
      if (row.parent == parent && same_id(row.id, id)) return key;
    }
    return std::nullopt;
  }
  Row get(Kind kind, std::int64_t key) override { return of(kind).at(key); }
  void put_spec(Kind kind, std::int64_t key, const std::string& spec) override { of(kind).at(key).spec = spec; }
  void put_status(Kind kind, std::int64_t key, const std::string& status) override { of(kind).at(key).status = status; }
  void erase(Kind kind, std::int64_t key) override { of(kind).erase(key); }
  void erase_children(Kind kind, std::int64_t parent) override {
    std::erase_if(of(kind), [parent](const auto& row) { return row.second.parent == parent; });
  }
  std::vector<Listed> list(Kind kind, std::int64_t parent, const std::string& after, std::size_t limit) override {
    std::map<std::string, Listed> found;
    for (const auto& [key, row] : of(kind)) {
      if (row.parent == parent && fold(row.id) > fold(after)) found.emplace(fold(row.id), Listed{key, row.id});
    }
    std::vector<Listed> page;
    for (const auto& [id, listed] : found) {
      if (page.size() < limit) page.push_back(listed);
    }
    return page;
  }
  void each(Kind kind, const std::function<void(const Row&)>& visit) override {
    for (const auto& [key, row] : of(kind)) visit(row);
  }

 private:
  using Rows = std::map<std::int64_t, Row>;
  Rows& of(Kind kind) { return rows_[static_cast<std::size_t>(kind)]; }
  std::array<Rows, std::size(kKinds)> rows_, before_;
  std::array<std::int64_t, std::size(kKinds)> last_keys_{};
};

}  // namespace batchite
