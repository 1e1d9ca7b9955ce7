// The store in one SQLite database (WAL). A commit is safe from the end of this process at any moment; from a power cut
// it is with Durability::Disk, else the last moments may be lost but the database stays whole.
//
// Schema versions go forward by themselves; a newer one is refused. One user at a time.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "backends/local/durability.h"
#include "core/store.h"

namespace batchite {

class SqliteStore : public Store {
 public:
  // Throws UsageError for a database that is newer than this program, or none.
  explicit SqliteStore(const std::filesystem::path& file, Durability durability = Durability::Program);

  void begin() override;
  void commit() override;
  void rollback() override;
  std::optional<std::int64_t> insert(Kind kind, const Row& row) override;
  std::optional<std::int64_t> find(Kind kind, std::int64_t parent, const std::string& id) override;
  Row get(Kind kind, std::int64_t key) override;
  void put_spec(Kind kind, std::int64_t key, const std::string& spec) override;
  void put_status(Kind kind, std::int64_t key, const std::string& status) override;
  void erase(Kind kind, std::int64_t key) override;
  void erase_children(Kind kind, std::int64_t parent) override;
  std::vector<Listed> list(Kind kind, std::int64_t parent, const std::string& after, std::size_t limit) override;
  void each(Kind kind, const std::function<void(const Row&)>& visit) override;

 private:
  // Prepared when first used, and once.
  class Prepared {
   public:
    Prepared(SQLite::Database& database, std::string sql) : database_(database), sql_(std::move(sql)) {}
    SQLite::Statement& operator*() { return statement_ ? *statement_ : statement_.emplace(database_, sql_); }

   private:
    SQLite::Database& database_;
    std::string sql_;
    std::optional<SQLite::Statement> statement_;
  };
  // Of one kind's table.
  struct Statements {
    Statements(SQLite::Database& database, const std::string& table);
    Prepared insert, find, get, put_spec, put_status, erase, erase_children, list, each;
    std::int64_t last_key;
  };
  Statements& of(Kind kind) { return *statements_[static_cast<std::size_t>(kind)]; }

  SQLite::Database database_;
  std::array<std::unique_ptr<Statements>, std::size(kKinds)> statements_;
  Prepared begin_{database_, "BEGIN IMMEDIATE"}, commit_{database_, "COMMIT"}, rollback_{database_, "ROLLBACK"};
};

}  // namespace batchite
