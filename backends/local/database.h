// What the databases of a data directory have in common. Any thread.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <span>
#include <string>

#include "backends/local/durability.h"

namespace batchite {

// Takes the database to the newest schema, of which each migration is one version, in WAL mode. A new one has nothing to
// lose, so nothing waits for the disk until its tables are there. `file` is named in errors: UsageError when a newer
// Batchite wrote it, SQLite::Exception when it is no database, or no room is left.
void prepare_database(SQLite::Database& database, const std::string& file, std::span<const char* const> migrations,
                      Durability durability);

}  // namespace batchite
