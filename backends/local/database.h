// What the databases of a data directory have in common. Any thread.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <span>
#include <string>

#include "backends/local/durability.h"

namespace batchite {

// How a database is made, and brought from each version to the next. What is here once never changes.
struct Schema {
  std::size_t first;                     // the version that the first script makes out of nothing
  std::span<const char* const> scripts;  // each one version
  std::size_t newest() const { return first + scripts.size() - 1; }
};

// Takes the database to the newest version, in WAL mode. A new one has nothing to lose, so nothing waits for the disk
// until its tables are there. `file` is named in errors: UsageError when another Batchite wrote it, newer than this one
// or older than the first version; SQLite::Exception when it is no database, or no room is left.
void prepare_database(SQLite::Database& database, const std::string& file, const Schema& schema, Durability durability);

}  // namespace batchite
