#include "backends/local/sqlite_store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "backends/local/database.h"
#include "core/base/error.h"

namespace batchite {
namespace {

// Each step takes a database one version further.
constexpr const char* kMigrations[] = {
    R"(
    CREATE TABLE pool(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX pool_id ON pool(parent, id);
    CREATE TABLE node(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX node_id ON node(parent, id);
    CREATE TABLE job(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX job_id ON job(parent, id);
    CREATE TABLE task(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX task_id ON task(parent, id);
    )",
    R"(
    CREATE TABLE node_user(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX node_user_id ON node_user(parent, id);
    CREATE TABLE certificate(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX certificate_id ON certificate(parent, id);
    CREATE TABLE application(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX application_id ON application(parent, id);
    )",
    R"(
    CREATE TABLE usage(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX usage_id ON usage(parent, id);
    )",
    R"(
    CREATE TABLE job_schedule(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX job_schedule_id ON job_schedule(parent, id);
    CREATE TABLE job_node(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, status TEXT);
    CREATE UNIQUE INDEX job_node_id ON job_node(parent, id);
    )",
};
constexpr const char* kTables[] = {"pool",        "node",        "job",   "task",         "node_user",
                                   "certificate", "application", "usage", "job_schedule", "job_node"};
static_assert(std::size(kTables) == std::size(kKinds));  // by Kind

// Anything that goes wrong below: the request fails, the state stays what was committed.
[[noreturn]] void fail(const SQLite::Exception& error) {
  const int code = error.getErrorCode();
  if (code == SQLITE_FULL) {
    throw Error(500, "InternalError",
                "The disk that holds Batchite's data directory is full; make room and try again.");
  }
  throw Error(500, "InternalError", fmt::format("The database refused: {} ({}).", error.what(), code));
}

template <class Work>
auto guarded(Work work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    fail(error);
  }
}

// Without a copy: REQUIRES that the text outlives the step, so temporaries are refused.
void bind(SQLite::Statement& statement, int at, const std::string& text) { statement.bindNoCopy(at, text); }
void bind(SQLite::Statement& statement, int at, std::string&& text) = delete;

std::string text_at(SQLite::Statement& statement, int column) {
  const SQLite::Column value = statement.getColumn(column);
  return {value.getText(), static_cast<std::size_t>(value.getBytes())};
}

// Leaves a statement ready for its next use, whatever happens.
class Use {
 public:
  explicit Use(SQLite::Statement& statement) : statement_(statement) {}
  ~Use() { statement_.tryReset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  SQLite::Statement* operator->() { return &statement_; }
  SQLite::Statement& operator*() { return statement_; }

 private:
  SQLite::Statement& statement_;
};

SQLite::Database open(const std::filesystem::path& file) {
  try {
    return SQLite::Database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
  } catch (const SQLite::Exception& error) {
    throw UsageError(fmt::format("{}: cannot be opened as a database: {}", file.string(), error.what()));
  }
}

}  // namespace

SqliteStore::Statements::Statements(SQLite::Database& database, const std::string& table)
    : insert(database, "INSERT INTO " + table + " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"),
      find(database, "SELECT key FROM " + table + " WHERE parent = ?1 AND id = ?2"),
      get(database, "SELECT parent, id, spec, status FROM " + table + " WHERE key = ?1"),
      put_spec(database, "UPDATE " + table + " SET spec = ?2 WHERE key = ?1"),
      put_status(database, "UPDATE " + table + " SET status = ?2 WHERE key = ?1"),
      erase(database, "DELETE FROM " + table + " WHERE key = ?1"),
      erase_children(database, "DELETE FROM " + table + " WHERE parent = ?1"),
      list(database, "SELECT key, id FROM " + table + " WHERE parent = ?1 AND id > ?2 ORDER BY id LIMIT ?3"),
      each(database, "SELECT key, parent, id, spec, status FROM " + table + " ORDER BY key"),
      last_key(database.execAndGet("SELECT coalesce(max(key), 0) FROM " + table).getInt64()) {}

SqliteStore::SqliteStore(const std::filesystem::path& file, Durability durability) : database_(open(file)) {
  try {
    // The data directory has one owner (data_directory.h); without this SQLite takes and drops file locks at each read.
    database_.exec("PRAGMA locking_mode = EXCLUSIVE");
    database_.exec("PRAGMA wal_autocheckpoint = 8000");  // pages: fewer, longer writes back into the database
    database_.exec("PRAGMA cache_size = -65536");        // KiB
    prepare_database(database_, file.string(), {.first = 1, .scripts = kMigrations}, durability);
    for (const Kind kind : kKinds) {
      const auto at = static_cast<std::size_t>(kind);
      statements_[at] = std::make_unique<Statements>(database_, kTables[at]);
    }
  } catch (const SQLite::Exception& error) {
    throw UsageError(fmt::format("{}: not a database of Batchite's: {}", file.string(), error.what()));
  }
}

void SqliteStore::begin() {
  guarded([&] { Use(*begin_)->exec(); });
}

void SqliteStore::commit() {
  guarded([&] { Use(*commit_)->exec(); });
}

void SqliteStore::rollback() {
  // SQLite itself rolls back on some failures; there is nothing left to undo then.
  if (sqlite3_get_autocommit(database_.getHandle()) != 0) return;
  guarded([&] { Use(*rollback_)->exec(); });
}

std::optional<std::int64_t> SqliteStore::insert(Kind kind, const Row& row) {
  return guarded([&]() -> std::optional<std::int64_t> {
    Statements& statements = of(kind);
    const std::int64_t key = row.key != 0 ? row.key : statements.last_key + 1;
    Use use(*statements.insert);
    use->bind(1, key);
    use->bind(2, row.parent);
    bind(*use, 3, row.id);
    bind(*use, 4, row.spec);
    bind(*use, 5, row.status);
    if (use->exec() == 0) return std::nullopt;
    statements.last_key = std::max(statements.last_key, key);
    return key;
  });
}

std::optional<std::int64_t> SqliteStore::find(Kind kind, std::int64_t parent, const std::string& id) {
  return guarded([&]() -> std::optional<std::int64_t> {
    Use use(*of(kind).find);
    use->bind(1, parent);
    bind(*use, 2, id);
    if (!use->executeStep()) return std::nullopt;
    return use->getColumn(0).getInt64();
  });
}

Row SqliteStore::get(Kind kind, std::int64_t key) {
  return guarded([&] {
    Use use(*of(kind).get);
    use->bind(1, key);
    if (!use->executeStep())
      throw Error(500, "InternalError", fmt::format("Row {} is missing from the database.", key));
    return Row{key, use->getColumn(0).getInt64(), text_at(*use, 1), text_at(*use, 2), text_at(*use, 3)};
  });
}

void SqliteStore::put_spec(Kind kind, std::int64_t key, const std::string& spec) {
  guarded([&] {
    Use use(*of(kind).put_spec);
    use->bind(1, key);
    bind(*use, 2, spec);
    use->exec();
  });
}

void SqliteStore::put_status(Kind kind, std::int64_t key, const std::string& status) {
  guarded([&] {
    Use use(*of(kind).put_status);
    use->bind(1, key);
    bind(*use, 2, status);
    use->exec();
  });
}

void SqliteStore::erase(Kind kind, std::int64_t key) {
  guarded([&] {
    Use use(*of(kind).erase);
    use->bind(1, key);
    use->exec();
  });
}

void SqliteStore::erase_children(Kind kind, std::int64_t parent) {
  guarded([&] {
    Use use(*of(kind).erase_children);
    use->bind(1, parent);
    use->exec();
  });
}

std::vector<Listed> SqliteStore::list(Kind kind, std::int64_t parent, const std::string& after, std::size_t limit) {
  return guarded([&] {
    std::vector<Listed> rows;
    Use use(*of(kind).list);
    use->bind(1, parent);
    bind(*use, 2, after);
    use->bind(3, static_cast<std::int64_t>(limit));
    while (use->executeStep()) rows.push_back({use->getColumn(0).getInt64(), text_at(*use, 1)});
    return rows;
  });
}

void SqliteStore::each(Kind kind, const std::function<void(const Row&)>& visit) {
  guarded([&] {
    Use use(*of(kind).each);
    while (use->executeStep()) {
      visit({use->getColumn(0).getInt64(), use->getColumn(1).getInt64(), text_at(*use, 2), text_at(*use, 3),
             text_at(*use, 4)});
    }
  });
}

}  // namespace batchite
