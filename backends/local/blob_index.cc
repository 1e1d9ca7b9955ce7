#include "backends/local/blob_index.h"

#include <sqlite3.h>

#include <limits>

#include "core/base/document.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

constexpr int kBusyMs = 10'000;

// Each entry takes the schema one version up; existing ones never change.
constexpr const char* kMigrations[] = {
    R"(CREATE TABLE containers(id INTEGER PRIMARY KEY, account BLOB NOT NULL, name BLOB NOT NULL, modified INTEGER NOT NULL,
                               revision INTEGER NOT NULL, metadata TEXT NOT NULL, UNIQUE(account, name));
       CREATE TABLE blobs(container INTEGER NOT NULL, name BLOB NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL,
                          inode INTEGER NOT NULL, mtime INTEGER NOT NULL, created INTEGER NOT NULL,
                          modified INTEGER NOT NULL, revision INTEGER NOT NULL, properties TEXT NOT NULL,
                          metadata TEXT NOT NULL, PRIMARY KEY(container, name)) WITHOUT ROWID;
       CREATE TABLE committed_blocks(container INTEGER NOT NULL, blob BLOB NOT NULL, list TEXT NOT NULL,
                                     PRIMARY KEY(container, blob)) WITHOUT ROWID;
       CREATE TABLE uncommitted_blocks(container INTEGER NOT NULL, blob BLOB NOT NULL, id BLOB NOT NULL,
                                       size INTEGER NOT NULL, path BLOB NOT NULL,
                                       PRIMARY KEY(container, blob, id)) WITHOUT ROWID;
       CREATE TABLE uploads(container INTEGER NOT NULL, blob BLOB NOT NULL, blocks INTEGER NOT NULL,
                            PRIMARY KEY(container, blob)) WITHOUT ROWID;
       CREATE TABLE journal(id INTEGER PRIMARY KEY, source BLOB NOT NULL, target BLOB NOT NULL, inode INTEGER NOT NULL);
       CREATE TABLE revisions(last INTEGER NOT NULL);
       INSERT INTO revisions VALUES(0);)",
};
constexpr int kSchema = static_cast<int>(std::size(kMigrations));

constexpr char kContainer[] =
    "SELECT id, name, modified, revision, metadata FROM containers WHERE account = ?1 AND name = ?2";
constexpr char kContainers[] =
    "SELECT id, name, modified, revision, metadata FROM containers "
    "WHERE account = ?1 AND name >= ?2 AND name < ?3 ORDER BY name LIMIT ?4";
constexpr char kBlob[] =
    "SELECT name, path, size, inode, mtime, created, modified, revision, properties, metadata FROM blobs "
    "WHERE container = ?1 AND name = ?2";
constexpr char kBlobs[] =
    "SELECT name, path, size, inode, mtime, created, modified, revision, properties, metadata FROM blobs "
    "WHERE container = ?1 AND name >= ?2 AND name < ?3 ORDER BY name LIMIT ?4";
constexpr char kUploads[] =
    "SELECT blob FROM uploads WHERE container = ?1 AND blob >= ?2 AND blob < ?3 AND NOT EXISTS "
    "(SELECT 1 FROM blobs WHERE blobs.container = uploads.container AND name = blob) ORDER BY blob LIMIT ?4";
constexpr char kCommitted[] = "SELECT list FROM committed_blocks WHERE container = ?1 AND blob = ?2";
constexpr char kUncommitted[] =
    "SELECT id, size, path FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2 ORDER BY id";
constexpr char kUploadCount[] = "SELECT blocks FROM uploads WHERE container = ?1 AND blob = ?2";
constexpr char kAnyUncommitted[] = "SELECT id FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2 LIMIT 1";
constexpr char kFirstCommitted[] =
    "SELECT json_extract(list, '$[0].id') FROM committed_blocks WHERE container = ?1 AND blob = ?2";
constexpr char kAllStaged[] = "SELECT path FROM uncommitted_blocks";
constexpr char kContainerStaged[] = "SELECT path FROM uncommitted_blocks WHERE container = ?1";
constexpr char kBlockPath[] = "SELECT path FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2 AND id = ?3";
constexpr char kJournal[] = "SELECT source, target, inode FROM journal ORDER BY id";
constexpr char kLastRevision[] = "SELECT last FROM revisions";

constexpr char kPutContainer[] =
    "INSERT INTO containers(account, name, modified, revision, metadata) VALUES(?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT(account, name) DO UPDATE SET modified = ?3, revision = ?4, metadata = ?5 RETURNING id";
constexpr char kPutBlob[] = "INSERT OR REPLACE INTO blobs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
constexpr char kPutCommitted[] = "INSERT OR REPLACE INTO committed_blocks VALUES(?1, ?2, ?3)";
constexpr char kPutBlock[] = "INSERT OR REPLACE INTO uncommitted_blocks VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr char kCountBlock[] =
    "INSERT INTO uploads VALUES(?1, ?2, 1) ON CONFLICT(container, blob) DO UPDATE SET blocks = blocks + 1";
constexpr char kNote[] = "INSERT INTO journal(source, target, inode) VALUES(?1, ?2, ?3)";
constexpr char kRaiseRevision[] = "UPDATE revisions SET last = max(last, ?1)";
constexpr char kDropBlob[] = "DELETE FROM blobs WHERE container = ?1 AND name = ?2";
constexpr char kDropCommitted[] = "DELETE FROM committed_blocks WHERE container = ?1 AND blob = ?2";
constexpr char kDropUncommitted[] = "DELETE FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2";
constexpr char kDropUpload[] = "DELETE FROM uploads WHERE container = ?1 AND blob = ?2";
constexpr const char* kDropContainer[] = {
    "DELETE FROM containers WHERE id = ?1",
    "DELETE FROM blobs WHERE container = ?1",
    "DELETE FROM committed_blocks WHERE container = ?1",
    "DELETE FROM uncommitted_blocks WHERE container = ?1",
    "DELETE FROM uploads WHERE container = ?1",
};
constexpr char kClearJournal[] = "DELETE FROM journal";
constexpr char kBegin[] = "BEGIN IMMEDIATE";
constexpr char kCommit[] = "COMMIT";
constexpr char kRollback[] = "ROLLBACK";

[[noreturn]] void rethrow(const SQLite::Exception& error) {
  if (error.getErrorCode() == SQLITE_FULL) throw_disk_error(ENOSPC, "writing the blob index");
  throw Error(500, std::string(blob_errors::kInternalError.code),
              std::string(blob_errors::kInternalError.message) + " (the blob index: " + error.what() + ")");
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
void bind_bytes(SQLite::Statement& statement, int at, const std::string& bytes) {
  statement.bindNoCopy(at, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()));
}

std::string bytes_of(const SQLite::Column& column) {
  const auto* data = static_cast<const char*>(column.getBlob());
  return data ? std::string(data, static_cast<std::size_t>(column.getBytes())) : std::string();
}

std::int64_t ticks(Time time) { return time.time_since_epoch().count(); }
Time time_of(const SQLite::Column& column) { return Time(Ticks(column.getInt64())); }

std::string to_text(const Parameters& parameters) {
  if (parameters.empty()) return "{}";
  Document document = Document::object();
  for (const auto& [name, value] : parameters) document[name] = value;
  return document.dump(-1, ' ', false, Document::error_handler_t::replace);
}

Parameters from_text(const char* text) {
  Parameters parameters;
  const Document document = Document::parse(text, nullptr, false);
  for (const auto& [name, value] : document.items()) parameters.add(name, value.get<std::string>());
  return parameters;
}

IndexedContainer container_row(SQLite::Statement& row) {
  return {row.getColumn(0).getInt64(),
          {bytes_of(row.getColumn(1)), time_of(row.getColumn(2)), time_of(row.getColumn(3)),
           from_text(row.getColumn(4).getText())}};
}

IndexedBlob blob_row(SQLite::Statement& row) {
  IndexedBlob blob;
  blob.path = bytes_of(row.getColumn(1));
  blob.mark = {static_cast<std::uint64_t>(row.getColumn(3).getInt64()), row.getColumn(4).getInt64(),
               static_cast<std::uint64_t>(row.getColumn(2).getInt64())};
  blob.entry = {.name = bytes_of(row.getColumn(0)),
                .size = blob.mark.size,
                .created = time_of(row.getColumn(5)),
                .modified = time_of(row.getColumn(6)),
                .revision = time_of(row.getColumn(7)),
                .properties = from_text(row.getColumn(8).getText()),
                .metadata = from_text(row.getColumn(9).getText())};
  return blob;
}

// The first text behind everything that starts with the prefix; for the empty prefix, behind every name.
std::string end_of(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::string(8, '\xff');  // names are UTF-8, which has no such byte
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

// Binds (owner, first name, end, limit) and reads the rows.
template <class Bind, class Row>
auto page(SQLite::Statement& statement, const ListRange& range, const Bind& bind_owner, const Row& row) {
  const std::string from = std::max(range.from, range.prefix);
  const std::string end = end_of(range.prefix);
  std::vector<decltype(row(statement))> rows;
  bind_owner(statement);
  bind_bytes(statement, 2, from);
  bind_bytes(statement, 3, end);
  statement.bind(4, static_cast<std::int64_t>(range.limit));
  while (statement.executeStep()) rows.push_back(row(statement));
  statement.reset();
  return rows;
}

SQLite::Statement& with_name(SQLite::Statement& statement, std::int64_t container, const std::string& name) {
  statement.bind(1, container);
  bind_bytes(statement, 2, name);
  return statement;
}

std::optional<IndexedContainer> find_container(IndexConnection& connection, const std::string& account,
                                               const std::string& name) {
  SQLite::Statement& statement = connection.use(kContainer);
  bind_bytes(statement, 1, account);
  bind_bytes(statement, 2, name);
  if (!statement.executeStep()) return std::nullopt;
  IndexedContainer found = container_row(statement);
  statement.reset();
  return found;
}

std::optional<IndexedBlob> find_blob(IndexConnection& connection, std::int64_t container, const std::string& name) {
  SQLite::Statement& statement = with_name(connection.use(kBlob), container, name);
  if (!statement.executeStep()) return std::nullopt;
  IndexedBlob found = blob_row(statement);
  statement.reset();
  return found;
}

std::vector<IndexedBlock> find_uncommitted(IndexConnection& connection, std::int64_t container,
                                           const std::string& blob) {
  SQLite::Statement& statement = with_name(connection.use(kUncommitted), container, blob);
  std::vector<IndexedBlock> blocks;
  while (statement.executeStep()) {
    blocks.push_back({{bytes_of(statement.getColumn(0)), static_cast<std::uint64_t>(statement.getColumn(1).getInt64())},
                      bytes_of(statement.getColumn(2))});
  }
  statement.reset();
  return blocks;
}

std::vector<std::string> paths(SQLite::Statement& statement) {
  std::vector<std::string> found;
  while (statement.executeStep()) found.push_back(bytes_of(statement.getColumn(0)));
  statement.reset();
  return found;
}

void run(SQLite::Statement& statement) {
  while (statement.executeStep()) {
  }
  statement.reset();
}

}  // namespace

IndexConnection::IndexConnection(const std::string& file, int flags) : database_(file, flags, kBusyMs) {}

SQLite::Statement& IndexConnection::use(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) statement = std::make_unique<SQLite::Statement>(database_, sql);
  statement->reset();
  return *statement;
}

// Takes a reader out of the pool for one call.
class BlobIndex::Reading {
 public:
  explicit Reading(BlobIndex& index) : index_(index) {
    const std::lock_guard lock(index.pool_lock_);
    if (!index.pool_.empty()) {
      connection_ = std::move(index.pool_.back());
      index.pool_.pop_back();
    }
  }
  ~Reading() {
    if (!connection_) return;
    const std::lock_guard lock(index_.pool_lock_);
    index_.pool_.push_back(std::move(connection_));
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  IndexConnection& operator*() {
    if (!connection_) connection_ = std::make_unique<IndexConnection>(index_.file_, SQLite::OPEN_READONLY);
    return *connection_;
  }

 private:
  BlobIndex& index_;
  std::unique_ptr<IndexConnection> connection_;
};

BlobIndex::BlobIndex(const std::string& file, Durability durability) try
    : file_(file), writer_(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
  writer_.database().exec("PRAGMA journal_mode = WAL");
  writer_.database().exec(durability == Durability::Disk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  writer_.database().exec("PRAGMA wal_autocheckpoint = 4000");
  migrate();
} catch (const SQLite::Exception& error) {
  rethrow(error);
}

void BlobIndex::migrate() {
  const int version = writer_.database().execAndGet("PRAGMA user_version").getInt();
  if (version > kSchema) {
    throw UsageError(file_ + " was written by a newer Batchite (schema " + std::to_string(version) +
                     ", known: " + std::to_string(kSchema) + "): use that one, or another data directory");
  }
  for (int next = version; next < kSchema; ++next) {
    SQLite::Transaction transaction(writer_.database());
    writer_.database().exec(kMigrations[next]);
    writer_.database().exec("PRAGMA user_version = " + std::to_string(next + 1));
    transaction.commit();
  }
}

std::optional<IndexedContainer> BlobIndex::container(const std::string& account, const std::string& name) {
  return guarded([&] {
    Reading reading(*this);
    return find_container(*reading, account, name);
  });
}

std::vector<IndexedContainer> BlobIndex::containers(const std::string& account, const ListRange& range) {
  return guarded([&] {
    Reading reading(*this);
    return page((*reading).use(kContainers), range, [&](auto& s) { bind_bytes(s, 1, account); }, container_row);
  });
}

std::optional<IndexedBlob> BlobIndex::blob(std::int64_t container, const std::string& name) {
  return guarded([&] {
    Reading reading(*this);
    return find_blob(*reading, container, name);
  });
}

std::vector<IndexedBlob> BlobIndex::blobs(std::int64_t container, const ListRange& range) {
  return guarded([&] {
    Reading reading(*this);
    return page((*reading).use(kBlobs), range, [&](auto& s) { s.bind(1, container); }, blob_row);
  });
}

std::vector<std::string> BlobIndex::uploads(std::int64_t container, const ListRange& range) {
  return guarded([&] {
    Reading reading(*this);
    return page((*reading).use(kUploads), range, [&](auto& s) { s.bind(1, container); },
                [](SQLite::Statement& row) { return bytes_of(row.getColumn(0)); });
  });
}

std::vector<Block> BlobIndex::committed_blocks(std::int64_t container, const std::string& blob) {
  return guarded([&] {
    Reading reading(*this);
    std::vector<Block> blocks;
    SQLite::Statement& statement = with_name((*reading).use(kCommitted), container, blob);
    if (!statement.executeStep()) return blocks;
    for (const Document& block : Document::parse(statement.getColumn(0).getText())) {
      blocks.push_back({block.at("id").get<std::string>(), block.at("size").get<std::uint64_t>()});
    }
    statement.reset();
    return blocks;
  });
}

std::vector<IndexedBlock> BlobIndex::uncommitted_blocks(std::int64_t container, const std::string& blob) {
  return guarded([&] {
    Reading reading(*this);
    return find_uncommitted(*reading, container, blob);
  });
}

std::vector<std::string> BlobIndex::staged_paths() {
  return guarded([&] {
    Reading reading(*this);
    return paths((*reading).use(kAllStaged));
  });
}

std::vector<Move> BlobIndex::journal() {
  return guarded([&] {
    Reading reading(*this);
    std::vector<Move> moves;
    SQLite::Statement& statement = (*reading).use(kJournal);
    while (statement.executeStep()) {
      moves.push_back({bytes_of(statement.getColumn(0)), bytes_of(statement.getColumn(1)),
                       static_cast<std::uint64_t>(statement.getColumn(2).getInt64())});
    }
    statement.reset();
    return moves;
  });
}

Time BlobIndex::last_revision() {
  return guarded([&] {
    Reading reading(*this);
    SQLite::Statement& statement = (*reading).use(kLastRevision);
    statement.executeStep();
    const Time last = time_of(statement.getColumn(0));
    statement.reset();
    return last;
  });
}

IndexChange::IndexChange(BlobIndex& index) : index_(index), lock_(index.write_lock_) { execute(kBegin); }

IndexChange::~IndexChange() {
  if (!open_) return;
  try {
    execute(kRollback);
  } catch (const Error&) {  // SQLite has rolled back by itself already
  }
}

void IndexChange::execute(const char* sql) {
  guarded([&] { run(index_.writer_.use(sql)); });
}

void IndexChange::commit() {
  if (!noted_ && !index_.journal_is_clear_) execute(kClearJournal);
  execute(kCommit);
  open_ = false;
  index_.journal_is_clear_ = !noted_;
}

std::optional<IndexedContainer> IndexChange::container(const std::string& account, const std::string& name) {
  return guarded([&] { return find_container(index_.writer_, account, name); });
}

std::optional<IndexedBlob> IndexChange::blob(std::int64_t container, const std::string& name) {
  return guarded([&] { return find_blob(index_.writer_, container, name); });
}

BlockSummary IndexChange::block_summary(std::int64_t container, const std::string& blob) {
  return guarded([&] {
    BlockSummary summary;
    SQLite::Statement& count = with_name(index_.writer_.use(kUploadCount), container, blob);
    if (count.executeStep()) summary.uncommitted = static_cast<std::uint64_t>(count.getColumn(0).getInt64());
    count.reset();
    SQLite::Statement& id =
        with_name(index_.writer_.use(summary.uncommitted > 0 ? kAnyUncommitted : kFirstCommitted), container, blob);
    if (id.executeStep() && !id.getColumn(0).isNull()) summary.any_id = bytes_of(id.getColumn(0));
    id.reset();
    return summary;
  });
}

std::vector<IndexedBlock> IndexChange::uncommitted_blocks(std::int64_t container, const std::string& blob) {
  return guarded([&] { return find_uncommitted(index_.writer_, container, blob); });
}

std::vector<std::string> IndexChange::staged_paths(std::int64_t container) {
  return guarded([&] {
    SQLite::Statement& statement = index_.writer_.use(kContainerStaged);
    statement.bind(1, container);
    return paths(statement);
  });
}

std::int64_t IndexChange::put_container(const std::string& account, const ContainerEntry& entry) {
  return guarded([&] {
    const std::string metadata = to_text(entry.metadata);
    SQLite::Statement& statement = index_.writer_.use(kPutContainer);
    bind_bytes(statement, 1, account);
    bind_bytes(statement, 2, entry.name);
    statement.bind(3, ticks(entry.modified));
    statement.bind(4, ticks(entry.revision));
    statement.bindNoCopy(5, metadata);
    statement.executeStep();
    const std::int64_t id = statement.getColumn(0).getInt64();
    run(statement);
    SQLite::Statement& revision = index_.writer_.use(kRaiseRevision);
    revision.bind(1, ticks(entry.revision));
    run(revision);
    return id;
  });
}

void IndexChange::remove_container(std::int64_t id) {
  guarded([&] {
    for (const char* sql : kDropContainer) {
      SQLite::Statement& statement = index_.writer_.use(sql);
      statement.bind(1, id);
      run(statement);
    }
  });
}

void IndexChange::put_blob(std::int64_t container, const IndexedBlob& blob) {
  guarded([&] {
    const std::string properties = to_text(blob.entry.properties), metadata = to_text(blob.entry.metadata);
    SQLite::Statement& statement = with_name(index_.writer_.use(kPutBlob), container, blob.entry.name);
    bind_bytes(statement, 3, blob.path);
    statement.bind(4, static_cast<std::int64_t>(blob.mark.size));
    statement.bind(5, static_cast<std::int64_t>(blob.mark.inode));
    statement.bind(6, blob.mark.mtime_ns);
    statement.bind(7, ticks(blob.entry.created));
    statement.bind(8, ticks(blob.entry.modified));
    statement.bind(9, ticks(blob.entry.revision));
    statement.bindNoCopy(10, properties);
    statement.bindNoCopy(11, metadata);
    run(statement);
    SQLite::Statement& revision = index_.writer_.use(kRaiseRevision);
    revision.bind(1, ticks(blob.entry.revision));
    run(revision);
  });
}

void IndexChange::put_committed_blocks(std::int64_t container, const std::string& blob,
                                       const std::vector<Block>& blocks) {
  guarded([&] {
    if (blocks.empty()) {
      run(with_name(index_.writer_.use(kDropCommitted), container, blob));
      return;
    }
    Document list = Document::array();
    for (const Block& block : blocks) list.push_back({{"id", block.id}, {"size", block.size}});
    const std::string text = list.dump();
    SQLite::Statement& statement = with_name(index_.writer_.use(kPutCommitted), container, blob);
    statement.bindNoCopy(3, text);
    run(statement);
  });
}

void IndexChange::remove_blob(std::int64_t container, const std::string& name) {
  guarded([&] {
    for (const char* sql : {kDropBlob, kDropCommitted, kDropUncommitted, kDropUpload}) {
      run(with_name(index_.writer_.use(sql), container, name));
    }
  });
}

std::optional<std::string> IndexChange::put_block(std::int64_t container, const std::string& blob,
                                                  const IndexedBlock& block) {
  return guarded([&] {
    SQLite::Statement& before = with_name(index_.writer_.use(kBlockPath), container, blob);
    bind_bytes(before, 3, block.block.id);
    const std::vector<std::string> replaced = paths(before);
    SQLite::Statement& statement = with_name(index_.writer_.use(kPutBlock), container, blob);
    bind_bytes(statement, 3, block.block.id);
    statement.bind(4, static_cast<std::int64_t>(block.block.size));
    bind_bytes(statement, 5, block.path);
    run(statement);
    if (!replaced.empty()) return std::optional(replaced.front());
    run(with_name(index_.writer_.use(kCountBlock), container, blob));
    return std::optional<std::string>();
  });
}

void IndexChange::drop_uncommitted_blocks(std::int64_t container, const std::string& blob) {
  guarded([&] {
    run(with_name(index_.writer_.use(kDropUncommitted), container, blob));
    run(with_name(index_.writer_.use(kDropUpload), container, blob));
  });
}

void IndexChange::note(const Move& move) {
  guarded([&] {
    if (!noted_) run(index_.writer_.use(kClearJournal));  // earlier moves are done: their changes have ended
    noted_ = true;
    SQLite::Statement& statement = index_.writer_.use(kNote);
    bind_bytes(statement, 1, move.from);
    bind_bytes(statement, 2, move.to);
    statement.bind(3, static_cast<std::int64_t>(move.inode));
    run(statement);
  });
}

}  // namespace batchite
