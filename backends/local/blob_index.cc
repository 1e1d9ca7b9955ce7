#include "backends/local/blob_index.h"

#include <limits>

#include "backends/local/blob_index_sql.h"
#include "backends/local/database.h"

namespace batchite {
namespace {

using namespace index_sql;

constexpr int kBusyMs = 10'000;

// Versions before the first that is here were never released.
constexpr const char* kScripts[] = {
    // A blob itself comes behind all of its snapshots. `ends`: when what is kept after its deletion goes, or what
    // expires. Few blobs have tags; those that do are found by them (kTaggedBlobs has the same condition). `at`: of a
    // block that shares its file with others.
    R"(CREATE TABLE accounts(name BLOB PRIMARY KEY, properties TEXT NOT NULL) WITHOUT ROWID;
       CREATE TABLE containers(id INTEGER PRIMARY KEY, account BLOB NOT NULL, name BLOB NOT NULL, modified INTEGER NOT NULL,
                               revision INTEGER NOT NULL, metadata TEXT NOT NULL, state TEXT NOT NULL DEFAULT '{}',
                               deleted INTEGER NOT NULL DEFAULT 0, ends INTEGER, UNIQUE(account, name));
       CREATE TABLE blobs(container INTEGER NOT NULL, name BLOB NOT NULL, snapshot INTEGER NOT NULL, path BLOB NOT NULL,
                          size INTEGER NOT NULL, inode INTEGER NOT NULL, mtime INTEGER NOT NULL,
                          created INTEGER NOT NULL, modified INTEGER NOT NULL, revision INTEGER NOT NULL,
                          properties TEXT NOT NULL, metadata TEXT NOT NULL, state TEXT NOT NULL,
                          deleted INTEGER NOT NULL DEFAULT 0, ends INTEGER,
                          PRIMARY KEY(container, name, snapshot)) WITHOUT ROWID;
       CREATE INDEX snapshots ON blobs(path) WHERE snapshot < 9223372036854775807;
       CREATE INDEX ending ON blobs(ends) WHERE ends IS NOT NULL;
       CREATE INDEX tagged ON blobs(container, name) WHERE snapshot = 9223372036854775807 AND
                                                           instr(state, '"tags":') > 0;
       CREATE TABLE committed_blocks(container INTEGER NOT NULL, blob BLOB NOT NULL, snapshot INTEGER NOT NULL,
                                     list TEXT NOT NULL, PRIMARY KEY(container, blob, snapshot)) WITHOUT ROWID;
       CREATE TABLE uncommitted_blocks(container INTEGER NOT NULL, blob BLOB NOT NULL, id BLOB NOT NULL,
                                       size INTEGER NOT NULL, path BLOB NOT NULL, at INTEGER,
                                       PRIMARY KEY(container, blob, id)) WITHOUT ROWID;
       CREATE TABLE uploads(container INTEGER NOT NULL, blob BLOB NOT NULL, blocks INTEGER NOT NULL,
                            encryption TEXT NOT NULL DEFAULT '{}', PRIMARY KEY(container, blob)) WITHOUT ROWID;
       CREATE TABLE state(last_revision INTEGER NOT NULL, source BLOB NOT NULL, target BLOB NOT NULL,
                          inode INTEGER NOT NULL, mtime INTEGER NOT NULL, size INTEGER NOT NULL,
                          at INTEGER NOT NULL DEFAULT -1, zeros INTEGER NOT NULL DEFAULT 0);
       INSERT INTO state(last_revision, source, target, inode, mtime, size) VALUES(0, x'', x'', 0, 0, 0);)",
};
constexpr Schema kSchema = {.first = 10, .scripts = kScripts};

constexpr char kAccount[] = "SELECT properties FROM accounts WHERE name = ?1";
constexpr char kContainers[] =
    "SELECT id, name, modified, revision, metadata, state FROM containers "
    "WHERE account = ?1 AND name >= ?2 AND name < ?3 AND deleted <= ?5 ORDER BY name LIMIT ?4";
constexpr char kBlobs[] =
    "SELECT name, path, size, inode, mtime, created, modified, revision, properties, metadata, state, snapshot "
    "FROM blobs WHERE container = ?1 AND name >= ?2 AND name < ?3 AND snapshot = 9223372036854775807 "
    "ORDER BY name LIMIT ?4";
constexpr char kTaggedBlobs[] =
    "SELECT name, path, size, inode, mtime, created, modified, revision, properties, metadata, state, snapshot "
    "FROM blobs INDEXED BY tagged WHERE container = ?1 AND name >= ?2 AND name < ?3 AND "
    "snapshot = 9223372036854775807 AND instr(state, '\"tags\":') > 0 ORDER BY name LIMIT ?4";
constexpr char kBlobsAndSnapshots[] =
    "SELECT name, path, size, inode, mtime, created, modified, revision, properties, metadata, state, snapshot "
    "FROM blobs WHERE container = ?1 AND (name, snapshot) >= (?2, ?5) AND name < ?3 AND deleted <= ?6 ORDER BY name, "
    "snapshot LIMIT ?4";
constexpr char kEnded[] =
    "SELECT account, containers.name, blobs.name, snapshot, blobs.ends FROM blobs JOIN containers ON "
    "containers.id = container WHERE blobs.ends <= ?1 UNION ALL "
    "SELECT account, name, x'', 9223372036854775807, ends FROM containers WHERE ends <= ?1 ORDER BY 5 LIMIT ?2";
constexpr char kUploads[] =
    "SELECT blob FROM uploads WHERE container = ?1 AND blob >= ?2 AND blob < ?3 AND NOT EXISTS "
    "(SELECT 1 FROM blobs WHERE blobs.container = uploads.container AND name = blob AND "
    "snapshot = 9223372036854775807) ORDER BY blob LIMIT ?4";
constexpr char kEncryption[] = "SELECT encryption FROM uploads WHERE container = ?1 AND blob = ?2";
constexpr char kCommitted[] = "SELECT list FROM committed_blocks WHERE container = ?1 AND blob = ?2 AND snapshot = ?3";
constexpr char kAllSnapshots[] = "SELECT path FROM blobs WHERE snapshot < 9223372036854775807";
constexpr char kAllStaged[] = "SELECT container, blob, path FROM uncommitted_blocks ORDER BY container, blob";
constexpr char kPath[] = "SELECT path FROM blobs WHERE container = ?1 AND name = ?2 AND snapshot = 9223372036854775807";
constexpr char kMove[] = "SELECT source, target, inode, mtime, size, at, zeros FROM state";
constexpr char kLastRevision[] = "SELECT last_revision FROM state";

constexpr char kRead[] = "BEGIN";
constexpr char kCommit[] = "COMMIT";

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
  writer_.database().exec("PRAGMA wal_autocheckpoint = 4000");
  prepare_database(writer_.database(), file_, kSchema, durability);
  unfinished_move();
  all_uploads();
  snapshot_paths();
} catch (const SQLite::Exception& error) {
  rethrow(error);
}

Document BlobIndex::account_properties(const std::string& account) {
  return guarded([&] {
    Reading reading(*this);
    SQLite::Statement& statement = (*reading).use(kAccount);
    bind_bytes(statement, 1, account);
    Document properties;
    if (statement.executeStep()) properties = Document::parse(statement.getColumn(0).getText(), nullptr, false);
    statement.reset();
    return properties;
  });
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
    const auto owner = [&](SQLite::Statement& statement) {
      bind_bytes(statement, 1, account);
      statement.bind(5, range.deleted ? 1 : 0);
    };
    return page((*reading).use(kContainers), range, owner, container_row);
  });
}

std::optional<IndexedBlob> BlobIndex::blob(std::int64_t container, const std::string& name, Time snapshot) {
  const RecentBlobs::Key key(container, name);
  const bool is_blob = snapshot == kNever;
  if (is_blob) {
    if (auto recent = recent_.find(key)) return recent;
  }
  const RecentBlobs::State state = recent_.state();
  return guarded([&] {
    Reading reading(*this);
    auto found = find_blob(*reading, container, name, snapshot);
    if (is_blob && found) recent_.add(state, key, *found);
    return found;
  });
}

std::vector<IndexedBlob> BlobIndex::blobs(std::int64_t container, const ListRange& range) {
  return guarded([&] {
    Reading reading(*this);
    if (!range.snapshots) {
      SQLite::Statement& statement = (*reading).use(range.tagged ? kTaggedBlobs : kBlobs);
      return page(
          statement, range, [&](auto& s) { s.bind(1, container); }, blob_row);
    }
    const auto owner = [&](SQLite::Statement& statement) {
      statement.bind(1, container);
      statement.bind(5, ticks(range.from_snapshot));
      statement.bind(6, range.deleted ? 1 : 0);
    };
    return page((*reading).use(kBlobsAndSnapshots), range, owner, blob_row);
  });
}

std::vector<BlobName> BlobIndex::ended(Time now, std::size_t limit) {
  return guarded([&] {
    Reading reading(*this);
    SQLite::Statement& statement = (*reading).use(kEnded);
    statement.bind(1, ticks(now));
    statement.bind(2, static_cast<std::int64_t>(limit));
    std::vector<BlobName> names;
    while (statement.executeStep()) {
      names.push_back({bytes_of(statement.getColumn(0)), bytes_of(statement.getColumn(1)),
                       bytes_of(statement.getColumn(2)), snapshot_of(statement.getColumn(3))});
    }
    statement.reset();
    return names;
  });
}

std::vector<std::string> BlobIndex::uploads(std::int64_t container, const ListRange& range) {
  return guarded([&] {
    Reading reading(*this);
    return page((*reading).use(kUploads), range, [&](auto& s) { s.bind(1, container); },
                [](SQLite::Statement& row) { return bytes_of(row.getColumn(0)); });
  });
}

std::vector<Block> BlobIndex::committed_blocks(std::int64_t container, const std::string& blob, Time snapshot) {
  return guarded([&] {
    Reading reading(*this);
    std::vector<Block> blocks;
    SQLite::Statement& statement = with_key((*reading).use(kCommitted), container, blob, snapshot);
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

Encryption BlobIndex::upload_encryption(std::int64_t container, const std::string& blob) {
  return guarded([&] {
    Reading reading(*this);
    SQLite::Statement& statement = with_name((*reading).use(kEncryption), container, blob);
    Encryption encryption;
    if (statement.executeStep()) encryption = from_text(statement.getColumn(0).getText());
    statement.reset();
    return encryption;
  });
}

std::vector<IndexedUpload> BlobIndex::all_uploads() {
  return guarded([&] {
    Reading reading(*this);
    std::vector<IndexedUpload> uploads;
    SQLite::Statement& row = (*reading).use(kAllStaged);
    while (row.executeStep()) {
      IndexedUpload next{row.getColumn(0).getInt64(), bytes_of(row.getColumn(1)), {}};
      const bool goes_on =
          !uploads.empty() && uploads.back().container == next.container && uploads.back().blob == next.blob;
      if (!goes_on) uploads.push_back(std::move(next));
      uploads.back().paths.push_back(bytes_of(row.getColumn(2)));
    }
    row.reset();
    return uploads;
  });
}

std::vector<std::string> BlobIndex::snapshot_paths() {
  return guarded([&] {
    Reading reading(*this);
    return paths((*reading).use(kAllSnapshots));
  });
}

std::optional<Move> BlobIndex::unfinished_move() {
  return guarded([&] {
    Reading reading(*this);
    SQLite::Statement& statement = (*reading).use(kMove);
    statement.executeStep();
    Move move{bytes_of(statement.getColumn(0)),
              bytes_of(statement.getColumn(1)),
              {static_cast<std::uint64_t>(statement.getColumn(2).getInt64()), statement.getColumn(3).getInt64(),
               static_cast<std::uint64_t>(statement.getColumn(4).getInt64())}};
    if (const std::int64_t at = statement.getColumn(5).getInt64(); at >= 0) {
      move.patch =
          PatchNote{static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(statement.getColumn(6).getInt64())};
    }
    statement.reset();
    return move.from.empty() ? std::nullopt : std::optional(std::move(move));
  });
}

std::vector<std::string> BlobIndex::known_paths(std::int64_t container, const std::vector<std::string>& names) {
  return guarded([&] {
    Reading reading(*this);
    std::vector<std::string> paths;
    paths.reserve(names.size());
    run((*reading).use(kRead));  // one look for all, instead of a lock for each
    for (const std::string& name : names) {
      SQLite::Statement& statement = with_name((*reading).use(kPath), container, name);
      paths.push_back(statement.executeStep() ? bytes_of(statement.getColumn(0)) : std::string());
      statement.reset();
    }
    run((*reading).use(kCommit));
    return paths;
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

}  // namespace batchite
