#include "backends/local/database.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace batchite {

namespace {

void require_known(std::size_t version, const std::string& file, const Schema& schema) {
  if (version == 0 || (version >= schema.first && version <= schema.newest())) return;
  throw UsageError(fmt::format(
      "{}: written by {} Batchite (schema {}, this one knows {} to {}); use that version, or another --location", file,
      version > schema.newest() ? "a newer" : "an older", version, schema.first, schema.newest()));
}

}  // namespace

void prepare_database(SQLite::Database& database, const std::string& file, const Schema& schema,
                      Durability durability) {
  const std::size_t version = database.execAndGet("PRAGMA user_version").getUInt();
  require_known(version, file, schema);
  const char* const kept = durability == Durability::Disk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
  database.exec(version == 0 ? "PRAGMA synchronous = OFF" : kept);
  database.exec("PRAGMA journal_mode = WAL");
  if (version < schema.newest()) {
    SQLite::Transaction transaction(database);
    const std::size_t done = version == 0 ? 0 : version - schema.first + 1;
    for (const char* const script : schema.scripts.subspan(done)) database.exec(script);
    database.exec(fmt::format("PRAGMA user_version = {}", schema.newest()));
    transaction.commit();
  }
  database.exec(kept);
}

}  // namespace batchite
