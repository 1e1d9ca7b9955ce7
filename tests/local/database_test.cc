#include "backends/local/database.h"

#include <gmock/gmock.h>

#include "core/base/error.h"
#include "tests/support/local_backend_fixture.h"

namespace batchite {
namespace {

using testing::HasSubstr;

constexpr const char* kScripts[] = {"CREATE TABLE one(a TEXT)", "ALTER TABLE one ADD COLUMN b TEXT DEFAULT 'new'",
                                    "CREATE TABLE two(c TEXT)"};

class DatabaseTest : public testing::Test {
 protected:
  // With as many of the scripts, the first of which makes version 5.
  void prepare(std::size_t scripts) {
    prepare_database(database_, "some.db", {.first = 5, .scripts = std::span(kScripts).first(scripts)},
                     Durability::Program);
  }
  std::string refusal(std::size_t scripts) {
    try {
      prepare(scripts);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  std::string ask(const std::string& sql) { return database_.execAndGet(sql).getString(); }

  const TemporaryDirectory directory_;
  SQLite::Database database_{(directory_.path() / "some.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

TEST_F(DatabaseTest, ANewOneHasTheNewestSchemaAndIsWrittenAhead) {
  prepare(3);
  database_.exec("INSERT INTO two VALUES('x')");
  EXPECT_EQ(ask("PRAGMA user_version"), "7");
  EXPECT_EQ(ask("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(ask("PRAGMA synchronous"), "1");  // normal again
}

TEST_F(DatabaseTest, AnOlderOneIsTakenForwardWithWhatItHolds) {
  prepare(1);
  database_.exec("INSERT INTO one VALUES('kept')");
  prepare(3);
  EXPECT_EQ(ask("SELECT a || b FROM one"), "keptnew");
  EXPECT_EQ(ask("PRAGMA user_version"), "7");
}

TEST_F(DatabaseTest, OneOfAnotherBatchiteIsRefusedByName) {
  prepare(3);
  EXPECT_THAT(refusal(2), HasSubstr("some.db: written by a newer Batchite (schema 7, this one knows 5 to 6)"));
  database_.exec("PRAGMA user_version = 4");
  EXPECT_THAT(refusal(3), HasSubstr("written by an older Batchite (schema 4, this one knows 5 to 7)"));
}

TEST_F(DatabaseTest, AStepThatFailsLeavesTheVersionThatWas) {
  prepare(1);
  database_.exec("CREATE TABLE two(in_the TEXT)");
  EXPECT_THROW(prepare(3), SQLite::Exception);
  EXPECT_EQ(ask("PRAGMA user_version"), "5");
  EXPECT_EQ(ask("SELECT count(*) FROM pragma_table_info('one')"), "1");
}

}  // namespace
}  // namespace batchite
