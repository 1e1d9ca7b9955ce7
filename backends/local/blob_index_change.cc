#include "backends/local/blob_index.h"
#include "backends/local/blob_index_sql.h"
#include "core/blob/retention.h"

namespace batchite {
namespace {

using namespace index_sql;

constexpr char kUploadCount[] = "SELECT blocks, encryption FROM uploads WHERE container = ?1 AND blob = ?2";
constexpr char kAnyUncommitted[] = "SELECT id FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2 LIMIT 1";
constexpr char kFirstCommitted[] =
    "SELECT json_extract(list, '$[0].id') FROM committed_blocks WHERE container = ?1 AND blob = ?2 AND "
    "snapshot = 9223372036854775807";
constexpr char kContainerStaged[] = "SELECT path FROM uncommitted_blocks WHERE container = ?1";
constexpr char kBlockPath[] = "SELECT path FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2 AND id = ?3";
constexpr char kBlockIn[] =
    "SELECT path FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2 AND path = ?3 LIMIT 1";
constexpr char kPutAccount[] = "INSERT OR REPLACE INTO accounts VALUES(?1, ?2)";
constexpr char kPutContainer[] =
    "INSERT INTO containers(account, name, modified, revision, metadata, state, deleted, ends) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(account, name) DO UPDATE SET modified = ?3, revision = ?4, "
    "metadata = ?5, state = ?6, deleted = ?7, ends = ?8 RETURNING id";
constexpr char kRenameContainer[] = "UPDATE containers SET name = ?2 WHERE id = ?1";
constexpr char kPutBlob[] =
    "INSERT OR REPLACE INTO blobs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
constexpr char kPutCommitted[] = "INSERT OR REPLACE INTO committed_blocks VALUES(?1, ?2, ?3, ?4)";
constexpr char kPutBlock[] = "INSERT OR REPLACE INTO uncommitted_blocks VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
constexpr char kMoveBlock[] =
    "UPDATE uncommitted_blocks SET path = ?6, at = NULL WHERE container = ?1 AND blob = ?2 AND id = ?3 AND path = ?4 "
    "AND at = ?5 RETURNING 1";
constexpr char kCountBlock[] =
    "INSERT INTO uploads VALUES(?1, ?2, 1, ?3) ON CONFLICT(container, blob) DO UPDATE SET blocks = blocks + 1";
constexpr char kState[] =
    "UPDATE state SET last_revision = max(last_revision, ?1), source = ?2, target = ?3, inode = ?4, "
    "mtime = ?5, size = ?6, at = ?7, zeros = ?8";
constexpr char kDropBlob[] = "DELETE FROM blobs WHERE container = ?1 AND name = ?2";
constexpr char kDropUncommitted[] = "DELETE FROM uncommitted_blocks WHERE container = ?1 AND blob = ?2";
constexpr char kDropUpload[] = "DELETE FROM uploads WHERE container = ?1 AND blob = ?2";
constexpr char kDropCommitted[] = "DELETE FROM committed_blocks WHERE container = ?1 AND blob = ?2";
constexpr char kDropList[] = "DELETE FROM committed_blocks WHERE container = ?1 AND blob = ?2 AND snapshot = ?3";
constexpr char kDropMember[] = "DELETE FROM blobs WHERE container = ?1 AND name = ?2 AND snapshot = ?3";
constexpr char kFamily[] =
    "SELECT name, path, size, inode, mtime, created, modified, revision, properties, metadata, state, snapshot "
    "FROM blobs WHERE container = ?1 AND name = ?2 ORDER BY snapshot";
constexpr char kSnapshotsOf[] =
    "SELECT path FROM blobs WHERE container = ?1 AND name = ?2 AND snapshot < 9223372036854775807";
constexpr char kSnapshotsIn[] = "SELECT path FROM blobs WHERE container = ?1 AND snapshot < 9223372036854775807";
constexpr const char* kDropContainer[] = {
    "DELETE FROM containers WHERE id = ?1",
    "DELETE FROM blobs WHERE container = ?1",
    "DELETE FROM committed_blocks WHERE container = ?1",
    "DELETE FROM uncommitted_blocks WHERE container = ?1",
    "DELETE FROM uploads WHERE container = ?1",
};
constexpr char kBegin[] = "BEGIN IMMEDIATE";
constexpr char kRollback[] = "ROLLBACK";
constexpr char kCommit[] = "COMMIT";

void bind_if_any(SQLite::Statement& statement, int at, std::optional<std::int64_t> number) {
  if (number) {
    statement.bind(at, *number);
  } else {
    statement.bind(at);
  }
}
void bind_time(SQLite::Statement& statement, int at, std::optional<Time> time) {
  bind_if_any(statement, at, time ? std::optional(ticks(*time)) : std::nullopt);
}

}  // namespace

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

// The move noted before is done: its change has ended. So it is replaced by this one's, or by none.
void IndexChange::commit() {
  guarded([&] {
    SQLite::Statement& statement = index_.writer_.use(kState);
    statement.bind(1, ticks(revision_));
    bind_bytes(statement, 2, move_.from);
    bind_bytes(statement, 3, move_.to);
    statement.bind(4, static_cast<std::int64_t>(move_.mark.inode));
    statement.bind(5, move_.mark.mtime_ns);
    statement.bind(6, static_cast<std::int64_t>(move_.mark.size));
    statement.bind(7, move_.patch ? static_cast<std::int64_t>(move_.patch->offset) : std::int64_t{-1});
    statement.bind(8, static_cast<std::int64_t>(move_.patch.value_or(PatchNote{}).zeros));
    run(statement);
  });
  execute(kCommit);
  open_ = false;
  if (changes_container_) {
    index_.recent_.forget_all();
  } else {
    index_.recent_.forget(changed_);
  }
}

std::optional<IndexedContainer> IndexChange::container(const std::string& account, const std::string& name) {
  return guarded([&] { return find_container(index_.writer_, account, name); });
}

std::optional<IndexedBlob> IndexChange::blob(std::int64_t container, const std::string& name, Time snapshot) {
  return guarded([&] { return find_blob(index_.writer_, container, name, snapshot); });
}

std::vector<IndexedBlob> IndexChange::family(std::int64_t container, const std::string& name) {
  return guarded([&] {
    SQLite::Statement& statement = with_name(index_.writer_.use(kFamily), container, name);
    std::vector<IndexedBlob> members;
    while (statement.executeStep()) members.push_back(blob_row(statement));
    statement.reset();
    return members;
  });
}

BlockSummary IndexChange::block_summary(std::int64_t container, const std::string& blob) {
  return guarded([&] {
    BlockSummary summary;
    SQLite::Statement& count = with_name(index_.writer_.use(kUploadCount), container, blob);
    if (count.executeStep()) {
      summary.uncommitted = static_cast<std::uint64_t>(count.getColumn(0).getInt64());
      summary.encryption = from_text(count.getColumn(1).getText());
    }
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

std::vector<std::string> IndexChange::snapshot_paths(std::int64_t container) {
  return guarded([&] {
    SQLite::Statement& statement = index_.writer_.use(kSnapshotsIn);
    statement.bind(1, container);
    return paths(statement);
  });
}

std::vector<std::string> IndexChange::snapshot_paths(std::int64_t container, const std::string& blob) {
  return guarded([&] { return paths(with_name(index_.writer_.use(kSnapshotsOf), container, blob)); });
}

void IndexChange::put_account_properties(const std::string& account, const Document& properties) {
  guarded([&] {
    const std::string text = properties.dump(-1, ' ', false, Document::error_handler_t::replace);
    SQLite::Statement& statement = index_.writer_.use(kPutAccount);
    bind_bytes(statement, 1, account);
    statement.bindNoCopy(2, text);
    run(statement);
  });
}

std::int64_t IndexChange::put_container(const std::string& account, const ContainerEntry& entry) {
  return guarded([&] {
    const std::string metadata = to_text(entry.metadata), state = state_document(entry).dump();
    SQLite::Statement& statement = index_.writer_.use(kPutContainer);
    bind_bytes(statement, 1, account);
    bind_bytes(statement, 2, entry.name);
    statement.bind(3, ticks(entry.modified));
    statement.bind(4, ticks(entry.revision));
    statement.bindNoCopy(5, metadata);
    statement.bindNoCopy(6, state);
    statement.bind(7, entry.deleted ? 1 : 0);
    bind_time(statement, 8, end_of(entry));
    statement.executeStep();
    const std::int64_t id = statement.getColumn(0).getInt64();
    run(statement);
    revision_ = std::max(revision_, entry.revision);
    return id;
  });
}

void IndexChange::rename_container(std::int64_t id, const std::string& name) {
  guarded([&] { run(with_name(index_.writer_.use(kRenameContainer), id, name)); });
}

void IndexChange::remove_container(std::int64_t id) {
  changes_container_ = true;
  guarded([&] {
    for (const char* sql : kDropContainer) {
      SQLite::Statement& statement = index_.writer_.use(sql);
      statement.bind(1, id);
      run(statement);
    }
  });
}

void IndexChange::put_blob(std::int64_t container, const IndexedBlob& blob) {
  changed_.emplace_back(container, blob.entry.name);
  guarded([&] {
    const std::string properties = to_text(blob.entry.properties), metadata = to_text(blob.entry.metadata);
    const std::string state = state_document(blob.entry).dump();
    const BlobEntry& entry = blob.entry;
    SQLite::Statement& statement = with_key(index_.writer_.use(kPutBlob), container, entry.name, entry.snapshot);
    bind_bytes(statement, 4, blob.path);
    statement.bind(5, static_cast<std::int64_t>(blob.mark.size));
    statement.bind(6, static_cast<std::int64_t>(blob.mark.inode));
    statement.bind(7, blob.mark.mtime_ns);
    statement.bind(8, ticks(entry.created));
    statement.bind(9, ticks(entry.modified));
    statement.bind(10, ticks(entry.revision));
    statement.bindNoCopy(11, properties);
    statement.bindNoCopy(12, metadata);
    statement.bindNoCopy(13, state);
    statement.bind(14, entry.deleted ? 1 : 0);
    bind_time(statement, 15, end_of(entry));
    run(statement);
    revision_ = std::max({revision_, entry.revision, entry.snapshot});
  });
}

void IndexChange::put_committed_blocks(std::int64_t container, const std::string& blob,
                                       const std::vector<Block>& blocks, Time snapshot) {
  guarded([&] {
    if (blocks.empty()) {
      run(with_key(index_.writer_.use(kDropList), container, blob, snapshot));
      return;
    }
    Document list = Document::array();
    for (const Block& block : blocks) list.push_back({{"id", block.id}, {"size", block.size}});
    const std::string text = list.dump();
    SQLite::Statement& statement = with_key(index_.writer_.use(kPutCommitted), container, blob, snapshot);
    statement.bindNoCopy(4, text);
    run(statement);
  });
}

void IndexChange::remove_member(std::int64_t container, const std::string& name, Time snapshot) {
  changed_.emplace_back(container, name);
  guarded([&] {
    for (const char* sql : {kDropMember, kDropList}) {
      run(with_key(index_.writer_.use(sql), container, name, snapshot));
    }
  });
}

void IndexChange::remove_blob(std::int64_t container, const std::string& name) {
  changed_.emplace_back(container, name);
  guarded([&] {
    for (const char* sql : {kDropBlob, kDropCommitted, kDropUncommitted, kDropUpload}) {
      run(with_name(index_.writer_.use(sql), container, name));
    }
  });
}

std::optional<std::string> IndexChange::put_block(std::int64_t container, const std::string& blob,
                                                  const IndexedBlock& block, const Encryption& encryption) {
  return guarded([&] {
    SQLite::Statement& before = with_name(index_.writer_.use(kBlockPath), container, blob);
    bind_bytes(before, 3, block.block.id);
    const std::vector<std::string> replaced = paths(before);
    SQLite::Statement& statement = with_name(index_.writer_.use(kPutBlock), container, blob);
    bind_bytes(statement, 3, block.block.id);
    statement.bind(4, static_cast<std::int64_t>(block.block.size));
    bind_bytes(statement, 5, block.path);
    bind_if_any(statement, 6, block.at);
    run(statement);
    if (replaced.empty()) {
      const std::string text = to_text(encryption);
      SQLite::Statement& count = with_name(index_.writer_.use(kCountBlock), container, blob);
      count.bindNoCopy(3, text);
      run(count);
      return std::optional<std::string>();
    }
    SQLite::Statement& others = with_name(index_.writer_.use(kBlockIn), container, blob);
    bind_bytes(others, 3, replaced.front());
    return paths(others).empty() ? std::optional(replaced.front()) : std::nullopt;
  });
}

bool IndexChange::move_block(std::int64_t container, const std::string& blob, const IndexedBlock& block,
                             const std::string& path) {
  return guarded([&] {
    SQLite::Statement& statement = with_name(index_.writer_.use(kMoveBlock), container, blob);
    bind_bytes(statement, 3, block.block.id);
    bind_bytes(statement, 4, block.path);
    statement.bind(5, static_cast<std::int64_t>(block.at.value_or(0)));
    bind_bytes(statement, 6, path);
    const bool was_there = statement.executeStep();
    run(statement);
    return was_there;
  });
}

void IndexChange::drop_uncommitted_blocks(std::int64_t container, const std::string& blob) {
  guarded([&] {
    run(with_name(index_.writer_.use(kDropUncommitted), container, blob));
    run(with_name(index_.writer_.use(kDropUpload), container, blob));
  });
}

}  // namespace batchite
