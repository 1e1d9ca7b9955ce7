// What the two halves of the blob index share: reading rows, binding names, turning SQLite's errors into ours.
// Not for others. A connection serves one thread at a time.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <optional>
#include <string>
#include <vector>

#include "backends/local/blob_index.h"
#include "core/base/document.h"
#include "core/blob/errors.h"

namespace batchite::index_sql {

inline constexpr char kContainer[] =
    "SELECT id, name, modified, revision, metadata, state FROM containers WHERE account = ?1 AND name = ?2";
inline constexpr char kBlob[] =
    "SELECT name, path, size, inode, mtime, created, modified, revision, properties, metadata, state, snapshot "
    "FROM blobs WHERE container = ?1 AND name = ?2 AND snapshot = ?3";
inline constexpr char kUncommitted[] =
    "SELECT id, size, path, at FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2 ORDER BY id";

[[noreturn]] inline void rethrow(const SQLite::Exception& error) {
  if (error.getErrorCode() == SQLITE_FULL) throw_disk_error(ENOSPC, "writing the blob index");
  const std::string message =
      std::string(blob_errors::kInternalError.message) + " (the blob index: " + error.what() + ")";
  const bool is_damage = error.getErrorCode() == SQLITE_CORRUPT || error.getErrorCode() == SQLITE_NOTADB;
  if (is_damage) throw DamagedIndex(500, std::string(blob_errors::kInternalError.code), message);
  throw Error(500, std::string(blob_errors::kInternalError.code), message);
}

template <class Function>
auto guarded(const Function& function) {
  try {
    return function();
  } catch (const SQLite::Exception& error) {
    rethrow(error);
  }
}

// Names are compared as bytes, so they are blobs to SQLite, too. Borrows the text until the statement is reset.
inline void bind_bytes(SQLite::Statement& statement, int at, const std::string& bytes) {
  statement.bindNoCopy(at, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()));
}

inline std::string bytes_of(const SQLite::Column& column) {
  const auto* data = static_cast<const char*>(column.getBlob());
  return data ? std::string(data, static_cast<std::size_t>(column.getBytes())) : std::string();
}

// What the column `snapshot` holds for a blob itself.
inline constexpr std::int64_t kBlobItself = INT64_MAX;

inline std::int64_t ticks(Time time) { return time.time_since_epoch().count(); }
inline Time snapshot_of(const SQLite::Column& column) {
  return column.getInt64() == kBlobItself ? kNever : Time(Ticks(column.getInt64()));
}
inline Time time_of(const SQLite::Column& column) { return Time(Ticks(column.getInt64())); }

inline std::string to_text(const Parameters& parameters) {
  if (parameters.empty()) return "{}";
  Document document = Document::object();
  for (const auto& [name, value] : parameters) document[name] = value;
  return document.dump(-1, ' ', false, Document::error_handler_t::replace);
}

inline Parameters from_text(const char* text) {
  Parameters parameters;
  const Document document = Document::parse(text);
  for (const auto& [name, value] : document.items()) parameters.add(name, value.get<std::string>());
  return parameters;
}

// Most rows have none, and a listing has thousands of them.
template <class Entry>
void read_state_of(const SQLite::Column& column, Entry& entry) {
  const std::string_view text = column.getText();
  if (text != "{}") read_state(Document::parse(text), entry);
}

// The texts of a row, from the column `first` on. Those that make no sense are kept as its damage.
template <class Read>
void read_texts(SQLite::Statement& row, int first, int count, std::string& damage, const Read& read) {
  try {
    read();
  } catch (const std::exception&) {  // no JSON, or not of the shape that was written
    for (int at = first; at < first + count; ++at) damage += std::string(row.getColumn(at).getText()) + '\t';
  }
}

inline IndexedContainer container_row(SQLite::Statement& row) {
  IndexedContainer container{row.getColumn(0).getInt64(),
                             {.name = bytes_of(row.getColumn(1)),
                              .modified = time_of(row.getColumn(2)),
                              .revision = time_of(row.getColumn(3))}};
  read_texts(row, 4, 2, container.damage, [&] {
    container.entry.metadata = from_text(row.getColumn(4).getText());
    read_state_of(row.getColumn(5), container.entry);
  });
  return container;
}

inline IndexedBlob blob_row(SQLite::Statement& row) {
  IndexedBlob blob;
  blob.path = bytes_of(row.getColumn(1));
  blob.mark = {static_cast<std::uint64_t>(row.getColumn(3).getInt64()), row.getColumn(4).getInt64(),
               static_cast<std::uint64_t>(row.getColumn(2).getInt64())};
  blob.entry = {.name = bytes_of(row.getColumn(0)),
                .size = blob.mark.size,
                .created = time_of(row.getColumn(5)),
                .modified = time_of(row.getColumn(6)),
                .revision = time_of(row.getColumn(7))};
  read_texts(row, 8, 3, blob.damage, [&] {
    blob.entry.properties = from_text(row.getColumn(8).getText());
    blob.entry.metadata = from_text(row.getColumn(9).getText());
    read_state_of(row.getColumn(10), blob.entry);
  });
  blob.entry.snapshot = snapshot_of(row.getColumn(11));
  return blob;
}

inline SQLite::Statement& with_name(SQLite::Statement& statement, std::int64_t container, const std::string& name) {
  statement.bind(1, container);
  bind_bytes(statement, 2, name);
  return statement;
}

inline SQLite::Statement& with_key(SQLite::Statement& statement, std::int64_t container, const std::string& name,
                                   Time snapshot) {
  with_name(statement, container, name).bind(3, snapshot == kNever ? kBlobItself : ticks(snapshot));
  return statement;
}

inline std::optional<IndexedContainer> find_container(IndexConnection& connection, const std::string& account,
                                                      const std::string& name) {
  SQLite::Statement& statement = connection.use(kContainer);
  bind_bytes(statement, 1, account);
  bind_bytes(statement, 2, name);
  if (!statement.executeStep()) return std::nullopt;
  IndexedContainer found = container_row(statement);
  statement.reset();
  return found;
}

inline std::optional<IndexedBlob> find_blob(IndexConnection& connection, std::int64_t container,
                                            const std::string& name, Time snapshot) {
  SQLite::Statement& statement = with_key(connection.use(kBlob), container, name, snapshot);
  if (!statement.executeStep()) return std::nullopt;
  IndexedBlob found = blob_row(statement);
  statement.reset();
  return found;
}

inline std::vector<IndexedBlock> find_uncommitted(IndexConnection& connection, std::int64_t container,
                                                  const std::string& blob) {
  SQLite::Statement& statement = with_name(connection.use(kUncommitted), container, blob);
  std::vector<IndexedBlock> blocks;
  while (statement.executeStep()) {
    const SQLite::Column at = statement.getColumn(3);
    blocks.push_back({{bytes_of(statement.getColumn(0)), static_cast<std::uint64_t>(statement.getColumn(1).getInt64())},
                      bytes_of(statement.getColumn(2)),
                      at.isNull() ? std::nullopt : std::optional(static_cast<std::uint64_t>(at.getInt64()))});
  }
  statement.reset();
  return blocks;
}

inline std::vector<std::string> paths(SQLite::Statement& statement) {
  std::vector<std::string> found;
  while (statement.executeStep()) found.push_back(bytes_of(statement.getColumn(0)));
  statement.reset();
  return found;
}

inline void run(SQLite::Statement& statement) {
  try {
    while (statement.executeStep()) {
    }
  } catch (...) {
    statement.tryReset();  // one left half-way would hold its transaction open
    throw;
  }
  statement.reset();
}

}  // namespace batchite::index_sql
