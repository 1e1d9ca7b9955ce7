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

  void begin() override { before_.clear(); }
  void commit() override {
    if (disk_is_full) {
      rollback();
      throw Error(500, "InternalError", "The disk is full.");
    }
  }
  // The latest change first.
  void rollback() override {
    for (auto change = before_.rbegin(); change != before_.rend(); ++change) {
      put(change->kind, change->key, std::move(change->row));
    }
    before_.clear();
  }

  std::optional<std::int64_t> insert(Kind kind, const Row& row) override {
    if (find(kind, row.parent, row.id)) return std::nullopt;
    Row stored = row;
    std::int64_t& last = last_keys_[static_cast<std::size_t>(kind)];
    if (stored.key == 0) stored.key = last + 1;
    last = std::max(last, stored.key);
    change(kind, stored.key, stored);
    return stored.key;
  }
  std::optional<std::int64_t> find(Kind kind, std::int64_t parent, const std::string& id) override {
    const auto found = of(kind).ids.find({parent, fold(id)});
    return found == of(kind).ids.end() ? std::nullopt : std::optional(found->second);
  }
  Row get(Kind kind, std::int64_t key) override { return of(kind).rows.at(key); }
  void put_spec(Kind kind, std::int64_t key, const std::string& spec) override {
    Row row = get(kind, key);
    row.spec = spec;
    change(kind, key, std::move(row));
  }
  void put_status(Kind kind, std::int64_t key, const std::string& status) override {
    Row row = get(kind, key);
    row.status = status;
    change(kind, key, std::move(row));
  }
  void erase(Kind kind, std::int64_t key) override { change(kind, key, std::nullopt); }
  void erase_children(Kind kind, std::int64_t parent) override {
    for (const Listed& child : list(kind, parent, "", of(kind).ids.size())) erase(kind, child.key);
  }
  std::vector<Listed> list(Kind kind, std::int64_t parent, const std::string& after, std::size_t limit) override {
    std::vector<Listed> page;
    const Table& table = of(kind);
    for (auto at = table.ids.upper_bound({parent, fold(after)}); at != table.ids.end(); ++at) {
      if (at->first.first != parent || page.size() == limit) break;
      page.push_back({at->second, table.rows.at(at->second).id});
    }
    return page;
  }
  void each(Kind kind, const std::function<void(const Row&)>& visit) override {
    for (const auto& [key, row] : of(kind).rows) visit(row);
  }

 private:
  struct Table {
    std::map<std::int64_t, Row> rows;
    std::map<std::pair<std::int64_t, std::string>, std::int64_t> ids;  // parent, folded id
  };
  struct Before {
    Kind kind;
    std::int64_t key;
    std::optional<Row> row;  // none: there was none
  };

  Table& of(Kind kind) { return tables_[static_cast<std::size_t>(kind)]; }

  void change(Kind kind, std::int64_t key, std::optional<Row> row) {
    const auto found = of(kind).rows.find(key);
    before_.push_back({kind, key, found == of(kind).rows.end() ? std::nullopt : std::optional(found->second)});
    put(kind, key, std::move(row));
  }
  void put(Kind kind, std::int64_t key, std::optional<Row> row) {
    Table& table = of(kind);
    const auto found = table.rows.find(key);
    if (found != table.rows.end()) {
      table.ids.erase({found->second.parent, fold(found->second.id)});
      table.rows.erase(found);
    }
    if (!row) return;
    table.ids[{row->parent, fold(row->id)}] = key;
    table.rows.emplace(key, std::move(*row));
  }

  std::array<Table, std::size(kKinds)> tables_;
  std::array<std::int64_t, std::size(kKinds)> last_keys_{};
  std::vector<Before> before_;  // what the transaction has changed, as it was
};

}  // namespace batchite
