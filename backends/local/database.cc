#include "backends/local/database.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace batchite {

void prepare_database(SQLite::Database& database, const std::string& file, std::span<const char* const> migrations,
                      Durability durability) {
  const std::size_t version = database.execAndGet("PRAGMA user_version").getUInt();
  if (version > migrations.size()) {
    throw UsageError(
        fmt::format("{}: written by a newer Batchite (schema {}, this one knows {}); use that version, or "
                    "another --location",
                    file, version, migrations.size()));
  }
  const char* const kept = durability == Durability::Disk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
  database.exec(version == 0 ? "PRAGMA synchronous = OFF" : kept);
  database.exec("PRAGMA journal_mode = WAL");
  if (version < migrations.size()) {
    SQLite::Transaction transaction(database);
    for (const char* const migration : migrations.subspan(version)) database.exec(migration);
    database.exec(fmt::format("PRAGMA user_version = {}", migrations.size()));
    transaction.commit();
  }
  database.exec(kept);
}

}  // namespace batchite
