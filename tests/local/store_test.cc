// One suite over every form of the store.
#include "tests/support/local_backend_fixture.h"
#include "tests/support/memory_store.h"

#include "backends/local/sqlite_store.h"

namespace batchite {
namespace {

struct InMemory {
  MemoryStore store;
};
struct InSqlite {
  TemporaryDirectory directory;
  SqliteStore store{directory.path() / "batchite.db"};
};

template <class Form>
class StoreTest : public ::testing::Test {
 protected:
  std::int64_t add(Kind kind, std::int64_t parent, const std::string& id) {
    store().begin();
    const auto key = store().insert(kind, {.parent = parent, .id = id, .spec = "spec of " + id, .status = "new"});
    store().commit();
    return key.value_or(0);
  }
  Store& store() { return form_.store; }
  std::string listed(std::int64_t parent, const std::string& after, std::size_t limit) {
    std::string ids;
    for (const Listed& row : store().list(Kind::Task, parent, after, limit)) ids += row.id + " ";
    return ids;
  }

 private:
  Form form_;
};
using Forms = ::testing::Types<InMemory, InSqlite>;
TYPED_TEST_SUITE(StoreTest, Forms);

TYPED_TEST(StoreTest, ARowIsFoundByItsIdWithoutRegardToCaseAndKeepsIt) {
  const auto key = this->add(Kind::Job, 0, "My-Job");
  EXPECT_EQ(this->store().find(Kind::Job, 0, "my-jOB"), key);
  EXPECT_EQ(this->store().find(Kind::Job, 0, "other"), std::nullopt);
  EXPECT_EQ(this->store().find(Kind::Pool, 0, "My-Job"), std::nullopt);
  const Row row = this->store().get(Kind::Job, key);
  EXPECT_EQ(row.id, "My-Job");
  EXPECT_EQ(row.spec, "spec of My-Job");
  EXPECT_EQ(row.status, "new");
}

TYPED_TEST(StoreTest, AnIdIsTakenOnceBelowAParent) {
  EXPECT_NE(this->add(Kind::Task, 1, "t"), 0);
  EXPECT_EQ(this->add(Kind::Task, 1, "T"), 0);
  EXPECT_NE(this->add(Kind::Task, 2, "t"), 0);
}

TYPED_TEST(StoreTest, ListsGoByIdAndGoOnBehindTheLast) {
  for (const char* id : {"b", "C", "a", "d"}) this->add(Kind::Task, 1, id);
  this->add(Kind::Task, 2, "x");
  EXPECT_EQ(this->listed(1, "", 10), "a b C d ");
  EXPECT_EQ(this->listed(1, "", 2), "a b ");
  EXPECT_EQ(this->listed(1, "B", 10), "C d ");
}

TYPED_TEST(StoreTest, WhatIsRolledBackHasNotHappened) {
  const auto kept = this->add(Kind::Pool, 0, "kept");
  this->store().begin();
  this->store().put_status(Kind::Pool, kept, "changed");
  this->store().insert(Kind::Pool, {.parent = 0, .id = "gone"});
  this->store().rollback();
  EXPECT_EQ(this->store().get(Kind::Pool, kept).status, "new");
  EXPECT_EQ(this->store().find(Kind::Pool, 0, "gone"), std::nullopt);
}

TYPED_TEST(StoreTest, RowsAreChangedAndErasedByKey) {
  const auto first = this->add(Kind::Task, 1, "first");
  const auto second = this->add(Kind::Task, 1, "second");
  const auto other = this->add(Kind::Task, 2, "other");
  this->store().begin();
  this->store().put_spec(Kind::Task, first, "new spec");
  this->store().erase(Kind::Task, second);
  this->store().erase_children(Kind::Task, 2);
  this->store().commit();
  EXPECT_EQ(this->store().get(Kind::Task, first).spec, "new spec");
  std::string left;
  this->store().each(Kind::Task, [&](const Row& row) { left += row.id + " "; });
  EXPECT_EQ(left, "first ");
  EXPECT_NE(this->add(Kind::Task, 1, "next"), other) << "keys are not given twice while the store is open";
}

TYPED_TEST(StoreTest, EveryKindIsKeptByItself) {
  for (const Kind kind : kKinds) {
    const auto key = this->add(kind, 7, "same");
    EXPECT_EQ(this->store().find(kind, 7, "SAME"), key);
    EXPECT_EQ(this->store().get(kind, key).spec, "spec of same");
  }
  this->store().begin();
  this->store().erase_children(Kind::NodeUser, 7);
  this->store().commit();
  for (const Kind kind : kKinds) {
    EXPECT_EQ(this->store().find(kind, 7, "same").has_value(), kind != Kind::NodeUser);
  }
}

TYPED_TEST(StoreTest, AKeyThatIsGivenIsKept) {
  this->store().begin();
  EXPECT_EQ(this->store().insert(Kind::Node, {.key = 17, .parent = 3, .id = "n"}), 17);
  this->store().commit();
  EXPECT_EQ(this->store().find(Kind::Node, 3, "n"), 17);
}

TEST(SqliteStore, ADatabaseOfTheFirstSchemaIsTakenForwardWithWhatItHolds) {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "batchite.db";
  {
    SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (const std::string table : {"pool", "node", "job", "task"}) {
      old.exec("CREATE TABLE " + table +
               "(key INTEGER PRIMARY KEY, parent INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE, spec TEXT, "
               "status TEXT)");
    }
    old.exec("INSERT INTO pool VALUES (3, 0, 'p', 'spec', 'status')");
    old.exec("PRAGMA user_version = 1");
  }
  SqliteStore store(file);
  EXPECT_EQ(store.get(Kind::Pool, 3).spec, "spec");
  store.begin();
  EXPECT_TRUE(store.insert(Kind::Certificate, {.id = "sha1-aa"}));
  store.commit();
}

}  // namespace
}  // namespace batchite
